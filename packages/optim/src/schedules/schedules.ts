/**
 * Schedules: functions that compute the learning rate of a step, counted from 0. The training loop sets the rate before
 * each step:
 *
 *     optimizer.learningRate = schedule(step);
 *
 * So a schedule has no state, and a training run that resumes at a step gets the rate of that step.
 */

import { checkSynchronous, describeValue } from '@tapegrad/core/extend';
import { ArgumentError } from '@tapegrad/core/lean';
import { checkFlag, checkNames, checkNotNegative, checkWord } from '../options.ts';

/**
 * A function from a step, counted from 0, to its learning rate. A step need not be an integer: it may be a fraction of
 * an epoch.
 */
export type Schedule = (step: number) => number;

/** The shape of the curve from one rate to another: half a cosine wave, or a straight line. */
export type Annealing = 'cosine' | 'linear';

function checkSteps(call: string, option: string, steps: number): void {
  if (!(typeof steps === 'number' && steps > 0 && steps < Infinity)) {
    throw new ArgumentError(`${call}: ${option} is ${describeValue(steps)}, expected a finite number above 0`);
  }
}

function checkFactor(call: string, factor: number): void {
  if (!(typeof factor === 'number' && factor > 0 && factor <= 1)) {
    throw new ArgumentError(`${call}: the factor is ${describeValue(factor)}, expected a number above 0 and at most 1`);
  }
}

/** Returns a copy of a list of steps, after checking it. */
function milestones(call: string, at: readonly number[]): readonly number[] {
  if (!Array.isArray(at)) throw new ArgumentError(`${call}: at is ${describeValue(at)}, expected a list of steps`);
  for (const [i, step] of at.entries()) checkNotNegative(call, `at[${i}]`, step);
  return [...at];
}

/** Returns the rate that a schedule gives at a step. Throws unless it is a number. */
function rateAt(call: string, schedule: Schedule, step: number): number {
  if (typeof schedule !== 'function') {
    throw new ArgumentError(`${call}: expected a schedule, a function of the step, got ${describeValue(schedule)}`);
  }
  const rate = checkSynchronous(call, schedule(step), 'a schedule');
  if (typeof rate === 'number') return rate;
  throw new ArgumentError(`${call}: expected a schedule that gives a rate, got ${describeValue(rate)} at step ${step}`);
}

/**
 * The relative tolerance for comparing a step with a milestone. A step may be a sum of rounded fractions: 0.1 added six
 * times is slightly less than 0.6.
 */
const slack = 1e-10;

/** Returns whether a step has reached a milestone. */
const hasReached = (step: number, milestone: number): boolean => step >= milestone * (1 - slack);

/** Counts the milestones that a step has reached. */
const countReached = (step: number, at: readonly number[]): number =>
  at.filter((milestone) => hasReached(step, milestone)).length;

/** Counts the complete periods before a step. */
function periodsBefore(step: number, period: number): number {
  const quotient = step / period;
  const nearest = Math.round(quotient);
  return Math.abs(quotient - nearest) <= slack * nearest ? nearest : Math.floor(quotient);
}

/** Interpolates between two rates along a curve. `share` goes from 0, at `from`, to 1, at `to`. */
const annealed = (kind: Annealing, from: number, to: number, share: number): number =>
  kind === 'linear' ? from + (to - from) * share : to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;

/** Returns a schedule with the same rate at every step. */
export function constant(rate: number): Schedule {
  checkNotNegative('constant', 'the rate', rate);
  return () => rate;
}

/**
 * Multiplies the rate by `factor`, which defaults to 0.1, once every `every` steps. As in all schedules here, a step
 * with a rounding error, such as 0.1 * 3, counts as the exact fraction.
 *
 * @example
 * const schedule = stepDecay(0.1, { every: 30, factor: 0.5 });
 * [0, 29, 30, 60].map(schedule); // [0.1, 0.1, 0.05, 0.025]
 */
export function stepDecay(rate: number, options: { readonly every: number; readonly factor?: number }): Schedule {
  checkNames('stepDecay', options, ['every'], ['factor']);
  const { every, factor = 0.1 } = options;
  checkNotNegative('stepDecay', 'the rate', rate);
  checkSteps('stepDecay', 'every', every);
  checkFactor('stepDecay', factor);
  return (step) => rate * factor ** periodsBefore(step, every);
}

/**
 * Multiplies the rate by `factor`, which defaults to 0.1, at each step listed in `at`.
 *
 * @example
 * const schedule = multiStepDecay(0.1, { at: [30, 80], factor: 0.5 });
 * [29, 30, 80].map(schedule); // [0.1, 0.05, 0.025]
 */
export function multiStepDecay(
  rate: number,
  options: { readonly at: readonly number[]; readonly factor?: number },
): Schedule {
  checkNames('multiStepDecay', options, ['at'], ['factor']);
  const { factor = 0.1 } = options;
  checkNotNegative('multiStepDecay', 'the rate', rate);
  checkFactor('multiStepDecay', factor);
  const at = milestones('multiStepDecay', options.at);
  return (step) => rate * factor ** countReached(step, at);
}

/** Multiplies the rate by `factor` at every step: rate · factor^step. */
export function exponentialDecay(rate: number, options: { readonly factor: number }): Schedule {
  checkNames('exponentialDecay', options, ['factor']);
  const { factor } = options;
  checkNotNegative('exponentialDecay', 'the rate', rate);
  checkFactor('exponentialDecay', factor);
  return (step) => rate * factor ** step;
}

/**
 * Anneals the rate to `end`, which defaults to 0, over `steps` steps: end + (rate - end) (1 - step / steps)^power.
 * After that, the rate stays at `end`. The power defaults to 1, which gives a straight line.
 *
 * @example
 * const schedule = polynomial(0.1, { steps: 10, power: 2 });
 * [0, 5, 10, 20].map(schedule); // [0.1, 0.025, 0, 0]
 */
export function polynomial(
  rate: number,
  options: { readonly steps: number; readonly power?: number; readonly end?: number },
): Schedule {
  checkNames('polynomial', options, ['steps'], ['power', 'end']);
  const { steps, power = 1, end = 0 } = options;
  checkNotNegative('polynomial', 'the rate', rate);
  checkNotNegative('polynomial', 'the end', end);
  checkNotNegative('polynomial', 'the power', power);
  checkSteps('polynomial', 'steps', steps);
  return (step) => (hasReached(step, steps) ? end : end + (rate - end) * (1 - step / steps) ** power);
}

/**
 * Anneals the rate to `end`, which defaults to 0, along half a cosine wave over `steps` steps. After that, the rate
 * stays at `end` (Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts").
 *
 * @example
 * const schedule = cosine(0.1, { steps: 100 });
 * [0, 50, 100, 200].map(schedule); // [0.1, 0.05, 0, 0]
 */
export function cosine(rate: number, options: { readonly steps: number; readonly end?: number }): Schedule {
  checkNames('cosine', options, ['steps'], ['end']);
  const { steps, end = 0 } = options;
  checkNotNegative('cosine', 'the rate', rate);
  checkNotNegative('cosine', 'the end', end);
  checkSteps('cosine', 'steps', steps);
  return (step) => annealed('cosine', rate, end, Math.min(1, step / steps));
}

/**
 * Anneals the rate to `end`, which defaults to 0, along half a cosine wave, which restarts after `period` steps. Each
 * later period is `growth` times as long as the period before it; `growth` defaults to 1 (Loshchilov and Hutter 2017).
 *
 * @example
 * const schedule = cosineRestarts(0.1, { period: 10, growth: 2 });
 * [0, 5, 10, 20, 30].map(schedule); // [0.1, 0.05, 0.1, 0.05, 0.1]
 */
export function cosineRestarts(
  rate: number,
  options: { readonly period: number; readonly growth?: number; readonly end?: number },
): Schedule {
  checkNames('cosineRestarts', options, ['period'], ['growth', 'end']);
  const { period, growth = 1, end = 0 } = options;
  checkNotNegative('cosineRestarts', 'the rate', rate);
  checkNotNegative('cosineRestarts', 'the end', end);
  checkSteps('cosineRestarts', 'the period', period);
  if (!(typeof growth === 'number' && growth >= 1 && growth < Infinity)) {
    throw new ArgumentError(`cosineRestarts: the growth is ${describeValue(growth)}, expected a finite number >= 1`);
  }
  return (step) => {
    let [done, length] = [growth === 1 ? step % period : step, period];
    // `done` has the rounding error of the whole step, so the tolerance grows with the step. In long runs, it is capped
    // relative to the period.
    const isOver = (): boolean => done >= length - Math.min(slack * step, 1e-6 * length);
    for (; isOver(); length *= growth) done = Math.max(0, done - length);
    return annealed('cosine', rate, end, done / length);
  };
}

/** The options of `oneCycle`. */
export interface OneCycleOptions {
  /** The number of steps of the whole cycle. After that, the rate stays constant. */
  readonly steps: number;
  /** The fraction of the steps in which the rate rises. Defaults to 0.3. */
  readonly pctStart?: number;
  /** The highest rate divided by the first. Defaults to 25. */
  readonly divFactor?: number;
  /** The first rate divided by the last. Defaults to 10,000. */
  readonly finalDivFactor?: number;
  /** The shape of the curve within each phase. Defaults to `cosine`. */
  readonly annealing?: Annealing;
  /**
   * Whether to add a middle phase: the rate first returns to its initial value as slowly as it rose, and only then
   * falls to the last. Defaults to false.
   */
  readonly threePhase?: boolean;
}

/**
 * Raises the rate from `rate` / divFactor to `rate`, and then lowers it far below its initial value. The formulas are
 * PyTorch's (Smith and Topin 2018, "Super-convergence: very fast training of neural networks using large learning
 * rates").
 *
 * @example
 * const schedule = oneCycle(1, { steps: 101, pctStart: 0.5, annealing: 'linear' });
 * [schedule(0), schedule(49.5), schedule(1000) < 1e-4]; // [0.04, 1, true]
 */
export function oneCycle(rate: number, options: OneCycleOptions): Schedule {
  const names = ['pctStart', 'divFactor', 'finalDivFactor', 'annealing', 'threePhase'];
  checkNames('oneCycle', options, ['steps'], names);
  const { steps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options;
  const { annealing = 'cosine', threePhase = false } = options;
  checkFlag('oneCycle', 'threePhase', threePhase);
  checkNotNegative('oneCycle', 'the rate', rate);
  checkSteps('oneCycle', 'steps', steps);
  checkSteps('oneCycle', 'divFactor', divFactor);
  checkSteps('oneCycle', 'finalDivFactor', finalDivFactor);
  checkWord('oneCycle', 'annealing', annealing, ['cosine', 'linear']);
  const most = threePhase ? 0.5 : 1;
  if (!(typeof pctStart === 'number' && pctStart >= 0 && pctStart <= most)) {
    throw new ArgumentError(`oneCycle: pctStart is ${describeValue(pctStart)}, expected a number from 0 to ${most}`);
  }
  const first = rate / divFactor;
  const last = first / finalDivFactor;
  const top = pctStart * steps - 1;
  // For each phase, the step at which it ends and its final rate.
  const phases = [
    { end: top, to: rate },
    ...(threePhase ? [{ end: 2 * top, to: first }] : []),
    { end: steps - 1, to: last },
  ];
  return (step) => {
    let [begin, from] = [0, first];
    for (const { end, to } of phases) {
      if (step <= end) return annealed(annealing, from, to, end > begin ? (step - begin) / (end - begin) : 1);
      [begin, from] = [end, to];
    }
    return last;
  };
}

/**
 * Prepends a warm-up of `steps` steps to a schedule. In these steps, the rate rises linearly from `startFactor` times
 * the schedule's first rate to that rate. After that, the schedule runs from its beginning. `startFactor` defaults to
 * 1/3.
 *
 * @example
 * const schedule = warmUp(cosine(0.1, { steps: 100 }), { steps: 10, startFactor: 0.5 });
 * [0, 5, 10, 60].map(schedule); // [0.05, 0.075, 0.1, 0.05]
 */
export function warmUp(
  schedule: Schedule,
  options: { readonly steps: number; readonly startFactor?: number },
): Schedule {
  checkNames('warmUp', options, ['steps'], ['startFactor']);
  const { steps, startFactor = 1 / 3 } = options;
  checkSteps('warmUp', 'steps', steps);
  checkNotNegative('warmUp', 'startFactor', startFactor);
  const rate = rateAt('warmUp', schedule, 0);
  return (step) =>
    step < steps
      ? annealed('linear', startFactor * rate, rate, step / steps)
      : rateAt('warmUp', schedule, step - steps);
}

/**
 * Follows several schedules one after another, each from its beginning. Switches to the next schedule at each step
 * listed in `at`, which must ascend.
 *
 * @example
 * const schedule = sequence([constant(0.1), exponentialDecay(0.1, { factor: 0.5 })], { at: [100] });
 * [99, 100, 102].map(schedule); // [0.1, 0.1, 0.025]
 */
export function sequence(schedules: readonly Schedule[], options: { readonly at: readonly number[] }): Schedule {
  checkNames('sequence', options, ['at']);
  const at = milestones('sequence', options.at);
  if (!Array.isArray(schedules)) {
    throw new ArgumentError(`sequence: expected a list of schedules, got ${describeValue(schedules)}`);
  }
  if (schedules.length !== at.length + 1) {
    throw new ArgumentError(
      `sequence: ${schedules.length} schedules need ${schedules.length - 1} steps, got ${at.length}`,
    );
  }
  if (at.some((step, i) => !(step > (at[i - 1] ?? 0)))) {
    throw new ArgumentError(`sequence: expected ascending steps above 0, got [${at.join(', ')}]`);
  }
  return (step) => {
    const place = countReached(step, at);
    return rateAt('sequence', schedules[place]!, Math.max(0, step - (at[place - 1] ?? 0)));
  };
}
