/**
 * Interpreter extensions: primitives bundled only with the operations that need them, so that other programs carry
 * none of their code.
 */

import type { NdArray } from '../arrays/array.ts';
import type { ArrayLike, Kernels } from '../primitives.ts';
import type { UnaryFunction } from './math/vector-function.ts';
import type { Heap } from './memory/heap.ts';
import type { ThreadPolicy } from './threads/policy.ts';

/** The parts of the WebAssembly interpreter that its extensions use. */
export interface ExtensionHost {
  readonly heap: Heap;
  /** Whether to use the relaxed multiply-add instruction, which may round once. */
  readonly relaxed: boolean;
  readonly policy: ThreadPolicy;
  /** Applies an elementary function to the elements of float arrays. */
  elementary(emit: UnaryFunction): (x: NdArray) => NdArray;
}

/** Primitives added to an interpreter that has all the others. */
export interface KernelExtension {
  /** The result types of the primitives. */
  readonly results: Partial<Kernels<ArrayLike>>;
  /** The primitives as plain loops. */
  readonly loops: (kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
  /** The primitives in WebAssembly. */
  readonly wasm: (host: ExtensionHost, kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
}
