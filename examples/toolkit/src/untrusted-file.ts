/** Reads files that may hold anything. */

export { FormatError } from '@tapegrad/files';
export { readBytes } from '@tapegrad/files/node';
