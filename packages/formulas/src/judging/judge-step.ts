/** Judges one step of a formula in several scenarios, to find when it holds. */

import { topScope } from '../evaluating/scope.ts';
import type { Transition } from '../evaluating/setting.ts';
import { isNumber, type Layout } from '../evaluating/values.ts';
import type { Equation, Outline } from '../meaning/outline-types.ts';

import { containsDerivative, isNumeric, lossLetter } from '../meaning/sides.ts';
import { type Deadline, OutOfTime } from '../running/deadline.ts';
import { equalExactly } from '../running/exact.ts';
import type { Floats } from '../running/floats.ts';
import { ancestorsOf, TooLarge } from '../running/graph.ts';
import { bare, type DerivativeNode, type Expression, partsOf, walk } from '../syntax/ast.ts';
import { approximated, withoutRemainder } from './comparing/approximations.ts';
import { inequality, isInequality } from './comparing/inequalities.ts';
import { counterexampleOf, smallest } from './counterexamples.ts';
import type { Data } from './data.ts';
import { doubtOf, misreadingOf, withoutIndex, writtenDoubt } from './doubts.ts';
import { commonFactor, explain, factorText, type NamedSizes } from './explain.ts';
import { Scenario, type TrialSettings, usualTrial } from './scenario.ts';
import { holds, type Pair, type Prepared, prepare, sample, type Unfit } from './trial.ts';
import { type Judgement, judgement } from './verdict.ts';
import type { World } from './worlds.ts';

/** The data needed to judge a step. */
export interface Case {
  readonly outline: Outline;
  readonly world: World;
  readonly step: Equation;
  readonly statement: number;
  readonly data: Data;
  readonly deadline: Deadline;
  readonly layout: Layout;
  /** The transitions used for functions that the page doesn't define. */
  readonly transitions: ReadonlyMap<string, Transition>;
  /** Whether only the verdict is needed and no counterexample, because several interpretations are being tried. */
  readonly isDraft: boolean;
  /** The argument of a term O(ε²), which has been taken from the step. */
  readonly remainder?: Expression;
}

/** Creates and caches the scenarios of a world. */
export class Scenarios {
  readonly #made = new WeakMap<World, Map<string, Scenario>>();
  readonly outline: Outline;

  constructor(outline: Outline) {
    this.outline = outline;
  }

  of(world: World, trial: TrialSettings): Scenario {
    const made = this.#made.get(world) ?? new Map<string, Scenario>();
    this.#made.set(world, made);
    const name = `${trial.lengths} ${trial.depth} ${trial.points} ${JSON.stringify([...trial.transitions])}`;
    const known = made.get(name);
    if (known !== undefined && known.graph.size < 100_000) return known;
    const scenario = new Scenario(this.outline, world, trial);
    made.set(name, scenario);
    return scenario;
  }
}

/** Lengths in a different order than the usual ones, so that other axes are the longer ones. */
export const otherLengths: readonly number[] = [2, 3, 5, 4, 3, 2, 6, 4];

const shapeText = (shape: readonly number[]): string => shape.join(' x ');

/** Returns the sizes of a scenario that have a name: n = 3. */
export function namedSizes(scenario: Scenario): NamedSizes {
  const { members, world } = scenario;
  const { kinds } = world;
  const named: [name: string, size: number][] = [];
  for (const [axis, name] of kinds.axisNames) named.push([name, scenario.axisSize(axis)]);
  for (const [name, dim] of members.counts) {
    const size = scenario.sizeOf(dim);
    if (size !== undefined) named.push([name, size]);
  }
  // A factor is rarely the number of layers, so this name is tried last among names of the same size.
  const isOfLayers = ([name]: readonly [string, number]): boolean => {
    const axis = kinds.axisOfCount(name);
    return axis !== undefined && members.isLayered(axis);
  };
  const sizes = new Map([...named.filter((one) => !isOfLayers(one)), ...named.filter(isOfLayers)]);
  const [points] = scenario.genericAxes();
  const isNamed = points !== undefined && world.kinds.axisNames.has(points);
  if (points !== undefined && !isNamed) sizes.set('the number of points', scenario.axisSize(points));
  return sizes;
}

const functionFamilies = ({ world, outline, members }: Scenario): string[] => {
  const names: string[] = [];
  for (const { key, family, sample } of outline.letters.all.values()) {
    if (family !== 1 || !outline.reading.notation.functions.has(key) || outline.functions.some((fn) => fn.key === key))
      continue;
    if (sample.alphabet === 'upright' || members.program.isDefined(key)) continue;
    names.push(`${key}@${scenarioSize(world, members, key)}`);
  }
  return names;
};

const scenarioSize = (world: World, members: Scenario['members'], key: string): number =>
  members.axisSize(world.kinds.axisOf(key, 0));

/**
 * Returns the trial in which the last transition of each function family is a softmax, or undefined if there are no
 * families.
 */
export function softmaxTrial(scenario: Scenario): TrialSettings | undefined {
  const names = functionFamilies(scenario);
  if (names.length === 0) return undefined;
  return {
    ...scenario.trial,
    transitions: new Map([
      ...scenario.trial.transitions,
      ...names.map((name): [string, Transition] => [name, 'softmax']),
    ]),
  };
}

function unfitJudgement({ message, at, left, right }: Unfit): Judgement {
  const shapes = left.length > 0 ? `: ${shapeText(left)} and ${shapeText(right)}` : '';
  return judgement('wrong', 'dimensions', `${message}${shapes}`, { place: at?.span });
}

/** Returns whether a side has a term that is only known by its order of magnitude: O(h^2). */
function hasOrder(side: Expression): boolean {
  let found = false;
  walk(side, (e) => {
    const letters = e.kind === 'product' ? e.factors : e.kind === 'call' ? [e.fn] : [];
    found ||= letters.some(
      (letter) => letter.kind === 'letter' && /^[Oo]$/.test(letter.name) && letter.alphabet === 'calligraphic',
    );
  });
  return found;
}

/** Judges a step. Returns `undecided` if it takes too much time or memory. */
export function judgeStep(scenarios: Scenarios, of: Case): Judgement {
  const { step, remainder } = withoutRemainder(of.step);
  if ([step.left, step.right].some(hasOrder))
    return judgement('not understood', 'none', 'an order of magnitude is not judged', { place: of.step.right.span });
  try {
    const found = judged(scenarios, remainder === undefined ? of : { ...of, step, remainder });
    const doubt = found.verdict === 'wrong' ? misreadingOf(step, of.statement, of.outline, of.world) : undefined;
    if (doubt !== undefined) return judgement('not understood', 'none', doubt, { place: of.step.right.span });
    const isGuess = of.step.relation === 'approx' && found.verdict === 'wrong' && !/ agree /.test(found.reason);
    if (!isGuess) return found;
    return judgement('not understood', 'none', 'an approximation is not judged', { place: of.step.right.span });
  } catch (error) {
    if (error instanceof OutOfTime) return judgement('undecided', 'none', 'it takes too long to evaluate');
    if (error instanceof TooLarge) return judgement('undecided', 'none', 'it takes too much to evaluate');
    throw error;
  }
}

function judged(scenarios: Scenarios, of: Case): Judgement {
  const { world, step, statement, layout, transitions, deadline } = of;
  let undecided: Judgement | undefined;
  for (const lengths of ['unequal', otherLengths, 'equal'] as const) {
    const base = scenarios.of(world, { ...usualTrial, lengths, points: 1, transitions });
    deadline.check();
    const prepared = prepare(step, statement, base, layout, deadline);
    if (prepared.kind === 'no meaning' && isCondition(step) && /^the page does not say/.test(prepared.message))
      return judgement('conditional', 'given', `it is a condition: ${prepared.message}`, { place: step.right.span });
    if (prepared.kind === 'no meaning')
      return judgement('not understood', 'none', prepared.message, { place: prepared.span });
    if (prepared.kind === 'unfit' && base.isGuess(step))
      return judgement('not understood', 'none', `the shapes of its letters are not known: ${prepared.unfit.message}`, {
        place: prepared.unfit.at?.span,
      });
    if (prepared.kind === 'unfit') return atEqualLengths(scenarios, of, prepared.unfit);
    const first = outcome(of, base, prepared);
    deadline.check();
    if (first.verdict === 'holds') return conditions(scenarios, of, base, first);
    if (first.verdict !== 'undecided') return first;
    // Tries other lengths: for example, X X^T of a matrix with more rows than columns has no inverse.
    undecided ??= first;
  }
  return undecided!;
}

/** Returns whether a side is 0. The formula may then be a condition, such as the one for an extremum. */
function isZero(e: Expression): boolean {
  const inside = bare(e);
  return (inside.kind === 'number' && Number(inside.text) === 0) || (inside.kind === 'letter' && inside.name === '0');
}

/**
 * Returns whether a side is the derivative of a function or number with respect to an element. If it is 0 everywhere, the
 * page may mean another element, and state where the derivative is 0.
 */
function isOfElement({ left, right }: Equation): boolean {
  return [left, right].map(bare).some((side) => {
    if (side.kind !== 'derivative') return false;
    const letter = lossLetter(side.of);
    const isWhole = letter !== undefined && letter.sub.length + letter.sup.length === 0;
    const hasIndices = (by: Expression): boolean => {
      const inside = bare(by);
      if (inside.kind === 'power') return hasIndices(inside.base);
      return inside.kind === 'element' || (inside.kind === 'letter' && inside.sub.length + inside.sup.length > 0);
    };
    return isWhole && side.by.every(hasIndices);
  });
}

/** Returns whether all derivatives in a step are 0, so that both sides are equal whatever the step says of them. */
function isVacuous({ step, statement, data, layout }: Case, scenario: Scenario, pairs: readonly Pair[]): boolean {
  const sides = [step.left, step.right];
  if (sides.some(isZero)) return false;
  const found = sides.flatMap(derivativesIn);
  if (found.length === 0) return false;
  return pairs.every(({ indices, point }) => {
    const evaluator = scenario.at(point);
    evaluator.arithmetic.layout = layout;
    try {
      const nodes = found.map((e) => evaluator.matrix(e, { ...topScope, indices, until: statement }).node);
      const floats = sample(data, nodes, 1);
      return floats !== undefined && nodes.every((node) => floats.elements(node).every((x) => x === 0));
    } catch {
      return false;
    }
  });
}

/** Returns the derivatives in an expression, except those whose indices a sum binds. */
function derivativesIn(e: Expression): DerivativeNode[] {
  if (e.kind === 'derivative') return [e];
  return e.kind === 'big' ? [] : partsOf(e).flatMap(derivativesIn);
}

/** Judges a step in a scenario in which both sides have values. */
function outcome(of: Case, scenario: Scenario, prepared: Prepared & { kind: 'pairs' }): Judgement {
  const { outline, world, step, statement, data, deadline, layout } = of;
  const { pairs, isSummed } = prepared;
  if (isInequality(step.relation)) return ofInequality(of, pairs);
  const isProportional = step.relation === 'propto';
  const found = holds(pairs, data);
  if (found === undefined) return judgement('undecided', 'none', 'it has no finite value for any of the data tried');
  if (found === 'equal') {
    if ([step.left, step.right].some(isZero) && isOfElement(step))
      return judgement('conditional', 'given', 'it is a condition: as the page is understood, the derivative is 0', {
        place: step.right.span,
      });
    if (isVacuous(of, scenario, pairs))
      return judgement('not understood', 'none', 'as the page is understood, its derivatives are 0 everywhere', {
        place: step.right.span,
      });
    const leaves = ancestorsOf(pairs.flatMap(({ left, right }) => [left.node, right.node])).filter(
      ({ op }) => op === 'leaf',
    );
    const given = data.describe(leaves.map(({ attributes }) => String(attributes)));
    const remark = `${isSummed ? ', with the right side summed over the points' : ''}${given === '' ? '' : `, for ${given}`}`;
    const exact = data.isExact
      ? equalExactly(
          pairs.map(({ left, right }) => [left.node, right.node] as const),
          data.exact,
        )
      : undefined;
    if (exact)
      return judgement(
        'holds',
        'exact',
        `both sides are equal modulo ${exact.runs} primes: the chance that they differ is below 2^-${exact.bits}${remark}`,
      );
    return judgement(
      'holds',
      'numeric',
      `both sides are equal up to rounding in float64, for ${pairs.length * 2} random ${pairs.length === 1 ? 'inputs' : 'cases'}${remark}`,
    );
  }
  const near = approximated(step, of.remainder, pairs, scenario, data);
  if (near !== undefined) return ofApproximation(of, near);
  if (of.remainder !== undefined)
    return judgement('not understood', 'none', 'it is not known what is small here', { place: step.right.span });
  const { pair, floats, distance } = found;
  if ([step.left, step.right].some(isZero))
    return judgement(
      'conditional',
      'numeric',
      'it holds only if the other side is 0, which is a condition on its letters',
      {
        place: step.right.span,
      },
    );
  const doubt = doubtOf(of, pair, distance);
  if (doubt !== undefined) return judgement('not understood', 'none', doubt, { place: step.right.span });
  if (isProportional && commonFactor(distance.left, distance.right) !== undefined && pairs.length === 1) {
    return judgement(
      'holds',
      'numeric',
      `both sides are proportional: ${factorText(commonFactor(distance.left, distance.right)!, namedSizes(scenario))}`,
    );
  }
  const [left, right] = isNumber(pair.left) ? together(pairs, floats) : [distance.left, distance.right];
  const other = sample(data, [pair.left.node, pair.right.node], 7);
  const elsewhere = other && commonFactor(other.elements(pair.left.node), other.elements(pair.right.node));
  const reason = explain(left, right, pair.left.node.shape[0]!, namedSizes(scenario), elsewhere);
  if (of.isDraft) return judgement('wrong', 'numeric', reason, { place: step.right.span });
  const small = smallest(outline, world, step, statement, layout, scenario.trial, data, deadline);
  const counterexample = small ?? counterexampleOf(pair, floats, scenario.trial.transitions);
  return judgement('wrong', 'numeric', reason, { place: step.right.span, counterexample });
}

/** Returns whether a step compares a derivative with a number, so that it may be a condition on its letters. */
const isCondition = ({ left, right, relation }: Equation): boolean =>
  containsDerivative(left) && isNumeric(right) && (isZero(right) || isInequality(relation));

function ofInequality(of: Case, pairs: readonly Pair[]): Judgement {
  const { step, data } = of;
  const difference = holds(pairs, data);
  const doubt =
    difference === undefined || difference === 'equal' || isNumeric(step.right)
      ? undefined
      : doubtOf(of, difference.pair, difference.distance);
  const found = { ...inequality(step.relation, pairs, data, doubt), place: step.right.span };
  const isUnmet = found.verdict === 'wrong' && bare(step.left).kind === 'derivative' && isNumeric(step.right);
  if (!isUnmet) return found;
  return judgement('conditional', 'numeric', "it is a condition, which the page's own values don't meet", {
    place: step.right.span,
  });
}

function ofApproximation(of: Case, { isClose, order }: { isClose: boolean; order: number }): Judgement {
  const { step } = of;
  const to = order === 0 ? 'in the limit' : `to order ${order}`;
  if (isClose) return judgement('holds', 'numeric', `both sides agree ${to}, by the size of the error`);
  const doubt = writtenDoubt(of);
  if (doubt !== undefined) return judgement('not understood', 'none', doubt, { place: step.right.span });
  return judgement('wrong', 'numeric', `the two sides don't agree ${to}`, { place: step.right.span });
}

/** Collects the values of both sides over all index values, for formulas of single elements. */
function together(pairs: readonly Pair[], floats: Floats): [Float64Array, Float64Array] {
  const numbers = pairs.filter(({ left, right }) => isNumber(left) && isNumber(right));
  const all = (side: 'left' | 'right'): Float64Array =>
    Float64Array.from(numbers.map((pair) => floats.elements(pair[side].node)[0]!));
  return [all('left'), all('right')];
}

/**
 * Handles a shape mismatch by trying again with all lengths equal: the shapes may then match, and the values may be
 * equal.
 */
function atEqualLengths(scenarios: Scenarios, of: Case, unfit: Unfit): Judgement {
  const { world, step, statement, layout, data } = of;
  const doubt = writtenDoubt(of);
  if (doubt !== undefined) return judgement('not understood', 'none', doubt, { place: unfit.at?.span });
  const misfit = unfitJudgement(unfit);
  const scenario = scenarios.of(world, { ...usualTrial, lengths: 'equal', points: 1, transitions: of.transitions });
  const prepared = prepare(step, statement, scenario, layout, of.deadline);
  const found = prepared.kind === 'pairs' ? holds(prepared.pairs, data) : undefined;
  const unclear = found === undefined ? withoutIndex(step, of.outline) : undefined;
  if (unclear !== undefined)
    return judgement('not understood', 'none', `it is not clear which '${unclear}' is meant`, { place: misfit.place });
  if (prepared.kind !== 'pairs') return misfit;
  if (found === 'equal') {
    return judgement(
      'conditional',
      'dimensions',
      `it holds only if certain lengths are equal, which they need not be; ${misfit.reason}`,
      { place: misfit.place },
    );
  }
  if (found === undefined || of.isDraft) return misfit;
  const small = smallest(of.outline, world, step, statement, layout, scenario.trial, data, of.deadline);
  const counterexample = small ?? counterexampleOf(found.pair, found.floats, scenario.trial.transitions);
  return judgement('wrong', 'dimensions', `${misfit.reason}; even if all lengths are equal, the values differ`, {
    place: misfit.place,
    counterexample,
  });
}

interface Failure {
  readonly when: string;
  readonly reason: string;
  readonly judgement: Judgement;
}

/**
 * Tries a step that holds for one point and elementwise transitions in further cases: several points, a softmax, and
 * more layers or other lengths.
 */
function conditions(scenarios: Scenarios, of: Case, base: Scenario, first: Judgement): Judgement {
  const { world, step, statement, layout } = of;
  let best = first;
  const failed: Failure[] = [];
  const attempt = (trial: TrialSettings, when: string): void => {
    const scenario = scenarios.of(world, trial);
    const prepared = prepare(step, statement, scenario, layout, of.deadline);
    if (prepared.kind === 'no meaning') return;
    const result = prepared.kind === 'unfit' ? unfitJudgement(prepared.unfit) : outcome(of, scenario, prepared);
    if (result.verdict === 'holds') {
      if (result.reason.includes('summed'))
        best = { ...best, reason: `${best.reason}; for several points the right side is summed over them` };
    } else if (result.verdict === 'wrong') failed.push({ when, reason: result.reason, judgement: result });
  };
  if (base.genericAxes().length > 0) attempt({ ...base.trial, points: 3 }, 'for one point');
  const softmax = softmaxTrial(base);
  if (softmax !== undefined) attempt(softmax, 'if the last transition is elementwise');
  attempt(
    { ...base.trial, depth: 4, lengths: otherLengths },
    world.definitions.length > 0 ? 'for three layers' : 'for some lengths',
  );
  if (failed.length === 0) return best;
  const [only] = failed as [Failure];
  const others =
    {
      'for one point': 'for several points',
      'for three layers': 'for four layers',
      'for some lengths': 'for other lengths',
    }[only.when] ?? 'for a softmax';
  const reason =
    failed.length === 1
      ? `it holds ${only.when}; ${others}: ${only.reason}`
      : `it holds ${failed.map(({ when }) => when).join(' and ')}; otherwise: ${only.reason}`;
  return judgement('conditional', best.certainty, reason, {
    place: step.right.span,
    counterexample: only.judgement.counterexample,
  });
}
