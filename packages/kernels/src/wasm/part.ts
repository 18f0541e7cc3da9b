/**
 * Parts of the WebAssembly interpreter: kernels that a program brings along with the operations that need them, so that
 * one without these operations carries none of them. Until a part is there, the plain loops serve.
 */

import type { NdArray } from '../array.ts';
import type { Kernels } from '../primitives.ts';
import type { Heap } from './heap.ts';
import type { CallHelpers } from './help.ts';

/** What an interpreter lends to its parts. */
export interface Host {
  readonly heap: Heap;
  /** Multiply-add in one instruction, which may round once. */
  readonly relaxed: boolean;
  readonly helpers: CallHelpers;
}

/** Makes the kernels of some primitives, for an interpreter that has all the others. */
export type Part = (host: Host, kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
