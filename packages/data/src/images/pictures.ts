/** Images as tensors `[channels, height, width]`, or batches of them `[n, channels, height, width]`. */

import {
  ArgumentError,
  type Data,
  type DType,
  DTypeError,
  type Random,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core';
import { checkTensor, describeValue, formatShape, isFloat } from '@tapegrad/core/extend';
import { newElements, tensorOf } from '../loading/collate.ts';

/** The shape of an image or of a batch of images, and its elements. */
export interface Pictures {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Data;
  readonly dtype: DType;
}

/** Reads an image, or a batch of images. Throws for any other shape. */
export function picturesOf(call: string, x: Tensor): Pictures {
  checkTensor(call, x);
  const { shape, dtype } = x;
  if (shape.length !== 3 && shape.length !== 4) {
    const wanted = '[channels, height, width] or [n, channels, height, width]';
    throw new ShapeError(`${call}: expected shape ${wanted}, got ${formatShape(shape)}`);
  }
  const [count, channels, height, width] = shape.length === 3 ? [1, ...shape] : shape;
  return { count: count!, channels: channels!, height: height!, width: width!, data: x.data, dtype };
}

/** Throws unless images have a float dtype, for functions that compute new pixel values. */
export function checkFloats(call: string, { dtype }: Pictures): void {
  if (isFloat(dtype)) return;
  throw new DTypeError(`${call}: expected float32 or float64, got ${dtype}; cast it with x.cast('float32')`);
}

/** Makes images of the shape of `x`, with another height and width, filled with a value. */
export function filledPictures(x: Tensor, height: number, width: number, fill: number) {
  const shape: Shape = [...x.shape.slice(0, -2), height, width];
  const data = newElements(
    x.dtype,
    shape.reduce((size, length) => size * length, 1),
  ).fill(fill);
  return { data, tensor: <S extends Shape>(): Tensor<S> => tensorOf(data, x.dtype, shape) as Tensor<S> };
}

/** Throws unless there is a generator. */
export function checkRandom(call: string, random: Random | undefined): asserts random is Random {
  if (typeof random?.next === 'function') return;
  throw new ArgumentError(`${call}: expected { random }, a generator, got ${describeValue(random)}`);
}

/** Throws unless a number is finite and in a range. */
export function checkNumber(call: string, name: string, value: number, low: number, high = Infinity): void {
  if (Number.isFinite(value) && value >= low && value <= high) return;
  const range = high === Infinity ? `of ${low} or more` : `from ${low} to ${high}`;
  throw new ArgumentError(`${call}: expected ${name} ${range}, got ${describeValue(value)}`);
}

/** Throws unless a number is an integer in a range. */
export function checkInteger(call: string, name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ArgumentError(`${call}: expected ${name} from ${low} to ${high}, got ${describeValue(value)}`);
}
