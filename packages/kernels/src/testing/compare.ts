/** The tolerances within which an interpreter must agree with the reference, and messages for results that exceed them. */

import type { NdArray } from '../arrays/array.ts';
import { type FloatDType, isFloat } from '../arrays/dtype.ts';
import { formatShape, sameShape } from '../arrays/shape.ts';
import { callPrimitive, type Primitive } from '../primitives.ts';
// biome-ignore lint/style/noRestrictedImports: the reference is what the case table is measured by.
import { reference } from '../reference.ts';
import { type Case, inputsOf } from './case.ts';

/**
 * The allowed error of a floating-point result relative to the reference's; results of other dtypes must be exact.
 *
 * - `exact`: equal; zeros have the same sign.
 * - a number: within that number of units in the last place; zeros have the same sign.
 * - `{ epsilons }`: within `epsilons` eps times the largest result, or times 1 if that is larger, since small results
 *   are differences.
 * - `accumulated`: a sum of n products may be off by n eps sum |x y|, whatever the order of summation; a product of n
 *   factors may be off by n eps times itself.
 */
export type Tolerance = 'exact' | 'accumulated' | number | { readonly epsilons: number };

/** The tolerance of each primitive. */
export const tolerances: { readonly [P in Primitive]: Tolerance } = {
  full: 'exact',
  neg: 'exact',
  abs: 'exact',
  sign: 'exact',
  exp: 2,
  expm1: 3,
  log: 2,
  log1p: 3,
  sqrt: 'exact',
  sin: 2,
  cos: 2,
  tan: 4,
  asin: 3,
  acos: 3,
  atan: 3,
  sinh: 4,
  cosh: 4,
  tanh: 3,
  sigmoid: 3,
  relu: 'exact',
  softplus: 3,
  erf: 4,
  erfc: 5,
  floor: 'exact',
  ceil: 'exact',
  round: 'exact',
  stopGradient: 'exact',
  add: 'exact',
  sub: 'exact',
  mul: 'exact',
  div: 'exact',
  pow: 4,
  remainder: 'exact',
  atan2: 3,
  maximum: 'exact',
  minimum: 'exact',
  activationGrad: { epsilons: 2 },
  equal: 'exact',
  less: 'exact',
  lessEqual: 'exact',
  where: 'exact',
  cast: 'exact',
  sum: 'accumulated',
  mean: 'accumulated',
  prod: 'accumulated',
  prodOfOthers: 'accumulated',
  max: 'exact',
  min: 'exact',
  argmax: 'exact',
  argmin: 'exact',
  cumsum: 'accumulated',
  argsort: 'exact',
  reshape: 'exact',
  permute: 'exact',
  broadcastTo: 'exact',
  slice: 'exact',
  scatterSlice: 'exact',
  concat: 'exact',
  take: 'exact',
  scatterAdd: 'accumulated',
  matmul: 'accumulated',
  affine: 'accumulated',
  crossEntropy: { epsilons: 4 },
  crossEntropyGrad: { epsilons: 4 },
  normalize: { epsilons: 8 },
  normalizeGrad: { epsilons: 24 },
  normalizeWeightGrad: { epsilons: 16 },
  moments: { epsilons: 4 },
  unfold: 'exact',
  fold: 'accumulated',
  conv: 'accumulated',
  convInput: 'accumulated',
  convWeight: 'accumulated',
  maxPool: 'exact',
  maxUnpool: { epsilons: 8 },
};

const epsilon = { float32: 2 ** -23, float64: 2 ** -52 } as const;
const leastDenormal = { float32: 2 ** -149, float64: 2 ** -1074 } as const;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);
const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);

/** Returns the position of a number among all float32 numbers in ascending order; both zeros are at 0. */
function rank32(value: number): number {
  float[0] = value;
  return floatBits[0]! < 0 ? -(2 ** 31) - floatBits[0]! : floatBits[0]!;
}

/** Returns the position of a number among all float64 numbers in ascending order; both zeros are at 0. */
function rank64(value: number): bigint {
  double[0] = value;
  return doubleBits[0]! < 0n ? -(2n ** 63n) - doubleBits[0]! : doubleBits[0]!;
}

/**
 * Returns the distance of two numbers in steps from one number of a dtype to the next. It is 0 for equal numbers, two
 * zeros and two NaNs, and infinite for a number and a NaN. An infinity is one step from the largest finite number.
 *
 * @example
 * ulpDistance(1, 1 + 2 ** -23, 'float32'); // 1
 */
export function ulpDistance(a: number, b: number, dtype: FloatDType): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(dtype === 'float32' ? rank32(a) - rank32(b) : Number(rank64(a) - rank64(b)));
}

/** Primitives whose number of terms or factors is found by summing ones along the same axes. */
const counted: ReadonlySet<Primitive> = new Set(['mean', 'prod', 'prodOfOthers']);

/**
 * Returns the error bound of each element of a sum. A primitive that sums is linear: applied to the inputs' absolute
 * values it gives the sum of |x y|, and applied to ones, the number of terms. A product has as many rounding errors
 * as factors.
 */
function sumBound(c: Case, dtype: FloatDType): (i: number) => number {
  const inFloat64 = (f: (x: NdArray) => NdArray, primitive = c.primitive) =>
    callPrimitive(
      reference,
      primitive,
      inputsOf(c).map((x) => (isFloat(x.dtype) ? f(x) : x)),
      c.attributes,
    );
  const { data: magnitudes, shape } = inFloat64((x) => reference.abs(reference.cast(x, 'float64')));
  const ones = (x: NdArray): NdArray => reference.full({ shape: x.shape, value: 1, dtype: 'float64' });
  const counts = inFloat64(ones, counted.has(c.primitive) ? 'sum' : c.primitive);
  const terms = reference.broadcastTo(counts, shape).data;
  return (i) => terms[i]! * (epsilon[dtype] * magnitudes[i]! + leastDenormal[dtype]);
}

/** Describes the fault of one element, or returns `undefined` if it is correct. */
type Judge = (expected: number, actual: number, i: number) => string | undefined;

const exactly: Judge = (expected, actual) => (Object.is(expected, actual) ? undefined : '');

const withinUlps =
  (allowed: number, dtype: FloatDType): Judge =>
  (expected, actual) => {
    if (Object.is(expected, actual)) return undefined;
    if (expected === 0 && actual === 0) return '';
    const distance = ulpDistance(expected, actual, dtype);
    return distance <= allowed ? undefined : `, ${distance} ulps away where ${allowed} are allowed`;
  };

const withinBound =
  (bound: (i: number) => number): Judge =>
  (expected, actual, i) => {
    if (expected === actual || Object.is(expected, actual)) return undefined;
    const error = Math.abs(expected - actual);
    return error <= bound(i) ? undefined : `, ${error} away where ${bound(i)} is allowed`;
  };

function judgeOf(c: Case, { dtype, data }: NdArray): Judge {
  const tolerance = tolerances[c.primitive];
  if (!isFloat(dtype) || tolerance === 'exact') return exactly;
  if (typeof tolerance === 'object') {
    const largest = Math.max(1, ...Array.from(data, Math.abs).filter(Number.isFinite));
    return withinBound(() => tolerance.epsilons * epsilon[dtype] * largest);
  }
  return tolerance === 'accumulated' ? withinBound(sumBound(c, dtype)) : withinUlps(tolerance, dtype);
}

/** The expected result of a case, and the check of its elements. */
interface Standard {
  readonly expected: NdArray;
  readonly judge: Judge;
}

// Cached, since the reference is slow and all interpreters are compared with it.
const standards = new WeakMap<Case, Standard>();

function standardOf(c: Case): Standard {
  const known = standards.get(c);
  if (known !== undefined) return known;
  const expected = callPrimitive(reference, c.primitive, inputsOf(c), c.attributes);
  const standard = { expected, judge: judgeOf(c, expected) };
  standards.set(c, standard);
  return standard;
}

/** Returns the reference interpreter's result for a case. */
export const expectation = (c: Case): NdArray => standardOf(c).expected;

const formatNumber = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function indexOf(shape: readonly number[], i: number): string {
  let rest = i;
  const index = shape.toReversed().map((length) => {
    const place = rest % length;
    rest = (rest - place) / length;
    return place;
  });
  return formatShape(index.reverse());
}

/**
 * Describes a wrong result of a case: its shape, its dtype, or the first element out of tolerance. Returns
 * `undefined` if the result is correct.
 */
export function mismatch(c: Case, actual: NdArray): string | undefined {
  const { expected, judge } = standardOf(c);
  if (actual.dtype !== expected.dtype) return `${c.name}: expected ${expected.dtype}, got ${actual.dtype}`;
  if (!sameShape(actual.shape, expected.shape)) {
    return `${c.name}: expected shape ${formatShape(expected.shape)}, got ${formatShape(actual.shape)}`;
  }
  const { data } = reference.stopGradient(actual);
  for (let i = 0; i < expected.size; i++) {
    const [want, got] = [expected.data[i]!, data[i]!];
    const complaint = judge(want, got, i);
    if (complaint !== undefined) {
      return `${c.name}: at ${indexOf(expected.shape, i)} expected ${formatNumber(want)}, got ${formatNumber(got)}${complaint}`;
    }
  }
  return undefined;
}
