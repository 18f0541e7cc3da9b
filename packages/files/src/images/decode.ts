/** Decoding images whose format is not known. */

import { checkOptions } from '@tapegrad/core/extend';
import { FormatError } from '../format-error.ts';
import type { Image } from './image.ts';
import { decodeJpeg } from './jpeg.ts';
import { type DecodeImageOptions, decodePng } from './png.ts';

/**
 * Decodes a PNG or JPEG file; its first bytes determine which of the two it is. See `decodePng` and `decodeJpeg`.
 *
 * @throws FormatError for other files, and for the same reasons as those functions.
 * @example
 * const bytes = encodePng(tensorImage(tensor([[0, 1]])));
 * imageTensor(decodeImage(bytes, { name: 'two.png' })).toArray(); // [[[0, 1]]]
 */
export function decodeImage(bytes: Uint8Array, options: DecodeImageOptions = {}): Image {
  checkOptions('decodeImage', options, ['name', 'maxPixels']);
  if (bytes[0] === 0x89) return decodePng(bytes, options);
  if (bytes[0] === 0xff) return decodeJpeg(bytes, options);
  throw new FormatError(options.name ?? 'bytes', 'expected a PNG or JPEG file', 0);
}
