/** Tests the table of rules on its own, with arrays of the reference interpreter: without tensors, tapes or sweeps. */

import type { Kernels, NdArray, Primitive } from '@tapegrad/core/extend';
import { rules } from '@tapegrad/core/tape';
import {
  type AttributesOf,
  callPrimitive,
  filled,
  primitives,
  type Shape,
  NdArray as Strided,
  sizeOf,
} from '@tapegrad/kernels';
import { reference as k } from '@tapegrad/kernels/reference';
import { describe, expect, test } from 'vitest';
import { lattice } from '../operators/operators.ts';

const array = (data: Float64Array, shape: Shape): NdArray => new Strided(data, 'float64', shape);

/** Returns an array of distinct numbers, which also differ from those with another salt. */
const numbers = (shape: Shape, salt = 0, low = -2, high = 2): NdArray =>
  array(lattice(sizeOf(shape), salt, low, high), shape);

const ints = (...list: number[]): NdArray => new Strided(Int32Array.from(list), 'int32', [list.length]);
const bools = (...list: number[]): NdArray => new Strided(Uint8Array.from(list), 'bool', [list.length]);

interface RuleCase<Attributes = unknown> {
  readonly inputs: readonly NdArray[];
  readonly attributes?: Attributes;
}

const on = (...inputs: readonly NdArray[]) => [{ inputs }];
const unary = on(numbers([2, 3]));
const positive = on(numbers([2, 3], 0, 0.5, 3));
const binary = on(numbers([2, 3]), numbers([2, 3], 1));
const slice = { starts: [1, 3], sizes: [1, 2], steps: [1, -2] };
const window = { size: 2, stride: 2, dilation: 2, padding: [1, 2] } as const;
const normalizations = [
  { axes: [1], eps: 0.1, centered: true },
  { axes: [0], eps: 0.1, centered: true },
  { axes: [1], eps: 0.1, centered: false },
];
const convolution = { windows: [window], groups: 2 } as const;

/** The type requires a case for every primitive. */
const cases: { readonly [P in Primitive]: readonly RuleCase<AttributesOf<P>>[] } = {
  full: [{ inputs: [], attributes: { shape: [2], value: 3, dtype: 'float64' } }],

  neg: unary,
  abs: unary,
  sign: unary,
  exp: unary,
  expm1: unary,
  log: positive,
  log1p: positive,
  sqrt: positive,
  sin: unary,
  cos: unary,
  tan: on(numbers([2, 3], 0, -1, 1)),
  asin: on(numbers([2, 3], 0, -0.9, 0.9)),
  acos: on(numbers([2, 3], 0, -0.9, 0.9)),
  atan: unary,
  sinh: unary,
  cosh: unary,
  tanh: unary,
  sigmoid: unary,
  relu: unary,
  softplus: unary,
  erf: unary,
  erfc: unary,
  floor: unary,
  ceil: unary,
  round: unary,
  stopGradient: on(),

  add: binary,
  sub: binary,
  mul: binary,
  div: on(numbers([2, 3]), numbers([2, 3], 1, 0.5, 3)),
  pow: on(numbers([2, 3], 0, 0.5, 3), numbers([2, 3], 1)),
  remainder: on(numbers([2, 3]), numbers([2, 3], 1, 0.5, 3)),
  atan2: binary,
  maximum: binary,
  minimum: binary,
  activationGrad: (['relu', 'tanh', 'sigmoid'] as const).map((of) => ({
    inputs: [numbers([2, 3]), numbers([2, 3], 1, -0.9, 0.9)],
    attributes: of,
  })),

  equal: binary,
  less: binary,
  lessEqual: binary,
  where: on(bools(1, 0, 1), numbers([3]), numbers([3], 1)),
  cast: [{ inputs: [numbers([3])], attributes: 'float64' }],

  sum: [
    { inputs: [numbers([2, 3, 2])], attributes: [0, 2] },
    { inputs: [numbers([2])], attributes: [] },
  ],
  mean: [
    { inputs: [numbers([2, 3, 2])], attributes: [0, 2] },
    { inputs: [numbers([2])], attributes: [] },
  ],
  prod: [
    { inputs: [numbers([2, 3, 2])], attributes: [0, 2] },
    { inputs: [numbers([2])], attributes: [] },
  ],
  prodOfOthers: [
    { inputs: [numbers([2, 3, 2])], attributes: [0, 2] },
    { inputs: [numbers([5])], attributes: [0] },
    { inputs: [numbers([2])], attributes: [] },
  ],
  max: [
    { inputs: [numbers([2, 3])], attributes: [1] },
    { inputs: [numbers([2, 3])], attributes: [0, 1] },
  ],
  min: [
    { inputs: [numbers([2, 3])], attributes: [1] },
    { inputs: [numbers([2, 3])], attributes: [0, 1] },
  ],
  argmax: [{ inputs: [numbers([2, 3])], attributes: 1 }],
  argsort: [{ inputs: [numbers([2, 3])], attributes: { axis: 1, descending: false } }],
  argmin: [{ inputs: [numbers([2, 3])], attributes: 1 }],
  cumsum: [
    { inputs: [numbers([3, 2])], attributes: 0 },
    { inputs: [numbers([3, 2])], attributes: 1 },
  ],

  reshape: [{ inputs: [numbers([2, 3])], attributes: [3, 1, 2] }],
  permute: [{ inputs: [numbers([2, 3, 2])], attributes: [2, 0, 1] }],
  broadcastTo: [{ inputs: [numbers([2, 3])], attributes: [2, 3] }],
  slice: [{ inputs: [numbers([2, 5])], attributes: slice }],
  scatterSlice: [{ inputs: [numbers([1, 2])], attributes: { ...slice, shape: [2, 5] } }],
  concat: [
    { inputs: [numbers([2, 1]), numbers([2, 3], 1), numbers([2, 2], 2)], attributes: 1 },
    { inputs: [numbers([2, 0]), numbers([2, 2], 1), numbers([2, 0])], attributes: 1 },
  ],

  take: [{ inputs: [numbers([3, 2]), ints(2, 0, 2)], attributes: 0 }],
  scatterAdd: [{ inputs: [numbers([2, 3]), ints(2, 0, 2)], attributes: { axis: 1, size: 4 } }],

  matmul: on(numbers([2, 3]), numbers([3, 2], 1)),
  affine: [numbers([4, 3]), numbers([2, 4, 3])].map((x) => ({ inputs: [x, numbers([3, 2], 1), numbers([2], 2)] })),

  crossEntropy: on(numbers([3, 4]), ints(2, 0, 3)),
  crossEntropyGrad: on(numbers([3]), numbers([3, 4], 1), ints(2, 0, 3)),

  normalize: normalizations.map((of) => ({
    inputs: [numbers([3, 4]), numbers([3, 4], 1), numbers([3, 4], 2)],
    attributes: of,
  })),
  normalizeGrad: normalizations.map((of) => ({
    inputs: [numbers([3, 4]), numbers([3, 4], 1), numbers([3, 4], 2)],
    attributes: of,
  })),
  normalizeWeightGrad: normalizations.map((of) => ({
    inputs: [numbers([3, 4]), numbers([3, 4], 1)],
    attributes: { ...of, shape: [4] },
  })),
  moments: [
    { inputs: [numbers([3, 4])], attributes: [1] },
    { inputs: [numbers([3, 2, 2])], attributes: [0, 2] },
  ],

  unfold: [{ inputs: [numbers([2, 5])], attributes: [window] }],
  fold: [{ inputs: [numbers([2, 2, 3])], attributes: { windows: [window], shape: [5] } }],
  conv: [{ inputs: [numbers([2, 4, 5]), numbers([2, 2, 2], 1)], attributes: convolution }],
  convInput: [{ inputs: [numbers([2, 2, 3]), numbers([2, 2, 2], 1)], attributes: { ...convolution, shape: [5] } }],
  convWeight: [{ inputs: [numbers([2, 4, 5]), numbers([2, 2, 3], 1)], attributes: convolution }],
  maxPool: [{ inputs: [numbers([2, 5]), numbers([2, 5], 1)], attributes: [window] }],
  maxUnpool: [{ inputs: [numbers([2, 3]), numbers([2, 5], 1)], attributes: [window] }],
};

type AnyVjp = (k: Kernels<NdArray>, g: NdArray, y: NdArray, ...args: readonly unknown[]) => NdArray;
type AnyVariadicVjp = (
  k: Kernels<NdArray>,
  g: NdArray,
  i: number,
  inputs: readonly NdArray[],
  attributes: unknown,
) => NdArray;

const run = (op: Primitive, { inputs, attributes }: RuleCase): NdArray => callPrimitive(k, op, inputs, attributes);

const dot = (x: NdArray, y: NdArray): number =>
  Float64Array.from(x.data, (value, i) => value * y.data[i]!).reduce((sum, term) => sum + term, 0);

/**
 * Computes the derivatives of <g, f(…, x, …)> with respect to each element of input `i`, by five-point central
 * differences.
 */
function differences(op: Primitive, c: RuleCase, i: number, g: NdArray): number[] {
  const h = Number.EPSILON ** (1 / 5);
  const x = c.inputs[i]!;
  return Array.from({ length: x.size }, (_, place) => {
    const at = (shift: number): number => {
      const data = Float64Array.from(x.data);
      data[place]! += shift;
      return dot(g, run(op, { ...c, inputs: c.inputs.with(i, array(data, x.shape)) }));
    };
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  });
}

/** Returns the rule's cotangent for input `i`; zeros if it has none. */
function ruled(op: Primitive, { inputs, attributes }: RuleCase, i: number, g: NdArray, y: NdArray): NdArray {
  const rule = rules[op];
  if (typeof rule === 'function') return (rule as AnyVariadicVjp)(k, g, i, inputs, attributes);
  const vjp = rule[i] as AnyVjp | null;
  if (vjp === null) return filled(inputs[i]!.shape, 0, 'float64');
  return vjp(k, g, y, ...inputs, attributes);
}

describe.each(primitives)('%s', (op) => {
  const list: readonly RuleCase[] = cases[op];
  const inputs = list.flatMap((c, n) => c.inputs.flatMap((x, i) => (x.dtype === 'float64' ? [{ c, n, i }] : [])));

  test('has a case', () => {
    expect(list.length).toBeGreaterThan(0);
  });

  test.for(inputs)('case $n, input $i', ({ c, i }) => {
    const y = run(op, c);
    const g = numbers(y.shape, 5, -1, 1);
    const d = ruled(op, c, i, g, y);
    expect(d.shape).toEqual(c.inputs[i]!.shape);
    const expected = differences(op, c, i, g);
    d.data.forEach((value, place) => {
      expect(value).toBeCloseTo(expected[place]!, 8);
    });
  });
});

test('stopGradient is the one primitive whose rule is not its derivative', () => {
  expect(rules.stopGradient).toEqual([null]);
});
