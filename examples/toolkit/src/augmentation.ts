/** Random changes of images that keep their class. */

import { ArgumentError, type Random, type Tensor, tensor } from '@tapegrad/core';

/** Images [n, channels, height, width], float32. */
type Pictures = readonly [number, number, number, number];

export interface ShiftOptions {
  readonly random: Random;
  /** The value of pixels that enter at the edges. */
  readonly background: number;
}

/**
 * Moves each image by up to `most` pixels along each axis.
 *
 * @example
 * shifted(x, 2, { random, background: -0.42 }).shape; // that of x
 */
export function shifted<S extends Pictures>(
  x: Tensor<S>,
  most: number,
  { random, background }: ShiftOptions,
): Tensor<S> {
  const [count, channels, height, width] = x.shape;
  if (!Number.isInteger(most) || most < 0 || most >= Math.min(height, width)) {
    throw new ArgumentError(`shifted: expected an integer from 0 to ${Math.min(height, width) - 1}, got ${most}`);
  }
  if (most === 0) return x;
  const source = x.data;
  const moves = random.integers([count, 2], -most, most + 1).data;
  const result = new Float32Array(x.size).fill(background);
  for (let i = 0; i < count; i++) {
    const [down, right] = [moves[2 * i]!, moves[2 * i + 1]!];
    for (let row = i * channels * height; row < (i + 1) * channels * height; row++) {
      const y = row % height;
      if (y + down < 0 || y + down >= height) continue;
      const start = row * width;
      const kept = source.subarray(start + Math.max(0, -right), start + width - Math.max(0, right));
      result.set(kept, start + down * width + Math.max(0, right));
    }
  }
  return tensor(result, { shape: x.shape });
}

/** Mirrors each image from left to right with probability 1/2. */
export const mirrored = <S extends Pictures>(x: Tensor<S>, random: Random): Tensor<S> =>
  random
    .integers([x.shape[0], 1, 1, 1], 0, 2)
    .equal(1)
    .where(x.flip(3) as Tensor, x as Tensor) as Tensor<S>;
