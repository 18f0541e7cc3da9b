/** Hand-derived formulas, each held against what it should equal. */

import type { Tensor } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { ArgumentError, checkSynchronous, ShapeError } from '@tapegrad/kernels';
import { compare } from '../compare/compare.ts';
import type { Comparison, Verdict } from '../compare/comparison.ts';
import { largestOf } from '../differences/precision.ts';
import { Inapplicable } from './layered.ts';
import type { Network, NetworkPlan } from './networks.ts';
import { type Derivative, derivatives, type LayerQuantity, type Quantities, type Readout } from './quantities.ts';

/** What a subject returns beside the loss, the data and n, by its names. */
export type Named<N extends Network> = Omit<N, keyof Network>;

/** A formula: of a network's quantities, and of the layer where it is one for every layer. */
export type FormulaFunction<N extends Network = Network> = (quantities: Quantities & Named<N>, l: number) => Tensor;

/** A formula that says what it equals. */
export interface Formula<N extends Network = Network> {
  readonly formula: FormulaFunction<N>;
  /**
   * What the formula equals: a quantity and a layer, as `dW1`, `delta_L`, `delta_L-1`, `dW(encoder.0)` or `Z_l`, which is every
   * layer to which the formula applies; a tensor of the program or its gradient, as `mean` and `dgamma`; a second derivative, as
   * `d2L/dgamma2` or `d2L/dX,dgamma`, of the axes of both; or a function that gives the tensor.
   */
  readonly equals: string | FormulaFunction<N>;
}

/** Formulas by name; one that is a mere function equals the quantity that it is named after. */
export type Formulas<N extends Network = Network> = Readonly<Record<string, FormulaFunction<N> | Formula<N>>>;

/** What a formula is held against. */
interface Target {
  readonly label: string;
  readonly quantity: LayerQuantity | undefined;
  /** The layers that the formula is about; none where it is about the whole network. */
  layers(readout: Readout): readonly (number | undefined)[];
  expected(readout: Readout, l: number | undefined): Tensor;
  /** The tensor by which the expected one is a derivative of the loss. */
  variable(readout: Readout, l: number | undefined): Tensor | undefined;
}

/** A formula, and what it equals. */
export interface Claim {
  readonly name: string;
  readonly formula: FormulaFunction;
  readonly target: Target;
}

const upTo = (L: number): number[] => Array.from({ length: L }, (_, i) => i + 1);

const isDerivative = (quantity: LayerQuantity): quantity is Derivative =>
  (derivatives as readonly string[]).includes(quantity);

/** A quantity of one layer, or of every layer. */
function layerTarget(label: string, quantity: LayerQuantity, index: string): Target {
  return {
    label,
    quantity,
    layers: ({ quantities }) => {
      const { L } = quantities;
      if (index === 'l') return upTo(L);
      if (index.startsWith('(')) return [quantities.layer(index.slice(1, -1))];
      return [/^L(-\d+)?$/.test(index) ? L - Number(index.slice(2)) : Number(index)];
    },
    expected: ({ quantities }, l) => quantities[quantity][l!]!,
    variable: ({ variables }, l) => (isDerivative(quantity) ? variables[quantity][l!] : undefined),
  };
}

/** What is of the whole network. */
const wholeTarget = (
  label: string,
  expected: (readout: Readout) => Tensor,
  variable: (readout: Readout) => Tensor | undefined = () => undefined,
): Target => ({ label, quantity: undefined, layers: () => [undefined], expected, variable });

/** A tensor of a program by its name, or a derivative with respect to some. */
function namedTarget(equals: string, { named }: Readout): Target | undefined {
  const [, x, y] = /^d2L\/d(.+?)(?:2|,\s*d(.+))$/.exec(equals) ?? [];
  if (x !== undefined && named.has(x) && named.has(y ?? x)) {
    return wholeTarget(equals, (readout) => readout.named.second(x, y ?? x));
  }
  if (named.has(equals)) return wholeTarget(equals, (readout) => readout.named.variable(equals).detach());
  const name = /^d(?:L\/d)?(.+)$/.exec(equals)?.[1];
  if (name === undefined || !named.has(name)) return undefined;
  return wholeTarget(
    equals,
    (readout) => readout.named.gradient(name),
    (readout) => readout.named.variable(name),
  );
}

function targetOf(name: string, equals: string | FormulaFunction, readout: Readout): Target {
  if (typeof equals === 'function') {
    return wholeTarget('a function', ({ quantities: q }) =>
      checkSynchronous(`verify: what '${name}' equals`, equals(q, q.L)),
    );
  }
  const [, quantity, index] = /^(delta|dZ|dW|db|Z|A|W|b)_?(l|L(?:-\d+)?|\d+|\(.+\))$/.exec(equals) ?? [];
  if (quantity !== undefined && index !== undefined) return layerTarget(equals, quantity as LayerQuantity, index);
  const found = namedTarget(equals, readout);
  if (found !== undefined) return found;
  const forms = "a quantity and a layer, as 'dW1', 'delta_L' or 'Z_l'";
  const { named } = readout;
  const example = named.has('X') ? 'X' : named.names[0];
  const known =
    example === undefined ? '' : `, nor one of ${named.names.join(', ')}, or its gradient, as 'd${example}'`;
  throw new ArgumentError(
    `verify: '${equals}' is not ${forms}${known}; say in \`equals\` what the formula '${name}' equals`,
  );
}

/** What formulas claim of networks such as one that was read; throws where one does not say what it equals. */
export function claimsOf(formulas: Formulas, readout: Readout): Claim[] {
  const claims = Object.entries(formulas).map(([name, given]) => {
    const { formula, equals } = typeof given === 'function' ? { formula: given, equals: name } : given;
    return { name, formula, target: targetOf(name, equals, readout) };
  });
  if (claims.length === 0) throw new ArgumentError('verify: expected formulas, got none');
  return claims;
}

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
  /** The tensor by which the expected one is a derivative of the loss. */
  readonly variable: Tensor | undefined;
  readonly expected: Tensor;
  readonly actual: Tensor | undefined;
  readonly comparison: Comparison | undefined;
  readonly verdict: Verdict;
  readonly message: string;
}

/** The share of the largest element by which tensors of a program may be off, in float64. */
const programTolerance = 1e-9;

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

/** Thrown where a formula ends in an error of its own. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
}

/** What a formula gives; the error where its shapes do not fit. */
function evaluate({ name, formula }: Claim, { quantities, unpacking }: Readout, l: number | undefined) {
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

/** The checks of a formula on a network, one for each layer to which it applies, and why it does not apply to another. */
export interface NetworkChecks {
  readonly checks: readonly Check[];
  readonly obstacle: string | undefined;
}

/**
 * Checks a formula on a network.
 *
 * @throws FormulaError where the formula throws.
 */
export function checksOf(claim: Claim, trial: Trial, bound: number | undefined): NetworkChecks {
  const { readout } = trial;
  const { quantity, layers, expected: expectedAt, variable: variableAt } = claim.target;
  const checks: Check[] = [];
  let obstacle: string | undefined;
  const check = (layer: number | undefined): Check => {
    const expected = expectedAt(readout, layer);
    const actual = evaluate(claim, readout, layer);
    const made = { trial, layer, expected, variable: variableAt(readout, layer) };
    if (actual instanceof ShapeError) {
      const message = `${claim.name} can't be computed: ${actual.message}`;
      return { ...made, actual: undefined, comparison: undefined, verdict: 'shapes', message };
    }
    const terms = quantity === undefined ? 0 : termSizes[quantity](readout.quantities, layer!);
    const scale = Math.max(largest(expected), terms);
    // Whether terms cancel in a program at large, as where two entries are normalised, is not known.
    const tolerance = quantity === undefined ? programTolerance : 0;
    const options = { n: readout.n, scale, tolerance, ...(bound === undefined ? {} : { bound }) };
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
    for (const layer of layers(readout)) attempt(() => checks.push(check(layer)));
  });
  return { checks, obstacle };
}
