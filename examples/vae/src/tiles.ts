/** Tiles images of digits into one image. */

import { noGrad } from '@tapegrad/core';
import type { GrayImage } from '@tapegrad/example-toolkit/gray-image';
import { SIDE } from '@tapegrad/example-toolkit/labelled-images';
import type { Autoencoder, Codes } from './model.ts';

/** Decodes codes to digits, with pixels from 0 to 1, one after the other. */
export function decoded(model: Autoencoder, codes: Codes): Float32Array {
  model.eval();
  return Float32Array.from(noGrad(() => model.decode(codes).sigmoid()).data);
}

/** Arranges digits in a grid, dark on light. */
export function tiled(ink: ArrayLike<number>, columns: number): GrayImage {
  const rows = Math.ceil(ink.length / (SIDE * SIDE) / columns);
  const [width, height] = [columns * SIDE, rows * SIDE];
  const pixels = new Uint8Array(width * height).fill(255);
  for (let i = 0; i < ink.length; i++) {
    const [tile, place] = [Math.floor(i / (SIDE * SIDE)), i % (SIDE * SIDE)];
    const x = (tile % columns) * SIDE + (place % SIDE);
    const y = Math.floor(tile / columns) * SIDE + Math.floor(place / SIDE);
    pixels[y * width + x] = Math.round(255 * (1 - ink[i]!));
  }
  return { width, height, pixels };
}
