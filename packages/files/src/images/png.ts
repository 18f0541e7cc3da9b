/** Decodes PNG files of every depth, color type and interlacing, and encodes images with 8 or 16 bits per sample. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import { decode, encode } from 'fast-png';
import { storedZlib, unzlib } from '../compression/unzlib.ts';
import { FormatError } from '../format-error.ts';
import type { Bytes } from '../join-bytes.ts';
import { type Channels, checkImage, type Image } from './image.ts';
import { INDEXED, PNG_SIGNATURE, type PngChunks, type PngHeader, readPngChunks } from './png-chunks.ts';

/** The options of decoding an image. */
export interface DecodeImageOptions {
  /** The name of the file in messages. Defaults to `bytes`. */
  readonly name?: string;
  /** The maximum number of pixels. It is checked before anything is decompressed. Defaults to 2^25. */
  readonly maxPixels?: number;
}

/** The default limit on the number of pixels, enough for photos. */
export const MAX_PIXELS = 2 ** 25;

type Samples = Bytes | Uint16Array<ArrayBuffer>;

/** A part of an interlaced image that is stored separately: every `stepX`th pixel of every `stepY`th row. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
}

const WHOLE: readonly Pass[] = [{ x: 0, y: 0, stepX: 1, stepY: 1 }];

/** The passes of Adam7 interlacing (section 8.1 of the standard). */
const INTERLACED: readonly Pass[] = [
  { x: 0, y: 0, stepX: 8, stepY: 8 },
  { x: 4, y: 0, stepX: 8, stepY: 8 },
  { x: 0, y: 4, stepX: 4, stepY: 8 },
  { x: 2, y: 0, stepX: 4, stepY: 4 },
  { x: 0, y: 2, stepX: 2, stepY: 4 },
  { x: 1, y: 0, stepX: 2, stepY: 2 },
  { x: 0, y: 1, stepX: 1, stepY: 2 },
];

/** The number of stored samples of a pixel, by color type. */
const STORED_CHANNELS: ReadonlyMap<number, Channels> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

const sizeOfPass = ({ x, y, stepX, stepY }: Pass, { width, height }: PngHeader) => ({
  width: Math.max(0, Math.ceil((width - x) / stepX)),
  height: Math.max(0, Math.ceil((height - y) / stepY)),
});

const bytesOfRow = (width: number, { depth, colorType }: PngHeader): number =>
  Math.ceil((width * depth * STORED_CHANNELS.get(colorType)!) / 8);

/**
 * Returns a PNG file that contains one pass, uncompressed and without valid checksums, which the decoder is told not to
 * check.
 */
function fileOfPass(rows: Uint8Array, width: number, height: number, { depth, colorType }: PngHeader): Uint8Array {
  const packed = storedZlib(rows);
  const file = new Uint8Array(8 + 25 + 12 + packed.length + 12);
  const view = new DataView(file.buffer);
  const chunk = (at: number, length: number, type: string): void => {
    view.setUint32(at, length);
    for (let i = 0; i < 4; i++) file[at + 4 + i] = type.charCodeAt(i);
  };
  file.set(PNG_SIGNATURE);
  chunk(8, 13, 'IHDR');
  view.setUint32(16, width);
  view.setUint32(20, height);
  file.set([depth, colorType, 0, 0, 0], 24);
  chunk(33, packed.length, 'IDAT');
  file.set(packed, 41);
  chunk(45 + packed.length, 0, 'IEND');
  return file;
}

/** Expands samples of fewer than 8 bits to a byte each. Each row begins with a new byte. */
function spread(data: Uint8Array, width: number, height: number, depth: number): Bytes {
  const samples = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = data[y * rowBytes + ((x * depth) >> 3)]!;
      samples[y * width + x] = (byte >> (8 - depth - ((x * depth) & 7))) & (2 ** depth - 1);
    }
  }
  return samples;
}

/** Decompresses the samples as they are stored: colors, or indices into the palette. */
function storedSamples({ header, packed }: PngChunks): Samples {
  const { width, height, depth, isInterlaced } = header;
  const channels = STORED_CHANNELS.get(header.colorType)!;
  const parts = (isInterlaced ? INTERLACED : WHOLE)
    .map((pass) => ({ pass, size: sizeOfPass(pass, header) }))
    .filter(({ size }) => size.width > 0 && size.height > 0)
    .map((part) => ({ ...part, bytes: part.size.height * (1 + bytesOfRow(part.size.width, header)) }));
  const rows = unzlib(
    packed,
    parts.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let start = 0;
  for (const { pass, size, bytes } of parts) {
    const { data } = decode(fileOfPass(rows.subarray(start, start + bytes), size.width, size.height, header));
    start += bytes;
    const own = depth < 8 ? spread(data as Uint8Array, size.width, size.height, depth) : data;
    if (!isInterlaced) return own as Samples;
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        const from = (y * size.width + x) * channels;
        const into = ((pass.y + y * pass.stepY) * width + pass.x + x * pass.stepX) * channels;
        for (let channel = 0; channel < channels; channel++) samples[into + channel] = own[from + channel]!;
      }
    }
  }
  return samples;
}

/** Replaces indices with the colors of the palette. */
function lookUp(name: string, indices: Samples, chunks: PngChunks): Pick<Image, 'channels' | 'data'> {
  const { palette, transparency, packedOffset } = chunks;
  const channels = transparency === undefined ? 3 : 4;
  const data = new Uint8Array(indices.length * channels);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (3 * index >= palette!.length) {
      throw new FormatError(name, `a pixel has color ${index} of a palette of ${palette!.length / 3}`, packedOffset);
    }
    for (let c = 0; c < 3; c++) data[i * channels + c] = palette![3 * index + c]!;
    if (transparency !== undefined) data[i * channels + 3] = transparency[index] ?? 255;
  }
  return { channels, data };
}

/** Scales grey samples of fewer than 8 bits to 8 bits, and adds an alpha channel if one color is transparent. */
function finished(name: string, samples: Samples, chunks: PngChunks): Pick<Image, 'channels' | 'data'> {
  const { header, transparency, packedOffset } = chunks;
  const channels = STORED_CHANNELS.get(header.colorType)!;
  const factor = header.depth < 8 ? 255 / (2 ** header.depth - 1) : 1;
  if (transparency === undefined) return { channels, data: factor === 1 ? samples : samples.map((x) => x * factor) };
  if (transparency.length !== 2 * channels || channels % 2 === 0) {
    throw new FormatError(name, `expected a transparent color of ${2 * channels} bytes`, packedOffset);
  }
  const color = Array.from({ length: channels }, (_, c) => transparency[2 * c]! * 256 + transparency[2 * c + 1]!);
  const opaque = header.depth === 16 ? 65535 : 255;
  const data = new (header.depth === 16 ? Uint16Array : Uint8Array)((samples.length / channels) * (channels + 1));
  for (let i = 0; i * channels < samples.length; i++) {
    let isTransparent = true;
    for (let c = 0; c < channels; c++) {
      const sample = samples[i * channels + c]!;
      isTransparent &&= sample === color[c];
      data[i * (channels + 1) + c] = sample * factor;
    }
    data[i * (channels + 1) + channels] = isTransparent ? 0 : opaque;
  }
  return { channels: (channels + 1) as Channels, data };
}

/**
 * Decodes a PNG file. Indices into a palette become colors, grey samples of fewer than 8 bits are scaled to 8 bits, and
 * samples of 16 bits remain so. For an animation, the still image is decoded. Color profiles and gamma are not applied.
 *
 * @throws FormatError for a file that is truncated or broken, whose pixel data do not have the size that follows from
 *   its header, or that has more than `maxPixels` pixels.
 * @example
 * const bytes = encodePng({ width: 1, height: 2, channels: 1, data: Uint8Array.of(0, 255) });
 * decodePng(bytes).height; // 2
 */
export function decodePng(bytes: Uint8Array, options: DecodeImageOptions = {}): Image {
  checkOptions('decodePng', options, ['name', 'maxPixels']);
  const { name = 'bytes', maxPixels = MAX_PIXELS } = options;
  const chunks = readPngChunks(name, bytes, maxPixels);
  const { width, height, colorType } = chunks.header;
  let samples: Samples;
  try {
    samples = storedSamples(chunks);
  } catch (error) {
    throw new FormatError(
      name,
      `the pixels can't be decompressed: they ${(error as Error).message}`,
      chunks.packedOffset,
    );
  }
  return { width, height, ...(colorType === INDEXED ? lookUp : finished)(name, samples, chunks) };
}

/**
 * Encodes an image as a PNG file, with 8 bits per sample, or 16 if its data is a `Uint16Array`.
 *
 * @throws ArgumentError if the length of the data doesn't fit the width, height and channels.
 * @example
 * const image = tensorImage(tensor([[0, 0.5], [1, 0.25]]));
 * encodePng(image).subarray(1, 4); // the bytes of 'PNG'
 */
export function encodePng(image: Image): Bytes {
  checkImage('encodePng', image);
  const { width, height, channels, data } = image;
  if (width * height > MAX_PIXELS) {
    throw new ArgumentError(`encodePng: expected at most ${MAX_PIXELS} pixels, got ${width} x ${height}`);
  }
  return Uint8Array.from(encode({ width, height, channels, data, depth: data instanceof Uint16Array ? 16 : 8 }));
}
