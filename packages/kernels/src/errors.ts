/**
 * The errors that tapegrad throws on bad input, one class a kind.
 *
 * A message names the call, what it got, what it wanted and, where there is one, the mend. The same sentences are used
 * by the compiler: a shape mistake that the types can see reads `ShapeError<"matmul: inner dimensions 784 and 128 differ">`.
 */

/** Shapes that do not fit together. `Message` is known while typing where the shapes are. */
export class ShapeError<Message extends string = string> extends Error {
  override readonly name = 'ShapeError';
  declare readonly message: Message;

  constructor(message: Message) {
    super(message);
  }
}

/** An element type that the call does not take, or two that do not fit together: nothing is cast silently. */
export class DTypeError extends Error {
  override readonly name = 'DTypeError';
}

/** An argument out of its range, or of the wrong kind. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}
