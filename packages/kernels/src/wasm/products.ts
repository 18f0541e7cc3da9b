/**
 * The matrix products of an interpreter: small ones in its own memory, large ones in that of a crew, once it is there.
 */

import { type Data, type FloatDType, forEachFloat } from '../dtype.ts';
import { features } from './features.ts';
import type { Heap } from './heap.ts';
import { type Assistance, Help, type Helpers } from './help.ts';
import { MatrixProduct } from './matmul.ts';

/**
 * With fewer operations for each element, copying takes most of the time, and that is slower where memory is shared.
 */
const LEAST_INTENSITY = 24;

type ProductOf = (dtype: FloatDType) => MatrixProduct;

export class Products {
  readonly #relaxed: boolean;
  readonly #alone: ProductOf;
  #together: ProductOf | undefined;
  #help: Help | undefined;
  /** Those of the moment. */
  readonly assistance: Assistance = {
    with: (operations) => this.#help?.with(operations),
    at: (data) => this.#help?.at(data),
  };

  constructor(heap: Heap, relaxed: boolean) {
    this.#relaxed = relaxed;
    this.#alone = this.#over(heap);
  }

  get threads(): number {
    return this.#help?.threads ?? 1;
  }

  /** Ends the threads that there were; others start when there is enough to do. */
  set threads(threads: number) {
    if (threads === this.threads) return;
    this.#help?.close();
    this.#help = threads > 1 && features().threads ? new Help(threads) : undefined;
    this.#together = undefined;
  }

  /** For products of so many operations in all, whose operands and results have so many elements, into an array. */
  of(dtype: FloatDType, operations: number, elements: number, out: Data): MatrixProduct {
    const isDense = operations > LEAST_INTENSITY * elements;
    const helpers = this.assistance.at(out) ?? (isDense ? this.assistance.with(operations) : undefined);
    if (helpers === undefined) return this.#alone(dtype);
    this.#together ??= this.#over(helpers.crew.heap, helpers);
    return this.#together(dtype);
  }

  #over(heap: Heap, helpers?: Helpers): ProductOf {
    const options = { relaxed: this.#relaxed, ...(helpers && { helpers }) };
    return forEachFloat(
      (dtype): MatrixProduct =>
        dtype === 'float32'
          ? (new MatrixProduct<Float32Array>(heap, 'f32', options) as MatrixProduct)
          : (new MatrixProduct<Float64Array>(heap, 'f64', options) as unknown as MatrixProduct),
    );
  }
}
