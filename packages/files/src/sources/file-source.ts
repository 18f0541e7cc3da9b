/** Reading files in Node, completely or in ranges. */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { FormatError } from '../format-error.ts';
import type { Bytes } from '../join-bytes.ts';
import { type ByteSource, checkRange } from './byte-source.ts';

/** The maximum number of bytes in one read: Node can't read more than 2 GiB at once. */
const MAX_READ_BYTES = 2 ** 30;

/** Allocates bytes that are about to be overwritten: filling them with zeros would take as long as reading them. */
export function uninitialized(length: number): Bytes {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

/** A file that is open for reading. */
export interface FileSource extends ByteSource {
  /** Closes the file; nothing can be read afterwards. */
  close(): Promise<void>;
}

/** Throws unless there is a file at a path. */
function checkFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new FormatError(path, `there is no such file (${path})`);
  if (!stats.isFile()) throw new FormatError(path, `expected a file, got something else (${path})`);
}

/**
 * Opens a file as a byte source. Call its `close` when it is no longer needed.
 *
 * @throws FormatError if there is no file.
 * @example
 * const open = async () => {
 *   const source = await fileSource('model.safetensors');
 *   const first = await source.read(0, 8);
 *   await source.close();
 *   return first;
 * };
 */
export async function fileSource(path: string): Promise<FileSource> {
  checkFile(path);
  const handle = await open(path);
  const { size } = await handle.stat();
  return {
    name: path,
    size,
    async read(offset, length) {
      checkRange({ name: path, size }, offset, length);
      const bytes = uninitialized(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, MAX_READ_BYTES), offset + done);
        if (bytesRead === 0) throw new FormatError(path, 'the file was truncated while it was read', offset + done);
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/** A file that is open for reading while a function runs. */
export interface OpenFile {
  readonly size: number;
  /** Reads bytes from an offset on until `into` is full. */
  readInto(into: Uint8Array, offset: number): void;
}

/** Opens a file, calls a function with it, and closes it. */
export function withFile<R>(path: string, body: (file: OpenFile) => R): R {
  checkFile(path);
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    return body({
      size,
      readInto(into, offset) {
        let done = 0;
        while (done < into.length) {
          const count = readSync(descriptor, into, done, Math.min(into.length - done, MAX_READ_BYTES), offset + done);
          if (count === 0) throw new FormatError(path, 'truncated: the file ends here', offset + done);
          done += count;
        }
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

/** The options of reading a whole file. */
export interface ReadOptions {
  /** The maximum size of the file in bytes. It is checked before any memory is allocated. Defaults to 4 GiB. */
  readonly maxBytes?: number;
}

/** Throws if a file is larger than `maxBytes`. */
export function checkSize(path: string, size: number, { maxBytes = 2 ** 32 }: ReadOptions): void {
  if (size > maxBytes) throw new FormatError(path, `expected at most ${maxBytes} bytes, got ${size}`);
}

/**
 * Reads a whole file.
 *
 * @throws FormatError if there is no file, or it is larger than `maxBytes`.
 * @example
 * const read = () => readBytes('model.safetensors', { maxBytes: 1e9 });
 */
export function readBytes(path: string, options: ReadOptions = {}): Bytes {
  return withFile(path, ({ size, readInto }) => {
    checkSize(path, size, options);
    const bytes = uninitialized(size);
    readInto(bytes, 0);
    return bytes;
  });
}
