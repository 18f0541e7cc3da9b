/**
 * Operations composed from the primitives, generic in the array type: they run on arrays as on recorded tensors, and
 * their derivatives of every order follow from the rule table.
 *
 * Axes are not negative, and a reduced axis stays with length 1; `Tensor`'s methods take care of both.
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

/** A number as a scalar array of `x`'s dtype. */
export const number = <A extends ArrayLike>(k: Kernels<A>, value: number, x: A): A =>
  k.full({ shape: [], value, dtype: x.dtype });

/** Entries `start … start + size` of one axis, `step` apart. */
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

/** An array that can be looked at, where one way of computing serves nearly always and another one always. */
export interface Readable extends ArrayLike {
  /** All elements, in row-major order. */
  readonly elements: Data;
}

/** x - mean(x). The mean is added negated, so that a sweep has the small cotangent to negate in place of the large one. */
const lessMean = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A =>
  k.add(x, k.neg(k.mean(x, axes)));

/**
 * x less its mean. That is rounded, and where it is large beside the deviations, what the rounding leaves of it is not small
 * beside them: so what is left is taken off, too.
 */
const centered = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A =>
  lessMean(k, lessMean(k, x, axes), axes);

const degreesOf = (x: ArrayLike, axes: readonly number[], correction: number): number =>
  Math.max(0, countAlong(x.shape, axes) - correction);

/** sum (x - mean)^2 / (n - correction); a large mean costs no digits. */
export function variance<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[], correction: number): A {
  const deviation = centered(k, x, axes);
  return k.div(k.sum(k.mul(deviation, deviation), axes), number(k, degreesOf(x, axes, correction), x));
}

/** The square root of the variance, with derivative 0 where all are equal: a norm, whose squares neither overflow nor vanish. */
export function std<A extends Readable>(k: Kernels<A>, x: A, axes: readonly number[], correction: number): A {
  const degrees = degreesOf(x, axes, correction);
  if (degrees === 0) return k.sqrt(variance(k, x, axes, correction));
  return k.div(norm(k, centered(k, x, axes), axes, 2), number(k, Math.sqrt(degrees), x));
}

/** A dual number: a product, and how it changes: p q = (p1 p2, p1 q2 + q1 p2). */
type Dual<A> = readonly [product: A, change: A];

/**
 * How the product of all other entries changes along h: for each entry the sum over i of h_i times the product of all but
 * the two. Halves are multiplied by each other, so that it is exact where entries are zero, as a quotient is not.
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

/** The largest entry, held constant: what to subtract before an exponential. */
const shift = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A =>
  countAlong(x.shape, axes) === 0 ? number(k, 0, x) : k.max(k.stopGradient(x), axes);

/** m + log sum exp(x - m): no exponential overflows where m is the maximum. */
const logSumExpAbout = <A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[], m: A): A =>
  k.add(m, k.log(k.sum(k.exp(k.sub(x, m)), axes)));

/** log sum exp(x), with the limits of its slopes at infinities: the largest share evenly, and -infinity has no share. */
export function logSumExp<A extends Readable>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const m = shift(k, x, axes);
  if (!m.elements.some((most) => Math.abs(most) === Infinity)) return logSumExpAbout(k, x, axes, m);

  const [zero, infinity] = [number(k, 0, x), number(k, Infinity, x)];
  const isInfinite = k.equal(k.abs(m), infinity);
  const finite = logSumExpAbout(k, k.where(isInfinite, zero, x), axes, k.where(isInfinite, zero, m));
  const isTop = k.equal(x, infinity);
  const count = k.maximum(k.sum(k.cast(isTop, x.dtype), axes), number(k, 1, x));
  const top = k.div(k.sum(k.where(isTop, x, zero), axes), count);
  return k.where(isInfinite, k.where(k.equal(m, infinity), top, m), finite);
}

/**
 * exp(x - m) / sum exp(x - m), as a product, whose slopes take fewer passes over memory than those of a quotient. Where the
 * maximum is an infinity, all are NaN, as the difference of two infinities is.
 */
export function softmax<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const e = k.exp(k.sub(x, shift(k, x, axes)));
  return k.mul(e, k.div(number(k, 1, x), k.sum(e, axes)));
}

/** x - m - log sum exp(x - m): exact where the softmax underflows; NaN where that is. */
export function logSoftmax<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const shifted = k.sub(x, shift(k, x, axes));
  return k.sub(shifted, k.log(k.sum(k.exp(shifted), axes)));
}

/** f(x) where x is not 0, and the constant 0 where it is: an infinite slope there would meet a zero slope as NaN. */
function zeroAtZero<A extends ArrayLike>(k: Kernels<A>, x: A, f: (x: A) => A): A {
  const zero = k.equal(x, number(k, 0, x));
  return k.where(zero, number(k, 0, x), f(k.where(zero, number(k, 1, x), x)));
}

/** The smallest number above 0, and how often it is doubled to one with which a cotangent loses no digits, as exponents of 2. */
const smallest = { float32: [-149, 49], float64: [-1074, 114] } as const;
/** Sums of squares that did not overflow, and beside which squares that vanished do not count. */
const squares = { float32: [2 ** -60, 2 ** 120], float64: [2 ** -900, 2 ** 1000] } as const;

/**
 * What to divide vectors by whose sums of powers do not serve: the largest |x|, held constant, and 1 for all other vectors,
 * so that their bits stay. `undefined` where there are no such vectors.
 *
 * A sum whose square root is taken serves within the range of the dtype; for others it has to be near 1, since the rounding of
 * the exponent 1/p counts as often as the sum's logarithm is large.
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
  if (sums.elements.every((sum) => sum >= least && sum <= most)) return undefined;
  const [zero, one, infinity] = [number(k, 0, x), number(k, 1, x), number(k, Infinity, x)];
  const largest = k.max(k.abs(k.stopGradient(x)), axes);
  const serves = k.minimum(k.lessEqual(number(k, least, x), sums), k.lessEqual(sums, number(k, most, x)));
  const canServe = k.minimum(k.less(zero, largest), k.less(largest, infinity));
  const [exponent, spare] = smallest[dtype];
  // The power of the smallest number over this one does not vanish.
  const floor = 2 ** (exponent + Math.min(spare, (2 * spare) / order));
  const divisors = k.where(canServe, k.maximum(largest, number(k, floor, x)), one);
  const chosen = k.where(serves, one, divisors);
  return chosen.elements.every((divisor) => divisor === 1) ? undefined : chosen;
}

/** (sum |x|^p)^(1/p), with derivative 0 at the origin; no power overflows or vanishes but where the norm does. */
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

/** int32 numbers 0, step, …, (length - 1) step */
export const multiples = <A extends ArrayLike>(k: Kernels<A>, step: number, length: number): A =>
  k.sub(k.cumsum(int32(k, step, [length]), 0), int32(k, step));

/**
 * Where the entries lie, in row-major order of an array of this shape, that indices pick along an axis: for each place one,
 * [i, indices[i, j]] for axis 1. The indices, int32 and within range, have that shape except along the axis.
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

/** Entries picked along an axis by an index for each place: y[i, j] = x[i, indices[i, j]] for axis 1. */
export const gather = <A extends ArrayLike>(k: Kernels<A>, x: A, indices: A, axis: number): A =>
  k.take(k.reshape(x, [sizeOf(x.shape)]), placesAlong(k, x.shape, indices, axis), 0);

/** The maximum, or minimum, along one axis; its gradient goes to the first entry that attains it. */
export function extremumAlong<A extends ArrayLike>(k: Kernels<A>, which: 'max' | 'min', x: A, axis: number): A {
  const first = which === 'max' ? k.argmax(x, axis) : k.argmin(x, axis);
  return gather(k, x, first, axis);
}

/** Arrays of one shape side by side along a new axis. */
export function stack<A extends ArrayLike>(k: Kernels<A>, list: readonly A[], axis: number): A {
  return k.concat(
    list.map((x) => k.reshape(x, x.shape.toSpliced(axis, 0, 1))),
    axis,
  );
}
