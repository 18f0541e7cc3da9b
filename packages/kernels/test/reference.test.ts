import { callPrimitive, type DType, NdArray, type Primitive, type Shape } from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';

import { describe, expect, test } from 'vitest';

const storage = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

const array = (values: readonly number[], shape: Shape = [values.length], dtype: DType = 'float64') =>
  new NdArray(storage[dtype].from(values), dtype, shape);
const ints = (...values: number[]) => array(values, undefined, 'int32');
const bools = (...values: number[]) => array(values, undefined, 'bool');

const x = array([1, 2, 3, 4, 5, 6], [2, 3]);
const signed = array([-2, -0, 0, 3]);
const e = Math.E;
const window = { size: 2, stride: 1, dilation: 1, padding: [0, 1] } as const;
const convolution = { windows: [window], groups: 1 } as const;
const normalization = { axes: [1], eps: 0, centered: true } as const;
const pool = { size: 2, stride: 2, dilation: 1, padding: [0, 1] } as const;

/**
 * Tests the reference, with which all interpreters are compared, on results computed by hand: the shape and elements of
 * each primitive.
 */
const worked: {
  readonly [P in Primitive]: readonly [inputs: NdArray[], attributes: unknown, shape: Shape, elements: number[]];
} = {
  full: [[], { shape: [2], value: 7, dtype: 'int32' }, [2], [7, 7]],
  neg: [[signed], undefined, [4], [2, 0, -0, -3]],
  abs: [[signed], undefined, [4], [2, 0, 0, 3]],
  sign: [[signed], undefined, [4], [-1, -0, 0, 1]],
  exp: [[array([0, 1])], undefined, [2], [1, e]],
  expm1: [[array([0, 1e-300])], undefined, [2], [0, 1e-300]],
  log: [[array([1, e, 0])], undefined, [3], [0, 1, -Infinity]],
  log1p: [[array([0, 1e-300, -1])], undefined, [3], [0, 1e-300, -Infinity]],
  sqrt: [[array([4, 2, -1])], undefined, [3], [2, Math.SQRT2, NaN]],
  sin: [[array([0, Math.PI / 2])], undefined, [2], [0, 1]],
  cos: [[array([0, Math.PI])], undefined, [2], [1, -1]],
  tan: [[array([0, 1])], undefined, [2], [0, 1.5574077246549023]],
  asin: [[array([0, -1, 2])], undefined, [3], [0, -Math.PI / 2, NaN]],
  acos: [[array([1, -1, 2])], undefined, [3], [0, Math.PI, NaN]],
  atan: [[array([0, Infinity])], undefined, [2], [0, Math.PI / 2]],
  sinh: [[array([0, 1e-300, -1000])], undefined, [3], [0, 1e-300, -Infinity]],
  cosh: [[array([0, -1])], undefined, [2], [1, 1.5430806348152437]],
  tanh: [[array([0, Infinity])], undefined, [2], [0, 1]],
  sigmoid: [[array([0, -1000, 1000])], undefined, [3], [0.5, 0, 1]],
  relu: [[signed], undefined, [4], [0, 0, 0, 3]],
  softplus: [[array([0, -1000, 1000])], undefined, [3], [Math.LN2, 0, 1000]],
  erf: [[array([0, -10, 0.5])], undefined, [3], [0, -1, 0.5204998778130465]],
  erfc: [[array([0, -10, 2])], undefined, [3], [1, 2, 0.004677734981047266]],
  floor: [[array([1.5, -0.5, -0])], undefined, [3], [1, -1, -0]],
  ceil: [[array([1.5, -0.5, 0])], undefined, [3], [2, -0, 0]],
  round: [[array([0.5, 1.5, 2.5, -0.5, -1.5, 2 ** 52 + 1])], undefined, [6], [0, 2, 2, -0, -2, 2 ** 52 + 1]],
  stopGradient: [[x], undefined, [2, 3], [1, 2, 3, 4, 5, 6]],

  add: [[x, array([10, 20, 30])], undefined, [2, 3], [11, 22, 33, 14, 25, 36]],
  sub: [[x, array([1, 4], [2, 1])], undefined, [2, 3], [0, 1, 2, 0, 1, 2]],
  mul: [[ints(65537, -3), ints(65537, 5)], undefined, [2], [131073, -15]],
  div: [[array([1, 0]), array([0, 0])], undefined, [2], [Infinity, NaN]],
  pow: [[array([2, -2, 5]), array([10, 3, 0])], undefined, [3], [1024, -8, 1]],
  remainder: [[array([5, -5, 5, -5, 6]), array([3, 3, -3, -3, 3])], undefined, [5], [2, 1, -1, -2, 0]],
  atan2: [[array([1, 0, -0, 0]), array([1, -1, -1, 0])], undefined, [4], [Math.PI / 4, Math.PI, -Math.PI, 0]],
  maximum: [[array([1, NaN, -0]), array([2, 1, 0])], undefined, [3], [2, NaN, 0]],
  minimum: [[array([1, NaN, -0]), array([2, 1, 0])], undefined, [3], [1, NaN, -0]],
  activationGrad: [[array([10, 10, 10]), array([0.5, -1, 0])], 'tanh', [3], [7.5, 0, 10]],
  equal: [[array([1, 2, NaN]), array([1, 3, NaN])], undefined, [3], [1, 0, 0]],
  less: [[array([1, 2, 3]), array([2])], undefined, [3], [1, 0, 0]],
  lessEqual: [[array([1, 2, 3]), array([2])], undefined, [3], [1, 1, 0]],
  where: [[bools(1, 0), array([1, 2]), array([8, 9])], undefined, [2], [1, 9]],
  cast: [[array([1.9, -1.9, 0])], 'int32', [3], [1, -1, 0]],

  sum: [[x], [1], [2, 1], [6, 15]],
  mean: [[x], [1], [2, 1], [2, 5]],
  prod: [[x], [1], [2, 1], [6, 120]],
  prodOfOthers: [[array([1e300, 1e300, 1e-300, 0], [2, 2])], [1], [2, 2], [1e300, 1e300, 0, 1e-300]],
  max: [[x], [0], [1, 3], [4, 5, 6]],
  min: [[x], [0, 1], [1, 1], [1]],
  argmax: [[array([1, 7, 7, 2, NaN, 3], [2, 3])], 1, [2, 1], [1, 1]],
  argmin: [[array([1, 1, 7, 2, 0, NaN], [2, 3])], 1, [2, 1], [0, 2]],
  cumsum: [[x], 1, [2, 3], [1, 3, 6, 4, 9, 15]],
  argsort: [[array([3, NaN, 1, 3])], { axis: 0, descending: true }, [4], [1, 0, 3, 2]],

  reshape: [[x], [3, 2], [3, 2], [1, 2, 3, 4, 5, 6]],
  permute: [[x], [1, 0], [3, 2], [1, 4, 2, 5, 3, 6]],
  broadcastTo: [[array([1, 2], [2, 1])], [2, 3], [2, 3], [1, 1, 1, 2, 2, 2]],
  slice: [[x], { starts: [1, 2], sizes: [2, 2], steps: [-1, -2] }, [2, 2], [6, 4, 3, 1]],
  scatterSlice: [[array([1, 2])], { starts: [3], sizes: [2], steps: [-2], shape: [4] }, [4], [0, 2, 0, 1]],
  concat: [[x, array([8, 9], [2, 1])], 1, [2, 4], [1, 2, 3, 8, 4, 5, 6, 9]],
  take: [[x, ints(2, 0, 2)], 1, [2, 3], [3, 1, 3, 6, 4, 6]],
  scatterAdd: [[array([1, 2, 3]), ints(2, 0, 2)], { axis: 0, size: 4 }, [4], [2, 0, 4, 0]],
  matmul: [[x, array([1, 0, 2, 1, 0, 3], [3, 2])], undefined, [2, 2], [5, 11, 14, 23]],
  affine: [[x, array([1, 0, 2, 1, 0, 3], [3, 2]), array([10, 100])], undefined, [2, 2], [15, 111, 24, 123]],
  crossEntropy: [[array([0, 0, 1000, 0], [2, 2]), ints(1, 1)], undefined, [2], [Math.LN2, 1000]],
  crossEntropyGrad: [[array([6, 1]), array([0, 0, 1000, 0], [2, 2]), ints(1, 1)], undefined, [2, 2], [3, -3, 1, -1]],
  normalize: [[array([1, 3, 10, 30], [2, 2]), array([1, 2]), array([0, 5])], normalization, [2, 2], [-1, 7, -1, 7]],
  normalizeGrad: [
    [array([1, 2], [1, 2]), array([1, 3], [1, 2]), array([1])],
    { ...normalization, eps: 3 },
    [1, 2],
    [-0.1875, 0.1875],
  ],
  normalizeWeightGrad: [
    [array([1, 2, 3, 6], [2, 2]), array([1, 3, 10, 30], [2, 2])],
    { ...normalization, shape: [2] },
    [2],
    [-4, 8],
  ],
  moments: [[array([1, 3, 10, 30], [2, 2])], [1], [2, 2, 1], [2, 20, 1, 100]],
  unfold: [[array([1, 2, 3])], [window], [2, 3], [1, 2, 3, 2, 3, 0]],
  fold: [[array([1, 2, 3, 10, 20, 30], [2, 3])], { windows: [window], shape: [3] }, [3], [1, 12, 23]],
  conv: [[array([1, 2, 3], [1, 1, 3]), array([1, 10], [1, 1, 2])], convolution, [1, 1, 3], [21, 32, 3]],
  convInput: [
    [array([1, 2, 3], [1, 1, 3]), array([1, 10], [1, 1, 2])],
    { ...convolution, shape: [3] },
    [1, 1, 3],
    [1, 12, 23],
  ],
  convWeight: [[array([1, 2, 3], [1, 1, 3]), array([1, 10, 100], [1, 1, 3])], convolution, [1, 1, 2], [321, 32]],
  maxPool: [[array([1, 2, 3, 4, 5]), array([7, 7, 0, NaN, 8])], [pool], [3], [1, 4, 5]],
  maxUnpool: [[array([1, 2, 3]), array([7, 7, 0, NaN, 8])], [pool], [5], [1, 0, 0, 2, 3]],
};

describe('the reference gives what is worked out by hand', () => {
  test.each(Object.entries(worked))('%s', (primitive, [inputs, attributes, shape, elements]) => {
    const result = callPrimitive(reference, primitive as Primitive, inputs, attributes);
    expect(result.shape).toEqual(shape);
    expect(Array.from(result.data)).toEqual(elements);
  });
});
