/** A tape used in a way that it does not allow: swept twice, changed under way, or with no path to what is wanted. */
export class TapeError extends Error {
  override readonly name = 'TapeError';
}
