/** Applies an entry's rule to a cotangent, on arrays or on recorded tensors. */

import { type ArrayLike, type Kernels, type Primitive, primitives } from '@tapegrad/kernels';
import { resultTypes } from '../engine.ts';
import type { AnyRecorded, Entry } from './entry.ts';
import { unbroadcast } from './rules/unbroadcast.ts';
import { type Rules, ruleFor, type VariadicVjp } from './rules/vjp-rules.ts';

/** The representation of values that a backward pass computes with: plain arrays, or the tensors themselves. */
export interface ValueDomain<T, A> {
  readonly kernels: Kernels<A>;
  /** Returns the value of a tensor. */
  readonly value: (x: T) => A;
  /** Returns a tensor that has the given value. */
  readonly tensor: (value: A) => T;
}

// The type of a rule as the backward pass calls it: the inputs come before the plain data.
type AnyVjp = <A>(k: Kernels<A>, g: A, y: A, ...args: readonly unknown[]) => A;

export type Rule = Rules[Primitive];

/** Returns the rule of a primitive's entry. */
export const ruleOf = ({ op }: Entry<AnyRecorded>): Rule => ruleFor(op as Primitive);

/** Returns whether a rule passes a cotangent to input `i`. */
export const hasVjp = (rule: Rule, i: number): boolean => typeof rule === 'function' || rule[i] !== null;

/**
 * Computes the cotangent that a primitive's entry passes to its input `i`, given the cotangent `g` of its output. If
 * the input was broadcast, the result may still have the output's shape.
 */
export function cotangentOf<T extends AnyRecorded, A extends ArrayLike>(
  { kernels: k, value }: ValueDomain<T, A>,
  entry: Entry<T>,
  i: number,
  g: A,
  rule = ruleOf(entry),
): A {
  const { inputs, output, attributes } = entry;
  if (typeof rule === 'function') return (rule as VariadicVjp)(k, g, i, inputs, attributes as number);
  const vjp = rule[i] as AnyVjp;
  const y = value(output);
  if (inputs.length === 1) return vjp(k, g, y, value(inputs[0]!), attributes);
  if (inputs.length === 2) return vjp(k, g, y, value(inputs[0]!), value(inputs[1]!), attributes);
  if (inputs.length === 3) return vjp(k, g, y, value(inputs[0]!), value(inputs[1]!), value(inputs[2]!), attributes);
  return vjp(k, g, y, ...inputs.map(value), attributes);
}

/**
 * Computes the cotangent that a primitive's entry passes to its input `i`, given its output's cotangent `g`, summed to
 * the shape of that input.
 */
export const applyVjp = <T extends AnyRecorded, A extends ArrayLike>(
  domain: ValueDomain<T, A>,
  entry: Entry<T>,
  i: number,
  g: A,
  rule = ruleOf(entry),
): A => unbroadcast(domain.kernels, cotangentOf(domain, entry, i, g, rule), entry.inputs[i]!.shape);

/**
 * Computes the cotangents of the first inputs of an entry at once, in fewer passes over memory than its rules, with the
 * same bits. Returns `undefined` if the kernels can't. Only the first may be in memory that is freed after use.
 */
export type JointPullback = <A>(
  kernels: Kernels<A>,
  g: A,
  inputs: readonly A[],
  attributes: unknown,
) => readonly A[] | undefined;

const jointPullbacks = new Map<string, JointPullback>();

/** Adds the joint pullback of a primitive of an extension. */
export const registerJointPullback = (op: Primitive, pullback: JointPullback): void => {
  jointPullbacks.set(op, pullback);
};

/** Returns the joint pullback of an entry's primitive, if it has one. */
export const jointPullbackOf = ({ op }: Entry<AnyRecorded>): JointPullback | undefined =>
  jointPullbacks.size === 0 ? undefined : jointPullbacks.get(op);

type AnyRun = (...args: readonly unknown[]) => ArrayLike;

/** Returns primitives that compute only shapes, and that add the operands they read to a set. */
function shapesReadInto(read: Set<unknown>): Kernels<ArrayLike> {
  const types = resultTypes();
  const noting = (op: Primitive): AnyRun => {
    const run = types[op] as AnyRun;
    return (...args) => {
      for (const operand of args) read.add(operand);
      return run(...args);
    };
  };
  return Object.fromEntries(primitives.map((op) => [op, noting(op)])) as unknown as Kernels<ArrayLike>;
}

/**
 * Returns the inputs whose elements are needed to pass a cotangent to input `i` of a primitive's entry. The inputs are
 * found by running the rule on shapes.
 */
export function inputsRead<T extends AnyRecorded>(entry: Entry<T>, i: number): T[] {
  if (typeof ruleOf(entry) === 'function') return [];
  const shapes = new Map<T, ArrayLike>();
  for (const x of [...entry.inputs, entry.output]) shapes.set(x, { shape: x.shape, dtype: x.array.dtype });
  const read = new Set<unknown>();
  const value = (x: T): ArrayLike => shapes.get(x)!;
  const tensor = (): never => {
    throw new TypeError('a rule makes no tensors');
  };
  const { shape, array } = entry.output;
  cotangentOf<T, ArrayLike>({ kernels: shapesReadInto(read), value, tensor }, entry, i, { shape, dtype: array.dtype });
  return entry.inputs.filter((x) => read.has(shapes.get(x)));
}
