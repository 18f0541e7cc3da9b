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
  setVectorBits,
  type VectorBits,
} from '@tapegrad/kernels';
import { describeValue } from './checks/describe-value.ts';
import { checkNoMore } from './checks/untyped-callers.ts';

let current: Kernels<NdArray> | undefined;
/** The default interpreter, once it has been created. */
let byDefault: Kernels<NdArray> | undefined;

/** The kernel extensions that the program's operations have registered so far. */
const extensions = new Set<KernelExtension>();

/** Returns an interpreter after registering the program's extensions with it. */
function withExtensions(kernels: Kernels<NdArray>): Kernels<NdArray> {
  for (const extension of extensions) engineOf(kernels)?.register(extension);
  return kernels;
}

/**
 * Returns the interpreter that runs every primitive on arrays: the one passed to `setInterpreter`, or by default the
 * fastest one that the engine supports.
 */
export function interpreter(): Kernels<NdArray> {
  if (current === undefined) {
    byDefault = createDefault();
    current = withExtensions(byDefault);
  }
  return current;
}

/**
 * Sets the interpreter that runs every primitive from now on.
 *
 * The interpreter is passed as a value rather than by name. So a program loads only the interpreters it imports, and
 * users can write their own.
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
  current = withExtensions(kernels);
}

/** A description of the current interpreter. */
export interface EngineInfo {
  /** The interpreter that runs the primitives; `custom` is one passed to `setInterpreter` that is not tapegrad's own. */
  readonly interpreter: 'wasm' | 'plain' | 'custom';
  /** Whether the interpreter uses SIMD vectors. */
  readonly simd: boolean;
  /** The number of bits of a vector: 128, 256 after `setVectors(256)`, or 0 without vectors. */
  readonly vectorBits: 0 | 128 | 256;
  /**
   * Whether the interpreter uses fused multiply-add, which may round only once. Engines with and without it give
   * slightly different digits. Compare this value if a run must be reproduced bit for bit.
   */
  readonly relaxedSimd: boolean;
  /**
   * The number of threads used for large matrix products and for elementary functions of large arrays. Threads that the
   * host refused to start don't count.
   */
  readonly threads: number;
  /** The reason for reduced capabilities if the host lacks or refused something; otherwise `undefined`. */
  readonly reason: string | undefined;
}

/** Runs a function with another interpreter. Extensions that the function registers stay available afterwards. */
export function withInterpreter<R>(kernels: Kernels<NdArray>, body: () => R): R {
  const before = interpreter();
  const known = extensions.size;
  current = kernels;
  try {
    return body();
  } finally {
    current = extensions.size === known ? before : withExtensions(before);
  }
}

const engineOf = (kernels: Kernels<NdArray> & { readonly engine?: Engine }): Engine | undefined => kernels.engine;

/**
 * Applies a formula to arrays in place, element by element, as an optimizer does when it updates parameters. The
 * formula is a composition of primitives. It runs as one vectorized loop if the engine supports vectors. All arrays
 * have the same length and are all float32 or all float64. Numbers and every intermediate result are rounded to that
 * dtype.
 *
 * @param formula Must be the same function at each call, since it is compiled only once.
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

/**
 * Registers additional primitives with the interpreter, now and whenever the program sets another one. Interpreters
 * that aren't tapegrad's own, or that have the primitives already, stay unchanged. Returns true if this is the first
 * registration of the extension.
 */
export function registerKernels(extension: KernelExtension): boolean {
  if (extensions.has(extension)) return false;
  extensions.add(extension);
  if (current !== undefined) engineOf(current)?.register(extension);
  return true;
}

/**
 * Returns the functions that compute the dtype and shape of a primitive's result, for all primitives available to the
 * program.
 */
export const resultTypes = (): Partial<Kernels<ArrayLike>> =>
  Object.assign({}, resultOf, ...[...extensions].map(({ results }) => results));

/**
 * Describes the current interpreter: its name, the processor features it uses, its number of threads, and anything the
 * host refused. The host may later refuse compiled code, memory or threads that it granted before. In that case the
 * interpreter continues with what it has left.
 *
 * @example
 * const { interpreter, simd, vectorBits, threads } = engineInfo(); // 'wasm', true, 128 and 8, for example
 */
export function engineInfo(...more: []): EngineInfo {
  checkNoMore('engineInfo', more);
  const kernels = interpreter();
  const engine = engineOf(kernels);
  if (engine === undefined) {
    const alone = { simd: false, vectorBits: 0, relaxedSimd: false, threads: 1, reason: undefined } as const;
    return { interpreter: kernels === plain ? 'plain' : 'custom', ...alone };
  }
  const { simd, vectorBits, relaxedSimd, threads, reason } = engine;
  return { interpreter: engine.interpreter, simd, vectorBits, relaxedSimd, threads, reason };
}

/**
 * Sets the number of threads for large matrix products and elementary functions of large arrays. Defaults to the number
 * of cores; 1 means that only the caller's thread is used.
 *
 * Threads start once there is enough work, and end with the program. Results are identical bit for bit for any number
 * of threads. This function has no effect on an interpreter without threads, for example in an engine without shared
 * memory.
 *
 * @example
 * setThreads(1);
 */
export function setThreads(threads?: number, ...more: []): void {
  checkNoMore('setThreads', more);
  if (threads !== undefined) checkThreads('setThreads', threads);
  engineOf(interpreter())?.setThreads(threads);
}

/**
 * Sets the width of vectors in bits: 256 makes matrix products and convolutions up to twice as fast.
 *
 * This width needs V8 13.6 or later, as in Node 24, on x86-64 with AVX2. Results are identical bit for bit for both
 * widths.
 *
 * A width of 256 switches on an experimental phase of the engine's compiler, for the whole process. The kernels are
 * tested first, which takes 0.3 to 0.6 s. If a kernel gives other results than with 128, the width stays 128, and a
 * warning names the kernel. The default interpreter is recreated, so call this function at the start of a program. An
 * interpreter passed to `setInterpreter` keeps the width that it was made with.
 *
 * The environment variable `TAPEGRAD_VECTORS=256` and Node's option `--experimental-wasm-revectorize` do the same, but
 * give only a warning if the engine has no such vectors.
 *
 * @throws {ArgumentError} If `bits` is neither 128 nor 256, or if the engine has no vectors of 256 bits.
 * @example
 * try {
 *   setVectors(256);
 * } catch {
 *   // An older engine, or a browser: 128 bits remain.
 * }
 */
export function setVectors(bits: VectorBits, ...more: []): void {
  checkNoMore('setVectors', more);
  setVectorBits('setVectors', bits);
  if (byDefault === undefined) return;
  const engine = engineOf(byDefault);
  if (engine === undefined || engine.vectorBits === bits || engine.interpreter === 'plain') return;
  const { threads } = engine;
  engine.setThreads(1);
  const isCurrent = current === byDefault;
  byDefault = createDefault({ threads });
  if (isCurrent) current = withExtensions(byDefault);
}
