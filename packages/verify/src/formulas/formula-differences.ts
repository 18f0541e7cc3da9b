/** The third opinion on a formula: central differences, with which the tape and the formula are compared. */

import { Random, type Tensor } from '@tapegrad/core';
import { sameShape } from '@tapegrad/kernels';
import { type Differences, differencesOf } from '../differences/central-differences.ts';
import { largestOf } from '../differences/precision.ts';
import type { Check } from './formulas.ts';

/**
 * Errors against central differences, relative to the largest element of the derivative, and beyond what the differences
 * can tell.
 */
export interface DifferencesReport {
  /** Whether the tape is right. */
  readonly passed: boolean;
  /** The largest error of what the tape says. */
  readonly tape: number;
  /** The largest error of what the formula says, where that has the right shape. */
  readonly formula: number;
  /** The largest error allowed. */
  readonly tolerance: number;
  /** How many elements were compared with differences. */
  readonly elements: number;
}

/** The largest error of a derivative, beyond what differences can tell, for it to be right. */
const tolerance = 1e-6;

/** Central differences of the tensors of some networks, each worked out once. */
export class FormulaDifferences {
  readonly #count: number;
  readonly #known = new Map<Tensor, Differences>();

  /** @param count of how many elements of each derivative. */
  constructor(count: number) {
    this.#count = count;
  }

  /** By some elements of a tensor, chosen at random. */
  #of(loss: Tensor, x: Tensor): Differences {
    const known = this.#known.get(x);
    if (known !== undefined) return known;
    const places = new Random(x.size).permutation(x.size).data.slice(0, this.#count);
    const found = differencesOf(loss, x, [...places]);
    this.#known.set(x, found);
    return found;
  }

  /** What they say of the checks of a formula that is one of a derivative; nothing where they could tell nothing. */
  judge(checks: readonly Check[]): DifferencesReport | undefined {
    if (this.#count === 0) return undefined;
    const worst = { tape: 0, formula: 0 };
    let elements = 0;
    for (const { trial, variable: x, expected, actual } of checks) {
      const { loss } = trial.readout;
      if (x === undefined) continue;
      const { slopes, errors } = this.#of(loss, x);
      const size = Math.max(Number.MIN_VALUE, largestOf(expected.data));
      const isComparable = actual !== undefined && sameShape(actual.shape, x.shape);
      const [said, formula] = [expected.data, isComparable ? actual.data : undefined];
      for (const [place, slope] of slopes.entries()) {
        if (Number.isNaN(slope)) continue;
        const errorOf = (value: number): number => Math.max(0, Math.abs(value - slope) - errors[place]!) / size;
        elements++;
        worst.tape = Math.max(worst.tape, errorOf(said[place]!));
        if (formula !== undefined) worst.formula = Math.max(worst.formula, errorOf(formula[place]!));
      }
    }
    return elements === 0 ? undefined : { passed: worst.tape <= tolerance, ...worst, tolerance, elements };
  }
}
