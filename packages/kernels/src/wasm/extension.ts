/**
 * Parts of an interpreter: primitives that a program brings along with the operations that need them, so that one without
 * these operations carries none of their code.
 */

import type { NdArray } from '../arrays/array.ts';
import type { ArrayLike, Kernels } from '../primitives.ts';
import type { UnaryFunction } from './math/vector-function.ts';
import type { Heap } from './memory/heap.ts';
import type { ThreadPolicy } from './threads/policy.ts';

/** What the WebAssembly interpreter lends to its parts. */
export interface ExtensionHost {
  readonly heap: Heap;
  /** Multiply-add in one instruction, which may round once. */
  readonly relaxed: boolean;
  readonly policy: ThreadPolicy;
  /** An elementary function of the elements of float arrays. */
  elementary(emit: UnaryFunction): (x: NdArray) => NdArray;
}

/** Some primitives, for interpreters that have all the others. */
export interface KernelExtension {
  /** The types of their results. */
  readonly results: Partial<Kernels<ArrayLike>>;
  /** In plain loops. */
  readonly loops: (kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
  /** In WebAssembly. */
  readonly wasm: (host: ExtensionHost, kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
}
