/** Writing files whole or not at all, and trying beforehand whether they can be. */

import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FormatError } from './untrusted-file.ts';

/**
 * Makes a folder, and those that it lies in. Node's own `recursive` tries for ever where the system can't make one in a folder that
 * is there, as in Linux' /proc.
 */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another program may have been faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/** Writes a file, and the folder that it lies in: what was there before is replaced only when the new one is whole. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const unfinished = `${path}.${process.pid}.part`;
  makeFolder(dirname(path));
  try {
    // On the disk before it has its name, so that no power cut leaves an empty file.
    writeFileSync(unfinished, content, { flush: true });
    renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/**
 * Tries whether so many bytes can be written to a folder, which is made where there is none: before what is to be kept there
 * takes hours.
 *
 * @throws FormatError where they can't, with the reason: it is a file, may not be written to, or is full.
 */
export function tryFolder(folder: string, bytes: number): void {
  const trial = join(folder, `${process.pid}.part`);
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isFile()) throw new Error('it is a file');
    makeFolder(folder);
    try {
      writeFileSync(trial, new Uint8Array(bytes), { flush: true });
    } finally {
      rmSync(trial, { force: true });
    }
  } catch (error) {
    const wanted = `expected a folder with room for ${Math.ceil(bytes / 2 ** 20)} MiB`;
    throw new FormatError(folder, `nothing can be kept in ${folder}: ${wanted}, but ${(error as Error).message}`);
  }
}
