/**
 * Forward mode: the tangent of every primitive's result, from the table of reverse-mode rules where possible.
 *
 * A rule multiplies by the transposed Jacobian. If the Jacobian is symmetric, as for every elementwise primitive, the
 * rule applied to a tangent gives the result's tangent. A primitive that is linear in an input is its own derivative
 * with respect to that input, so the primitive itself is applied to the tangent. Only a few primitives need a separate
 * function.
 */

import type { ArrayLike, InputsOf, Kernels, Primitive, VariadicPrimitive } from '@tapegrad/kernels';
import { binary, comparisons, mapEntries, unary } from '@tapegrad/kernels';
import { tiesOf } from './vjp-rules.ts';

type FixedPrimitive = Exclude<Primitive, VariadicPrimitive>;

/** Computes the contribution of one input's tangent `t` to the tangent of the result `y`. */
type Jvp<P extends FixedPrimitive> = <A extends ArrayLike>(
  k: Kernels<A>,
  t: A,
  y: A,
  ...args: Parameters<Kernels<A>[P]>
) => A;

/**
 * How each primitive computes the contribution of an input's tangent. `rule` applies the reverse-mode rule, if there is
 * one; the Jacobian must be symmetric. `itself` applies the primitive, which must be linear in that input. `null` means
 * that there is no contribution. `together` is for variadic primitives, which are linear in all their arrays together.
 */
type JvpRules = { readonly [P in Primitive]: P extends FixedPrimitive ? Tangent<P> : 'together' };

type Tangent<P extends FixedPrimitive, Inputs = InputsOf<P>> = {
  readonly [I in keyof Inputs]: 'rule' | 'itself' | null | Jvp<P>;
};

/** Computes the mean of the tangents of all entries that attain the extremum. */
function amongTies<A extends ArrayLike>(k: Kernels<A>, t: A, y: A, x: A, axes: readonly number[]): A {
  const ties = tiesOf(k, y, x);
  return k.div(k.sum(k.activationGrad(t, ties, 'relu'), axes), k.sum(ties, axes));
}

export const jvpRules: JvpRules = {
  full: [],

  // The Jacobian of an elementwise primitive is diagonal, so its reverse-mode rule, if any, also gives the tangent.
  ...mapEntries(unary, () => ['rule'] as const),
  stopGradient: [null],

  ...mapEntries(binary, () => ['rule', 'rule'] as const),
  activationGrad: ['rule', 'rule'],

  ...mapEntries(comparisons, () => [null, null] as const),

  where: [null, 'rule', 'rule'],
  cast: ['itself'],

  sum: ['itself'],
  mean: ['itself'],
  prod: [(k, t, _y, x, axes) => k.sum(k.mul(k.prodOfOthers(x, axes), t), axes)],
  prodOfOthers: ['rule'],
  max: [amongTies],
  min: [amongTies],
  argmax: [null],
  argmin: [null],
  argsort: [null],
  cumsum: ['itself'],

  reshape: ['itself'],
  permute: ['itself'],
  broadcastTo: ['itself'],
  slice: ['itself'],
  scatterSlice: ['itself'],
  concat: 'together',

  take: ['itself', null],
  scatterAdd: ['itself', null],

  matmul: ['itself', 'itself'],
  affine: [
    (k, t, _y, _x, w) => k.matmul(t, w),
    (k, t, _y, x) => k.matmul(x, t),
    (k, t, y) => k.broadcastTo(t, y.shape),
  ],

  crossEntropy: [
    (k, t, y, logits, labels) => {
      const gradient = k.crossEntropyGrad(k.full({ shape: y.shape, value: 1, dtype: y.dtype }), logits, labels);
      return k.reshape(k.sum(k.mul(gradient, t), [1]), y.shape);
    },
    null,
  ],
  crossEntropyGrad: ['itself', 'rule', null],

  unfold: ['itself'],
  fold: ['itself'],

  conv: ['itself', 'itself'],
  convInput: ['itself', 'itself'],
  convWeight: ['itself', 'itself'],

  maxPool: ['itself', null],
  maxUnpool: ['itself', null],
};
