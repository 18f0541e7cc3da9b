/** Encodes positions, since attention itself ignores the order of a sequence. */

import { checkFloat, formatShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type FloatDType,
  type Shape,
  ShapeError,
  stack,
  type Tensor,
  tensor,
} from '@tapegrad/core/lean';
import { checkLayerOptions, checkOptions } from '../checks.ts';
import type { SameShape, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';

interface PositionOptions {
  /** The ratio of the longest to the shortest wavelength, which is 2 pi. Defaults to 10000. */
  readonly base?: number;
  /** The position of the first entry of the sequence. Defaults to 0. */
  readonly offset?: number;
}

/**
 * Computes f(position / base^(2 i / dim)) for each position and each feature pair i. The result is [length, ceil(dim /
 * 2)], in row-major order.
 */
function angles(
  call: string,
  length: number,
  dim: number,
  { base = 10000, offset = 0 }: PositionOptions,
  f: (angle: number) => number,
): Float64Array {
  if (!(base > 0 && base < Infinity))
    throw new ArgumentError(`${call}: the base is ${base}, expected a number above 0`);
  if (!Number.isInteger(offset)) throw new ArgumentError(`${call}: the offset is ${offset}, expected an integer`);
  const pairs = Math.ceil(dim / 2);
  return Float64Array.from({ length: length * pairs }, (_, place) => {
    const position = offset + Math.floor(place / pairs);
    return f(position / base ** ((2 * (place % pairs)) / dim));
  });
}

/** The options of sinusoidal positions. */
export interface SinusoidalOptions extends PositionOptions {
  /** The dtype. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/**
 * Returns sines and cosines of positions p (Vaswani et al. 2017): feature 2 i is sin(p / base^(2 i / dim)), and feature 2 i
 * + 1 is the cosine of the same angle.
 *
 * @returns [length, dim]
 * @example
 * sinusoidal(2, 4).toArray(); // [[0, 1, 0, 1], [0.841471, 0.540302, 0.0099998, 0.99995]]
 */
export function sinusoidal<const N extends number, const D extends number>(
  length: N,
  dim: D,
  options: SinusoidalOptions = {},
): Tensor<readonly [N, D]> {
  checkOptions('sinusoidal', options, ['base', 'offset', 'dtype']);
  if (!Number.isInteger(length) || length < 0 || !Number.isInteger(dim) || dim < 1) {
    throw new ArgumentError(`sinusoidal: expected a length and a dimension, got ${length} and ${dim}`);
  }
  const [sines, cosines] = [Math.sin, Math.cos].map((f) => angles('sinusoidal', length, dim, options, f));
  const pairs = Math.ceil(dim / 2);
  const values = Float64Array.from({ length: length * dim }, (_, place) => {
    const [position, feature] = [Math.floor(place / dim), place % dim];
    return (feature % 2 === 0 ? sines! : cosines!)[position * pairs + (feature >> 1)]!;
  });
  return tensor(values, { shape: [length, dim], dtype: options.dtype ?? 'float32' });
}

/**
 * A layer that adds `sinusoidal` positions to a sequence.
 *
 * @example
 * new SinusoidalEncoding().forward(zeros([8, 2, 4])).index(0, 0).toArray(); // [0, 1, 0, 1]
 */
export class SinusoidalEncoding extends Module {
  declare readonly [shapes]: SameShape;
  readonly base: number;

  constructor(options: Pick<PositionOptions, 'base'> = {}) {
    super();
    checkLayerOptions('SinusoidalEncoding', options, ['base']);
    const { base = 10000 } = options;
    this.base = base;
  }

  /** Maps [..., length, dim] to the same shape. The first entry is at position `offset`. */
  forward<S extends Shape>(x: Tensor<S>, options: Pick<PositionOptions, 'offset'> = {}): Tensor<S> {
    checkOptions('SinusoidalEncoding', options, ['offset']);
    const [length, dim] = sequenceOf('SinusoidalEncoding', x);
    const { offset = 0 } = options;
    const encoding = sinusoidal(length, dim, { base: this.base, offset, dtype: x.dtype as FloatDType });
    return (x as Tensor).add(encoding as Tensor) as Tensor<S>;
  }
}

function sequenceOf(call: string, x: Tensor): readonly [length: number, dim: number] {
  checkFloat(call, x);
  const [length, dim] = x.shape.slice(-2);
  if (length !== undefined && dim !== undefined) return [length, dim];
  throw new ShapeError(`${call}: expected [..., length, dim], got shape ${formatShape(x.shape)}`);
}

/** The options of rotary positions. */
export interface RotaryOptions extends PositionOptions {
  /**
   * Which features form pair i: 2 i and 2 i + 1 (`adjacent`), or i and dim/2 + i (`halves`). Some models were trained
   * with `halves`. Defaults to `adjacent`.
   */
  readonly pairs?: 'adjacent' | 'halves';
}

/**
 * Rotates each pair i of features at position p by the angle p / base^(2 i / dim). Products of rotated queries and keys
 * then depend on positions only through their differences (Su et al. 2021).
 *
 * @param x [..., length, dim], where dim is even
 * @example
 * rotary(tensor([[1, 0], [1, 0]])).toArray(); // [[1, 0], [0.540302, 0.841471]]
 */
export function rotary<S extends Shape>(x: Tensor<S>, options: RotaryOptions = {}): Tensor<S> {
  checkOptions('rotary', options, ['base', 'offset', 'pairs']);
  const [length, dim] = sequenceOf('rotary', x);
  const { pairs = 'adjacent' } = options;
  if (dim % 2 !== 0) throw new ShapeError(`rotary: expected an even number of features, got ${dim}`);
  if (pairs !== 'adjacent' && pairs !== 'halves') {
    throw new ArgumentError(`rotary: unknown pairs '${pairs}', expected 'adjacent' or 'halves'`);
  }
  const shape = [length, dim / 2];
  const dtype = x.dtype as FloatDType;
  const [sine, cosine] = [Math.sin, Math.cos].map(
    (f): Tensor => tensor(angles('rotary', length, dim, options, f), { shape, dtype }),
  );
  const lead = x.shape.slice(0, -1);
  const axis = pairs === 'adjacent' ? x.rank : x.rank - 1;
  const paired: Tensor = x.reshape(pairs === 'adjacent' ? [...lead, dim / 2, 2] : [...lead, 2, dim / 2]);
  const [a, b] = [0, 1].map((i): Tensor => paired.slice(axis, i, i + 1).reshape([...lead, dim / 2]));
  const turned = [a!.mul(cosine!).sub(b!.mul(sine!)), a!.mul(sine!).add(b!.mul(cosine!))];
  return stack(turned, axis).reshape(x.shape) as Tensor<S>;
}
