/**
 * The tangent of every primitive's result: forward mode, from the same table of rules wherever that has it.
 *
 * A rule multiplies by the transposed Jacobian. Where the Jacobian is symmetric, as that of every elementwise primitive is,
 * the rule applied to a tangent is the tangent; a primitive that is linear in an input gives its tangent itself; few
 * need a function of their own.
 */

import type { ArrayLike, InputsOf, Kernels, Primitive, VariadicPrimitive } from '@tapegrad/kernels';
import { binary, callPrimitive, comparisons, mapEntries, sameShape, unary } from '@tapegrad/kernels';
import { garbageCollected, type Memory } from './cotangents.ts';
import { type Calculus, cotangentOf } from './pullback.ts';
import { rules, tiesOf } from './rules.ts';
import { type CustomAttributes, customOf, type Entry, expanded, type Recorded } from './tape.ts';
import { currentWatcher, whilePassed, withWatcher } from './watching.ts';

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
type Tangents = { readonly [P in Primitive]: P extends FixedPrimitive ? Tangent<P> : 'together' };

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

const tangents: Tangents = {
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
  embed: ['itself'],
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

type AnyJvp<A> = (k: Kernels<A>, t: A, y: A, ...args: readonly unknown[]) => A;

/** What the tangent `t` of input `i` adds to the tangent of the output of a primitive's entry. */
function tangentFrom<T extends Recorded, A extends ArrayLike>(
  calculus: Calculus<T, A>,
  entry: Entry<T>,
  i: number,
  t: A,
): A {
  const { kernels: k, value } = calculus;
  const { inputs, output, attributes } = entry;
  const op = entry.op as Primitive;
  const how = tangents[op][i] as 'rule' | 'itself' | AnyJvp<A>;
  if (how === 'rule') return cotangentOf(calculus, entry, i, t);
  const args = inputs.map(value);
  if (how === 'itself') return callPrimitive(k, op, args.with(i, t), attributes);
  return how(k, t, value(output), ...args, attributes);
}

/** The tangent of the output of a primitive's entry, of which one input at least has one. */
function throughPrimitive<T extends Recorded, A extends ArrayLike>(
  calculus: Calculus<T, A>,
  entry: Entry<T>,
  known: ReadonlyMap<T, A>,
): A {
  const { kernels: k } = calculus;
  const { inputs, output, attributes } = entry;
  const op = entry.op as Primitive;
  if (tangents[op] === 'together') {
    return callPrimitive(
      k,
      op,
      inputs.map((x) => known.get(x) ?? zerosLike(k, x)),
      attributes,
    );
  }
  const terms = inputs.flatMap((x, i) => {
    const t = known.get(x);
    return t === undefined || tangents[op][i] === null ? [] : [tangentFrom(calculus, entry, i, t)];
  });
  const sum = terms.reduce((a, b) => k.add(a, b));
  // An operand that broadcasts has the smaller tangent.
  return sameShape(sum.shape, output.shape) ? sum : k.broadcastTo(sum, output.shape);
}

const zerosLike = <A extends ArrayLike>(k: Kernels<A>, { shape, array }: Recorded): A =>
  k.full({ shape, value: 0, dtype: array.dtype });

/** Whether a tangent of input `i` is of matter to the output. */
const passesOn = ({ op }: Entry, i: number): boolean =>
  op === 'custom' || tangents[op as Primitive] === 'together' || tangents[op as Primitive][i] !== null;

/**
 * Walks a tape forwards from the tangents of some tensors, and gives those of the wanted ones; `undefined` for one that was
 * computed from none of them.
 */
export function pushForward<T extends Recorded, A extends ArrayLike>(
  calculus: Calculus<T, A>,
  tape: readonly Entry<T>[],
  from: ReadonlyMap<T, A>,
  wanted: readonly T[],
  memory: Memory<A> = garbageCollected as Memory<A>,
): (A | undefined)[] {
  const { kernels: k, value, tensor } = calculus;
  const entries = expanded(tape);
  const known = new Map(from);
  // How often each tensor's tangent is still to be read: after the last time, its memory is free.
  const reads = new Map<T, number>(wanted.map((y) => [y, Number.POSITIVE_INFINITY]));
  for (const { inputs } of entries) for (const x of inputs) reads.set(x, (reads.get(x) ?? 0) + 1);

  const throughCustom = (entry: Entry<T>, { definition }: CustomAttributes<T>): A => {
    const along = entry.inputs.map((x) => known.get(x) ?? zerosLike(k, x));
    for (const t of along) memory.letOut(t);
    return value(definition.tangent(entry, along.map(tensor)));
  };

  const through = (entry: Entry<T>): A => {
    const custom = customOf(entry);
    return custom === undefined
      ? memory.run(() => throughPrimitive(calculus, entry, known))
      : throughCustom(entry, custom);
  };

  const watcher = currentWatcher<T>();
  const watched = (entry: Entry<T>): A => {
    // What a rule does on the way, sweeps included, is seen as the tangent that it gives.
    const t = withWatcher(undefined, () => whilePassed(entry, () => through(entry)));
    const tensorOf = (known: A | undefined): T | undefined => known && tensor(known);
    watcher?.tangent(
      entry,
      entry.inputs.map((x) => tensorOf(known.get(x))),
      tensor(t),
    );
    return t;
  };

  for (const entry of entries) {
    const { inputs, output } = entry;
    if (inputs.some((x, i) => known.has(x) && passesOn(entry, i))) {
      const t = watcher === undefined ? through(entry) : watched(entry);
      memory.hold(t);
      known.set(output, t);
    }
    for (const x of inputs) {
      const left = reads.get(x)! - 1;
      reads.set(x, left);
      const t = left === 0 ? known.get(x) : undefined;
      if (t === undefined) continue;
      known.delete(x);
      memory.release(t);
    }
  }
  return wanted.map((y) => known.get(y));
}
