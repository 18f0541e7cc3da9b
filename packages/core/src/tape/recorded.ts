/** The recording interpreter: runs another interpreter on arrays, and records the operations on the tape. */

import {
  arity,
  callPrimitive,
  givesOwnMemory,
  isFloat,
  type Kernels,
  type NdArray,
  type Primitive,
  primitives,
} from '@tapegrad/kernels';
import { interpreter } from '../engine.ts';
import { noteViewOf } from './changes.ts';
import { Entry, type Op, type Recorded } from './entry.ts';
import { isIntercepted, throughInterceptors } from './interception.ts';
import { isRecording } from './recording.ts';
import { ruleFor } from './rules/vjp-rules.ts';

/** Returns whether a primitive passes a cotangent to any of its inputs. */
const isDifferentiable = (op: Primitive): boolean => {
  const rule = ruleFor(op);
  return typeof rule === 'function' || rule.some((vjp) => vjp !== null);
};

/** Creates a tensor from an array and the entry that computed it. */
export type Wrap<T> = (array: NdArray, entry: Entry | undefined) => T;

/**
 * The type of a primitive as the tape sees it: a function of arrays and at most one value of plain data, which returns
 * an array.
 */
type Run = (...args: readonly unknown[]) => NdArray;

/** Creates the tensor of an operation's result, with a tape entry if a gradient can flow through it. */
export function record<T extends Recorded>(
  wrap: Wrap<T>,
  op: Op,
  inputs: readonly T[],
  attributes: unknown,
  array: NdArray,
): T {
  let tracked = false;
  if (isRecording() && isFloat(array.dtype)) {
    for (let i = 0; i < inputs.length; i++) tracked ||= inputs[i]!.requiresGrad;
  }
  if (!tracked) return wrap(array, undefined);
  const entry = new Entry(op, inputs, attributes);
  const output = wrap(array, entry);
  entry.bind(output);
  return output;
}

function recordedPrimitive<T extends Recorded>(op: Primitive, wrap: Wrap<T>) {
  // Computed at the first call, when the rules of an extension are registered.
  let differentiable: boolean | undefined;
  const mayBeView = !givesOwnMemory(op);
  const finish = (inputs: readonly T[], attributes: unknown, array: NdArray): T => {
    if (mayBeView) noteViewOf(inputs, array);
    differentiable ??= isDifferentiable(op);
    return differentiable ? record(wrap, op, inputs, attributes, array) : wrap(array, undefined);
  };

  const run = (): Run => interpreter()[op] as Run;
  const intercepted = (inputs: readonly T[], attributes: unknown): T =>
    throughInterceptors(op, inputs, attributes, (operands) =>
      finish(
        operands,
        attributes,
        callPrimitive(
          interpreter(),
          op,
          operands.map((x) => x.array),
          attributes,
        ),
      ),
    );
  switch (arity[op]) {
    case 0:
      return (attributes?: unknown) =>
        isIntercepted() ? intercepted([], attributes) : finish([], attributes, run()(attributes));
    case 1:
      return (x: T, attributes?: unknown) =>
        isIntercepted() ? intercepted([x], attributes) : finish([x], attributes, run()(x.array, attributes));
    case 2:
      return (x: T, y: T, attributes?: unknown) =>
        isIntercepted()
          ? intercepted([x, y], attributes)
          : finish([x, y], attributes, run()(x.array, y.array, attributes));
    case 3:
      return (x: T, y: T, z: T, attributes?: unknown) =>
        isIntercepted()
          ? intercepted([x, y, z], attributes)
          : finish([x, y, z], attributes, run()(x.array, y.array, z.array, attributes));
    default:
      // A copy, since the entry keeps it and the caller may change the list.
      return (inputs: readonly T[], attributes?: unknown) => intercepted(inputs.slice(), attributes);
  }
}

/** Returns the primitives on tensors, which are recorded. */
export const recorded = <T extends Recorded>(wrap: Wrap<T>): Kernels<T> =>
  Object.fromEntries(primitives.map((op) => [op, recordedPrimitive(op, wrap)])) as unknown as Kernels<T>;
