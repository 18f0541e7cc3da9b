/** Decompresses the pages of a column. Each page is decompressed once, and to no more than its stated length. */

import { decompress } from 'fzstd';
import { type Compressors, snappyUncompress } from 'hyparquet';
import { gunzip } from '../compression/gunzip.ts';
import type { Unpack } from './pages.ts';

const DECODERS: Readonly<Record<string, Unpack>> = {
  UNCOMPRESSED: (packed) => packed,
  SNAPPY: (packed, length) => {
    const bytes = new Uint8Array(length);
    snappyUncompress(packed, bytes);
    return bytes;
  },
  GZIP: (packed, length) => gunzip(packed, { name: 'a page', maxBytes: length }),
  ZSTD: (packed, length) => decompress(packed, new Uint8Array(length)),
};

/** Codecs whose code is loaded only when a file uses them. */
const RARE = ['BROTLI', 'LZ4', 'LZ4_RAW'];

async function decoderOf(codec: string): Promise<Unpack> {
  const known = Object.hasOwn(DECODERS, codec) ? DECODERS[codec] : undefined;
  if (known !== undefined) return known;
  const { compressors } = RARE.includes(codec)
    ? await import('hyparquet-compressors')
    : { compressors: {} as Compressors };
  const found = compressors[codec as keyof Compressors];
  if (found === undefined) throw new RangeError(`the codec ${codec} is not supported`);
  return found;
}

/**
 * Makes the function that decompresses the pages of a column. It caches the results by position, since the parser
 * requests pages again.
 */
export async function unpacker(codec: string): Promise<Unpack> {
  const decode = await decoderOf(codec);
  const unpacked = new Map<number, Uint8Array>();
  return (packed, length) => {
    const kept = unpacked.get(packed.byteOffset);
    if (kept?.length === length) return kept;
    const bytes = decode(packed, length);
    if (bytes.length !== length)
      throw new RangeError(`a page decompresses to ${bytes.length} bytes instead of ${length}`);
    unpacked.set(packed.byteOffset, bytes);
    return bytes;
  };
}
