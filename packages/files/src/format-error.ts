/** The error thrown for files that can't be read. */

/** Returns the last part of a path. */
const basename = (path: string): string => path.split(/[\\/]/).at(-1) || path;

/**
 * Thrown for a file that can't be read, or doesn't conform to its format. The message names the file, the offset in
 * bytes if it is known, what was found and what was expected.
 *
 * @example
 * new FormatError('runs/model.safetensors', 'expected a header of JSON', 8).message;
 * // model.safetensors: byte 8: expected a header of JSON
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** The name or path of the file. */
  readonly file: string;
  /** The position of the error, in bytes from the beginning of the file; `undefined` if it is unknown. */
  readonly offset: number | undefined;

  constructor(file: string, message: string, offset?: number) {
    super(`${basename(file)}: ${offset === undefined ? '' : `byte ${offset}: `}${message}`);
    this.file = file;
    this.offset = offset;
  }
}
