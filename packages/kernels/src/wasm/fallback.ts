/** Replaces kernels for which the host refuses code or memory. */

import type { NdArray } from '../arrays/array.ts';
import { type ChangeInPlace, changeByPrimitives } from '../in-place.ts';
import { type Kernels, type Primitive, primitives } from '../primitives.ts';
import { settleVectors, vectorBits } from './assembler/vector-width.ts';
import { HostRefusal } from './assembler/web-assembly.ts';
import type { ProductDispatch } from './matmul/dispatch.ts';
import type { Heap } from './memory/heap.ts';

type Run = (...operands: readonly unknown[]) => NdArray;

/** Returns the number of elements of an array; lists and attributes have none. */
const sizeIn = (operand: unknown): number => (operand as Partial<NdArray> | undefined)?.size ?? 0;

/** An interpreter whose primitives can be replaced. */
export interface ReplaceableKernels extends Kernels<NdArray> {
  changeInPlace: ChangeInPlace;
}

/**
 * Keeps an interpreter working if the host refuses memory for one job, or refuses to compile code at all. Falls back
 * from several threads to one, and from one thread to plain loops. Primitives do not write to their operands, so each
 * can be run again.
 */
export class Fallback {
  readonly #kernels: ReplaceableKernels;
  readonly #heap: Heap;
  readonly #products: ProductDispatch;
  readonly #loops: Partial<Kernels<NdArray>> = {};
  #isPlain = false;
  #reason: string | undefined;

  constructor(kernels: ReplaceableKernels, heap: Heap, products: ProductDispatch) {
    this.#kernels = kernels;
    this.#heap = heap;
    this.#products = products;
  }

  /** Whether plain loops have replaced all kernels. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** The reason why the host refused code, memory or threads, if it did. */
  get reason(): string | undefined {
    return this.#reason ?? this.#products.reason;
  }

  /** Adds kernels to the interpreter, each with plain loops as its fallback. */
  install(kernels: Partial<Kernels<NdArray>>, loops: Partial<Kernels<NdArray>>): void {
    Object.assign(this.#loops, loops);
    const isJoining = vectorBits() === 256;
    for (const op of primitives) {
      const run = kernels[op] as Run | undefined;
      if (run === undefined) continue;
      const guarded = isJoining ? this.#settled(op, run) : this.#guarded(op, run);
      Object.assign(this.#kernels, { [op]: this.#isPlain ? loops[op] : guarded });
    }
  }

  /** Adds the in-place kernel, with the primitives as its fallback. */
  installChange(change: ChangeInPlace): void {
    const instead = changeByPrimitives(this.#kernels);
    this.#kernels.changeInPlace = (formula, arrays, numbers) => {
      try {
        change(formula, arrays, numbers);
      } catch (error) {
        this.#note(error);
        instead(formula, arrays, numbers);
      }
    };
  }

  /**
   * Wraps a primitive. The wrapper has four parameters, the maximum for any primitive, because collecting arguments in
   * a list would take as long as a small kernel.
   */
  #guarded(op: Primitive, run: Run): Run {
    return (a, b, c, d) => {
      try {
        return run(a, b, c, d);
      } catch (error) {
        return this.#recover(error, op, run, [a, b, c, d]);
      }
    };
  }

  /** Wraps a primitive that may compute in joined vectors: clears the registers after it. */
  #settled(op: Primitive, run: Run): Run {
    return (a, b, c, d) => {
      try {
        const result = run(a, b, c, d);
        settleVectors(Math.max(result.size, sizeIn(a), sizeIn(b)));
        return result;
      } catch (error) {
        return this.#recover(error, op, run, [a, b, c, d]);
      }
    };
  }

  #recover(error: unknown, op: Primitive, run: Run, operands: readonly unknown[]): NdArray {
    if (!(error instanceof HostRefusal && error.shared)) {
      this.#note(error);
      return (this.#loops[op] as Run)(...operands);
    }
    try {
      return this.#products.alone(error, () => run(...operands));
    } catch (again) {
      this.#note(again);
      return (this.#loops[op] as Run)(...operands);
    }
  }

  /**
   * Records a refusal and rethrows any other error. If the host does not compile code, plain loops replace all
   * kernels.
   */
  #note(error: unknown): void {
    if (!(error instanceof HostRefusal)) throw error;
    this.#heap.clear();
    this.#reason = error.message;
    if (error.what === 'memory' || this.#isPlain) return;
    this.#isPlain = true;
    this.#products.threads = 1;
    Object.assign(this.#kernels, this.#loops, { changeInPlace: changeByPrimitives(this.#kernels) });
  }
}
