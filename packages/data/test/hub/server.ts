/** A server that imitates the Hub. */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Large files have a SHA-256, others git's SHA-1. */
  readonly isLarge?: boolean;
  /** The checksum that the server reports. */
  readonly etag?: string;
}

/** The fault of the next response. */
export interface Fault {
  /** The number of bytes after which the connection is closed. */
  readonly after?: number;
  /** Ignores the range of the request. */
  readonly ignoresRanges?: boolean;
  readonly status?: number;
}

export const checksum = ({ bytes, isLarge, etag }: StoredFile): string =>
  etag ??
  (isLarge
    ? createHash('sha256').update(bytes).digest('hex')
    : createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'));

export class HubServer {
  readonly files = new Map<string, StoredFile>();
  readonly requests: {
    readonly url: string;
    readonly range: string | undefined;
    readonly authorization: string | undefined;
  }[] = [];
  /** Faults of the next responses, except for look-ups. */
  readonly faults: Fault[] = [];
  /** If set, the status of every look-up. */
  refusal: number | undefined;
  readonly #server = createServer((request, response) => this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers } = request;
    this.requests.push({ url, range: headers.range, authorization: headers.authorization });
    const path = /^\/owner\/name\/resolve\/[^/]+\/(.*)$/.exec(url)?.[1];
    const file = this.files.get(path ?? '');
    if (this.refusal !== undefined) {
      response.writeHead(this.refusal, { 'content-type': 'application/json' }).end('{"error":"no"}');
      return;
    }
    if (file === undefined) {
      response.writeHead(404, { 'x-error-code': path === undefined ? 'RepoNotFound' : 'EntryNotFound' }).end();
      return;
    }
    const isLookUp = headers.range === 'bytes=0-0';
    const fault = isLookUp ? undefined : this.faults.shift();
    if (fault?.status !== undefined) {
      response.writeHead(fault.status).end();
      return;
    }
    const { bytes } = file;
    const [, first] = /^bytes=(\d+)-/.exec(fault?.ignoresRanges ? '' : (headers.range ?? '')) ?? [];
    const start = Number(first ?? 0);
    const part = isLookUp ? bytes.subarray(0, 1) : bytes.subarray(start);
    response.writeHead(first === undefined ? 200 : 206, {
      etag: `"${checksum(file)}"`,
      ...(file.isLarge && { 'x-linked-etag': `"${checksum(file)}"`, etag: '"elsewhere-2"' }),
      'x-repo-commit': COMMIT,
      'content-length': part.length,
      ...(first !== undefined && { 'content-range': `bytes ${start}-${start + part.length - 1}/${bytes.length}` }),
    });
    if (fault?.after === undefined) response.end(part);
    else response.write(part.subarray(0, fault.after), () => response.destroy());
  }
}
