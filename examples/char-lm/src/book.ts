/** Texts for training, in files. */

import { FormatError } from '@tapegrad/files';
import { readBytes } from '@tapegrad/files/node';

const MAX_BYTES = 2 ** 28;

/** Reads a UTF-8 text, with lines that end in `\n`. */
export function readText(path: string): string {
  const bytes = readBytes(path, { maxBytes: MAX_BYTES });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    throw new FormatError(path, 'expected text in UTF-8');
  }
}
