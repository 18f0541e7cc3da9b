/** The types of table rows: a claim, its formula, and the required verdict. */

import type { Random, Tensor } from '@tapegrad/core';
import type { FactorName, FormulaFunction, Outcome, Subject, VerifyOptions } from '@tapegrad/verify';

/** The required verdict on a formula. */
export type Expectation =
  /** Equal, exactly or to rounding, wherever it applies. */
  | 'holds'
  /** Different numbers of the right shape, without a constant factor. */
  | 'differs'
  /** Off by this factor. */
  | { readonly factor: FactorName }
  /** Wrong in one way if widths differ, and in another if all are equal. */
  | { readonly unequalWidths: Outcome; readonly equalWidths: Outcome };

interface Claimed {
  /** The id of the formula; a suffix distinguishes its variants. */
  readonly id: string;
  readonly claim: string;
}

/** A formula in a network's quantities, compared with the tapes of random networks. */
export interface NetworkRow extends Claimed {
  readonly on: Subject;
  readonly formula: FormulaFunction;
  readonly equals: string | FormulaFunction;
  readonly expect: Expectation;
  readonly options?: VerifyOptions;
}

/** A formula in random data, compared with the framework's result for the same data. */
export interface DataRow extends Claimed {
  readonly on?: undefined;
  readonly formula: (random: Random) => Tensor;
  readonly equals: (random: Random) => Tensor;
  readonly expect: 'holds' | 'differs';
}

/** A sequence of numbers that must decrease clearly at each step. */
export interface FallingRow extends Claimed {
  readonly on?: undefined;
  readonly equals?: undefined;
  readonly formula: (random: Random) => readonly number[];
  readonly expect: 'falls';
}

/** A call that must throw with this message. */
export interface RefusedRow extends Claimed {
  readonly on?: undefined;
  readonly equals?: undefined;
  readonly formula: (random: Random) => unknown;
  readonly expect: { readonly throws: string };
}

export type Row = NetworkRow | DataRow | FallingRow | RefusedRow;
