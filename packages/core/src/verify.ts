/** Hand-derived formulas on trial: held against the tape, and the tape against central differences. */

import type { Comparison, FactorName, Verdict } from './compare.ts';
import type { Link } from './links.ts';
import type { NetworkPlan, Transition } from './networks.ts';
import type { Tensor } from './tensor.ts';

/**
 * Tensors by layer, as the theory counts: Z from 0, all else from 1 to L. An index that the network does not have makes
 * the formula one that does not apply to it.
 */
export type Layered = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

/** What a formula is written with: all float64, all constant. */
export interface Quantities {
  /** Z_0 */
  readonly X: Tensor;
  /** The targets. */
  readonly Y: Tensor;
  readonly Z: Layered;
  readonly A: Layered;
  readonly W: Layered;
  readonly b: Layered;
  /** dL/dA_l */
  readonly delta: Layered;
  /** dL/dZ_l */
  readonly dZ: Layered;
  /** dL/dW_l */
  readonly dW: Layered;
  /** dL/db_l */
  readonly db: Layered;
  /** The number of points. */
  readonly n: number;
  /** The number of layers. */
  readonly L: number;
  /** s_l'(A_l), element by element: of a transition that is not elementwise, the diagonal of its Jacobian. */
  slope(l: number): Tensor;
  readonly loss: Tensor;
  /** The layers, as `links` gives them. */
  readonly links: readonly Link[];
}

/** A formula: of a network's quantities, and of the layer where it is one for every layer. */
export type FormulaFunction = (quantities: Quantities, l: number) => Tensor;

/** A formula that says what it equals. */
export interface Formula {
  readonly formula: FormulaFunction;
  /**
   * A quantity and a layer, `dW1`, `delta_L`, `Z_l` (every layer to which the formula applies), or a function that gives
   * the tensor.
   */
  readonly equals: string | FormulaFunction;
}

/** Formulas by name; one that is a mere function equals the quantity that it is named after. */
export type Formulas = Readonly<Record<string, FormulaFunction | Formula>>;

export interface VerifyOptions {
  /** How many random networks to try beside the smallest; 40 unless given. */
  readonly networks?: number;
  /** The most layers; 4 unless given. */
  readonly depth?: number;
  /** The largest width; 5 unless given. */
  readonly width?: number;
  /** The most points; 5 unless given. */
  readonly batch?: number;
  /** The transitions to draw from. */
  readonly transitions?: readonly Transition[];
  /** Those of the last layer; the same unless given. */
  readonly lastTransitions?: readonly Transition[];
  /** Of all that is random. */
  readonly seed?: number;
  /** The largest error taken for rounding, in units in the last place; see `compare`. */
  readonly bound?: number;
  /** How many elements of a gradient to hold against central differences; 32 unless given, 0 for none. */
  readonly differences?: number;
}

/** A network on which a formula fails. */
export interface Counterexample extends NetworkPlan {
  /** The layer at which it fails; undefined where the formula is about none. */
  readonly layer: number | undefined;
  /** The comparison; undefined where the formula could not be computed, for its shapes don't fit. */
  readonly comparison: Comparison | undefined;
  /** What is wrong, as a sentence. */
  readonly message: string;
  readonly expected: Tensor;
  readonly actual: Tensor | undefined;
}

/** How a formula fares on the networks of one kind. */
export type Outcome = 'holds' | 'shapes' | 'numbers' | 'untried';

/** The third opinion: relative errors against central differences. */
export interface DifferencesReport {
  readonly passed: boolean;
  /** The largest error of what the tape says, by the largest element of its tensor. */
  readonly tape: number;
  /** The largest error of what the formula says; undefined where it has no numbers to compare. */
  readonly formula: number | undefined;
  /** The largest error allowed. */
  readonly tolerance: number;
  /** How many elements were held against differences. */
  readonly elements: number;
}

export interface FormulaReport {
  readonly name: string;
  /** What it was held against. */
  readonly equals: string;
  readonly passed: boolean;
  /** The verdict on all networks together; `untried` where the formula applied to none. */
  readonly verdict: Verdict | 'untried';
  /** The verdict as a sentence. */
  readonly message: string;
  /** Where the verdict is a factor: its name, if it has the same one on all networks. */
  readonly factor: FactorName | number | undefined;
  /** The largest error where the formula holds, in units in the last place. */
  readonly ulps: number;
  /** How many comparisons there were, one for each network and layer to which the formula applies. */
  readonly comparisons: number;
  readonly failures: number;
  /** The smallest found: of fewest layers, then of smallest widths and batch. */
  readonly counterexample: Counterexample | undefined;
  /** Networks that have more than one width. */
  readonly unequalWidths: Outcome;
  /** Networks with all widths the same: a wrong index can hide there, or show only there. */
  readonly equalWidths: Outcome;
  /** Undefined where what it equals is no gradient. */
  readonly differences: DifferencesReport | undefined;
}

export interface VerifyReport {
  /** Whether every formula holds, and the tape agrees with central differences. */
  readonly passed: boolean;
  readonly formulas: readonly FormulaReport[];
  /** How many networks were tried. */
  readonly networks: number;
}
