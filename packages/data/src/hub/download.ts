/** Downloads files. Resumes after an interruption, and checks sizes and checksums. */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file on a server: its address, size and checksum. */
export interface Remote {
  readonly url: string;
  readonly size: number;
  /** The SHA-256 of the contents, or their SHA-1 as a git blob. */
  readonly etag: string;
}

/** The type of the host's `fetch` function, or of a replacement. */
export type Fetch = typeof fetch;

/** Returns the hash function by which an ETag was computed. */
const hashOf = ({ etag, size }: Remote): Hash =>
  etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);

/** Thrown when a server does not answer with the requested file. */
export class AnswerError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Thrown when the downloaded contents have the wrong size or checksum. */
export class ContentsError extends Error {}

/**
 * Downloads a file to `whole`. Until it is complete, its contents are in `partial`. After an interruption, this file
 * remains, and the next download requests only the rest. Contents of the wrong size or checksum are removed.
 */
export async function download(
  remote: Remote,
  { whole, partial }: { readonly whole: string; readonly partial: string },
  { fetch, headers }: { readonly fetch: Fetch; readonly headers: Readonly<Record<string, string>> },
): Promise<void> {
  const { url, size, etag } = remote;
  let start = existsSync(partial) ? statSync(partial).size : 0;
  if (start > size) {
    rmSync(partial);
    start = 0;
  }
  if (start < size || size === 0) {
    const range: Record<string, string> = start > 0 ? { Range: `bytes=${start}-` } : {};
    const response = await fetch(url, { headers: { ...headers, ...range } });
    if (!response.ok || response.body === null) {
      throw new AnswerError(`the server answered ${response.status} ${response.statusText}`.trim(), response.status);
    }
    // A server that doesn't support range requests sends the whole file, and so does a server on which the file has
    // changed.
    if (response.status !== 206 || !response.headers.get('content-range')?.startsWith(`bytes ${start}-`)) start = 0;
    const file = await open(partial, start === 0 ? 'w' : 'r+');
    try {
      let position = start;
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        if (position + chunk.length > size) {
          throw new ContentsError(`expected ${size} bytes, got more`);
        }
        await file.write(chunk, 0, chunk.length, position);
        position += chunk.length;
      }
      await file.sync();
    } catch (error) {
      if (error instanceof ContentsError) rmSync(partial, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }
  const got = statSync(partial).size;
  if (got < size)
    throw new AnswerError(`the connection ended after ${got} of ${size} bytes; call again to get the rest`, 200);
  const hash = hashOf(remote);
  for await (const chunk of createReadStream(partial)) hash.update(chunk as Uint8Array);
  const digest = hash.digest('hex');
  if (digest !== etag) {
    rmSync(partial);
    throw new ContentsError(`expected contents with the checksum ${etag}, got ${digest}; the download was removed`);
  }
  renameSync(partial, whole);
}
