/** Reads files on a server by HTTP range requests. */

import { FormatError } from '../format-error.ts';
import { type ByteSource, checkRange } from './byte-source.ts';

/** The part of the interface `Response` that is used. */
interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { cancel(): Promise<void> } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The options of `urlSource`. */
export interface UrlSourceOptions {
  /** Additional headers for each request, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the requests. Defaults to the host's `fetch`. */
  readonly fetch?: (
    url: string,
    init: { readonly method: string; readonly headers: Record<string, string> },
  ) => Promise<ResponseLike>;
}

/** Returns the size of the file, from the header of a range response; `undefined` if the header is missing. */
const sizeIn = (response: ResponseLike): number | undefined => {
  const size = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
};

/**
 * Makes a byte source that reads a file on a server by HTTP range requests, so that one tensor of a large file takes
 * one request.
 *
 * @throws FormatError if the server can't be reached, answers with an error, or doesn't support ranges.
 * @example
 * const open = () => urlSource('https://example.org/model.safetensors');
 */
export async function urlSource(
  url: string | { readonly href: string },
  options: UrlSourceOptions = {},
): Promise<ByteSource> {
  const href = typeof url === 'string' ? url : url.href;
  const name = href.split(/[?#]/)[0]!.split('/').at(-1) || href;
  const { headers = {}, fetch = globalThis.fetch as NonNullable<UrlSourceOptions['fetch']> } = options;
  const request = async (method: string, own: Record<string, string>): Promise<ResponseLike> => {
    try {
      return await fetch(href, { method, headers: { ...headers, ...own } });
    } catch (error) {
      throw new FormatError(name, `the server of ${href} can't be reached: ${(error as Error).message}`);
    }
  };
  /** Cancels a response that can't be used, and throws. */
  const refuse = async (response: ResponseLike, message: string): Promise<never> => {
    await response.body?.cancel().catch(() => undefined);
    throw new FormatError(name, message);
  };

  const first = await request('GET', { range: 'bytes=0-0' });
  const tag = first.headers.get('etag');
  const isEmpty = first.status === 416 && sizeIn(first) === 0;
  if (first.status === 200) {
    await refuse(
      first,
      `expected a range of bytes, but the server of ${href} sends whole files; download it and use bytesSource`,
    );
  }
  if (first.status !== 206 && !isEmpty)
    await refuse(first, `the server of ${href} answered with status ${first.status}`);
  await first.body?.cancel().catch(() => undefined);
  // Servers of another origin may hide the range header from a page, but never the length.
  const size = sizeIn(first) ?? Number((await request('HEAD', {})).headers.get('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(size)) throw new FormatError(name, `the server of ${href} does not report a size`);

  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length);
      if (length === 0) return new Uint8Array(0);
      // A weak ETag can't be used as a condition.
      const condition = tag === null || tag.startsWith('W/') ? {} : { 'if-range': tag };
      const response = await request('GET', { range: `bytes=${offset}-${offset + length - 1}`, ...condition });
      const range = response.headers.get('content-range');
      const isElsewhere = range !== null && !range.startsWith(`bytes ${offset}-${offset + length - 1}/${size}`);
      if (response.status === 200 || isElsewhere) {
        await refuse(response, `the file at ${href} changed while it was read; open it again`);
      }
      if (response.status !== 206)
        await refuse(response, `the server of ${href} answered with status ${response.status}`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length === length) return bytes;
      throw new FormatError(name, `expected ${length} bytes from ${href}, got ${bytes.length}`, offset);
    },
  };
}
