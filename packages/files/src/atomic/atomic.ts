/** Writing files whole or not at all, and trying a folder beforehand. */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { FormatError } from '../format-error.ts';

const MAX_WRITE_BYTES = 2 ** 30;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Makes a folder, and those that it lies in. Node's own `recursive` tries forever if the system can't make one in an
 * existing folder, such as Linux' /proc.
 */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another program may have been faster.
    if (!isFolder(path)) throw error;
  }
}

/** The name of the temporary file of a process on a host. */
const temporaryName = (name: string, process: number): string => `${name}.${process}-${threadId}@${hostname()}.part`;

/** Whether a process of this host runs. */
function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what processes that were killed while they wrote a file have left. */
function removeLeftOvers(folder: string, name: string): void {
  for (const file of readdirSync(folder)) {
    if (!file.startsWith(`${name}.`) || !file.endsWith(`@${hostname()}.part`)) continue;
    const id = /^(\d+)-\d+@/.exec(file.slice(name.length + 1))?.[1];
    if (id !== undefined && !isRunning(Number(id))) rmSync(join(folder, file), { force: true });
  }
}

/** Writes a folder's list of files to the disk. */
function syncFolder(folder: string): void {
  // Windows opens no folders, and keeps their lists in a journal.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeParts(path: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(path, 'w');
  try {
    for (const part of parts) {
      let done = 0;
      while (done < part.length) {
        done += writeSync(descriptor, part, done, Math.min(part.length - done, MAX_WRITE_BYTES));
      }
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Follows a link, so that the file that it leads to is replaced, not the link. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Writes a file, and the folder that it lies in, all or nothing. A file that was there before is replaced only when the new
 * one is whole and on the disk, even if the process is killed or the power fails.
 *
 * It writes a temporary file in the same folder, waits until the disk has it (`fsync`), and renames it.
 *
 * @param content A text, bytes, or pieces of bytes in order.
 * @example
 * const keep = () => writeFileAtomic('runs/1/config.json', '{}');
 */
export function writeFileAtomic(path: string, content: string | Uint8Array | readonly Uint8Array[]): void {
  const parts =
    typeof content === 'string'
      ? [new TextEncoder().encode(content)]
      : ArrayBuffer.isView(content)
        ? [content as Uint8Array]
        : content;
  const target = followed(path);
  const folder = dirname(target);
  const temporary = join(folder, temporaryName(basename(target), process.pid));
  makeFolder(folder);
  removeLeftOvers(folder, basename(target));
  try {
    writeParts(temporary, parts);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(folder);
}

/**
 * Tries whether files can be written to a folder, and makes it if there is none. Call it before hours of work whose results
 * will be kept there.
 *
 * @param bytes How many bytes must fit.
 * @throws FormatError if they don't, with the reason: the folder is a file, is read-only, or is full.
 * @example
 * const prepare = () => tryFolder('runs/1', 2 ** 20);
 */
export function tryFolder(folder: string, bytes: number): void {
  const trial = join(folder, temporaryName('trial', process.pid));
  try {
    if (statSync(folder, { throwIfNoEntry: false })?.isFile()) throw new Error('it is a file');
    makeFolder(folder);
    try {
      writeParts(trial, [new Uint8Array(bytes)]);
    } finally {
      rmSync(trial, { force: true });
    }
  } catch (error) {
    const wanted = `expected a folder with room for ${Math.ceil(bytes / 2 ** 20)} MiB`;
    throw new FormatError(folder, `nothing can be kept in ${folder}: ${wanted}, but ${(error as Error).message}`);
  }
}
