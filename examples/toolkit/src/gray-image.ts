/** Small grayscale images inside SVG. */

import { crc32, deflateSync } from 'node:zlib';

/** Pixels in rows from the top, from 0 (black) to 255 (white). */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Encodes an image as an 8-bit grayscale PNG file. Source: W3C, "Portable Network Graphics", sections 5, 9 and 11. */
export function encodePng({ width, height, pixels }: GrayImage): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    // Each row begins with the number of its filter; 0 means none.
    rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Returns an SVG element that shows an image at a given size, with square pixels. */
export function imageElement(image: GrayImage, x: number, y: number, width: number, height = width): string {
  const place = `x="${x}" y="${y}" width="${width}" height="${height}"`;
  return `<image ${place} image-rendering="optimizeSpeed" href="${imageUrl(image)}"/>`;
}

/** Encodes an image as a data URL. */
export const imageUrl = (image: GrayImage): string => `data:image/png;base64,${encodePng(image).toString('base64')}`;
