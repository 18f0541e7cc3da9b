/**
 * Chooses where to compute matrix products: small ones in the interpreter's own memory, large ones in a pool's memory,
 * once the pool is ready.
 */

import { type Data, type FloatDType, forEachFloat } from '../../arrays/dtype.ts';
import { features } from '../assembler/features.ts';
import type { HostRefusal } from '../assembler/web-assembly.ts';
import type { Heap } from '../memory/heap.ts';
import { LazyWorkerPool, type PoolKernels, type ThreadPolicy } from '../threads/policy.ts';
import { MatrixProduct } from './blocked.ts';
import { bestTile, isWide, type TileName } from './microkernel.ts';

/** The operations per element below which copying dominates the time. Copying is slower in shared memory. */
const MIN_INTENSITY = 24;

const NO_SHARED_MEMORY = 'one thread: no SharedArrayBuffer; a page must be cross-origin isolated to have it';

type ProductOf = (dtype: FloatDType) => MatrixProduct;

export class ProductDispatch {
  readonly #tile: TileName;
  readonly #alone: ProductOf;
  /** Small products, which must not be computed in joined vectors. */
  readonly #small: ProductOf;
  #together: ProductOf | undefined;
  #help: LazyWorkerPool | undefined;
  #reason: string | undefined;
  #isAlone = false;
  /** The policy for the use of threads. */
  readonly policy: ThreadPolicy = {
    forWork: (operations) => (this.#isAlone ? undefined : this.#help?.forWork(operations)),
    forArray: (data) => (this.#isAlone ? undefined : this.#help?.forArray(data)),
  };

  constructor(heap: Heap, tile: TileName) {
    this.#tile = tile;
    this.#alone = this.#over(heap, tile);
    this.#small = tile === 'wide' ? this.#over(heap, bestTile(true)) : this.#alone;
  }

  get threads(): number {
    return this.#help?.threads ?? 1;
  }

  /** Ends the current threads; new ones start when there is enough work. */
  set threads(threads: number) {
    if (threads === this.#help?.wanted && threads === this.threads) return;
    this.#help?.close();
    const canShare = features().threads;
    this.#help = threads > 1 && canShare ? new LazyWorkerPool(threads) : undefined;
    this.#reason = threads > 1 && !canShare ? NO_SHARED_MEMORY : undefined;
    this.#together = undefined;
  }

  /** The reason why no threads are used, if threads were requested. */
  get reason(): string | undefined {
    return this.#reason ?? this.#help?.reason;
  }

  /**
   * If memory for multiple threads can't be allocated, runs this job on the current thread only. If multithreaded
   * code can't be compiled, runs all later jobs there too.
   */
  alone<R>(refusal: HostRefusal, run: () => R): R {
    if (refusal.what === 'code') this.#help?.fail(refusal.message);
    else this.#help?.reset();
    this.#isAlone = true;
    try {
      return run();
    } finally {
      this.#isAlone = false;
    }
  }

  /**
   * Returns the implementation of the product to use, given the total number of operations, the total number of
   * elements of operands and result, and the output array.
   */
  of(dtype: FloatDType, operations: number, elements: number, out: Data): MatrixProduct {
    const isDense = operations > MIN_INTENSITY * elements;
    const workers = this.policy.forArray(out) ?? (isDense ? this.policy.forWork(operations) : undefined);
    if (workers === undefined) return (isWide(operations) ? this.#alone : this.#small)(dtype);
    this.#together ??= this.#over(workers.pool.heap, this.#tile, workers);
    return this.#together(dtype);
  }

  #over(heap: Heap, tile: TileName, workers?: PoolKernels): ProductOf {
    const options = { tile, ...(workers && { workers }) };
    return forEachFloat(
      (dtype): MatrixProduct =>
        dtype === 'float32'
          ? (new MatrixProduct<Float32Array>(heap, 'f32', options) as MatrixProduct)
          : (new MatrixProduct<Float64Array>(heap, 'f64', options) as unknown as MatrixProduct),
    );
  }
}
