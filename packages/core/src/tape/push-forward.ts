/** Forward mode: a walk over the tape that propagates tangents from the inputs to the results. */

import { type ArrayLike, callPrimitive, type Kernels, type Primitive, sameShape } from '@tapegrad/kernels';
import { type CotangentMemory, garbageCollected } from './cotangents.ts';
import { type AnyRecorded, type CustomAttributes, customOf, type Entry } from './entry.ts';
import { currentObserver, whileApplying, withObserver } from './observers.ts';
import { cotangentOf, hasVjp, ruleOf, type ValueDomain } from './pullback.ts';
import { expanded } from './recomputation.ts';
import { jvpRules } from './rules/jvp-rules.ts';

type AnyJvp<A> = (k: Kernels<A>, t: A, y: A, ...args: readonly unknown[]) => A;

/** Computes what the tangent `t` of input `i` contributes to the output's tangent, for a primitive's entry. */
function tangentFrom<T extends AnyRecorded, A extends ArrayLike>(
  domain: ValueDomain<T, A>,
  entry: Entry<T>,
  i: number,
  t: A,
): A {
  const { kernels: k, value } = domain;
  const { inputs, output, attributes } = entry;
  const op = entry.op as Primitive;
  const how = jvpRules[op][i] as 'rule' | 'itself' | AnyJvp<A>;
  if (how === 'rule') return cotangentOf(domain, entry, i, t);
  const args = inputs.map(value);
  if (how === 'itself') return callPrimitive(k, op, args.with(i, t), attributes);
  return how(k, t, value(output), ...args, attributes);
}

/** Computes the output's tangent for a primitive's entry. At least one of the inputs must have a tangent. */
function throughPrimitive<T extends AnyRecorded, A extends ArrayLike>(
  domain: ValueDomain<T, A>,
  entry: Entry<T>,
  known: ReadonlyMap<T, A>,
): A {
  const { kernels: k } = domain;
  const { inputs, output, attributes } = entry;
  const op = entry.op as Primitive;
  if (jvpRules[op] === 'together') {
    return callPrimitive(
      k,
      op,
      inputs.map((x) => known.get(x) ?? zerosLike(k, x)),
      attributes,
    );
  }
  const terms = inputs.flatMap((x, i) => {
    const t = known.get(x);
    return t === undefined || !hasTangent(entry, i) ? [] : [tangentFrom(domain, entry, i, t)];
  });
  const sum = terms.reduce((a, b) => k.add(a, b));
  // The tangent of a broadcast operand has that operand's smaller shape.
  return sameShape(sum.shape, output.shape) ? sum : k.broadcastTo(sum, output.shape);
}

const zerosLike = <A extends ArrayLike>(k: Kernels<A>, { shape, array }: AnyRecorded): A =>
  k.full({ shape, value: 0, dtype: array.dtype });

/** Returns whether the tangent of input `i` affects the output. */
function hasTangent(entry: Entry<AnyRecorded>, i: number): boolean {
  if (entry.op === 'custom') return true;
  const how = jvpRules[entry.op as Primitive];
  if (how === 'together') return true;
  return how[i] === 'rule' ? hasVjp(ruleOf(entry), i) : how[i] !== null;
}

/**
 * Walks a tape forward from the tangents of some tensors, and returns the tangents of the wanted ones. The tangent is
 * `undefined` for a wanted tensor that does not depend on any of the starting tensors.
 */
export function pushForward<T extends AnyRecorded, A extends ArrayLike>(
  domain: ValueDomain<T, A>,
  tape: readonly Entry<T>[],
  from: ReadonlyMap<T, A>,
  wanted: readonly T[],
  memory: CotangentMemory<A> = garbageCollected as CotangentMemory<A>,
): (A | undefined)[] {
  const { kernels: k, value, tensor } = domain;
  const entries = expanded(tape);
  const known = new Map(from);
  // Counts the pending reads of each tensor's tangent. After the last one, the tangent's memory can be freed.
  const reads = new Map<T, number>(wanted.map((y) => [y, Number.POSITIVE_INFINITY]));
  for (const { inputs } of entries) for (const x of inputs) reads.set(x, (reads.get(x) ?? 0) + 1);

  const throughCustom = (entry: Entry<T>, { definition }: CustomAttributes<T>): A => {
    const along = entry.inputs.map((x) => known.get(x) ?? zerosLike(k, x));
    for (const t of along) memory.escape(t);
    return value(definition.tangent(entry, along.map(tensor)));
  };

  const through = (entry: Entry<T>): A => {
    const custom = customOf(entry);
    return custom === undefined
      ? memory.run(() => throughPrimitive(domain, entry, known))
      : throughCustom(entry, custom);
  };

  const observer = currentObserver<T>();
  const watched = (entry: Entry<T>): A => {
    // Operations inside a rule, including those of backward passes that it runs, aren't observed separately; only the
    // resulting tangent is.
    const t = withObserver(undefined, () => whileApplying(entry, () => through(entry)));
    const tensorOf = (known: A | undefined): T | undefined => known && tensor(known);
    observer?.tangent(
      entry,
      entry.inputs.map((x) => tensorOf(known.get(x))),
      tensor(t),
    );
    return t;
  };

  for (const entry of entries) {
    const { inputs, output } = entry;
    if (inputs.some((x, i) => known.has(x) && hasTangent(entry, i))) {
      const t = observer === undefined ? through(entry) : watched(entry);
      memory.retain(t);
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
