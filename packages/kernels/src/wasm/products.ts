/**
 * The matrix products of an interpreter: small ones in its own memory, large ones in that of a crew, once it is there.
 */

import { type FloatDType, forEachFloat } from '../dtype.ts';
import { Crew } from './crew.ts';
import { features } from './features.ts';
import type { Heap } from './heap.ts';
import { MatrixProduct } from './matmul.ts';

/**
 * With fewer operations for each element, copying takes most of the time, and that is slower where memory is shared.
 */
const LEAST_INTENSITY = 24;

type ProductOf = (dtype: FloatDType) => MatrixProduct;

export class Products {
  readonly #relaxed: boolean;
  readonly #alone: ProductOf;
  #together: ProductOf;
  #crew: Crew | undefined;

  constructor(heap: Heap, relaxed: boolean) {
    this.#relaxed = relaxed;
    this.#alone = this.#over(() => heap);
    this.#together = this.#alone;
  }

  get threads(): number {
    return this.#crew?.threads ?? 1;
  }

  /** Ends the threads that there were; others start when there is enough to do. */
  set threads(threads: number) {
    if (threads === this.threads) return;
    this.#crew?.close();
    const crew = threads > 1 && features().threads ? new Crew(threads) : undefined;
    this.#crew = crew;
    this.#together = crew === undefined ? this.#alone : this.#over(() => crew.heap, crew);
  }

  /** For products of so many operations in all, whose operands and results have so many elements. */
  of(dtype: FloatDType, operations: number, elements: number): MatrixProduct {
    const together = operations > LEAST_INTENSITY * elements && this.helpers(operations) !== undefined;
    return (together ? this.#together : this.#alone)(dtype);
  }

  /** The crew, where it should take part in so many operations. */
  helpers(operations: number): Crew | undefined {
    return this.#crew?.helps(operations) ? this.#crew : undefined;
  }

  #over(heapOf: () => Heap, crew?: Crew): ProductOf {
    const options = { relaxed: this.#relaxed, ...(crew && { crew }) };
    return forEachFloat(
      (dtype): MatrixProduct =>
        dtype === 'float32'
          ? (new MatrixProduct<Float32Array>(heapOf(), 'f32', options) as MatrixProduct)
          : (new MatrixProduct<Float64Array>(heapOf(), 'f64', options) as unknown as MatrixProduct),
    );
  }
}
