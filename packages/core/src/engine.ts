import {
  ArgumentError,
  checkThreads,
  createDefault,
  type Engine,
  type Kernels,
  type NdArray,
  plain,
  primitives,
} from '@tapegrad/kernels';

let current: Kernels<NdArray> | undefined;

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
 * import { reference } from '@tapegrad/kernels/reference';
 * setInterpreter(reference);
 */
export function setInterpreter(kernels: Kernels<NdArray>): void {
  if (typeof kernels !== 'object' || kernels === null) {
    throw new ArgumentError(`setInterpreter: expected an object with every primitive, got ${typeof kernels}`);
  }
  const missing = primitives.filter((op) => typeof kernels[op] !== 'function');
  if (missing.length > 0) throw new ArgumentError(`setInterpreter: the interpreter lacks ${missing.join(', ')}`);
  current = kernels;
}

/** What computes. */
export interface EngineInfo {
  /** Which interpreter runs the primitives; `custom` is any that came by `setInterpreter` and is not one of ours. */
  readonly interpreter: 'wasm' | 'plain' | 'custom';
  /** Whether it computes on vectors of 128 bits. */
  readonly simd: boolean;
  /** Whether it multiplies and adds in one instruction, which may round once. */
  readonly relaxedSimd: boolean;
  /** Threads that take part in large matrix products, and in elementary functions of large arrays. */
  readonly threads: number;
}

const engineOf = (kernels: Kernels<NdArray> & { readonly engine?: Engine }): Engine | undefined => kernels.engine;

/**
 * Tells what computes: the interpreter, what it uses of the processor, and its number of threads.
 *
 * @example
 * engineInfo(); // { interpreter: 'wasm', simd: true, relaxedSimd: false, threads: 8 }
 */
export function engineInfo(): EngineInfo {
  const kernels = interpreter();
  const engine = engineOf(kernels);
  if (engine === undefined) {
    return { interpreter: kernels === plain ? 'plain' : 'custom', simd: false, relaxedSimd: false, threads: 1 };
  }
  const { simd, relaxedSimd, threads } = engine;
  return { interpreter: engine.interpreter, simd, relaxedSimd, threads };
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
export function setThreads(threads?: number): void {
  if (threads !== undefined) checkThreads('setThreads', threads);
  engineOf(interpreter())?.setThreads(threads);
}
