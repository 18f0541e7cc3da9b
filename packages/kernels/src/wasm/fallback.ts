/** What computes in the place of kernels for which the host refuses code or memory. */

import type { NdArray } from '../arrays/array.ts';
import { type ChangeInPlace, changeByPrimitives } from '../in-place.ts';
import { type Kernels, type Primitive, primitives } from '../primitives.ts';
import { HostRefusal } from './assembler/web-assembly.ts';
import type { ProductDispatch } from './matmul/dispatch.ts';
import type { Heap } from './memory/heap.ts';

type Run = (...operands: readonly unknown[]) => NdArray;

/** An interpreter whose primitives can be replaced. */
export interface ReplaceableKernels extends Kernels<NdArray> {
  changeInPlace: ChangeInPlace;
}

/**
 * Keeps an interpreter computing where the host refuses what a kernel needs: memory for one job, or to compile code at all.
 * Several threads give way to one, and one to plain loops. No primitive writes its operands, so each can be run again.
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

  /** Whether plain loops have taken the place of all kernels. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** What the host has refused. */
  get reason(): string | undefined {
    return this.#reason ?? this.#products.reason;
  }

  /** Adds kernels to the interpreter, each with plain loops to fall back on. */
  install(kernels: Partial<Kernels<NdArray>>, loops: Partial<Kernels<NdArray>>): void {
    Object.assign(this.#loops, loops);
    for (const op of primitives) {
      const run = kernels[op] as Run | undefined;
      if (run !== undefined) Object.assign(this.#kernels, { [op]: this.#isPlain ? loops[op] : this.#guarded(op, run) });
    }
  }

  /** Adds changes in place, for which the primitives can stand in. */
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

  /** With as many parameters as a primitive has at most: to gather them in a list takes as long as a small kernel. */
  #guarded(op: Primitive, run: Run): Run {
    return (a, b, c, d) => {
      try {
        return run(a, b, c, d);
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

  /** Throws what is no refusal. Where the host does not compile, plain loops take the place of all kernels. */
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
