/** The norms of links over the course of training. */

import { ArgumentError } from '@tapegrad/core';
import type { Link } from '@tapegrad/verify';

/** The norm of one layer's link at one step. */
export interface LinkNorm {
  readonly step: number;
  /** The layer's name. */
  readonly layer: string;
  /** The Euclidean norm of delta_l: the root of the sum of the squares of its elements. */
  readonly norm: number;
}

/**
 * Collects the norms of links during training, one number for each layer and step. `normsOverTraining` draws them.
 *
 * @example
 * const w = parameter(ones([3, 2]), { name: 'w' });
 * const history = new LinkHistory();
 * for (let step = 0; step < 10; step++) {
 *   const loss = ones([8, 3]).matmul(w).tanh().sum();
 *   history.record(links(loss), step);
 *   w.assign(w.sub(loss.backward().of(w).mul(0.1)));
 * }
 * const svg = normsOverTraining(history);
 */
export class LinkHistory {
  readonly #norms: LinkNorm[] = [];
  #layers: readonly string[] = [];
  #steps: readonly number[] = [];

  /** The names of the layers, in forward order. */
  get layers(): readonly string[] {
    return this.#layers;
  }

  /** The recorded steps, in order. */
  get steps(): readonly number[] {
    return this.#steps;
  }

  get norms(): readonly LinkNorm[] {
    return this.#norms;
  }

  /** Records the links of a step. Each step must have the same layers, and a larger number than the step before it. */
  record(links: readonly Link[], step = (this.#steps.at(-1) ?? -1) + 1): void {
    const layers = links.map(({ name }) => name);
    const last = this.#steps.at(-1);
    if (last === undefined) this.#layers = layers;
    else if (!(step > last)) throw new ArgumentError(`record: step ${step} does not come after step ${last}`);
    else if (String(layers) !== String(this.#layers)) {
      throw new ArgumentError(`record: expected the layers ${this.#layers.join(', ')}, got ${layers.join(', ')}`);
    }
    this.#steps = [...this.#steps, step];
    for (const { name, delta } of links) this.#norms.push({ step, layer: name, norm: delta.norm().item() });
  }

  /** Returns the norm of the last layer's link at a step, to which the norms of the other links are compared. */
  referenceAt(step: number): number {
    const last = this.#layers.at(-1);
    return this.#norms.find((entry) => entry.step === step && entry.layer === last)?.norm ?? Number.NaN;
  }
}
