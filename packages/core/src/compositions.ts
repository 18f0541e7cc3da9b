/**
 * Operations composed from the primitives, generic in the array type: they run on arrays as on recorded tensors, and
 * their derivatives of every order follow from the rule table.
 *
 * Axes are not negative, and a reduced axis stays with length 1; `Tensor`'s methods take care of both.
 */

import { type ArrayLike, countAlong, type Kernels, rowMajor, type Shape, sizeOf } from '@tapegrad/kernels';

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

/** sum (x - mean)^2 / (n - correction), in two passes, so that a large mean costs no digits. */
export function variance<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[], correction: number): A {
  const deviation = k.sub(x, k.mean(x, axes));
  const degrees = Math.max(0, countAlong(x.shape, axes) - correction);
  return k.div(k.sum(k.mul(deviation, deviation), axes), number(k, degrees, x));
}

/**
 * The product, by multiplying halves: a tree of `mul`, whose derivatives of every order are exact where entries are zero,
 * as a quotient by the entry is not.
 */
export function prod<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const keptShape = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const outer = kept.map((i) => x.shape[i]!);
  let length = countAlong(x.shape, axes);
  if (length === 0) return k.add(k.sum(x, axes), number(k, 1, x));

  const last = outer.length;
  let factors = k.reshape(k.permute(x, [...kept, ...axes]), [...outer, length]);
  let odd: A | undefined;
  while (length > 1) {
    if (length % 2 === 1) {
      const single = sliceAxis(k, factors, last, --length, 1);
      odd = odd === undefined ? single : k.mul(odd, single);
    }
    length /= 2;
    factors = k.mul(sliceAxis(k, factors, last, 0, length), sliceAxis(k, factors, last, length, length));
  }
  return k.reshape(odd === undefined ? factors : k.mul(factors, odd), keptShape);
}

/** The largest entry where it is finite, and 0 where it is not: what to subtract before an exponential. */
function shift<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  if (countAlong(x.shape, axes) === 0) return number(k, 0, x);
  const largest = k.max(k.stopGradient(x), axes);
  const finite = k.less(k.abs(largest), number(k, Infinity, x));
  return k.where(finite, largest, number(k, 0, x));
}

/** log sum exp(x) = m + log sum exp(x - m), with m the maximum: no exponential overflows. */
export function logSumExp<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const m = shift(k, x, axes);
  return k.add(m, k.log(k.sum(k.exp(k.sub(x, m)), axes)));
}

/** exp(x - m) / sum exp(x - m), as a product, whose slopes take fewer passes over memory than those of a quotient. */
export function softmax<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const e = k.exp(k.sub(x, shift(k, x, axes)));
  return k.mul(e, k.div(number(k, 1, x), k.sum(e, axes)));
}

/** x - m - log sum exp(x - m): exact where the softmax underflows. */
export function logSoftmax<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[]): A {
  const shifted = k.sub(x, shift(k, x, axes));
  return k.sub(shifted, k.log(k.sum(k.exp(shifted), axes)));
}

/** f(x) where x is not 0, and the constant 0 where it is: an infinite slope there would meet a zero slope as NaN. */
export function zeroAtZero<A extends ArrayLike>(k: Kernels<A>, x: A, f: (x: A) => A): A {
  const zero = k.equal(x, number(k, 0, x));
  return k.where(zero, number(k, 0, x), f(k.where(zero, number(k, 1, x), x)));
}

/** (sum |x|^p)^(1/p), with derivative 0 at the origin. */
export function norm<A extends ArrayLike>(k: Kernels<A>, x: A, axes: readonly number[], order: number): A {
  if (order === 1 || countAlong(x.shape, axes) === 0) return k.sum(k.abs(x), axes);
  if (order === Infinity) return k.max(k.abs(x), axes);
  if (order === 2) return zeroAtZero(k, k.sum(k.mul(x, x), axes), k.sqrt);
  const power = (y: A, exponent: number) => zeroAtZero(k, y, (base) => k.pow(base, number(k, exponent, x)));
  return power(k.sum(power(k.abs(x), order), axes), 1 / order);
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
