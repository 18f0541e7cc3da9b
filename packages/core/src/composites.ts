/**
 * Operations composed of primitives, generic in the array type. They run on arrays and on recorded tensors, and their
 * derivatives of every order follow from the rule table.
 *
 * Axes are non-negative, and reduced axes are kept with length 1; the methods of `Tensor` convert their arguments and
 * results accordingly.
 */

import {
  type ArrayLike,
  countAlong,
  type Data,
  type FloatDType,
  type Kernels,
  rowMajor,
  type Shape,
  sizeOf,
} from '@tapegrad/kernels';
import { areWithin, finiteRange } from './tracing.ts';

/** Returns a number as a scalar array of `x`'s dtype. */
export const number = <A extends ArrayLike>(k: Kernels<A>, value: number, x: A): A =>
  k.full({ shape: [], value, dtype: x.dtype });

/** Returns `size` entries of one axis, beginning at `start` and `step` apart. */
export function sliceAxis<A extends ArrayLike>(
  k: Kernels<A>,
  x: A,
  axis: number,
  start: number,
  size: number,
  step = 1,
): A {
  return k.slice(x, {
    starts: x.shape.map((_, i) => (i === axis ? start : 0)),
    sizes: x.shape.with(axis, size),
    steps: x.shape.map((_, i) => (i === axis ? step : 1)),
  });
}

/**
 * An array whose elements can be read. Some operations read them to choose between a fast path, which nearly always
 * applies, and a general fallback.
 */
export interface Readable extends ArrayLike {
  /** All elements, in row-major order. */
  readonly elements: Data;
}

/**
 * Computes x - mean(x). The mean is negated and then added. So the backward pass negates the cotangent of the mean,
 * which has few elements, instead of a full-size one.
 */
const lessMean = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A =>
  k.add(x, k.neg(k.mean(x, axes)));

/**
 * Subtracts the mean of x, and then subtracts the mean of the result. If the mean is large compared with the
 * deviations, the rounding error of the mean is not small compared with them. The second step removes that error.
 */
const centered = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A =>
  lessMean(k, lessMean(k, x, axes), axes);

const degreesOf = (x: ArrayLike, axes: readonly number[], correction: number): number =>
  Math.max(0, countAlong(x.shape, axes) - correction);

/** Computes sum (x - mean)^2 / (n - correction), without losing precision if the mean is large. */
export function variance<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[], correction: number): A {
  const deviation = centered(k, x, axes);
  return k.div(k.sum(k.mul(deviation, deviation), axes), number(k, degreesOf(x, axes, correction), x));
}

/**
 * Computes the square root of the variance, with derivative 0 if all elements are equal. It is computed as a norm, so
 * that no square overflows or underflows.
 */
export function std<A extends Readable>(k: Kernels<A>, x: A, axes: readonly number[], correction: number): A {
  const degrees = degreesOf(x, axes, correction);
  if (degrees === 0) return k.sqrt(variance(k, x, axes, correction));
  return k.div(norm(k, centered(k, x, axes), axes, 2), number(k, Math.sqrt(degrees), x));
}

/** A dual number: a product and its change. Two of them multiply as p q = (p1 q1, p1 q2 + p2 q1). */
type Dual<A> = readonly [product: A, change: A];

/**
 * Computes, for each entry, how the product of all other entries changes if x moves along h. This is the sum, over the
 * other entries i, of h_i times the product of all entries except these two. The products are built from halves of the
 * list, without division, so the result is exact even if entries are zero.
 */
export function changeOfOthers<A extends ArrayLike>(k: Kernels<A>, h: A, x: A, axes: readonly number[]): A {
  const order = [...x.shape.keys()].sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)));
  const [length, last] = [countAlong(x.shape, axes), x.shape.length - axes.length];
  if (length === 0) return h;
  const moved = order.map((i) => x.shape[i]!);
  const rowsOf = (y: A): A => k.reshape(k.permute(k.cast(y, 'float64'), order), [...moved.slice(0, last), length]);

  const times = ([p, q]: Dual<A>, [r, s]: Dual<A>): Dual<A> => [k.mul(p, r), k.add(k.mul(p, s), k.mul(q, r))];
  const slice = ([p, q]: Dual<A>, start: number, size: number): Dual<A> => [
    sliceAxis(k, p, last, start, size),
    sliceAxis(k, q, last, start, size),
  ];
  const join = (list: readonly Dual<A>[]): Dual<A> => [
    k.concat(
      list.map(([p]) => p),
      last,
    ),
    k.concat(
      list.map(([, q]) => q),
      last,
    ),
  ];
  const others = (all: Dual<A>, count: number): Dual<A> => {
    if (count === 1) {
      const filled = (value: number) => k.full({ shape: all[0].shape, value, dtype: 'float64' });
      return [filled(1), filled(0)];
    }
    const half = Math.floor(count / 2);
    const [left, right] = [slice(all, 0, half), slice(all, half, half)];
    const pairs = times(left, right);
    if (count % 2 === 0) {
      const beside = others(pairs, half);
      return join([times(beside, right), times(beside, left)]);
    }
    const odd = slice(all, count - 1, 1);
    const beside = others(join([pairs, odd]), half + 1);
    const ofPairs = slice(beside, 0, half);
    return join([times(ofPairs, right), times(ofPairs, left), slice(beside, half, 1)]);
  };

  const [, change] = others([rowsOf(x), rowsOf(h)], length);
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return k.cast(k.permute(k.reshape(change, moved), inverse), x.dtype);
}

/** Returns the largest entry as a constant, to be subtracted before an exponential. */
const shift = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A =>
  countAlong(x.shape, axes) === 0 ? number(k, 0, x) : k.max(k.stopGradient(x), axes);

/** Computes m + log sum exp(x - m). No exponential overflows if m is the maximum. */
const logSumExpAbout = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[], m: A): A =>
  k.add(m, k.log(k.sum(k.exp(k.sub(x, m)), axes)));

/**
 * Computes log sum exp(x). At infinities, the gradient takes its limit: elements tied at +Infinity split the gradient
 * evenly, and elements at -Infinity get 0.
 */
export function logSumExp<A extends Readable>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const m = shift(k, x, axes);
  if (areWithin(m.elements, { ...finiteRange, nan: true })) return logSumExpAbout(k, x, axes, m);

  const [zero, infinity] = [number(k, 0, x), number(k, Infinity, x)];
  const isInfinite = k.equal(k.abs(m), infinity);
  const finite = logSumExpAbout(k, k.where(isInfinite, zero, x), axes, k.where(isInfinite, zero, m));
  const isTop = k.equal(x, infinity);
  const count = k.maximum(k.sum(k.cast(isTop, x.dtype), axes), number(k, 1, x));
  const top = k.div(k.sum(k.where(isTop, x, zero), axes), count);
  return k.where(isInfinite, k.where(k.equal(m, infinity), top, m), finite);
}

/**
 * Computes softmax as a product, exp(x - m) times 1 / sum exp(x - m), whose derivative takes fewer passes over memory
 * than a quotient's. If the maximum m is infinite, all results are NaN, since Infinity - Infinity is NaN.
 */
export function softmax<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const e = k.exp(k.sub(x, shift(k, x, axes)));
  return k.mul(e, k.div(number(k, 1, x), k.sum(e, axes)));
}

/**
 * Computes x - m - log sum exp(x - m). The result is accurate even where softmax underflows, and NaN wherever softmax
 * is NaN.
 */
export function logSoftmax<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const shifted = k.sub(x, shift(k, x, axes));
  return k.sub(shifted, k.log(k.sum(k.exp(shifted), axes)));
}

/**
 * Returns f(x) where x is not 0, and the constant 0 elsewhere. At 0, an infinite derivative would be multiplied by a
 * zero one, which gives NaN.
 */
function zeroAtZero<A extends ArrayLike>(k: Kernels<A>, x: A, f: (x: A) => A): A {
  const zero = k.equal(x, number(k, 0, x));
  return k.where(zero, number(k, 0, x), f(k.where(zero, number(k, 1, x), x)));
}

/**
 * Two exponents of 2 for each dtype. The first is that of the smallest positive number. The second is that of a factor
 * that scales this number up enough for a cotangent to keep full precision.
 */
const smallest = { float32: [-149, 49], float64: [-1074, 114] } as const;
/**
 * The range in which a sum of squares is reliable: it did not overflow, and any squares that underflowed are
 * negligible.
 */
const squares = { float32: [2 ** -60, 2 ** 120], float64: [2 ** -900, 2 ** 1000] } as const;

/**
 * Returns a divisor for each vector, or `undefined` if no vector needs one. If a vector's sum of powers would lose
 * accuracy, its divisor is its largest |x|, as a constant. The divisor of any other vector is 1, which leaves its bits
 * unchanged.
 *
 * For order 2, the sum only has to lie in a wide range that depends on the dtype. For other orders it must be near 1,
 * since the logarithm of the sum amplifies the rounding error of the exponent 1/p.
 */
function divisorOf<A extends Readable>(
  k: Kernels<A>,
  x: A,
  axes: readonly number[],
  order: number,
  sums: A,
): A | undefined {
  const dtype = x.dtype as FloatDType;
  const [least, most] = order === 2 ? squares[dtype] : [2 ** -10, 2 ** 10];
  if (areWithin(sums.elements, { low: least, high: most })) return undefined;
  const [zero, one, infinity] = [number(k, 0, x), number(k, 1, x), number(k, Infinity, x)];
  const largest = k.max(k.abs(k.stopGradient(x)), axes);
  const serves = k.minimum(k.lessEqual(number(k, least, x), sums), k.lessEqual(sums, number(k, most, x)));
  const canServe = k.minimum(k.less(zero, largest), k.less(largest, infinity));
  const [exponent, spare] = smallest[dtype];
  // After division by this number, the smallest positive number has a power that does not underflow.
  const floor = 2 ** (exponent + Math.min(spare, (2 * spare) / order));
  const divisors = k.where(canServe, k.maximum(largest, number(k, floor, x)), one);
  const chosen = k.where(serves, one, divisors);
  return areWithin(chosen.elements, { low: 1, high: 1 }) ? undefined : chosen;
}

/**
 * Computes (sum |x|^p)^(1/p), with derivative 0 at the origin. Powers overflow or underflow only if the norm itself does.
 */
export function norm<A extends Readable>(k: Kernels<A>, x: A, axes: readonly number[], order: number): A {
  if (order === 1 || countAlong(x.shape, axes) === 0) return k.sum(k.abs(x), axes);
  if (order === Infinity) return k.max(k.abs(x), axes);
  const power = (y: A, exponent: number) => zeroAtZero(k, y, (base) => k.pow(base, number(k, exponent, x)));
  const sumOf = (y: A) => k.sum(order === 2 ? k.mul(y, y) : power(k.abs(y), order), axes);
  const root = (sum: A) => (order === 2 ? zeroAtZero(k, sum, k.sqrt) : power(sum, 1 / order));

  const sums = sumOf(x);
  const divisor = divisorOf(k, x, axes, order, sums);
  return divisor === undefined ? root(sums) : k.mul(root(sumOf(k.div(x, divisor))), divisor);
}

const int32 = <A extends ArrayLike>(k: Kernels<A>, value: number, shape: Shape = []): A =>
  k.full({ shape, value, dtype: 'int32' });

/** Returns the int32 vector 0, step, 2 step, …, (length - 1) step. */
export const multiples = <A extends ArrayLike>(k: Kernels<A>, step: number, length: number): A =>
  k.sub(k.cumsum(int32(k, step, [length]), 0), int32(k, step));

/**
 * Returns the row-major positions, in an array of shape `shape`, of the entries that `indices` pick along an axis: [i,
 * indices[i, j]] for axis 1. The indices are int32 and within range. Their shape equals `shape` except along the axis.
 */
export function placesAlong<A extends ArrayLike>(k: Kernels<A>, shape: Shape, indices: A, axis: number): A {
  const stride = rowMajor(shape);
  let places = k.mul(indices, int32(k, stride[axis]!));
  shape.forEach((length, i) => {
    if (i === axis || length === 1) return;
    const along = shape.map((_, j) => (j === i ? length : 1));
    places = k.add(places, k.reshape(multiples(k, stride[i]!, length), along));
  });
  return places;
}

/** Picks an entry along an axis for each index: y[i, j] = x[i, indices[i, j]] for axis 1. */
export const gather = <A extends ArrayLike>(k: Kernels<A>, x: A, indices: A, axis: number): A =>
  k.take(k.reshape(x, [sizeOf(x.shape)]), placesAlong(k, x.shape, indices, axis), 0);

/** Computes the maximum or minimum along one axis; the gradient goes to the first of tied entries. */
export function extremumAlong<A extends ArrayLike>(k: Kernels<A>, which: 'max' | 'min', x: A, axis: number): A {
  const first = which === 'max' ? k.argmax(x, axis) : k.argmin(x, axis);
  return gather(k, x, first, axis);
}

/** Stacks arrays of the same shape along a new axis. */
export function stack<A extends ArrayLike>(k: Kernels<A>, list: readonly A[], axis: number): A {
  return k.concat(
    list.map((x) => k.reshape(x, x.shape.toSpliced(axis, 0, 1))),
    axis,
  );
}
