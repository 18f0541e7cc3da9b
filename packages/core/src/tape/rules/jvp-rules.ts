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
import { number, sliceAxis, stack } from '../../composites.ts';
import { jacobianTimes } from './extension-rules.ts';
import { unbroadcast } from './unbroadcast.ts';
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

/** Computes how the mean and the variance change along the tangent t: by mean(t) and 2 mean((x - mean) t). */
function changeOfMoments<A extends ArrayLike>(k: Kernels<A>, t: A, y: A, x: A, axes: readonly number[]): A {
  const mean = k.reshape(sliceAxis(k, y, 0, 0, 1), y.shape.slice(1));
  const near = k.sub(x, k.stopGradient(mean));
  const deviation = k.sub(near, k.mean(near, axes));
  const slope = k.mean(k.mul(k.mul(deviation, t), number(k, 2, x)), axes);
  return stack(k, [k.mean(t, axes), slope], 0);
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

  normalize: [
    (k, t, _y, x, w, _b, of) => k.mul(jacobianTimes(k, t, x, of), w),
    (k, t, _y, x, _w, _b, of) => k.normalize(x, t, number(k, 0, x), of),
    (k, t, y) => k.broadcastTo(t, y.shape),
  ],
  // The Jacobian of the normalised x is the second derivative of n sqrt(variance + eps), so its own derivative is symmetric.
  normalizeGrad: ['itself', 'rule', 'itself'],
  normalizeWeightGrad: [
    'itself',
    (k, t, _y, g, x, of) => unbroadcast(k, k.mul(g, jacobianTimes(k, t, x, of)), of.shape),
  ],
  moments: [changeOfMoments],

  unfold: ['itself'],
  fold: ['itself'],

  conv: ['itself', 'itself'],
  convInput: ['itself', 'itself'],
  convWeight: ['itself', 'itself'],

  maxPool: ['itself', null],
  maxUnpool: ['itself', null],
};
