/**
 * The tangent of every primitive's result: forward mode, from the same table of rules wherever that has it.
 *
 * A rule multiplies by the transposed Jacobian. Where the Jacobian is symmetric, as that of every elementwise primitive is,
 * the rule applied to a tangent is the tangent; a primitive that is linear in an input gives its tangent itself; few
 * need a function of their own.
 */

import type { ArrayLike, InputsOf, Kernels, Primitive, VariadicPrimitive } from '@tapegrad/kernels';
import { binary, comparisons, mapEntries, unary } from '@tapegrad/kernels';
import { rules, tiesOf } from './vjp-rules.ts';

type FixedPrimitive = Exclude<Primitive, VariadicPrimitive>;

/** What the tangent `t` of one input adds to the tangent of the result `y`. */
type Jvp<P extends FixedPrimitive> = <A extends ArrayLike>(
  k: Kernels<A>,
  t: A,
  y: A,
  ...args: Parameters<Kernels<A>[P]>
) => A;

/**
 * For each array input, what its tangent does: `rule` where the Jacobian is symmetric; `itself` where the primitive is
 * linear in that input; `null` where it has no tangent. A primitive of any number of arrays is linear in all `together`.
 */
type JvpRules = { readonly [P in Primitive]: P extends FixedPrimitive ? Tangent<P> : 'together' };

type Tangent<P extends FixedPrimitive, Inputs = InputsOf<P>> = {
  readonly [I in keyof Inputs]: 'rule' | 'itself' | null | Jvp<P>;
};

/** The mean of the tangents of those that attain the extremum. */
function amongTies<A extends ArrayLike>(k: Kernels<A>, t: A, y: A, x: A, axes: readonly number[]): A {
  const ties = tiesOf(k, y, x);
  return k.div(k.sum(k.activationGrad(t, ties, 'relu'), axes), k.sum(ties, axes));
}

/** The Jacobian of an elementwise primitive is diagonal: where it has a rule, that is its tangent, too. */
const ruleOf = (op: keyof typeof unary | keyof typeof binary, i: 0 | 1) =>
  (rules[op] as readonly unknown[])[i] === null ? null : 'rule';

export const jvpRules: JvpRules = {
  full: [],

  ...mapEntries(unary, (op) => [ruleOf(op, 0)] as const),
  stopGradient: [null],

  ...mapEntries(binary, (op) => [ruleOf(op, 0), ruleOf(op, 1)] as const),
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
      const slope = k.crossEntropyGrad(k.full({ shape: y.shape, value: 1, dtype: y.dtype }), logits, labels);
      return k.reshape(k.sum(k.mul(slope, t), [1]), y.shape);
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
