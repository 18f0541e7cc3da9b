/** Hand-derived formulas, each held against what it should equal. */

import type { Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { ArgumentError, checkSynchronous, ShapeError } from '@tapegrad/kernels';
import { compare } from '../compare/compare.ts';
import type { Comparison, Verdict } from '../compare/comparison.ts';
import { largestOf } from '../differences/precision.ts';
import type { NetworkPlan } from './networks.ts';
import { Inapplicable, type LayerQuantity, type Quantities, type Readout } from './quantities.ts';

/** A formula: of a network's quantities, and of the layer where it is one for every layer. */
export type FormulaFunction = (quantities: Quantities, l: number) => Tensor;

/** A formula that says what it equals. */
export interface Formula {
  readonly formula: FormulaFunction;
  /**
   * A quantity and a layer, as `dW1`, `delta_L`, `delta_L-1`, `Z_l` for every layer to which the formula applies, or a
   * function that gives the tensor.
   */
  readonly equals: string | FormulaFunction;
}

/** Formulas by name; one that is a mere function equals the quantity that it is named after. */
export type Formulas = Readonly<Record<string, FormulaFunction | Formula>>;

/** What a formula is held against. */
interface Target {
  readonly label: string;
  readonly quantity: LayerQuantity | undefined;
  /** The layers that the formula is about; none where it is about the whole network. */
  layers(L: number): readonly (number | undefined)[];
  expected(quantities: Quantities, l: number | undefined): Tensor;
}

/** A formula, and what it equals. */
export interface Claim {
  readonly name: string;
  readonly formula: FormulaFunction;
  readonly target: Target;
}

const upTo = (L: number): number[] => Array.from({ length: L }, (_, i) => i + 1);

function targetOf(name: string, equals: string | FormulaFunction): Target {
  if (typeof equals === 'function') {
    const expected = (q: Quantities): Tensor => checkSynchronous(`verify: what '${name}' equals`, equals(q, q.L));
    return { label: 'a function', quantity: undefined, layers: () => [undefined], expected };
  }
  const [, quantity, index] = /^(delta|dZ|dW|db|Z|A|W|b)_?(l|L(?:-\d+)?|\d+)$/.exec(equals) ?? [];
  if (quantity === undefined || index === undefined) {
    const forms = "a quantity and a layer, as 'dW1', 'delta_L' or 'Z_l'";
    throw new ArgumentError(`verify: '${equals}' is not ${forms}; say in \`equals\` what the formula '${name}' equals`);
  }
  return {
    label: equals,
    quantity: quantity as LayerQuantity,
    layers: (L) => {
      if (index === 'l') return upTo(L);
      return [index.startsWith('L') ? L - Number(index.slice(2)) : Number(index)];
    },
    expected: (q, l) => q[quantity as LayerQuantity][l!]!,
  };
}

/** What formulas claim; throws where one does not say what it equals. */
export const claimsOf = (formulas: Formulas): Claim[] =>
  Object.entries(formulas).map(([name, given]) => {
    const { formula, equals } = typeof given === 'function' ? { formula: given, equals: name } : given;
    return { name, formula, target: targetOf(name, equals) };
  });

/** How large the network is that a formula was tried on, and of what. */
export interface TriedPlan extends Omit<NetworkPlan, 'transitions'> {
  /** s_1, …, s_L */
  readonly transitions: readonly string[];
}

/** A network that was built, and read. */
export interface Trial {
  readonly plan: TriedPlan;
  readonly readout: Readout;
  /** The same, but a little smaller: the smallest first. */
  smaller(): Iterable<Trial>;
}

/** A formula on a network, at a layer. */
export interface Check {
  readonly trial: Trial;
  readonly layer: number | undefined;
  readonly expected: Tensor;
  readonly actual: Tensor | undefined;
  readonly comparison: Comparison | undefined;
  readonly verdict: Verdict;
  readonly message: string;
}

const largest = (x: Tensor): number => largestOf(x.data);

/** The size of the terms that an element of a quantity is added up from: what rounding is to be judged by. */
const termSizes: { readonly [Q in LayerQuantity]: (q: Quantities, l: number) => number } = {
  Z: () => 0,
  A: ({ Z, W }, l) => largest(Z[l - 1]!) * largest(W[l]!),
  W: () => 0,
  b: () => 0,
  delta: ({ dZ }, l) => largest(dZ[l]!),
  dZ: ({ delta, W, L }, l) => (l === L ? 0 : largest(delta[l + 1]!) * largest(W[l + 1]!)),
  dW: ({ delta, Z }, l) => largest(delta[l]!) * largest(Z[l - 1]!),
  db: ({ delta }, l) => largest(delta[l]!),
};

/** What a formula gives; the error where its shapes do not fit. */
function evaluate({ name, formula }: Claim, quantities: Quantities, l: number | undefined): Tensor | ShapeError {
  let result: Tensor;
  try {
    result = formula(quantities, l ?? quantities.L);
  } catch (error) {
    if (error instanceof ShapeError) return error;
    if (error instanceof Inapplicable) throw error;
    throw new ArgumentError(`verify: the formula '${name}' failed: ${error}`, { cause: error });
  }
  const call = `verify: the formula '${name}'`;
  return checkTensor(call, checkSynchronous(call, result));
}

/** The checks of a formula on a network: one for each layer to which it applies. */
export function checksOf(claim: Claim, trial: Trial, bound: number | undefined): Check[] {
  const { quantities } = trial.readout;
  const { quantity, layers, expected: expectedAt } = claim.target;
  return layers(quantities.L).flatMap((layer) => {
    try {
      const expected = expectedAt(quantities, layer);
      const actual = evaluate(claim, quantities, layer);
      const check = { trial, layer, expected };
      if (actual instanceof ShapeError) {
        const message = `${claim.name} can't be computed: ${actual.message}`;
        return { ...check, actual: undefined, comparison: undefined, verdict: 'shapes', message };
      }
      const terms = quantity === undefined ? 0 : termSizes[quantity](quantities, layer!);
      const scale = Math.max(largest(expected), terms);
      const options = { n: quantities.n, scale, ...(bound === undefined ? {} : { bound }) };
      const comparison = compare(claim.name, expected, actual, options);
      return { ...check, actual, comparison, verdict: comparison.verdict, message: comparison.message };
    } catch (error) {
      if (error instanceof Inapplicable) return [];
      throw error;
    }
  });
}
