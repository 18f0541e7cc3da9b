/** What a row of the tables is: a claim, the formula for it, and the verdict that it must get. */

import type { Random, Tensor } from '@tapegrad/core';
import type { FactorName, FormulaFunction, Outcome, Subject, VerifyOptions } from '@tapegrad/verify';

/** The verdict that a formula must get. */
export type Expectation =
  /** Equal, exactly or to rounding, wherever it applies. */
  | 'holds'
  /** Other numbers, of the right shape, and by no constant factor. */
  | 'differs'
  /** Off by this factor. */
  | { readonly factor: FactorName }
  /** Wrong in one way where widths differ, and in another where all are the same. */
  | { readonly unequalWidths: Outcome; readonly equalWidths: Outcome };

interface Claimed {
  /** The id of the formula; what follows it tells apart its forms. */
  readonly id: string;
  readonly claim: string;
}

/** A formula in the quantities of a network, held against the tape of random ones. */
export interface NetworkRow extends Claimed {
  readonly on: Subject;
  readonly formula: FormulaFunction;
  readonly equals: string | FormulaFunction;
  readonly expect: Expectation;
  readonly options?: VerifyOptions;
}

/** A formula in random data, held against what the framework computes of the same data. */
export interface DataRow extends Claimed {
  readonly on?: undefined;
  readonly formula: (random: Random) => Tensor;
  readonly equals: (random: Random) => Tensor;
  readonly expect: 'holds' | 'differs';
}

/** Numbers of which each must be clearly below the one before. */
export interface FallingRow extends Claimed {
  readonly on?: undefined;
  readonly equals?: undefined;
  readonly formula: (random: Random) => readonly number[];
  readonly expect: 'falls';
}

/** What must be refused, in these words. */
export interface RefusedRow extends Claimed {
  readonly on?: undefined;
  readonly equals?: undefined;
  readonly formula: (random: Random) => unknown;
  readonly expect: { readonly throws: string };
}

export type Row = NetworkRow | DataRow | FallingRow | RefusedRow;
