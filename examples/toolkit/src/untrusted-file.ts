/** Reads files with untrusted contents. */

export { FormatError } from '@tapegrad/files';
export { readBytes } from '@tapegrad/files/node';
