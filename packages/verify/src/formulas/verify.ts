/** Verifies hand-derived formulas against the tape, and the tape against central differences. */

import { Random, type Tensor } from '@tapegrad/core';
import { ArgumentError, checkSynchronous } from '@tapegrad/kernels';
import type { Comparison, Verdict } from '../compare/comparison.ts';
import type { FactorName } from '../compare/factors.ts';
import { formatNumber } from '../differences/precision.ts';
import { type DifferencesReport, FormulaDifferences } from './formula-differences.ts';
import {
  type Check,
  type Claim,
  checksOf,
  claimsOf,
  FormulaError,
  type Formulas,
  type NetworkSample,
  type TriedPlan,
} from './formulas.ts';
import {
  drawPlan,
  hasEqualWidths,
  type Network,
  type NetworkPlan,
  type Subject,
  smallerPlans,
  type Transition,
} from './networks.ts';
import { readNetwork } from './quantities.ts';
import { commonReason } from './reasons.ts';
import { commonFactor, shrink, sizeOf } from './shrink.ts';

/** The options of `verify`. */
export interface VerifyOptions {
  /** The number of random networks to try. In half of them, all widths are equal. Defaults to 40. */
  readonly networks?: number;
  /** The maximum number of layers of a random network. Defaults to 4. */
  readonly depth?: number;
  /** The maximum width of a random network. Defaults to 5. */
  readonly width?: number;
  /** The maximum number of points (the batch size) of a random network. Defaults to 5. */
  readonly batch?: number;
  /** The transitions to draw from. Defaults to all elementwise transitions. */
  readonly transitions?: readonly Transition[];
  /** The transitions to draw from for the last layer. Defaults to `transitions`. */
  readonly lastTransitions?: readonly Transition[];
  /** The seed of the random generator. Defaults to 0. */
  readonly seed?: number;
  /** The largest error that counts as rounding, in units in the last place; see `compare`. */
  readonly bound?: number;
  /**
   * The number of elements of each derivative to compare with central differences. Defaults to 4 for a subject, and to
   * 32 for a network that the caller passes.
   */
  readonly differences?: number;
  /**
   * Inclusive ranges of additional lengths to draw: `{ time: [1, 6], heads: [1, 3] }`. The subject finds the drawn
   * lengths in `plan.sizes`.
   */
  readonly sizes?: Readonly<Record<string, readonly [from: number, to: number]>>;
}

/** A network on which a formula fails. */
export interface Counterexample extends TriedPlan {
  /** The layer at which the formula fails; undefined if the formula doesn't concern a layer. */
  readonly layer: number | undefined;
  /** The error, as a sentence. */
  readonly message: string;
  readonly expected: Tensor;
  /** The formula's result; undefined if it couldn't be computed because its shapes don't match. */
  readonly actual: Tensor | undefined;
  readonly comparison: Comparison | undefined;
}

/**
 * The result of a formula on a group of networks. `shapes` means that the shape is wrong on at least one of them.
 * `numbers` means that only values are wrong. `untried` means that the formula applies to none of them.
 */
export type Outcome = 'holds' | 'shapes' | 'numbers' | 'untried';

/** The result of `verify` for one formula. */
export interface FormulaReport {
  readonly name: string;
  /** The quantity with which the formula was compared; `a function` if a function computed it. */
  readonly equals: string;
  /** Whether the formula holds wherever it applies, and central differences agree with the expected values. */
  readonly passed: boolean;
  /** The worst verdict on all networks; `untried` if the formula applies to none, `failed` if it threw. */
  readonly verdict: Verdict | 'untried' | 'failed';
  /** The verdict as a sentence. */
  readonly message: string;
  /** The factor, if the verdict is `factor`: its name if one name is right on all networks, otherwise the number. */
  readonly factor: FactorName | number | undefined;
  /**
   * The reason why the values differ, if one reason explains all failures: `lacks the factor slope(1)`. For the
   * verdicts `untried` and `failed`, the reason for the verdict.
   */
  readonly reason: string | undefined;
  /** The largest error that was attributed to rounding, in units in the last place. */
  readonly ulps: number;
  /** The number of comparisons: one for each network and layer to which the formula applies. */
  readonly comparisons: number;
  /** The number of failed comparisons. */
  readonly failures: number;
  /**
   * The smallest counterexample that was found. Networks are ordered by the number of layers, then by widths, then by
   * the number of points.
   */
  readonly counterexample: Counterexample | undefined;
  /** The outcome on networks with different widths. */
  readonly unequalWidths: Outcome;
  /**
   * The outcome on networks with all widths equal. On such networks a wrong index may go unnoticed; some wrong indices
   * show only there.
   */
  readonly equalWidths: Outcome;
  /**
   * The comparison with central differences. Undefined if there was none, for example because the quantity isn't a
   * derivative of the loss.
   */
  readonly differences: DifferencesReport | undefined;
}

/** The result of `verify` for all formulas. */
export interface VerifyReport {
  /** Whether every formula passed. */
  readonly passed: boolean;
  readonly formulas: readonly FormulaReport[];
  /** The number of networks tried. */
  readonly networks: number;
}

/** The options, with defaults for all missing ones. */
type Settings = Required<Omit<VerifyOptions, 'bound'>> & Pick<VerifyOptions, 'bound'>;

const elementwiseTransitions: readonly Transition[] = ['identity', 'relu', 'tanh', 'sigmoid', 'softplus', 'sin'];

function settingsOf(options: VerifyOptions, subject: Subject | Network): Settings {
  const { transitions = elementwiseTransitions, lastTransitions = transitions } = options;
  const differences = typeof subject === 'function' ? 4 : 32;
  const numbers = { networks: 40, depth: 4, width: 5, batch: 5, seed: 0, differences, sizes: {}, ...options };
  const least = { networks: 1, depth: 1, width: 2, batch: 1, differences: 0 };
  for (const [name, low] of Object.entries(least)) {
    const value = numbers[name as keyof typeof least];
    if (Number.isInteger(value) && value >= low) continue;
    throw new ArgumentError(`verify: ${name} is ${value}, expected an integer >= ${low}`);
  }
  if (transitions.length === 0 || lastTransitions.length === 0) {
    throw new ArgumentError('verify: expected transitions to draw from, got none');
  }
  for (const [name, [from, to]] of Object.entries(options.sizes ?? {})) {
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 1 && to >= from) continue;
    throw new ArgumentError(`verify: sizes.${name} is [${from}, ${to}], expected two integers >= 1, in order`);
  }
  return { ...numbers, transitions, lastTransitions };
}

/** The plan of a random network, and the seed for its parameters and data. */
interface SeededPlan {
  readonly plan: NetworkPlan;
  readonly seed: number;
}

function plansOf(settings: Settings): SeededPlan[] {
  const random = new Random(settings.seed);
  return Array.from({ length: settings.networks }, (_, i) => ({
    plan: drawPlan(settings, i % 2 === 1, random),
    seed: random.integers([], 0, 2 ** 31 - 1).item(),
  }));
}

const sampleNetwork = (
  subject: Subject,
  { plan, seed }: SeededPlan,
  least: Readonly<Record<string, number>>,
): NetworkSample => ({
  plan,
  reading: readNetwork(checkSynchronous('verify', subject(plan, new Random(seed)), 'a subject')),
  *smaller() {
    for (const less of smallerPlans(plan, least)) yield sampleNetwork(subject, { plan: less, seed }, least);
  },
});

/** Reads a network that the caller passed. The widths are taken from its tape. */
function sampleOf(network: Network): NetworkSample {
  const reading = readNetwork(network);
  const { links } = reading.quantities;
  const n = reading.n ?? 1;
  const X = network.X ?? links[0]?.input;
  const widths = [X, ...links.map(({ preActivation }) => preActivation)].flatMap((x) => (x ? [x.size / n] : []));
  return {
    plan: { widths, batch: n, transitions: links.map(({ transition }) => transition) },
    reading,
    smaller: () => [],
  };
}

/** The verdicts from mildest to worst. */
const severity: readonly Verdict[] = [
  'equal',
  'rounding',
  'tolerance',
  'factor',
  'transposed',
  'permuted',
  'different',
  'shapes',
];
const passes = ({ verdict }: Check): boolean =>
  verdict === 'equal' || verdict === 'rounding' || verdict === 'tolerance';

const gravest = (checks: readonly Check[]): Verdict =>
  checks.reduce<Verdict>(
    (worst, { verdict }) => (severity.indexOf(verdict) > severity.indexOf(worst) ? verdict : worst),
    'equal',
  );

function outcomeOf(checks: readonly Check[], equalWidths: boolean): Outcome {
  const own = checks.filter(({ sample }) => hasEqualWidths(sample.plan) === equalWidths);
  if (own.length === 0) return 'untried';
  const failed = own.filter((check) => !passes(check));
  if (failed.length === 0) return 'holds';
  return failed.some(({ verdict }) => verdict === 'shapes') ? 'shapes' : 'numbers';
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function describe({ widths, batch, transitions, sizes = {} }: TriedPlan): string {
  const layers = `${count(transitions.length, 'layer')} (${transitions.join(', ')}) of widths ${widths.join(', ')}`;
  const lengths = Object.entries(sizes).map(([name, size]) => `, ${name} ${size}`);
  return `${transitions.length === 0 ? '' : `${layers} on `}${count(batch, 'point')}${lengths.join('')}`;
}

/** A report without its message. */
type Findings = Omit<FormulaReport, 'message'>;

/** The message for each verdict, as a clause that follows the formula's name. */
const sentences: { readonly [V in FormulaReport['verdict']]: (findings: Findings) => string } = {
  untried: ({ reason }) => `applies to none of the networks${reason === undefined ? '' : `: ${reason}`}`,
  failed: ({ reason }) => `failed: ${reason}`,
  equal: () => 'is equal exactly',
  rounding: ({ ulps }) => `is equal to rounding, off by at most ${formatNumber(ulps)} units in the last place`,
  tolerance: () => 'is equal to a tolerance',
  factor: ({ factor }) => {
    if (factor === undefined) return 'is off by a factor, but not always the same';
    return `is off by the factor ${typeof factor === 'number' ? formatNumber(factor) : factor}`;
  },
  transposed: () => 'is transposed',
  permuted: () => 'has its axes in another order',
  different: ({ reason }) => reason ?? 'has the right shape, but other numbers',
  shapes: ({ unequalWidths, equalWidths }) =>
    unequalWidths === 'shapes' && equalWidths === 'numbers'
      ? 'has the wrong shape if widths differ, and wrong numbers if all are equal'
      : 'has the wrong shape',
};

function messageOf(findings: Findings): string {
  const { name, verdict, comparisons, failures, counterexample: example, differences } = findings;
  const says = `${name} ${sentences[verdict](findings)}`;
  if (comparisons === 0) return says;
  if (example !== undefined) {
    const at = example.layer === undefined ? '' : ` at layer ${example.layer}`;
    const which = `${failures} of ${count(comparisons, 'comparison')}`;
    return `${says}, in ${which}; the smallest counterexample has ${describe(example)}${at}: ${example.message}`;
  }
  const holds = `${says}, in ${count(comparisons, 'comparison')}`;
  if (differences?.passed !== false) return holds;
  const error = formatNumber(differences.tape);
  return `${holds}; but central differences say otherwise: the tape is off by ${error} of the largest element`;
}

const counterexampleOf = ({ sample, layer, message, expected, actual, comparison }: Check): Counterexample => {
  return { ...sample.plan, layer, message, expected, actual, comparison };
};

/** Returns the report on a formula that threw an error, so that the other formulas are still checked. */
function reportOnFailure({ name, target }: Claim, error: FormulaError): FormulaReport {
  return {
    ...{ name, equals: target.label, passed: false, verdict: 'failed', message: error.message },
    ...{ factor: undefined, reason: String(error.cause), ulps: 0, comparisons: 0, failures: 0 },
    ...{ counterexample: undefined, unequalWidths: 'untried', equalWidths: 'untried', differences: undefined },
  };
}

/** Summarizes the checks of a formula on all networks in a report. */
function reportOn(
  claim: Claim,
  samples: readonly NetworkSample[],
  differences: FormulaDifferences,
  bound: number | undefined,
): FormulaReport {
  const { name, target } = claim;
  const tried = samples.map((sample) => checksOf(claim, sample, bound));
  const checks = tried.flatMap((found) => found.checks);
  const failed = checks.filter((check) => !passes(check));
  const verdict = checks.length === 0 ? 'untried' : gravest(checks);
  const [first] = failed
    .filter((check) => check.verdict === verdict)
    .sort((a, b) => sizeOf(a.sample) - sizeOf(b.sample));
  const smallest = first && shrink(claim, first, bound);
  const judged = differences.judge(smallest === undefined ? checks : [...checks, smallest]);
  const obstacle = tried.find((found) => found.obstacle !== undefined)?.obstacle;
  const reason = verdict === 'different' ? commonReason(failed, /_?l$/.test(target.label)) : undefined;
  const findings: Findings = {
    name,
    equals: target.label,
    passed: checks.length > 0 && failed.length === 0 && judged?.passed !== false,
    verdict,
    factor: verdict === 'factor' ? commonFactor(failed) : undefined,
    reason: verdict === 'untried' ? obstacle : reason,
    ulps: Math.max(0, ...checks.map(({ comparison }) => (comparison?.verdict === 'rounding' ? comparison.ulps : 0))),
    comparisons: checks.length,
    failures: failed.length,
    counterexample: smallest && counterexampleOf(smallest),
    unequalWidths: outcomeOf(checks, false),
    equalWidths: outcomeOf(checks, true),
    differences: judged,
  };
  return { ...findings, message: messageOf(findings) };
}

/**
 * Verifies hand-derived formulas. A formula computes with plain tensor operations on the quantities of a network. The
 * quantity that it should equal is its name, or is given in `equals`: `dW1`, `delta_L`, or `delta_l` for every layer. A
 * formula doesn't apply where it uses a quantity that the network lacks, such as `delta[l + 1]` at the last layer.
 *
 * The networks are random instances of a subject, such as `mlp()`, with various depths, widths, batch sizes and
 * transitions. In half of them, all widths are equal. `compare` checks each formula against the tape. If a formula
 * fails, smaller networks are tried to find a small counterexample. The tape's derivatives are themselves compared with
 * central differences. In place of a subject, you can pass a network of your own, given by its loss with its tape. If
 * the network isn't float64, it is replayed in float64.
 *
 * If the subject returns other tensors or numbers by name, formulas receive them, too. A formula can equal such a
 * tensor, its gradient or a second derivative (`Formula.equals`). A formula that throws is reported as `failed`.
 *
 * @throws ArgumentError if there are no formulas, or if it is unclear which quantity a formula equals.
 * @example
 * const report = verify(mlp(), {
 *   dW1: ({ Z, delta }) => Z[0].transpose().matmul(delta[1]), // B6
 *   delta_l: ({ delta, W, slope }, l) => delta[l + 1]!.matmul(W[l + 1]!.transpose()).mul(slope(l)), // B7
 *   dZ_L: ({ Z, Y, L }) => Z[L]!.sub(Y).mul(2), // B1, without 1/n
 * });
 * report.formulas.map((formula) => formula.passed); // [true, true, false]
 * report.formulas[2]?.factor; // 'n'
 */
export function verify<N extends Network>(
  subject: ((plan: NetworkPlan, random: Random) => N) | N,
  formulas: Formulas<N>,
  options: VerifyOptions = {},
): VerifyReport {
  const settings = settingsOf(options, subject);
  const least = Object.fromEntries(Object.entries(settings.sizes).map(([name, [from]]) => [name, from]));
  const samples =
    typeof subject === 'function'
      ? plansOf(settings).map((seeded) => sampleNetwork(subject, seeded, least))
      : [sampleOf(subject)];
  // Safe, since the subject returned the values that the type of each formula requires.
  const claims = claimsOf(formulas as unknown as Formulas, samples[0]!.reading);
  const differences = new FormulaDifferences(settings.differences);
  const reports = claims.map((claim) => {
    try {
      return reportOn(claim, samples, differences, settings.bound);
    } catch (error) {
      if (error instanceof FormulaError) return reportOnFailure(claim, error);
      throw error;
    }
  });
  return { passed: reports.every(({ passed }) => passed), formulas: reports, networks: samples.length };
}
