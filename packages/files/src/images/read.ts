/** Reading and writing images in Node. */

import { writeFileAtomic } from '../atomic/atomic.ts';
import { readBytes } from '../sources/file-source.ts';
import type { Image } from './image.ts';

/** The maximum size of an image file in bytes. */
const MAX_BYTES = 2 ** 28;

/**
 * Reads a PNG or JPEG file. See `decodeImage`.
 *
 * @throws FormatError for a file that is missing, too large or broken.
 * @example
 * const read = () => readImage('photos/cat.jpg', { maxPixels: 1e7 });
 */
export async function readImage(path: string, options: { readonly maxPixels?: number } = {}): Promise<Image> {
  const { decodeImage } = await import('./decode.ts');
  return decodeImage(readBytes(path, { maxBytes: MAX_BYTES }), { name: path, ...options });
}

/**
 * Writes an image to a PNG file, atomically. See `encodePng`.
 *
 * @example
 * const image = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) } as const;
 * const keep = () => writePng('pictures/red.png', image);
 */
export async function writePng(path: string, image: Image): Promise<void> {
  const { encodePng } = await import('./png.ts');
  writeFileAtomic(path, encodePng(image));
}
