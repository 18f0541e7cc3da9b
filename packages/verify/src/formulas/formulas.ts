/** Compares hand-derived formulas with the quantities that they should equal. */

import type { Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { ArgumentError, checkSynchronous, ShapeError } from '@tapegrad/kernels';
import { compare } from '../compare/compare.ts';
import type { Comparison, Verdict } from '../compare/comparison.ts';
import { largestOf } from '../differences/precision.ts';
import { Inapplicable } from './layered.ts';
import type { NamedTensors } from './named-tensors.ts';
import type { Network, NetworkPlan } from './networks.ts';
import {
  type Derivative,
  derivatives,
  type LayerQuantity,
  type NetworkReading,
  type Quantities,
} from './quantities.ts';

/** The tensors and numbers that a subject returns by name, in addition to the loss, the data and n. */
export type Named<N extends Network> = Omit<N, keyof Network>;

/** A formula: a function of a network's quantities, and of the layer number if it applies to every layer. */
export type FormulaFunction<N extends Network = Network> = (quantities: Quantities & Named<N>, l: number) => Tensor;

/** A formula, together with the quantity that it should equal. */
export interface Formula<N extends Network = Network> {
  readonly formula: FormulaFunction<N>;
  /**
   * The quantity that the formula should equal, in one of these forms:
   * - a quantity and a layer: `dW1`, `delta_L`, `delta_L-1`, `dW(encoder.0)`, or `Z_l` for every layer to which the
   *   formula applies;
   * - a tensor of the program or its gradient: `mean`, `dgamma`;
   * - a second derivative, with the axes of both tensors: `d2L/dgamma2`, `d2L/dX,dgamma`;
   * - a function that returns the expected tensor.
   */
  readonly equals: string | FormulaFunction<N>;
}

/** Formulas by name. A plain function as a formula must equal the quantity whose name it has. */
export type Formulas<N extends Network = Network> = Readonly<Record<string, FormulaFunction<N> | Formula<N>>>;

/** The expected quantity that a formula is compared with. */
interface Target {
  readonly label: string;
  readonly quantity: LayerQuantity | undefined;
  /** The error that is accepted in addition to rounding, relative to the largest element. */
  readonly tolerance: number;
  /** Returns the layers to which the formula applies; the list [undefined] if it concerns the whole network. */
  layers(reading: NetworkReading): readonly (number | undefined)[];
  expected(reading: NetworkReading, l: number | undefined): Tensor;
  /**
   * Returns the tensor with respect to which the loss is differentiated, if the expected tensor is a derivative of the
   * loss.
   */
  variable(reading: NetworkReading, l: number | undefined): Tensor | undefined;
}

/** A formula, together with the quantity that it should equal. */
export interface Claim {
  readonly name: string;
  readonly formula: FormulaFunction;
  readonly target: Target;
}

const upTo = (L: number): number[] => Array.from({ length: L }, (_, i) => i + 1);

const isDerivative = (quantity: LayerQuantity): quantity is Derivative =>
  (derivatives as readonly string[]).includes(quantity);

/** Creates the target for a quantity of one layer, or of every layer. */
function layerTarget(label: string, quantity: LayerQuantity, index: string): Target {
  return {
    label,
    quantity,
    tolerance: 0,
    layers: ({ quantities }) => {
      const { L } = quantities;
      if (index === 'l') return upTo(L);
      if (index.startsWith('(')) return [quantities.layer(index.slice(1, -1))];
      return [index.startsWith('L') ? L - Number(index.slice(2)) : Number(index)];
    },
    expected: ({ quantities }, l) => quantities[quantity][l!]!,
    variable: ({ variables }, l) => (isDerivative(quantity) ? variables[quantity][l!] : undefined),
  };
}

/**
 * The tolerance for a named tensor of a program, in float64. It is larger than that for layers, since large terms may
 * cancel unnoticed, as they do when two elements are normalized.
 */
const programTolerance = 1e-9;

/** The parts that all targets without a layer have in common. */
const ofNetwork = { quantity: undefined, layers: () => [undefined] } as const;

/** Creates the target for a named tensor of a program, or for a derivative with respect to named tensors. */
function namedTarget(equals: string, { named }: NetworkReading): Target | undefined {
  const target = (
    expected: (tensors: NamedTensors) => Tensor,
    variable: (tensors: NamedTensors) => Tensor | undefined = () => undefined,
  ): Target => ({
    ...ofNetwork,
    label: equals,
    tolerance: programTolerance,
    expected: (reading) => expected(reading.named),
    variable: (reading) => variable(reading.named),
  });
  const [, x, y] = /^d2L\/d(.+?)(?:2|,\s*d(.+))$/.exec(equals) ?? [];
  if (x !== undefined && named.has(x) && named.has(y ?? x)) return target((tensors) => tensors.second(x, y ?? x));
  if (named.has(equals)) return target((tensors) => tensors.variable(equals).detach());
  const name = /^d(?:L\/d)?(.+)$/.exec(equals)?.[1];
  if (name === undefined || !named.has(name)) return undefined;
  return target(
    (tensors) => tensors.gradient(name),
    (tensors) => tensors.variable(name),
  );
}

function targetOf(name: string, equals: string | FormulaFunction, reading: NetworkReading): Target {
  if (typeof equals === 'function') {
    return {
      ...ofNetwork,
      label: 'a function',
      tolerance: 0,
      expected: ({ quantities: q }) => checkSynchronous(`verify: what '${name}' equals`, equals(q, q.L)),
      variable: () => undefined,
    };
  }
  const [, quantity, index] = /^(delta|dZ|dW|db|Z|A|W|b)_?(l|L(?:-\d+)?|\d+|\(.+\))$/.exec(equals) ?? [];
  if (quantity !== undefined && index !== undefined) return layerTarget(equals, quantity as LayerQuantity, index);
  const found = namedTarget(equals, reading);
  if (found !== undefined) return found;
  const forms = "a quantity and a layer, as 'dW1', 'delta_L' or 'Z_l'";
  const { named } = reading;
  const example = named.has('X') ? 'X' : named.names[0];
  const known =
    example === undefined ? '' : `, nor one of ${named.names.join(', ')}, or its gradient, as 'd${example}'`;
  throw new ArgumentError(
    `verify: '${equals}' is not ${forms}${known}; say in \`equals\` what the formula '${name}' equals`,
  );
}

/**
 * Returns the claims that formulas make about networks like the given one. Throws if it is unclear which quantity a
 * formula equals.
 */
export function claimsOf(formulas: Formulas, reading: NetworkReading): Claim[] {
  const claims = Object.entries(formulas).map(([name, given]) => {
    const { formula, equals } = typeof given === 'function' ? { formula: given, equals: name } : given;
    return { name, formula, target: targetOf(name, equals, reading) };
  });
  if (claims.length === 0) throw new ArgumentError('verify: expected formulas, got none');
  return claims;
}

/** The dimensions and the transitions of a network on which a formula was tried. */
export interface TriedPlan extends Omit<NetworkPlan, 'transitions'> {
  /** The names of the transitions s_1, …, s_L. */
  readonly transitions: readonly string[];
}

/** A network that was built, with the quantities read from its tape. */
export interface NetworkSample {
  readonly plan: TriedPlan;
  readonly reading: NetworkReading;
  /** Yields slightly smaller variants of the network, beginning with the most strongly reduced. */
  smaller(): Iterable<NetworkSample>;
}

/** The comparison of a formula with its target, on one network and at one layer. */
export interface Check {
  readonly sample: NetworkSample;
  readonly layer: number | undefined;
  /** The tensor with respect to which the loss is differentiated, if the expected tensor is a derivative of the loss. */
  readonly variable: Tensor | undefined;
  readonly expected: Tensor;
  readonly actual: Tensor | undefined;
  readonly comparison: Comparison | undefined;
  readonly verdict: Verdict;
  readonly message: string;
}

const largest = (x: Tensor): number => largestOf(x.data);

/** For each quantity, computes the size of the terms whose sum is an element. The rounding error is judged by this size. */
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

/** An error that wraps an error thrown by a formula. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
}

/** Evaluates a formula. Returns the error if shapes in the formula don't match. */
function evaluate({ name, formula }: Claim, { quantities, unpacking }: NetworkReading, l: number | undefined) {
  unpacking.missing = undefined;
  const failed = (error: unknown): Error => {
    if (unpacking.missing !== undefined) return new Inapplicable(`${unpacking.missing} (${error})`);
    return new FormulaError(`${name} failed: ${error}`, { cause: error });
  };
  let result: Tensor;
  try {
    result = formula(quantities, l ?? quantities.L);
  } catch (error) {
    if (error instanceof ShapeError) return error;
    throw error instanceof Inapplicable ? error : failed(error);
  }
  checkSynchronous(`verify: the formula '${name}'`, result);
  try {
    return checkTensor(`the formula '${name}'`, result);
  } catch (error) {
    throw failed(error);
  }
}

/**
 * The checks of a formula on a network, with one check for each layer to which it applies. Includes the reason why the
 * formula doesn't apply to other layers.
 */
export interface NetworkChecks {
  readonly checks: readonly Check[];
  readonly obstacle: string | undefined;
}

/**
 * Checks a formula on a network.
 *
 * @throws FormulaError if the formula throws.
 */
export function checksOf(claim: Claim, sample: NetworkSample, bound: number | undefined): NetworkChecks {
  const { reading } = sample;
  const { quantity, tolerance, layers, expected: expectedAt, variable: variableAt } = claim.target;
  const checks: Check[] = [];
  let obstacle: string | undefined;
  const check = (layer: number | undefined): Check => {
    const expected = expectedAt(reading, layer);
    const actual = evaluate(claim, reading, layer);
    const made = { sample, layer, expected, variable: variableAt(reading, layer) };
    if (actual instanceof ShapeError) {
      const message = `${claim.name} can't be computed: ${actual.message}`;
      return { ...made, actual: undefined, comparison: undefined, verdict: 'shapes', message };
    }
    const terms = quantity === undefined ? 0 : termSizes[quantity](reading.quantities, layer!);
    const scale = Math.max(largest(expected), terms);
    const options = { n: reading.n, scale, tolerance, ...(bound === undefined ? {} : { bound }) };
    const comparison = compare(claim.name, expected, actual, options);
    return { ...made, actual, comparison, verdict: comparison.verdict, message: comparison.message };
  };
  const attempt = (f: () => void): void => {
    try {
      f();
    } catch (error) {
      if (!(error instanceof Inapplicable)) throw error;
      obstacle ??= error.message;
    }
  };
  attempt(() => {
    for (const layer of layers(reading)) attempt(() => checks.push(check(layer)));
  });
  return { checks, obstacle };
}
