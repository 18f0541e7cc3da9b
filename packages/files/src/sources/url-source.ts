/** Files on a server, read by HTTP ranges. */

import { FormatError } from '../format-error.ts';
import { type ByteSource, checkRange } from './byte-source.ts';

/** The part of a response that is read. */
interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { cancel(): Promise<void> } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The options of `urlSource`. */
export interface UrlSourceOptions {
  /** Further headers of each request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the requests. Defaults to the host's `fetch`. */
  readonly fetch?: (
    url: string,
    init: { readonly method: string; readonly headers: Record<string, string> },
  ) => Promise<ResponseLike>;
}

/** The size of a file that a response with a range tells; `undefined` if it tells none. */
const sizeIn = (response: ResponseLike): number | undefined => {
  const size = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
};

/**
 * Makes a source of a file on a server. It is read by HTTP ranges, so one tensor of a large file costs one request.
 *
 * @throws FormatError if the server can't be reached, answers with an error, or sends no ranges.
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
  /** Sends nothing more of a response that can't be used. */
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
  // Servers elsewhere may hide the range from a page, but never the length.
  const size = sizeIn(first) ?? Number((await request('HEAD', {})).headers.get('content-length') ?? Number.NaN);
  if (!Number.isSafeInteger(size)) throw new FormatError(name, `the server of ${href} tells no size`);

  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length);
      if (length === 0) return new Uint8Array(0);
      // A weak tag can't be a condition.
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
