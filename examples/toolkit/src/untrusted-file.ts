/** Reading files that may hold anything: what is wrong with one is told by its name, what came and what was wanted. */

import { readFileSync, type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';

/** A file that can't be read, or is not what its format demands. */
export class FormatError extends Error {
  override readonly name = 'FormatError';

  constructor(file: string, message: string) {
    super(`${basename(file)}: ${message}`);
  }
}

/** Reads a file whole, unless it is larger than `maxBytes`: its size is looked at before any memory is set aside. */
export function readUntrusted(path: string, maxBytes: number): Uint8Array {
  const { size } = regularFile(path);
  if (size > maxBytes) throw new FormatError(path, `expected at most ${maxBytes} bytes, got ${size}`);
  return readFileSync(path);
}

function regularFile(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new FormatError(path, `there is no such file (${path})`);
  if (!stats.isFile()) throw new FormatError(path, `expected a file, got something else (${path})`);
  return stats;
}
