/** Images of either format. */

import { checkOptions } from '@tapegrad/core/extend';
import { FormatError } from '../format-error.ts';
import type { Image } from './image.ts';
import { decodeJpeg } from './jpeg.ts';
import { type DecodeImageOptions, decodePng } from './png.ts';

/**
 * Decodes a PNG or JPEG file, which its first bytes tell apart. See `decodePng` and `decodeJpeg`.
 *
 * @throws FormatError for other files, and as those do.
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
