/** The third opinion on a formula: the tape, and the formula, held against central differences. */

import { Random } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { largestOf } from './compare.ts';
import type { Check } from './formulas.ts';
import type { Derivative } from './quantities.ts';
import { centralDifferences } from './replay.ts';

/** Errors against central differences, relative to the largest element of the derivative. */
export interface DifferencesReport {
  /** Whether the tape is right. */
  readonly passed: boolean;
  /** The largest error of what the tape says. */
  readonly tape: number;
  /** The largest error of what the formula says, where that has the right shape. */
  readonly formula: number;
  /** The largest error allowed. */
  readonly tolerance: number;
  /** How many elements were held against differences. */
  readonly elements: number;
}

/** The largest error of a derivative that is taken for one of the differences. */
const tolerance = 1e-6;

/** Below this share of the loss, differences can't tell derivatives from 0 to within the tolerance. */
const resolution = 2e-5;

/** Central differences, each worked out once. */
export class Differences {
  readonly #count: number;
  readonly #known = new Map<Tensor, Tensor>();

  /** @param count of how many elements of each derivative. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Of some elements of a tensor, chosen at random; NaN for the others, and at kinks. */
  of(loss: Tensor, x: Tensor): Tensor {
    let slopes = this.#known.get(x);
    if (slopes === undefined) {
      const places = new Random(x.size).permutation(x.size).data.slice(0, this.#count);
      slopes = centralDifferences(loss, x, { places: [...places] });
      this.#known.set(x, slopes);
    }
    return slopes;
  }

  /** What they say of the checks of a formula that is one of a derivative. */
  judge(derivative: Derivative, checks: readonly Check[]): DifferencesReport | undefined {
    if (this.#count === 0) return undefined;
    const worst = { tape: 0, formula: 0 };
    let elements = 0;
    for (const { trial, layer, expected, actual } of checks) {
      const { loss, variables } = trial.readout;
      const x = variables[derivative][layer!];
      if (x === undefined) continue;
      const slopes = this.of(loss, x).data;
      const size = Math.max(Number.EPSILON, resolution * Math.abs(loss.item()), largestOf(expected.data));
      const errorAt = (place: number, y: Tensor): number => Math.abs(y.data[place]! - slopes[place]!) / size;
      for (const place of slopes.keys()) {
        if (Number.isNaN(slopes[place])) continue;
        elements++;
        worst.tape = Math.max(worst.tape, errorAt(place, expected));
        if (actual?.size === x.size) worst.formula = Math.max(worst.formula, errorAt(place, actual));
      }
    }
    return { passed: worst.tape <= tolerance, ...worst, tolerance, elements };
  }
}
