/** A call of each primitive, with the memory traffic it needs, to compare its speed with that of a copy. */

import type { Tensor } from '@tapegrad/core';
import {
  binary,
  type Convolution,
  comparisons,
  type Kernels,
  type Primitive,
  unary,
  type Window,
} from '@tapegrad/kernels';

/** The operands of a call; matrices are [side, side]. */
export interface Operands {
  readonly side: number;
  /** float32, positive and negative. */
  readonly x: Tensor;
  readonly y: Tensor;
  /** float32, positive. */
  readonly positive: Tensor;
  /** bool. */
  readonly condition: Tensor;
  /** int32 [side], below `side`. */
  readonly indices: Tensor;
  /** float32 [side]. */
  readonly vector: Tensor;
  /** The windows of x, [3, 3, side, side]. */
  readonly unfolded: Tensor;
  /** The maxima of the 2 x 2 squares of x, [side / 2, side / 2]. */
  readonly pooled: Tensor;
  /** x and y as images with 16 channels. */
  readonly images: Tensor;
  readonly maps: Tensor;
  /** [16, 16, 3, 3] */
  readonly weight: Tensor;
}

type Call = (k: Kernels<Tensor>, operands: Operands) => Tensor;

export interface PrimitiveCase {
  /** The number of 4-byte words read and written for each element of a matrix; 0 if the result is a view. */
  readonly touched: number;
  /** The number of multiplications for each element of a matrix, if they dominate the time. */
  readonly multiplications?: (side: number) => number;
  readonly call: Call;
}

/** The 3 x 3 windows around every element. */
export const WINDOWS: readonly Window[] = Array(2).fill({ size: 3, stride: 1, dilation: 1, padding: [1, 1] });
const WINDOW_ENTRIES = 9;
/** The number of channels before and after a convolution. */
export const CHANNELS = 16;

/** Returns the shape of square images with a given number of channels and as many elements as a matrix. */
export function imageShape(side: number): readonly [images: number, channels: number, height: number, width: number] {
  const images = Math.max(1, side / CHANNELS);
  const own = Math.sqrt(side ** 2 / (images * CHANNELS));
  return [images, CHANNELS, own, own];
}

const NORMALIZATION = { axes: [1], eps: 1e-5, centered: true } as const;
const CONVOLUTION: Convolution = { windows: WINDOWS, groups: 1 };
const ofConvolution = (call: Call): PrimitiveCase => ({
  touched: 2,
  multiplications: () => CHANNELS * WINDOW_ENTRIES,
  call,
});

/** Adjacent 2 x 2 windows. */
export const POOLS: readonly Window[] = Array(2).fill({ size: 2, stride: 2, dilation: 1, padding: [0, 0] });

/** The size of a bool in words. */
const BOOL = 1 / 4;

/** Returns cases that differ only in the primitive. */
const alike = <P extends Primitive>(touched: number, names: readonly P[], callOf: (name: P) => Call) =>
  Object.fromEntries(names.map((name) => [name, { touched, call: callOf(name) }])) as Record<P, PrimitiveCase>;

const positiveOnly: readonly Primitive[] = ['log', 'log1p', 'sqrt'];
/** Primitives that aren't measured, since they are defined only from -1 to 1 and no operand is in that range. */
const unmeasured: readonly Primitive[] = ['asin', 'acos'];
const namesOf = <P extends Primitive>(table: { readonly [Name in P]: unknown }) => Object.keys(table) as P[];
const ofBothSigns = namesOf(unary).filter((name) => !positiveOnly.includes(name) && !unmeasured.includes(name));
const ofPositive = namesOf(unary).filter((name) => positiveOnly.includes(name));

/**
 * The cases of primitives. A primitive without a case isn't measured, and the table says so. Reductions run along rows,
 * which are contiguous.
 */
export const primitiveCases: { readonly [P in Primitive]?: PrimitiveCase } = {
  full: { touched: 1, call: (k, { side }) => k.full({ shape: [side, side], value: 1, dtype: 'float32' }) },
  ...alike(
    2,
    ofBothSigns,
    (name) =>
      (k, { x }) =>
        k[name](x),
  ),
  ...alike(
    2,
    ofPositive,
    (name) =>
      (k, { positive }) =>
        k[name](positive),
  ),
  ...alike(
    3,
    namesOf(binary),
    (name) =>
      (k, { positive, y }) =>
        k[name](positive, y),
  ),
  activationGrad: { touched: 3, call: (k, { x, y }) => k.activationGrad(x, y, 'tanh') },
  ...alike(
    2 + BOOL,
    namesOf(comparisons),
    (name) =>
      (k, { x, y }) =>
        k[name](x, y),
  ),
  where: { touched: 3 + BOOL, call: (k, { condition, x, y }) => k.where(condition, x, y) },
  cast: { touched: 2, call: (k, { x }) => k.cast(x, 'int32') },
  ...alike(
    1,
    ['sum', 'mean', 'prod', 'max', 'min'],
    (name) =>
      (k, { x }) =>
        k[name](x, [1]),
  ),
  ...alike(
    1,
    ['argmax', 'argmin'],
    (name) =>
      (k, { x }) =>
        k[name](x, 1),
  ),
  prodOfOthers: { touched: 2, call: (k, { x }) => k.prodOfOthers(x, [1]) },
  cumsum: { touched: 2, call: (k, { x }) => k.cumsum(x, 1) },
  stopGradient: { touched: 0, call: (k, { x }) => k.stopGradient(x) },
  reshape: { touched: 0, call: (k, { x, side }) => k.reshape(x, [side * side]) },
  permute: { touched: 0, call: (k, { x }) => k.permute(x, [1, 0]) },
  broadcastTo: { touched: 0, call: (k, { x, side }) => k.broadcastTo(x, [2, side, side]) },
  slice: {
    touched: 0,
    call: (k, { x, side }) => k.slice(x, { starts: [0, 1], sizes: [side, side - 1], steps: [1, 1] }),
  },
  scatterSlice: {
    touched: 2,
    call: (k, { x, side }) =>
      k.scatterSlice(x, { starts: [0, 1], sizes: [side, side], steps: [1, 1], shape: [side, side + 1] }),
  },
  concat: { touched: 4, call: (k, { x, y }) => k.concat([x, y], 0) },
  take: { touched: 2, call: (k, { x, indices }) => k.take(x, indices, 0) },
  scatterAdd: { touched: 2, call: (k, { x, indices, side }) => k.scatterAdd(x, indices, { axis: 0, size: side }) },
  matmul: { touched: 3, multiplications: (side) => side, call: (k, { x, y }) => k.matmul(x, y) },
  affine: {
    touched: 3,
    multiplications: (side) => side,
    call: (k, { x, y, vector }) => k.affine(x, y, vector),
  },
  crossEntropy: { touched: 1, call: (k, { x, indices }) => k.crossEntropy(x, indices) },
  crossEntropyGrad: { touched: 2, call: (k, { vector, x, indices }) => k.crossEntropyGrad(vector, x, indices) },
  normalize: { touched: 2, call: (k, { x, vector }) => k.normalize(x, vector, vector, NORMALIZATION) },
  normalizeGrad: { touched: 3, call: (k, { x, y, vector }) => k.normalizeGrad(x, y, vector, NORMALIZATION) },
  normalizeWeightGrad: {
    touched: 2,
    call: (k, { x, y, side }) => k.normalizeWeightGrad(x, y, { ...NORMALIZATION, shape: [side] }),
  },
  moments: { touched: 1, call: (k, { x }) => k.moments(x, [1]) },
  unfold: { touched: 1 + WINDOW_ENTRIES, call: (k, { x }) => k.unfold(x, WINDOWS) },
  fold: {
    touched: WINDOW_ENTRIES + 1,
    call: (k, { unfolded, side }) => k.fold(unfolded, { windows: WINDOWS, shape: [side, side] }),
  },
  conv: ofConvolution((k, { images, weight }) => k.conv(images, weight, CONVOLUTION)),
  convInput: ofConvolution((k, { maps, weight, side }) =>
    k.convInput(maps, weight, { ...CONVOLUTION, shape: imageShape(side).slice(2) }),
  ),
  convWeight: ofConvolution((k, { images, maps }) => k.convWeight(images, maps, CONVOLUTION)),
  maxPool: { touched: 1 + 1 / 4, call: (k, { x }) => k.maxPool(x, x, POOLS) },
  maxUnpool: {
    touched: 2 + 1 / 4,
    call: (k, { x, pooled }) => k.maxUnpool(pooled, x, POOLS),
  },
};
