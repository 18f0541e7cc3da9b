/** Provides a third, independent check of a formula: compares both the tape and the formula with central differences. */

import { Random, type Tensor } from '@tapegrad/core';
import { sameShape } from '@tapegrad/kernels';
import { type Differences, differencesOf } from '../differences/central-differences.ts';
import { largestOf } from '../differences/precision.ts';
import type { Check } from './formulas.ts';

/**
 * The largest deviations from central differences. They are measured beyond the error bounds of the differences, and
 * relative to the largest element of the derivative.
 */
export interface DifferencesReport {
  /** Whether the tape agrees with the differences. */
  readonly passed: boolean;
  /** The largest error of the tape's derivatives. */
  readonly tape: number;
  /** The largest error of the formula's results. Results of the wrong shape are left out. */
  readonly formula: number;
  /** The largest allowed error. */
  readonly tolerance: number;
  /** The number of elements that were compared. */
  readonly elements: number;
}

/** The largest allowed error of a derivative, beyond the error bounds of the differences. */
const tolerance = 1e-6;

/** Computes central differences for tensors of networks, and caches them. */
export class FormulaDifferences {
  readonly #count: number;
  readonly #known = new Map<Tensor, Differences>();

  /** @param count The number of elements of each derivative to check. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Returns the differences with respect to some elements of a tensor, chosen at random. */
  #of(loss: Tensor, x: Tensor): Differences {
    const known = this.#known.get(x);
    if (known !== undefined) return known;
    const places = new Random(x.size).permutation(x.size).data.slice(0, this.#count);
    const found = differencesOf(loss, x, [...places]);
    this.#known.set(x, found);
    return found;
  }

  /**
   * Compares the tape's and the formula's results with central differences, for a formula that should equal a
   * derivative. Returns undefined if the differences determine no element.
   */
  judge(checks: readonly Check[]): DifferencesReport | undefined {
    if (this.#count === 0) return undefined;
    const worst = { tape: 0, formula: 0 };
    let elements = 0;
    for (const { sample, variable: x, expected, actual } of checks) {
      const { loss } = sample.reading;
      if (x === undefined) continue;
      const { derivatives, errors } = this.#of(loss, x);
      const size = Math.max(Number.MIN_VALUE, largestOf(expected.data));
      const isComparable = actual !== undefined && sameShape(actual.shape, x.shape);
      const [said, formula] = [expected.data, isComparable ? actual.data : undefined];
      for (const [place, derivative] of derivatives.entries()) {
        if (Number.isNaN(derivative)) continue;
        const errorOf = (value: number): number => Math.max(0, Math.abs(value - derivative) - errors[place]!) / size;
        elements++;
        worst.tape = Math.max(worst.tape, errorOf(said[place]!));
        if (formula !== undefined) worst.formula = Math.max(worst.formula, errorOf(formula[place]!));
      }
    }
    return elements === 0 ? undefined : { passed: worst.tape <= tolerance, ...worst, tolerance, elements };
  }
}
