/** Hand-derived formulas on trial: held against the tape, and the tape against central differences. */

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
  type Trial,
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
  /** How many random networks to try, half of them with all widths the same; 40 unless given. */
  readonly networks?: number;
  /** The most layers of a random network; 4 unless given. */
  readonly depth?: number;
  /** Its largest width; 5 unless given. */
  readonly width?: number;
  /** Its most points; 5 unless given. */
  readonly batch?: number;
  /** The transitions to draw from; all that are elementwise unless given. */
  readonly transitions?: readonly Transition[];
  /** Those of the last layer; the same unless given. */
  readonly lastTransitions?: readonly Transition[];
  /** Of all that is random; 0 unless given. */
  readonly seed?: number;
  /** The largest error taken for rounding, in units in the last place; see `compare`. */
  readonly bound?: number;
  /**
   * How many elements of each derivative to hold against central differences; unless given, 4, and 32 of a network of one's
   * own.
   */
  readonly differences?: number;
  /** Lengths to draw for the subject, from and to, which it finds in `plan.sizes`: `{ time: [1, 6], heads: [1, 3] }`. */
  readonly sizes?: Readonly<Record<string, readonly [from: number, to: number]>>;
}

/** A network on which a formula fails. */
export interface Counterexample extends TriedPlan {
  /** The layer at which it fails; undefined where the formula is about none. */
  readonly layer: number | undefined;
  /** What is wrong, as a sentence. */
  readonly message: string;
  readonly expected: Tensor;
  /** Undefined where the formula could not be computed, for its shapes do not fit. */
  readonly actual: Tensor | undefined;
  readonly comparison: Comparison | undefined;
}

/** How a formula fares on the networks of one kind: wrong by shape, if on only one of them, or by its numbers alone. */
export type Outcome = 'holds' | 'shapes' | 'numbers' | 'untried';

/** What `verify` found of one formula. */
export interface FormulaReport {
  readonly name: string;
  /** The quantity that it was held against; `a function` where one gave it. */
  readonly equals: string;
  /** Whether it holds wherever it applies, and central differences say the same of what it was held against. */
  readonly passed: boolean;
  /** The gravest verdict on all networks; `untried` where the formula applies to none, `failed` where it threw. */
  readonly verdict: Verdict | 'untried' | 'failed';
  /** The verdict as a sentence. */
  readonly message: string;
  /** Where the verdict is a factor: the name that fits on all networks, or the number. */
  readonly factor: FactorName | number | undefined;
  /** Why its numbers differ, where one reason was found on all networks: `lacks the factor slope(1)`. */
  readonly reason: string | undefined;
  /** The largest error where it holds, in units in the last place. */
  readonly ulps: number;
  /** How many comparisons there were, one for each network and layer to which the formula applies. */
  readonly comparisons: number;
  /** How many of them failed. */
  readonly failures: number;
  /** The smallest found: of fewest layers, then of smallest widths and fewest points. */
  readonly counterexample: Counterexample | undefined;
  /** On networks of more than one width. */
  readonly unequalWidths: Outcome;
  /** On networks with all widths the same: a wrong index can hide there, or show only there. */
  readonly equalWidths: Outcome;
  /** Undefined where what it equals is no derivative of the loss. */
  readonly differences: DifferencesReport | undefined;
}

/** What `verify` found of all formulas. */
export interface VerifyReport {
  /** Whether every formula passed. */
  readonly passed: boolean;
  readonly formulas: readonly FormulaReport[];
  /** How many networks were tried. */
  readonly networks: number;
}

/** How to try formulas, with nothing left open. */
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
    throw new ArgumentError(`verify: ${name} is ${value}, expected a whole number >= ${low}`);
  }
  if (transitions.length === 0 || lastTransitions.length === 0) {
    throw new ArgumentError('verify: expected transitions to draw from, got none');
  }
  for (const [name, [from, to]] of Object.entries(options.sizes ?? {})) {
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 1 && to >= from) continue;
    throw new ArgumentError(`verify: sizes.${name} is [${from}, ${to}], expected two whole numbers >= 1, in order`);
  }
  return { ...numbers, transitions, lastTransitions };
}

/** A random network, by the seed that its parameters and data are drawn from. */
interface Draw {
  readonly plan: NetworkPlan;
  readonly seed: number;
}

function drawsOf(settings: Settings): Draw[] {
  const random = new Random(settings.seed);
  return Array.from({ length: settings.networks }, (_, i) => ({
    plan: drawPlan(settings, i % 2 === 1, random),
    seed: random.integers([], 0, 2 ** 31 - 1).item(),
  }));
}

const tryDraw = (subject: Subject, { plan, seed }: Draw, least: Readonly<Record<string, number>>): Trial => ({
  plan,
  readout: readNetwork(checkSynchronous('verify', subject(plan, new Random(seed)), 'a subject')),
  *smaller() {
    for (const less of smallerPlans(plan, least)) yield tryDraw(subject, { plan: less, seed }, least);
  },
});

/** A network that was given, with the widths that its tape tells. */
function tryNetwork(network: Network): Trial {
  const readout = readNetwork(network);
  const { links } = readout.quantities;
  const n = readout.n ?? 1;
  const X = network.X ?? links[0]?.input;
  const widths = [X, ...links.map(({ preActivation }) => preActivation)].flatMap((x) => (x ? [x.size / n] : []));
  return {
    plan: { widths, batch: n, transitions: links.map(({ transition }) => transition) },
    readout,
    smaller: () => [],
  };
}

/** From the lightest to the gravest. */
const gravity: readonly Verdict[] = [
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
    (worst, { verdict }) => (gravity.indexOf(verdict) > gravity.indexOf(worst) ? verdict : worst),
    'equal',
  );

function outcomeOf(checks: readonly Check[], equalWidths: boolean): Outcome {
  const own = checks.filter(({ trial }) => hasEqualWidths(trial.plan) === equalWidths);
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

/** A report without its sentence. */
type Findings = Omit<FormulaReport, 'message'>;

/** What is said of a formula by each verdict. */
const sentences: { readonly [V in FormulaReport['verdict']]: (findings: Findings) => string } = {
  untried: ({ reason }) => `applies to none of the networks${reason === undefined ? '' : `: ${reason}`}`,
  failed: ({ reason }) => `failed: ${reason}`,
  equal: () => 'is equal exactly',
  rounding: ({ ulps }) => `is equal to rounding, off by ${formatNumber(ulps)} units in the last place at most`,
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
      ? 'is wrong by shape where widths differ, and by numbers where all are equal'
      : 'is wrong by shape',
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

const counterexampleOf = ({ trial, layer, message, expected, actual, comparison }: Check): Counterexample => {
  return { ...trial.plan, layer, message, expected, actual, comparison };
};

/** The report on a formula that threw: the others are judged nevertheless. */
function reportOnFailure({ name, target }: Claim, error: FormulaError): FormulaReport {
  return {
    ...{ name, equals: target.label, passed: false, verdict: 'failed', message: error.message },
    ...{ factor: undefined, reason: String(error.cause), ulps: 0, comparisons: 0, failures: 0 },
    ...{ counterexample: undefined, unequalWidths: 'untried', equalWidths: 'untried', differences: undefined },
  };
}

/** What the networks say of a formula. */
function reportOn(
  claim: Claim,
  trials: readonly Trial[],
  differences: FormulaDifferences,
  bound: number | undefined,
): FormulaReport {
  const { name, target } = claim;
  const tried = trials.map((trial) => checksOf(claim, trial, bound));
  const checks = tried.flatMap((found) => found.checks);
  const failed = checks.filter((check) => !passes(check));
  const verdict = checks.length === 0 ? 'untried' : gravest(checks);
  const [first] = failed.filter((check) => check.verdict === verdict).sort((a, b) => sizeOf(a.trial) - sizeOf(b.trial));
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
 * Puts hand-derived formulas on trial. Each is written with plain tensor operations on the quantities of a network, and
 * named after the one that it equals (or says so in `equals`): `dW1`, `delta_L`, or `delta_l` for one that is meant for
 * every layer. Where a formula uses what a network does not have, as `delta[l + 1]` at the last layer, it does not apply.
 *
 * The networks are random ones of a subject, such as `mlp()`: of several depths, widths, batch sizes and transitions, half
 * of them with all widths the same. Each formula is held against what the tape says, by `compare`; where it fails, smaller
 * networks are tried for the smallest on which it still does. What the tape says is itself held against central
 * differences. A network of one's own can be given in place of a subject: its loss, with the tape behind it, in float64
 * or run again in it.
 *
 * A tensor or a number that the subject returns beside the loss goes to formulas by its name, and a formula can equal it, its
 * gradient or a second derivative (`Formula.equals`). A formula that throws is reported as `failed`.
 *
 * @throws ArgumentError where there are no formulas, or one does not say what it equals.
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
  const trials =
    typeof subject === 'function'
      ? drawsOf(settings).map((draw) => tryDraw(subject, draw, least))
      : [tryNetwork(subject)];
  // Each formula gets what its own type says: the subject returned it.
  const claims = claimsOf(formulas as unknown as Formulas, trials[0]!.readout);
  const differences = new FormulaDifferences(settings.differences);
  const reports = claims.map((claim) => {
    try {
      return reportOn(claim, trials, differences, settings.bound);
    } catch (error) {
      if (error instanceof FormulaError) return reportOnFailure(claim, error);
      throw error;
    }
  });
  return { passed: reports.every(({ passed }) => passed), formulas: reports, networks: trials.length };
}
