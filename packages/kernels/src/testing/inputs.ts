/** Functions with which the cases are written: kinds of numbers, and error-prone shapes. */

import type { DType, FloatDType } from '../arrays/dtype.ts';
import type { Shape } from '../arrays/shape.ts';
import type { Window } from '../arrays/views.ts';
import type { ArrayInput } from './case.ts';
import { type Layout, layouts } from './layouts.ts';
import type { Values } from './values.ts';

export const array = (shape: Shape, dtype: DType, values: Values, layout: Layout = 'contiguous'): ArrayInput => ({
  shape,
  dtype,
  layout,
  values,
});

export const listed = (...list: readonly number[]): Values => ({ list });

/** Makes a window with stride 1, no dilation and no padding, unless `how` overrides them. */
export const slide = (size: number, how: Partial<Window> = {}): Window => ({
  ...{ size, stride: 1, dilation: 1, padding: [0, 0] },
  ...how,
});

/** Uniformly distributed numbers. Inputs of one case need different seeds, or they would hold the same numbers. */
export const uniform = (low: number, high: number, seed = 1): Values => ({ between: [low, high], seed });

/** Numbers of every magnitude that a dtype has. */
export const everyMagnitude = (dtype: FloatDType, signed: boolean): Values => ({
  magnitudes: dtype === 'float32' ? [1e-45, 3e38] : [5e-324, 1e308],
  signed,
  seed: 1,
});

/** Returns typical numbers of a dtype. */
export function usual(dtype: DType, seed = 1): Values {
  if (dtype === 'bool') return uniform(0, 2, seed);
  return dtype === 'int32' ? uniform(-100, 100, seed) : uniform(-3, 3, seed);
}

/** Returns few distinct numbers, so that many elements tie, at positions that depend on the seed. */
export function tied(dtype: DType, seed: 1 | 2 = 1): Values {
  if (dtype === 'bool') return usual(dtype, seed);
  if (dtype === 'int32') return uniform(-2, 3, seed);
  return seed === 1 ? listed(-1.5, 0.1, 2, 0.1, -3, 2, 0) : listed(2, 0.1, -1.5, 0, -3);
}

export const anyDType = ['float32', 'float64', 'int32', 'bool'] as const;
export const numeric = ['float32', 'float64', 'int32'] as const;
export const floats = ['float32', 'float64'] as const;

const everyFloat = [0, -0, 0.5, -0.5, 1, -1, 2, -2, 3, 1e-3, -1e-3, 1e-20, -1e-20, 100, -100, 1e6, -1e6, 1e20, -1e20];
const notFinite = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];

/** Numbers at which formulas fail: zeros, infinities, NaN, denormals, bounds. */
export const special: { readonly [D in DType]: readonly number[] } = {
  float32: [...everyFloat, ...notFinite, 1e-45, -1e-45, 1e-40, 2 ** -126, 1 + 2 ** -23, 3.4028234663852886e38, -3e38],
  float64: [...everyFloat, ...notFinite, 5e-324, -5e-324, 1e-310, 2 ** -1022, 1 + 2 ** -52, Number.MAX_VALUE, -1e308],
  int32: [0, 1, -1, 2, -7, 46341, -65536, 123456789, 2 ** 31 - 1, -(2 ** 31 - 1), -(2 ** 31)],
  bool: [0, 1],
};

/** Lengths just below, at and just above each vector-register width, plus one long one. */
export const lengths = [...Array.from({ length: 17 }, (_, i) => i + 1), 1031];

/** A length that is larger than any block that an interpreter processes, and not a multiple of any block length. */
export const veryLong = 20_011;

/** Edge-case shapes: scalars, empty arrays, axes of length 1, and many axes. */
export const oddShapes: readonly Shape[] = [[], [0], [3, 0, 2], [1, 1, 1], [2, 3, 1, 2, 3]];

/** Shapes tested in every layout: odd lengths, three axes, and rows longer than a vector register. */
export const layoutShapes: readonly Shape[] = [
  [5, 7],
  [2, 3, 4],
  [33, 35],
];

export const unusualLayouts = layouts.filter((layout) => layout !== 'contiguous');
