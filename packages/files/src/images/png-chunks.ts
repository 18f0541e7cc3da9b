/**
 * Reads the chunks of a PNG file, and checks them before anything is decompressed. Source: W3C, "Portable Network
 * Graphics", third edition.
 */

import { crc32 } from '../compression/crc32.ts';
import { FormatError } from '../format-error.ts';

/** The eight bytes that a PNG file begins with. */
export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The header of a PNG file. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** The number of bits of a sample. */
  readonly depth: number;
  readonly colorType: number;
  readonly isInterlaced: boolean;
}

/** The chunks that determine the pixels. */
export interface PngChunks {
  readonly header: PngHeader;
  /** The colors of the palette, three bytes each. */
  readonly palette: Uint8Array | undefined;
  /** The transparency: an alpha value for each color of the palette, or the samples of the one transparent color. */
  readonly transparency: Uint8Array | undefined;
  /** The pieces of the zlib stream. `packedOffset` is the offset of the first one. */
  readonly packed: readonly Uint8Array[];
  readonly packedOffset: number;
}

/** The depths that each color type allows: grey, RGB, palette, grey with alpha, RGBA. */
const DEPTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** The color type of an image with a palette. */
export const INDEXED = 3;

function headerOf(name: string, data: Uint8Array, at: number, maxPixels: number): PngHeader {
  const wrong = (message: string, offset: number) => new FormatError(name, message, at + offset);
  if (data.length !== 13) throw wrong(`expected an IHDR chunk of 13 bytes, got ${data.length}`, 0);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = data.subarray(8) as unknown as number[];
  if (width === 0 || height === 0) throw wrong(`expected at least one pixel, got ${width} x ${height}`, 0);
  if (width * height > maxPixels) {
    throw wrong(`expected at most ${maxPixels} pixels, got ${width} x ${height}; set maxPixels to decode it`, 0);
  }
  if (!DEPTHS.get(colorType!)?.includes(depth!)) {
    throw wrong(`unknown color type ${colorType} with samples of ${depth} bits`, 8);
  }
  if (compression !== 0 || filter !== 0 || interlace! > 1) {
    throw wrong(`unknown compression ${compression}, filter ${filter} or interlace method ${interlace}`, 10);
  }
  return { width, height, depth: depth!, colorType: colorType!, isInterlaced: interlace === 1 };
}

/** Yields the type, data and offset of each chunk of a file. Checks lengths and checksums. */
function* chunksOf(name: string, bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = PNG_SIGNATURE.length; ; ) {
    if (at + 12 > bytes.length) throw new FormatError(name, 'truncated: expected another chunk', bytes.length);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) throw new FormatError(name, 'expected the type of a chunk', at + 4);
    if (at + 12 + length > bytes.length) {
      throw new FormatError(name, `truncated: chunk ${type} has ${length} bytes, but the file ends`, at);
    }
    if (view.getUint32(at + 8 + length) !== crc32(bytes.subarray(at + 4, at + 8 + length))) {
      throw new FormatError(name, `the checksum of chunk ${type} is wrong`, at + 8 + length);
    }
    yield { type, at: at + 8, data: bytes.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

/**
 * Reads the chunks that determine the pixels of a PNG file, and ignores the others.
 *
 * @throws FormatError for a file that is truncated, has a wrong checksum, a missing, repeated or unknown critical
 *   chunk, or more than `maxPixels` pixels.
 */
export function readPngChunks(name: string, bytes: Uint8Array, maxPixels: number): PngChunks {
  if (!PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) throw new FormatError(name, 'expected a PNG file', 0);
  let header: PngHeader | undefined;
  let [palette, transparency]: (Uint8Array | undefined)[] = [];
  const packed: Uint8Array[] = [];
  let packedOffset = 0;
  for (const { type, at, data } of chunksOf(name, bytes)) {
    const wrong = (message: string) => new FormatError(name, message, at);
    if ((header === undefined) !== (type === 'IHDR')) throw wrong(`expected one IHDR chunk, the first, got ${type}`);
    if (type === 'IEND') break;
    if (type === 'IHDR') header = headerOf(name, data, at, maxPixels);
    else if (type === 'IDAT') {
      if (packed.length === 0) packedOffset = at;
      packed.push(data);
    } else if (type === 'PLTE') {
      if (palette !== undefined || data.length === 0 || data.length % 3 !== 0 || data.length > 768) {
        throw wrong(`expected one palette of 1 to 256 colors, got ${data.length / 3}`);
      }
      palette = data;
    } else if (type === 'tRNS') transparency = data;
    else if (/^[A-Z]/.test(type)) throw wrong(`unknown chunk ${type}, which is required for the pixels`);
  }
  if (packed.length === 0) throw new FormatError(name, 'expected an IDAT chunk, got none', bytes.length);
  if (header!.colorType === INDEXED && palette === undefined) {
    throw new FormatError(name, 'expected a palette, got none', packedOffset);
  }
  return { header: header!, palette, transparency, packed, packedOffset };
}
