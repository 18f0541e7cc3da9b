/** Writing files atomically, and checking in advance that a folder can be written to. */

import {
  closeSync,
  fsync,
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
 * Makes a folder and its parents. Node's own option `recursive` isn't used, since with it the call never returns where
 * the system refuses to make a folder, such as in /proc on Linux.
 */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another program may have made it in the meantime.
    if (!isFolder(path)) throw error;
  }
}

/**
 * Returns the name of the temporary file that replaces a file when it is complete. It contains the process, the thread
 * and the host that write it.
 */
const temporaryName = (name: string, process: number): string => `${name}.${process}-${threadId}@${hostname()}.part`;

/** Returns whether a process is running on this host. */
function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes temporary files of processes that were killed while writing the file. */
function removeLeftOvers(folder: string, name: string): void {
  for (const file of readdirSync(folder)) {
    if (!file.startsWith(`${name}.`) || !file.endsWith(`@${hostname()}.part`)) continue;
    const id = /^(\d+)-\d+@/.exec(file.slice(name.length + 1))?.[1];
    if (id !== undefined && !isRunning(Number(id))) rmSync(join(folder, file), { force: true });
  }
}

/** Waits until a folder's directory entries are on the disk. */
function syncFolder(folder: string): void {
  // Windows can't open folders, and keeps directory entries in a journal.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Computes bytes that overwrite others at an offset of a file, after all of its content has been written. */
type Amend = () => readonly [bytes: Uint8Array, offset: number];

function writeParts(path: string, parts: readonly Uint8Array[], amend?: Amend): void {
  const descriptor = openSync(path, 'w');
  try {
    for (const part of parts) {
      let done = 0;
      while (done < part.length) {
        done += writeSync(descriptor, part, done, Math.min(part.length - done, MAX_WRITE_BYTES));
      }
    }
    if (amend !== undefined) {
      // Starts flushing in the background. If this fails, the call of `fsyncSync` below throws.
      fsync(descriptor, () => {});
      const [bytes, offset] = amend();
      writeSync(descriptor, bytes, 0, bytes.length, offset);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Resolves a symbolic link, so that its target is replaced, not the link itself. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Writes a file atomically, and makes its folder if necessary. An existing file is replaced only when the new one is
 * complete and on the disk, even if the process is killed or the power fails.
 *
 * The content is written to a temporary file in the same folder, flushed to the disk with `fsync`, and the file is
 * renamed.
 *
 * @param content A string, bytes, or consecutive pieces of bytes.
 * @example
 * const keep = () => writeFileAtomic('runs/1/config.json', '{}');
 */
export function writeFileAtomic(path: string, content: string | Uint8Array | readonly Uint8Array[]): void {
  if (typeof content === 'string') replaceFile(path, [new TextEncoder().encode(content)]);
  else replaceFile(path, ArrayBuffer.isView(content) ? [content as Uint8Array] : content);
}

/**
 * Writes pieces of bytes as `writeFileAtomic` does.
 *
 * @param amend Computes bytes, such as a checksum, that overwrite others in the file. It is called while the disk
 * already writes the pieces.
 */
export function replaceFile(path: string, parts: readonly Uint8Array[], amend?: Amend): void {
  const target = followed(path);
  const folder = dirname(target);
  const temporary = join(folder, temporaryName(basename(target), process.pid));
  makeFolder(folder);
  removeLeftOvers(folder, basename(target));
  try {
    writeParts(temporary, parts, amend);
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  syncFolder(folder);
}

/**
 * Checks that files can be written to a folder, and makes the folder if there is none. Call it before hours of work
 * whose results are to be saved there.
 *
 * @param bytes The number of bytes that must fit.
 * @throws FormatError if the bytes can't be written. The message says why: the path is a file, the folder is read-only,
 * or its disk is full.
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
    throw new FormatError(folder, `nothing can be saved in ${folder}: ${wanted}, but ${(error as Error).message}`);
  }
}
