/**
 * The case table: the results that every interpreter of the primitives must compute, as plain data.
 *
 * It needs no test framework. `overNdArrays` adapts an interpreter with its own array type to `Kernels<NdArray>`.
 *
 * @example
 * for (const c of cases) {
 *   const wrong = checkCase(kernels, c);
 *   if (wrong !== undefined) throw new Error(wrong);
 * }
 */

import type { NdArray } from './arrays/array.ts';
import { arity, callPrimitive, givesOwnMemory, type Kernels, type Primitive, primitives } from './primitives.ts';
import { type Case, inputsOf } from './testing/case.ts';
import { mismatch } from './testing/compare.ts';
import { type ErrorCase, errorClasses } from './testing/errors.ts';

export { type ArrayInput, type Case, type CaseInput, type CaseOf, inputsOf } from './testing/case.ts';
export { cases, casesOf } from './testing/cases.ts';
export { expectation, mismatch, type Tolerance, tolerances, ulpDistance } from './testing/compare.ts';
export { type ErrorCase, errorCases } from './testing/errors.ts';
export { type Layout, layOut, layouts } from './testing/layouts.ts';
export type { Values } from './testing/values.ts';

/** Runs a case and returns the result without checking it. */
export const runCase = (kernels: Kernels<NdArray>, c: Case): NdArray =>
  callPrimitive(kernels, c.primitive, inputsOf(c), c.attributes);

const described = (error: unknown): string =>
  error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);

/**
 * Checks an interpreter's result for a case. Returns a description of the fault, or `undefined`. Faults are a wrong
 * result, a changed input, and a result that is a view of an input although it needs its own memory.
 */
export function checkCase(kernels: Kernels<NdArray>, c: Case): string | undefined {
  const inputs = inputsOf(c);
  const before = inputs.map(({ data }) => new Uint8Array(data.slice().buffer));
  let result: NdArray;
  try {
    result = callPrimitive(kernels, c.primitive, inputs, c.attributes);
  } catch (error) {
    return `${c.name}: threw ${described(error)}`;
  }
  const wrong = mismatch(c, result);
  if (wrong !== undefined) return wrong;
  if (givesOwnMemory(c.primitive) && inputs.some(({ data }) => data.buffer === result.data.buffer)) {
    return `${c.name}: gave a view of an input, expected memory of its own`;
  }
  const changed = inputs.findIndex(({ data }, i) => {
    const after = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return before[i]!.some((byte, place) => byte !== after[place]);
  });
  return changed < 0 ? undefined : `${c.name}: changed input ${changed}`;
}

/**
 * Checks that an interpreter refuses a call with the expected error. Returns a description of the fault, or
 * `undefined`.
 */
export function checkErrorCase(kernels: Kernels<NdArray>, c: ErrorCase): string | undefined {
  try {
    callPrimitive(kernels, c.primitive, inputsOf(c), c.attributes);
  } catch (error) {
    const right = error instanceof errorClasses[c.throws] && error.message.includes(c.message);
    return right ? undefined : `${c.name}: expected ${c.throws}: … ${c.message} …, got ${described(error)}`;
  }
  return `${c.name}: expected ${c.throws}, but nothing was thrown`;
}

/** Adapts an interpreter of other arrays, given conversions from and to `NdArray`. */
export function overNdArrays<A>(kernels: Kernels<A>, from: (x: NdArray) => A, to: (x: A) => NdArray): Kernels<NdArray> {
  const adapt = (primitive: Primitive) => {
    const count = arity[primitive];
    return (...operands: readonly unknown[]): NdArray => {
      const [inputs, attributes] = count === 'variadic' ? operands : [operands.slice(0, count), operands[count]];
      return to(callPrimitive(kernels, primitive, (inputs as readonly NdArray[]).map(from), attributes));
    };
  };
  return Object.fromEntries(
    primitives.map((primitive) => [primitive, adapt(primitive)]),
  ) as unknown as Kernels<NdArray>;
}
