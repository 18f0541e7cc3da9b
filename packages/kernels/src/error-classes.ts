/**
 * The errors that tapegrad throws on bad input, one class per kind.
 *
 * A message names the call, what it got, what it expected and, if there is one, the fix. Type errors use the same
 * sentences: a shape mismatch that the compiler can see reads `ShapeError<"matmul: inner dimensions 784 and 128
 * differ">`.
 */

/** Thrown for shapes that do not match. `Message` is a literal type if the shapes are known at compile time. */
export class ShapeError<Message extends string = string> extends Error {
  override readonly name = 'ShapeError';
  declare readonly message: Message;

  constructor(message: Message) {
    super(message);
  }
}

/** Thrown for an element type that the call does not accept, or for two that do not match: nothing is cast silently. */
export class DTypeError extends Error {
  override readonly name = 'DTypeError';
}

/** Thrown for an argument that is out of range or of the wrong type. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}
