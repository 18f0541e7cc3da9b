/**
 * An error for an invalid use of a tape: a second backward pass, a change of the tape's inputs, or no path to a wanted
 * tensor.
 */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}
