/**
 * The rule table: the vector-Jacobian products of all primitives. It contains all the calculus in tapegrad. The rules
 * of extensions are in `extension-rules.ts`; a program includes them only with the extension's primitives.
 *
 * A rule has one function for each array input. Given the cotangent `g` of the result `y`, the function returns the
 * cotangent of that input. An entry of `null` means that no cotangent flows to that input. Run on arrays, the table
 * gives gradients; run on recorded tensors, it gives gradients of gradients. Rules don't undo broadcasting: the
 * backward pass does that, in one place.
 *
 * The mapped type makes a missing or incomplete rule a compile error.
 */

import {
  type Activation,
  ArgumentError,
  type ArrayLike,
  type CommonKernels,
  countAlong,
  type InputsOf,
  type Kernels,
  type Primitive,
  type Shape,
  sizeOf,
  type VariadicPrimitive,
} from '@tapegrad/kernels';
import { number, sliceAxis, softmax } from '../../composites.ts';

/** Computes the cotangent of a single input. */
export type Vjp<P extends Exclude<Primitive, VariadicPrimitive>> = <A extends ArrayLike>(
  k: Kernels<A>,
  g: A,
  y: A,
  ...args: Parameters<Kernels<A>[P]>
) => A;

/**
 * Computes the cotangent of input `i` of a variadic primitive. A variadic primitive is linear in all its inputs, so a
 * rule needs only their shapes.
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

/** A rule for each primitive. */
export type Rules = {
  readonly [P in Primitive]: P extends VariadicPrimitive
    ? VariadicVjp
    : P extends Exclude<Primitive, VariadicPrimitive>
      ? Rule<P>
      : never;
};

const starts = new WeakMap<readonly Shaped[], number[]>();

/**
 * Returns the position along the axis at which each input of a `concat` starts. The list is cached, since there may be
 * very many inputs.
 */
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

/**
 * Stacks a batch of matrices into one tall matrix, so that a single product computes a weight's gradient and sums it
 * over the batch.
 */
function rowsOf<A extends ArrayLike>(k: Kernels<A>, x: A): A {
  if (x.shape.length === 2) return x;
  const columns = x.shape.at(-1)!;
  return k.reshape(x, [sizeOf(x.shape.slice(0, -1)), columns]);
}

const inverse = (order: readonly number[]): number[] => order.map((_, i) => order.indexOf(i));

/**
 * Computes g times a share that is constant with respect to the inputs. Where the share is 0, the result is 0, even for
 * an infinite or NaN g.
 */
export const shared = <A extends ArrayLike>(k: Kernels<A>, g: A, share: A): A =>
  k.activationGrad(k.mul(g, share), share, 'relu');

/**
 * Returns the weight of x in max(x, y): 1 if x is larger, 0 if y is, and 1/2 in a tie. The weight is 1 if x or y is
 * NaN.
 */
function shareAbove<A extends ArrayLike>(k: Kernels<A>, x: A, y: A): A {
  const [below, notAbove] = [k.cast(k.less(x, y), x.dtype), k.cast(k.lessEqual(x, y), x.dtype)];
  return k.sub(number(k, 1, x), k.mul(k.add(below, notAbove), number(k, 0.5, x)));
}

/**
 * Returns 1 for the entries that attain the extremum y and 0 for the others. If y is NaN, returns 1 for the entries
 * that are NaN.
 */
export function tiesOf<A extends ArrayLike>(k: Kernels<A>, y: A, x: A): A {
  const [attains, isNumber] = [k.cast(k.equal(x, y), x.dtype), k.cast(k.equal(x, x), x.dtype)];
  return k.add(attains, k.sub(number(k, 1, x), isNumber));
}

/** Splits g evenly among the entries that attain the extremum y. */
function amongTies<A extends ArrayLike>(k: Kernels<A>, g: A, y: A, x: A, axes: readonly number[]): A {
  const ties = tiesOf(k, y, x);
  return k.activationGrad(k.broadcastTo(k.div(g, k.sum(ties, axes)), x.shape), ties, 'relu');
}

/**
 * Computes the cotangent of y in g s'(x), where s'(x) is expressed in y, and h is the cotangent of that product. The
 * derivative of s' with respect to y is 0 for relu, -2 y for tanh, and 1 - 2 y for sigmoid.
 */
function cotangentOfValue<A extends ArrayLike>(k: Kernels<A>, h: A, _z: A, g: A, y: A, of: Activation): A {
  if (of === 'relu') return k.full({ shape: y.shape, value: 0, dtype: y.dtype });
  const twice = k.mul(y, number(k, -2, y));
  return k.mul(k.mul(h, g), of === 'tanh' ? twice : k.add(twice, number(k, 1, y)));
}

/** Reshapes a vector into a column. */
const column = <A extends ArrayLike>(k: Kernels<A>, x: A): A => k.reshape(x, [...x.shape, 1]);

/** Computes the gradient of the cross-entropy of each row for g = 1: softmax(x), minus 1 at the label. */
function unitGrad<A extends ArrayLike>(k: Kernels<A>, logits: A, labels: A): A {
  const ones = k.full({ shape: labels.shape, value: 1, dtype: logits.dtype });
  return k.crossEntropyGrad(ones, logits, labels);
}

/**
 * Computes the cotangent of the logits in g (softmax(x) - [j = label]), which is p (h g - <h g, p>). p is the softmax,
 * and h is the cotangent of that product.
 */
function cotangentOfLogits<A extends ArrayLike>(k: Kernels<A>, h: A, _z: A, g: A, logits: A): A {
  const p = softmax(k, logits, [1]);
  const weighted = k.mul(p, k.mul(h, column(k, g)));
  return k.sub(weighted, k.mul(p, k.sum(weighted, [1])));
}

/** The rules of the primitives that every program includes, generic in the array type. */
export const commonRules: Pick<Rules, keyof CommonKernels<ArrayLike>> = {
  full: [],

  neg: [(k, g) => k.neg(g)],
  abs: [(k, g, _y, x) => shared(k, g, k.sign(x))],
  sign: [null],
  exp: [(k, g, y) => k.mul(g, y)],
  log: [(k, g, _y, x) => k.div(g, x)],
  sqrt: [(k, g, y) => k.div(g, k.mul(y, number(k, 2, y)))],
  tanh: [(k, g, y) => k.activationGrad(g, y, 'tanh')],
  sigmoid: [(k, g, y) => k.activationGrad(g, y, 'sigmoid')],
  relu: [(k, g, y) => k.activationGrad(g, y, 'relu')],
  stopGradient: [null],

  add: [(_k, g) => g, (_k, g) => g],
  sub: [(_k, g) => g, (k, g) => k.neg(g)],
  mul: [(k, g, _y, _a, b) => k.mul(g, b), (k, g, _y, a) => k.mul(g, a)],
  div: [(k, g, _y, _a, b) => k.div(g, b), (k, g, y, _a, b) => k.neg(k.div(k.mul(g, y), b))],
  maximum: [
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, a, b)),
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, b, a)),
  ],
  minimum: [
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, b, a)),
    (k, g, _y, a, b) => shared(k, g, shareAbove(k, a, b)),
  ],

  activationGrad: [(k, h, _z, _g, y, of) => k.activationGrad(h, y, of), cotangentOfValue],

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
  max: [amongTies],
  min: [amongTies],

  reshape: [(k, g, _y, x) => k.reshape(g, x.shape)],
  permute: [(k, g, _y, _x, order) => k.permute(g, inverse(order))],
  broadcastTo: [(_k, g) => g],
  slice: [(k, g, _y, x, slice) => k.scatterSlice(g, { ...slice, shape: x.shape })],
  scatterSlice: [(k, g, _y, _x, into) => k.slice(g, into)],
  concat: (k, g, i, inputs, axis) => {
    const size = inputs[i]!.shape[axis]!;
    return sliceAxis(k, g, axis, size === 0 ? 0 : startsAlong(inputs, axis)[i]!, size);
  },

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
    (k, h, _z, g, logits, labels) => k.reshape(k.sum(k.mul(h, unitGrad(k, logits, labels)), [1]), g.shape),
    cotangentOfLogits,
    null,
  ],
};

const known: Partial<Rules> = { ...commonRules };

/** Adds the rules of an extension's primitives. */
export const registerRules = (rules: Partial<Rules>): void => {
  Object.assign(known, rules);
};

/** Returns the rule of a primitive. */
export function ruleFor(op: Primitive): Rules[Primitive] {
  const rule = known[op];
  if (rule === undefined)
    throw new ArgumentError(`${op}: its extension isn't registered; call a function of core that uses it`);
  return rule;
}
