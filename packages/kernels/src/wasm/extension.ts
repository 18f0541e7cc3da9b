/**
 * Interpreter extensions: primitives bundled only with the operations that need them, so that other programs carry
 * none of their code.
 */

import type { NdArray } from '../arrays/array.ts';
import type { ArrayLike, Binary, Kernels } from '../primitives.ts';
import type { BinaryFunction, UnaryFunction } from './math/vector-function.ts';
import type { TileName } from './matmul/microkernel.ts';
import type { Heap } from './memory/heap.ts';
import type { Staging } from './memory/staging.ts';
import type { ThreadPolicy } from './threads/policy.ts';

/** The parts of the WebAssembly interpreter that its extensions use. */
export interface ExtensionHost {
  readonly heap: Heap;
  readonly staging: Staging;
  /** The tile of products and convolutions. */
  readonly tile: TileName;
  readonly policy: ThreadPolicy;
  /**
   * Makes the kernel of an elementary function on float arrays. Threads help if `isDear` is set, which is the default.
   */
  unary(emit: UnaryFunction, isDear?: boolean): (x: NdArray) => NdArray;
  /** Makes the kernel of a function of two float arrays that broadcast. `check` computes the type of the result. */
  binary(check: Kernels<ArrayLike>[Binary], emit: BinaryFunction): (x: NdArray, y: NdArray) => NdArray;
}

/** Primitives that can be added to an interpreter that already has all others. */
export interface KernelExtension {
  /** The result types of those primitives of the extension that `resultOf` lacks. */
  readonly results: Partial<Kernels<ArrayLike>>;
  /** The primitives as plain loops. */
  readonly loops: (kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
  /** The primitives in WebAssembly. */
  readonly wasm: (host: ExtensionHost, kernels: Kernels<NdArray>) => Partial<Kernels<NdArray>>;
}
