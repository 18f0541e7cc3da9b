/** Cases of normalisation: every way in which rows, groups and weights can lie in memory. */

import type { FloatDType } from '../../arrays/dtype.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import type { Normalization, Primitive } from '../../primitives.ts';
import { type Case, newCase } from '../case.ts';
import { array, floats, listed, uniform, unusualLayouts, usual } from '../inputs.ts';
import type { Layout } from '../layouts.ts';
import type { Values } from '../values.ts';

interface Normalized {
  readonly shape: Shape;
  readonly axes: readonly number[];
  /** The shapes of the weight and of the bias. */
  readonly w: Shape;
  readonly b?: Shape;
  readonly values?: Values;
  readonly layout?: Layout;
  readonly eps?: number;
}

const shapes: readonly Normalized[] = [
  // Rows with a weight for each element.
  ...[1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 1031].map((n) => ({ shape: [3, n], axes: [1], w: [n] })),
  { shape: [300, 70], axes: [1], w: [70] },
  { shape: [2, 17_000], axes: [1], w: [17_000] },
  { shape: [2, 3, 20], axes: [1, 2], w: [3, 20] },
  { shape: [5, 4, 9], axes: [2], w: [4, 9] },
  { shape: [5, 4, 9], axes: [2], w: [4, 9], b: [9] },
  { shape: [5, 9], axes: [1], w: [], b: [9] },
  // Rows with one weight each.
  { shape: [3, 4, 6, 5], axes: [2, 3], w: [4, 1, 1] },
  { shape: [3, 2, 3, 20], axes: [2, 3], w: [2, 3, 1] },
  { shape: [3, 2, 3, 20], axes: [2, 3], w: [] },
  { shape: [3, 2, 3, 4], axes: [2, 3], w: [2, 3, 1] },
  { shape: [4, 3, 4, 5], axes: [0, 2, 3], w: [3, 1, 1] },
  { shape: [4, 3, 4, 5], axes: [0, 2, 3], w: [], b: [3, 1, 1] },
  { shape: [20, 2, 30, 30], axes: [0, 2, 3], w: [2, 1, 1] },
  { shape: [2, 3, 2, 17], axes: [1, 3], w: [2, 1] },
  { shape: [2, 17_000], axes: [1], w: [] },
  { shape: [2, 2, 17_000], axes: [0, 2], w: [2, 1] },
  // Columns, and other operands without rows.
  { shape: [20, 3], axes: [0], w: [3] },
  { shape: [4, 3], axes: [], w: [3] },
  { shape: [4, 3, 5], axes: [0], w: [4, 1, 1] },
  { shape: [4, 20], axes: [1], w: [4, 20] },
  { shape: [], axes: [], w: [] },
  { shape: [0, 20], axes: [1], w: [20] },
  { shape: [2, 0], axes: [1], w: [0] },
  // Numbers with a large mean, equal numbers, or numbers whose squares overflow or underflow.
  ...([uniform(1e4, 1e4 + 0.1), uniform(-3e-5, -2.9e-5), listed(0.1)] as const).flatMap((values) => [
    { shape: [3, 40], axes: [1], w: [40], values },
    { shape: [2, 3, 40], axes: [0, 2], w: [3, 1], values },
  ]),
  ...([uniform(-1e-20, 1e-20), uniform(-1e30, 1e30)] as const).flatMap((values) => [
    { shape: [3, 40], axes: [1], w: [40], values, eps: 0 },
    { shape: [2, 3, 40], axes: [0, 2], w: [3, 1], values, eps: 0 },
  ]),
  ...unusualLayouts.flatMap((layout): Normalized[] => [
    { shape: [4, 20], axes: [1], w: [20], layout },
    { shape: [3, 4, 20], axes: [0, 2], w: [4, 1], layout },
  ]),
];

const LARGE = 10_000;

/** The operands of a case: x, g, w and b. */
const operands = (dtype: FloatDType, { shape, w, b = w, values, layout }: Normalized) => ({
  // Normalising rows of equal numbers is ill-conditioned.
  x: array(shape, dtype, values ?? usual(dtype), layout === 'broadcast' ? 'contiguous' : layout),
  g: array(shape, dtype, usual(dtype, 2), layout),
  w: array(w, dtype, uniform(0.5, 1.5, 3), layout),
  b: array(b, dtype, usual(dtype, 4), layout),
});

const all = floats.flatMap((dtype) =>
  // The reference is slow, so large cases have one dtype and one form.
  shapes
    .filter(({ shape }) => dtype === 'float32' || sizeOf(shape) < LARGE)
    .flatMap((normalized) =>
      (sizeOf(normalized.shape) < LARGE ? [true, false] : [true]).map((centered) => {
        const of: Normalization = { axes: normalized.axes, eps: normalized.eps ?? 1e-5, centered };
        return { ...operands(dtype, normalized), shape: normalized.w, of };
      }),
    ),
);

/** Leaves out repeated calls: for some primitives, operands that differ only in their weights give the same call. */
const distinct = (cases: readonly Case[]): readonly Case[] => [...new Map(cases.map((c) => [c.name, c])).values()];

export const normalizationCases = {
  normalize: all.map(({ x, w, b, of }): Case => newCase('normalize', [x, w, b], of)),
  normalizeGrad: distinct(all.map(({ g, x, w, of }): Case => newCase('normalizeGrad', [g, x, w], of))),
  normalizeWeightGrad: distinct(
    all.map(({ g, x, shape, of }): Case => newCase('normalizeWeightGrad', [g, x], { ...of, shape })),
  ),
  moments: distinct([
    ...all.filter(({ of }) => of.centered).map(({ x, of }): Case => newCase('moments', [x], of.axes)),
    ...floats.map((dtype) => newCase('moments', [array([4, 20], dtype, usual(dtype), 'broadcast')], [1])),
  ]),
} satisfies { readonly [P in Primitive]?: readonly Case[] };
