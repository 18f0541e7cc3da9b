/** Writing files whole or not at all. */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file, and the folder that it lies in: what was there before is replaced only when the new one is whole. */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const unfinished = `${path}.${process.pid}.part`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(unfinished, bytes);
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}
