/** Decodes JPEG files, baseline and progressive. The segments are described in ITU-T T.81, annex B. */

import { checkOptions } from '@tapegrad/core/extend';
import jpeg from 'jpeg-js';
import { FormatError } from '../format-error.ts';
import type { Image } from './image.ts';
import { type DecodeImageOptions, MAX_PIXELS } from './png.ts';

/** The kinds of frames that are not supported, by marker. */
const UNSUPPORTED: ReadonlyMap<number, string> = new Map([
  [0xc3, 'lossless coding'],
  [0xc5, 'differential coding'],
  [0xc6, 'differential coding'],
  [0xc7, 'differential coding'],
  [0xc9, 'arithmetic coding'],
  [0xca, 'arithmetic coding'],
  [0xcb, 'arithmetic coding'],
  [0xcd, 'arithmetic coding'],
  [0xce, 'arithmetic coding'],
  [0xcf, 'arithmetic coding'],
]);

/**
 * The maximum number of scans, more than any encoder writes. It limits the time, since each scan of a progressive file
 * goes through all pixels.
 */
const MAX_SCANS = 64;

/** The decoder's approximate memory for one sample of a component: a coefficient, a sample, and the pixel. */
const BYTES_PER_SAMPLE = 8;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** Returns the offset of the marker that ends the data of a scan. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    const next = bytes[at + 1]!;
    // In the data, a byte 255 is followed by a byte 0, or is part of a restart marker.
    if (bytes[at] === 0xff && next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

function frameOf(name: string, data: Uint8Array, at: number, maxPixels: number): Frame {
  const wrong = (message: string, offset = 0) => new FormatError(name, message, at + offset);
  const [precision, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, components = 0] = data;
  const [height, width] = [heightHigh * 256 + heightLow, widthHigh * 256 + widthLow];
  if (precision !== 8) throw wrong(`expected samples of 8 bits, got ${precision}`);
  if (width * height > maxPixels) {
    throw wrong(`expected at most ${maxPixels} pixels, got ${width} x ${height}; set maxPixels to decode it`, 1);
  }
  if (width * height === 0) throw wrong(`expected at least one pixel, got ${width} x ${height}`, 1);
  if (components !== 1 && components !== 3) {
    const got = components === 4 ? '4, as in CMYK' : components;
    throw wrong(`expected grey or YCbCr, 1 or 3 components, got ${got}; convert the file`, 5);
  }
  if (data.length !== 6 + 3 * components) throw wrong(`expected ${6 + 3 * components} bytes, got ${data.length}`);
  for (let i = 0; i < components; i++) {
    const sampling = data[7 + 3 * i]!;
    const isFactor = (factor: number) => factor >= 1 && factor <= 4;
    if (!isFactor(sampling >> 4) || !isFactor(sampling & 15))
      throw wrong('expected sampling factors of 1 to 4', 7 + 3 * i);
  }
  return { width, height, components };
}

/**
 * Checks the segments of a file, so that the decoder only gets files that it can decode in bounded memory and time.
 *
 * @throws FormatError for a file that is truncated, is of a kind that is not supported, or claims more pixels than its
 *   data can contain.
 */
function checkSegments(name: string, bytes: Uint8Array, maxPixels: number): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) throw new FormatError(name, 'expected a JPEG file', 0);
  let frame: Frame | undefined;
  let scans = 0;
  for (let at = 2; ; ) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // Fill bytes.
    const wrong = (message: string) => new FormatError(name, message, at);
    if (at + 2 > bytes.length) throw wrong('truncated: expected another segment');
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0) throw wrong('expected the marker of a segment');
    if (marker === 0xd9) break;
    if (at + 4 > bytes.length || at + 2 + view.getUint16(at + 2) > bytes.length) throw wrong('truncated segment');
    const length = view.getUint16(at + 2);
    if (length < 2) throw wrong(`expected a segment of at least 2 bytes, got ${length}`);
    const unsupported = UNSUPPORTED.get(marker);
    if (unsupported !== undefined) throw wrong(`${unsupported} is not supported; convert the file`);
    if (marker >= 0xc0 && marker <= 0xc2) {
      if (frame !== undefined) throw wrong('expected one frame, got another');
      frame = frameOf(name, bytes.subarray(at + 4, at + 2 + length), at + 4, maxPixels);
    }
    at += 2 + length;
    if (marker !== 0xda) continue;
    if (frame === undefined) throw wrong('expected a frame before a scan');
    if (++scans > MAX_SCANS) throw wrong(`expected at most ${MAX_SCANS} scans`);
    at = endOfScan(bytes, at);
  }
  if (frame === undefined || scans === 0)
    throw new FormatError(name, 'expected a frame and a scan, got none', bytes.length);
  // The first coefficient of each block of 64 samples takes at least one bit.
  const blocks = Math.ceil(frame.width / 8) * Math.ceil(frame.height / 8);
  if (blocks > 8 * bytes.length) {
    throw new FormatError(name, `${frame.width} x ${frame.height} pixels do not fit into ${bytes.length} bytes`);
  }
  return frame;
}

/**
 * Decodes a JPEG file, baseline or progressive, of grey or YCbCr with samples of 8 bits. Subsampled colors are
 * repeated, not interpolated, so at edges the result differs by a few levels from that of other decoders. The
 * orientation in Exif is not applied.
 *
 * @throws FormatError for a file that is truncated or broken, that is CMYK, lossless, or coded arithmetically, or that has
 * more than `maxPixels` pixels.
 * @example
 * const decode = (bytes: Uint8Array) => imageTensor(decodeJpeg(bytes)); // [3, height, width]
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeImageOptions = {}): Image {
  checkOptions('decodeJpeg', options, ['name', 'maxPixels']);
  const { name = 'bytes', maxPixels = MAX_PIXELS } = options;
  const { width, height, components } = checkSegments(name, bytes, maxPixels);
  let data: Uint8Array;
  try {
    ({ data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Infinity,
      // Subsampling rounds the width and the height up to a multiple of 32.
      maxMemoryUsageInMB: 1 + ((width + 32) * (height + 32) * components * BYTES_PER_SAMPLE) / 2 ** 20,
    }));
  } catch (error) {
    throw new FormatError(name, `the pixels can't be decoded: ${(error as Error).message}`);
  }
  if (data.length !== 3 * width * height) throw new FormatError(name, 'the pixels are fewer than the header says');
  if (components === 3) return { width, height, channels: 3, data };
  return { width, height, channels: 1, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) };
}
