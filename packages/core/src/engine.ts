import {
  ArgumentError,
  type ArrayLike,
  type ChangeInPlace,
  changeByPrimitives,
  checkThreads,
  createDefault,
  type ElementFormula,
  type Engine,
  type KernelExtension,
  type Kernels,
  type NamedArrays,
  type NamedNumbers,
  type NdArray,
  plain,
  primitives,
  resultOf,
} from '@tapegrad/kernels';
import { describeValue } from './checks/describe-value.ts';
import { checkNoMore } from './checks/untyped-callers.ts';

let current: Kernels<NdArray> | undefined;

/** What the program's operations have brought along so far. */
const extensions = new Set<KernelExtension>();

/** The interpreter that runs every primitive on arrays: the fastest that the engine can run, unless one was chosen. */
export function interpreter(): Kernels<NdArray> {
  current ??= createDefault();
  return current;
}

/**
 * Chooses the interpreter that runs every primitive from now on.
 *
 * It is given as a value, so that a program loads only those it names, and anyone can write one.
 *
 * @example
 * import { setInterpreter } from '@tapegrad/core/extend';
 * import { reference } from '@tapegrad/kernels/reference';
 *
 * setInterpreter(reference);
 */
export function setInterpreter(kernels: Kernels<NdArray>, ...more: []): void {
  checkNoMore('setInterpreter', more);
  if (typeof kernels !== 'object' || kernels === null) {
    throw new ArgumentError(`setInterpreter: expected an object with every primitive, got ${describeValue(kernels)}`);
  }
  const missing = primitives.filter((op) => typeof kernels[op] !== 'function');
  if (missing.length > 0) throw new ArgumentError(`setInterpreter: the interpreter lacks ${missing.join(', ')}`);
  current = kernels;
  for (const extension of extensions) engineOf(kernels)?.register(extension);
}

/** What computes. */
export interface EngineInfo {
  /** Which interpreter runs the primitives; `custom` is any that came by `setInterpreter` and is not one of ours. */
  readonly interpreter: 'wasm' | 'plain' | 'custom';
  /** Whether it computes on vectors of 128 bits. */
  readonly simd: boolean;
  /**
   * Whether it multiplies and adds in one instruction, which may round once. Engines that differ in it give other digits: compare it
   * where a run is to be repeated to the bit.
   */
  readonly relaxedSimd: boolean;
  /**
   * Threads that take part in large matrix products, and in elementary functions of large arrays; without those that the host did
   * not let start.
   */
  readonly threads: number;
  /** Why there is less than there could be, where the host lacks or refused something: `undefined` otherwise. */
  readonly reason: string | undefined;
}

const engineOf = (kernels: Kernels<NdArray> & { readonly engine?: Engine }): Engine | undefined => kernels.engine;

/**
 * Replaces elements of arrays by what a formula makes of them, one by one: what optimizers change parameters with. The formula
 * is a composition of primitives, and runs as one loop over vectors where the engine has them. All arrays are of float32, or all of
 * float64, and equally long; numbers and every intermediate result are rounded to their dtype.
 *
 * @param formula the same function at each call, since it is compiled once.
 * @example
 * import type { Data } from '@tapegrad/core';
 * import type { ElementFormula } from '@tapegrad/core/extend';
 *
 * const descent: ElementFormula<{ w: Data; g: Data }, { rate: number }> = (k, { w, g }, { rate }) => ({
 *   w: k.sub(w, k.mul(rate, g)),
 * });
 * const w = new Float32Array([1, 2]);
 * changeInPlace(descent, { w, g: new Float32Array([4, 8]) }, { rate: 0.5 });
 * [...w]; // [-1, -2]
 */
export function changeInPlace<Arrays extends object, Numbers extends object>(
  formula: ElementFormula<Arrays, Numbers>,
  arrays: NamedArrays<Arrays>,
  numbers: NamedNumbers<Numbers>,
  ...more: []
): void {
  checkNoMore('changeInPlace', more);
  const kernels: Kernels<NdArray> & { readonly changeInPlace?: ChangeInPlace } = interpreter();
  const change = kernels.changeInPlace ?? changeByPrimitives(kernels);
  change(formula, arrays, numbers);
}

/** Lets the interpreter have primitives that the operation at hand needs, where it is one of ours and lacks them. */
export function registerKernels(extension: KernelExtension): void {
  engineOf(interpreter())?.register(extension);
  extensions.add(extension);
}

/** The types of the results of all primitives that the program can have run. */
export const resultTypes = (): Partial<Kernels<ArrayLike>> =>
  Object.assign({}, resultOf, ...[...extensions].map(({ results }) => results));

/**
 * Tells what computes now: the interpreter, what it uses of the processor, its number of threads, and what the host refused. A host
 * may refuse later what it gave before: code that is compiled, memory, threads. The work then goes on with less.
 *
 * @example
 * engineInfo(); // { interpreter: 'wasm', simd: true, relaxedSimd: false, threads: 8, reason: undefined }
 */
export function engineInfo(...more: []): EngineInfo {
  checkNoMore('engineInfo', more);
  const kernels = interpreter();
  const engine = engineOf(kernels);
  if (engine === undefined) {
    const alone = { simd: false, relaxedSimd: false, threads: 1, reason: undefined };
    return { interpreter: kernels === plain ? 'plain' : 'custom', ...alone };
  }
  const { simd, relaxedSimd, threads, reason } = engine;
  return { interpreter: engine.interpreter, simd, relaxedSimd, threads, reason };
}

/**
 * Sets how many threads take part in large matrix products and in elementary functions of large arrays: the cores where
 * nothing is said, 1 for none but the caller's.
 *
 * Threads start when there has been enough to do, and end with the program. No result depends on them in a single bit.
 * An interpreter that has no threads, in an engine that shares no memory between them for one, is left as it is.
 *
 * @example
 * setThreads(1);
 */
export function setThreads(threads?: number, ...more: []): void {
  checkNoMore('setThreads', more);
  if (threads !== undefined) checkThreads('setThreads', threads);
  engineOf(interpreter())?.setThreads(threads);
}
