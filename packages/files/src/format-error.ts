/** The error of a file that isn't what its format demands. */

/** Returns the last part of a path. */
const basename = (path: string): string => path.split(/[\\/]/).at(-1) || path;

/**
 * Thrown for a file that can't be read, or isn't what its format demands. The message names the file, the offset in bytes
 * if it is known, what came and what was wanted.
 *
 * @example
 * new FormatError('runs/model.safetensors', 'expected a header of JSON', 8).message;
 * // model.safetensors: byte 8: expected a header of JSON
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  /** The name or path of the file. */
  readonly file: string;
  /** Where in the file the fault is, in bytes from its beginning; `undefined` if that is unknown. */
  readonly offset: number | undefined;

  constructor(file: string, message: string, offset?: number) {
    super(`${basename(file)}: ${offset === undefined ? '' : `byte ${offset}: `}${message}`);
    this.file = file;
    this.offset = offset;
  }
}
