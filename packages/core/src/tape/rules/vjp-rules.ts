/**
 * The rule table: the vector-Jacobian product of every primitive, and all the calculus in tapegrad.
 *
 * A rule has one function for each array input. Given the cotangent `g` of the result `y`, it returns the cotangent of that
 * input. It is `null` if no cotangent flows to that input. Run on arrays, the table gives gradients; run on recorded
 * tensors, it gives gradients of gradients. Rules don't undo broadcasting: the backward pass does that, in one place.
 *
 * The mapped type makes a missing or incomplete rule a compile error.
 */

import {
  type Activation,
  type ArrayLike,
  countAlong,
  type InputsOf,
  type Kernels,
  type Primitive,
  type Shape,
  sizeOf,
  type VariadicPrimitive,
} from '@tapegrad/kernels';
import { changeOfOthers, number, sliceAxis, softmax } from '../../composites.ts';

/** Computes the cotangent of one input. */
export type Vjp<P extends Exclude<Primitive, VariadicPrimitive>> = <A extends ArrayLike>(
  k: Kernels<A>,
  g: A,
  y: A,
  ...args: Parameters<Kernels<A>[P]>
) => A;

/**
 * Computes the cotangent of input `i` of a variadic primitive. It is linear in all its inputs, so only their shapes matter.
 */
export type VariadicVjp = <A extends ArrayLike>(
  k: Kernels<A>,
  g: A,
  i: number,
  inputs: readonly Shaped[],
  axis: number,
) => A;

interface Shaped {
  readonly shape: Shape;
}

type Rule<P extends Exclude<Primitive, VariadicPrimitive>, Inputs = InputsOf<P>> = {
  readonly [I in keyof Inputs]: Vjp<P> | null;
};

type Rules = {
  readonly [P in Primitive]: P extends VariadicPrimitive
    ? VariadicVjp
    : P extends Exclude<Primitive, VariadicPrimitive>
      ? Rule<P>
      : never;
};

const starts = new WeakMap<readonly Shaped[], number[]>();

/** Returns the start of each input of a `concat`. The list is cached, since there may be very many inputs. */
function startsAlong(inputs: readonly Shaped[], axis: number): readonly number[] {
  const known = starts.get(inputs);
  if (known !== undefined) return known;
  let end = 0;
  const list = inputs.map(({ shape }) => {
    const start = end;
    end += shape[axis]!;
    return start;
  });
  starts.set(inputs, list);
  return list;
}

const swapped = [1, 0] as const;

/** Swaps the last two axes. */
function transpose<A extends ArrayLike>(k: Kernels<A>, x: A): A {
  const last = x.shape.length - 1;
  return k.permute(x, last === 1 ? swapped : x.shape.map((_, i) => (i < last - 1 ? i : 2 * last - 1 - i)));
}

/** Stacks a batch of matrices into one, so that a single product also sums a weight's gradient over the batch. */
function rowsOf<A extends ArrayLike>(k: Kernels<A>, x: A): A {
  if (x.shape.length === 2) return x;
  const columns = x.shape.at(-1)!;
  return k.reshape(x, [sizeOf(x.shape.slice(0, -1)), columns]);
}

const inverse = (order: readonly number[]): number[] => order.map((_, i) => order.indexOf(i));

/** Reverses one axis. */
const flip = <A extends ArrayLike>(k: Kernels<A>, x: A, axis: number): A =>
  sliceAxis(k, x, axis, Math.max(0, x.shape[axis]! - 1), x.shape[axis]!, -1);

/**
 * Computes g times a share that is constant in the inputs. If the share is 0, the result is 0, even for an infinite or NaN
 * g.
 */
const shared = <A extends ArrayLike>(k: Kernels<A>, g: A, share: A): A =>
  k.activationGrad(k.mul(g, share), share, 'relu');

/** Returns the share of x in max(x, y): 1, 0, or 1/2 in a tie; 1 if x or y is NaN. */
function shareAbove<A extends ArrayLike>(k: Kernels<A>, x: A, y: A): A {
  const [below, notAbove] = [k.cast(k.less(x, y), x.dtype), k.cast(k.lessEqual(x, y), x.dtype)];
  return k.sub(number(k, 1, x), k.mul(k.add(below, notAbove), number(k, 0.5, x)));
}

/** Returns 1 for the entries that attain the extremum y and 0 for the others. If y is NaN, returns 1 for each NaN. */
export function tiesOf<A extends ArrayLike>(k: Kernels<A>, y: A, x: A): A {
  const [attains, isNumber] = [k.cast(k.equal(x, y), x.dtype), k.cast(k.equal(x, x), x.dtype)];
  return k.add(attains, k.sub(number(k, 1, x), isNumber));
}

/** Splits g evenly among the entries that attain the extremum y. */
function amongTies<A extends ArrayLike>(k: Kernels<A>, g: A, y: A, x: A, axes: readonly number[]): A {
  const ties = tiesOf(k, y, x);
  return k.activationGrad(k.broadcastTo(k.div(g, k.sum(ties, axes)), x.shape), ties, 'relu');
}

/** Computes g y x^(y-1), or 0 if the exponent is 0, whatever x and g are. */
function powerSlope<A extends ArrayLike>(k: Kernels<A>, g: A, x: A, y: A): A {
  const zero = number(k, 0, y);
  const lower = k.where(k.equal(y, zero), zero, k.sub(y, number(k, 1, y)));
  const product = k.mul(g, k.mul(y, k.pow(x, lower)));
  return k.activationGrad(product, k.broadcastTo(k.stopGradient(y), product.shape), 'relu');
}

/**
 * Computes g z log(x) with z = x^y. It is 0 where the power is constant in its exponent, as 0^y is for y >= 0, whatever g
 * is.
 */
function exponentSlope<A extends ArrayLike>(k: Kernels<A>, g: A, z: A, x: A, y: A): A {
  const zero = number(k, 0, x);
  const constant = k.minimum(k.equal(x, zero), k.lessEqual(zero, y));
  const log = k.log(k.where(constant, number(k, 1, x), x));
  return k.where(constant, zero, k.mul(g, k.mul(z, log)));
}

/**
 * Computes sqrt(1 - x^2). The form (1 - x) (1 + x) keeps full precision for x near 1. But differentiating it at 1 would
 * multiply infinity by 0, so only its value is used.
 */
function besideUnit<A extends ArrayLike>(k: Kernels<A>, x: A): A {
  const one = number(k, 1, x);
  const rest = k.sub(one, k.mul(x, x));
  const exact = k.mul(k.sub(one, x), k.add(one, x));
  return k.sqrt(k.add(rest, k.stopGradient(k.sub(exact, rest))));
}

/**
 * Computes g x / (x^2 + y^2). It is 0 at the origin, by convention, and 0 if x or y is infinite, which is the limit,
 * whatever g is. Both are first divided by the larger, so that no square overflows or underflows. The divisor is held
 * constant, since the quotient does not depend on it.
 */
function timesOverSquares<A extends ArrayLike>(k: Kernels<A>, g: A, x: A, y: A): A {
  const larger = k.stopGradient(k.maximum(k.abs(x), k.abs(y)));
  const [zero, one] = [number(k, 0, x), number(k, 1, x)];
  const flat = k.maximum(k.equal(larger, zero), k.equal(larger, number(k, Infinity, x)));
  const scale = k.where(flat, one, larger);
  const [a, b] = [x, y].map((side) => k.div(k.where(flat, zero, side), scale)) as [A, A];
  const squares = k.mul(scale, k.add(k.mul(a, a), k.mul(b, b)));
  return k.where(flat, zero, k.mul(g, k.div(a, k.where(flat, one, squares))));
}

/**
 * Computes -floor(x / y), the number of times y was added to x, from the remainder r, without rounding the quotient. If the
 * quotient isn't finite, as for an infinite y, r decides: r = x means 0 times, r = y once.
 */
function timesAdded<A extends ArrayLike>(k: Kernels<A>, r: A, x: A, y: A): A {
  const times = k.round(k.div(k.sub(r, x), y));
  const known = k.where(k.equal(r, x), number(k, 0, x), times);
  return k.where(k.equal(r, y), number(k, 1, x), known);
}

/**
 * Computes the cotangent of y in g s'(x), with s'(x) a function of y. Its derivative with respect to y is 0 for relu, -2 y
 * for tanh, and 1 - 2 y for sigmoid.
 */
function slopeOfSlope<A extends ArrayLike>(k: Kernels<A>, h: A, _z: A, g: A, y: A, of: Activation): A {
  if (of === 'relu') return k.full({ shape: y.shape, value: 0, dtype: y.dtype });
  const twice = k.mul(y, number(k, -2, y));
  return k.mul(k.mul(h, g), of === 'tanh' ? twice : k.add(twice, number(k, 1, y)));
}

/** Reshapes a vector into a column. */
const column = <A extends ArrayLike>(k: Kernels<A>, x: A): A => k.reshape(x, [...x.shape, 1]);

/** Computes the cross-entropies' gradients for g = 1: softmax(x), minus 1 at the label. */
function unitSlope<A extends ArrayLike>(k: Kernels<A>, logits: A, labels: A): A {
  const ones = k.full({ shape: labels.shape, value: 1, dtype: logits.dtype });
  return k.crossEntropyGrad(ones, logits, labels);
}

/** Computes the cotangent of the logits in g (softmax(x) - [j = label]): p (h g - <h g, p>), with p the softmax. */
function slopeOfLogits<A extends ArrayLike>(k: Kernels<A>, h: A, _z: A, g: A, logits: A): A {
  const p = softmax(k, logits, [1]);
  const weighted = k.mul(p, k.mul(h, column(k, g)));
  return k.sub(weighted, k.mul(p, k.sum(weighted, [1])));
}

/** Computes 2 / sqrt(pi) exp(-x^2), the derivative of the error function, times a sign. */
const gaussian = <A extends ArrayLike>(k: Kernels<A>, x: A, sign: 1 | -1): A =>
  k.mul(number(k, (sign * 2) / Math.sqrt(Math.PI), x), k.exp(k.neg(k.mul(x, x))));

/** The vector-Jacobian products of all primitives, generic in the array type. */
export const rules: Rules = {
  full: [],

  neg: [(k, g) => k.neg(g)],
  abs: [(k, g, _y, x) => shared(k, g, k.sign(x))],
  sign: [null],
  exp: [(k, g, y) => k.mul(g, y)],
  // y + 1 would lose all precision for y near -1.
  expm1: [(k, g, _y, x) => k.mul(g, k.exp(x))],
  log: [(k, g, _y, x) => k.div(g, x)],
  log1p: [(k, g, _y, x) => k.div(g, k.add(x, number(k, 1, x)))],
  sqrt: [(k, g, y) => k.div(g, k.mul(y, number(k, 2, y)))],
  sin: [(k, g, _y, x) => k.mul(g, k.cos(x))],
  cos: [(k, g, _y, x) => k.neg(k.mul(g, k.sin(x)))],
  tan: [(k, g, y) => k.mul(g, k.add(k.mul(y, y), number(k, 1, y)))],
  asin: [(k, g, _y, x) => k.div(g, besideUnit(k, x))],
  acos: [(k, g, _y, x) => k.neg(k.div(g, besideUnit(k, x)))],
  atan: [(k, g, _y, x) => k.div(g, k.add(k.mul(x, x), number(k, 1, x)))],
  sinh: [(k, g, _y, x) => k.mul(g, k.cosh(x))],
  cosh: [(k, g, _y, x) => k.mul(g, k.sinh(x))],
  tanh: [(k, g, y) => k.activationGrad(g, y, 'tanh')],
  sigmoid: [(k, g, y) => k.activationGrad(g, y, 'sigmoid')],
  relu: [(k, g, y) => k.activationGrad(g, y, 'relu')],
  softplus: [(k, g, _y, x) => k.mul(g, k.sigmoid(x))],
  erf: [(k, g, _y, x) => k.mul(g, gaussian(k, x, 1))],
  erfc: [(k, g, _y, x) => k.mul(g, gaussian(k, x, -1))],
  floor: [null],
  ceil: [null],
  round: [null],
  stopGradient: [null],

  add: [(_k, g) => g, (_k, g) => g],
  sub: [(_k, g) => g, (k, g) => k.neg(g)],
  mul: [(k, g, _y, _a, b) => k.mul(g, b), (k, g, _y, a) => k.mul(g, a)],
  div: [(k, g, _y, _a, b) => k.div(g, b), (k, g, y, _a, b) => k.neg(k.div(k.mul(g, y), b))],
  pow: [(k, g, _y, a, b) => powerSlope(k, g, a, b), (k, g, y, a, b) => exponentSlope(k, g, y, a, b)],
  remainder: [(_k, g) => g, (k, g, y, a, b) => shared(k, g, timesAdded(k, y, a, b))],
  atan2: [(k, g, _z, y, x) => timesOverSquares(k, g, x, y), (k, g, _z, y, x) => k.neg(timesOverSquares(k, g, y, x))],
  maximum: [
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, a, b)),
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, b, a)),
  ],
  minimum: [
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, b, a)),
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, a, b)),
  ],

  activationGrad: [(k, h, _z, _g, y, of) => k.activationGrad(h, y, of), slopeOfSlope],

  equal: [null, null],
  less: [null, null],
  lessEqual: [null, null],

  where: [
    null,
    (k, g, _y, condition) => k.where(condition, g, number(k, 0, g)),
    (k, g, _y, condition) => k.where(condition, number(k, 0, g), g),
  ],
  cast: [(k, g, _y, x) => k.cast(g, x.dtype)],

  sum: [(k, g, _y, x) => k.broadcastTo(g, x.shape)],
  mean: [(k, g, _y, x, axes) => k.broadcastTo(k.div(g, number(k, countAlong(x.shape, axes), g)), x.shape)],
  prod: [(k, g, _y, x, axes) => k.mul(g, k.prodOfOthers(x, axes))],
  prodOfOthers: [(k, g, _y, x, axes) => changeOfOthers(k, g, x, axes)],
  max: [amongTies],
  min: [amongTies],
  argmax: [null],
  argmin: [null],
  argsort: [null],
  cumsum: [(k, g, _y, _x, axis) => flip(k, k.cumsum(flip(k, g, axis), axis), axis)],

  reshape: [(k, g, _y, x) => k.reshape(g, x.shape)],
  permute: [(k, g, _y, _x, order) => k.permute(g, inverse(order))],
  broadcastTo: [(_k, g) => g],
  slice: [(k, g, _y, x, slice) => k.scatterSlice(g, { ...slice, shape: x.shape })],
  scatterSlice: [(k, g, _y, _x, into) => k.slice(g, into)],
  concat: (k, g, i, inputs, axis) => {
    const size = inputs[i]!.shape[axis]!;
    return sliceAxis(k, g, axis, size === 0 ? 0 : startsAlong(inputs, axis)[i]!, size);
  },

  take: [(k, g, _y, x, indices, axis) => k.scatterAdd(g, indices, { axis, size: x.shape[axis]! }), null],
  scatterAdd: [(k, g, _y, _x, indices, { axis }) => k.take(g, indices, axis), null],

  matmul: [
    (k, g, _y, _a, b) => k.matmul(g, transpose(k, b)),
    (k, g, _y, a, b) =>
      b.shape.length === 2 ? k.matmul(transpose(k, rowsOf(k, a)), rowsOf(k, g)) : k.matmul(transpose(k, a), g),
  ],

  affine: [
    (k, g, _y, _x, w) => k.matmul(g, transpose(k, w)),
    (k, g, _y, x) => k.matmul(transpose(k, rowsOf(k, x)), rowsOf(k, g)),
    (k, g, _y, _x, _w, b) => k.reshape(k.sum(rowsOf(k, g), [0]), b.shape),
  ],

  crossEntropy: [(k, g, _y, logits, labels) => k.crossEntropyGrad(g, logits, labels), null],
  crossEntropyGrad: [
    (k, h, _z, g, logits, labels) => k.reshape(k.sum(k.mul(h, unitSlope(k, logits, labels)), [1]), g.shape),
    slopeOfLogits,
    null,
  ],

  unfold: [(k, g, _y, x, windows) => k.fold(g, { windows, shape: x.shape.slice(x.shape.length - windows.length) })],
  fold: [(k, g, _y, _x, { windows }) => k.unfold(g, windows)],

  conv: [
    (k, g, _y, x, w, of) => k.convInput(g, w, { ...of, shape: x.shape.slice(2) }),
    (k, g, _y, x, _w, of) => k.convWeight(x, g, of),
  ],
  convInput: [(k, g, _y, _x, w, of) => k.conv(g, w, of), (k, g, _y, x, _w, of) => k.convWeight(g, x, of)],
  convWeight: [
    (k, g, _y, x, z, of) => k.convInput(z, g, { ...of, shape: x.shape.slice(2) }),
    (k, g, _y, x, _z, of) => k.conv(x, g, of),
  ],

  maxPool: [(k, g, _y, _x, by, windows) => k.maxUnpool(g, by, windows), null],
  maxUnpool: [(k, g, _y, _x, by, windows) => k.maxPool(g, by, windows), null],
};
