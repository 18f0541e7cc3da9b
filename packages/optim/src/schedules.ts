/**
 * Learning rates as plain functions of the step, 0 for the first. Whoever counts the steps asks for the rate before each:
 *
 *     optimizer.learningRate = schedule(step);
 *
 * so a schedule has no state, and a run that is resumed at a step has its rate.
 */

import { ArgumentError } from '@tapegrad/core';
import { checkNotNegative, checkWord } from './options.ts';

/** The learning rate at a step, 0 for the first. A step may be a fraction of an epoch. */
export type Schedule = (step: number) => number;

/** How to get from one rate to another: along half a wave of the cosine or along a line. */
export type Annealing = 'cosine' | 'linear';

function checkSteps(call: string, option: string, steps: number): void {
  if (!(steps > 0 && steps < Infinity)) {
    throw new ArgumentError(`${call}: ${option} is ${steps}, expected a finite number above 0`);
  }
}

function checkFactor(call: string, factor: number): void {
  if (!(factor > 0 && factor <= 1)) {
    throw new ArgumentError(`${call}: the factor is ${factor}, expected a number above 0, 1 at most`);
  }
}

/** The way from one rate to another of which a share, from 0 to 1, is done. */
const annealed = (kind: Annealing, from: number, to: number, share: number): number =>
  kind === 'linear' ? from + (to - from) * share : to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;

/** The same rate at every step. */
export function constant(rate: number): Schedule {
  checkNotNegative('constant', 'the rate', rate);
  return () => rate;
}

/**
 * Multiplied by `factor`, 0.1 unless given, after every `every` steps.
 *
 * @example
 * const schedule = stepDecay(0.1, { every: 30, factor: 0.5 });
 * [0, 29, 30, 60].map(schedule); // [0.1, 0.1, 0.05, 0.025]
 */
export function stepDecay(
  rate: number,
  { every, factor = 0.1 }: { readonly every: number; readonly factor?: number },
): Schedule {
  checkNotNegative('stepDecay', 'the rate', rate);
  checkSteps('stepDecay', 'every', every);
  checkFactor('stepDecay', factor);
  return (step) => rate * factor ** Math.floor(step / every);
}

/**
 * Multiplied by `factor`, 0.1 unless given, at each of some steps.
 *
 * @example
 * const schedule = multiStepDecay(0.1, { at: [30, 80], factor: 0.5 });
 * [29, 30, 80].map(schedule); // [0.1, 0.05, 0.025]
 */
export function multiStepDecay(
  rate: number,
  { at, factor = 0.1 }: { readonly at: readonly number[]; readonly factor?: number },
): Schedule {
  checkNotNegative('multiStepDecay', 'the rate', rate);
  checkFactor('multiStepDecay', factor);
  return (step) => rate * factor ** at.filter((milestone) => milestone <= step).length;
}

/** Multiplied by `factor` at every step: rate · factor^step. */
export function exponentialDecay(rate: number, { factor }: { readonly factor: number }): Schedule {
  checkNotNegative('exponentialDecay', 'the rate', rate);
  checkFactor('exponentialDecay', factor);
  return (step) => rate * factor ** step;
}

/**
 * From the rate to `end`, 0 unless given, within some steps: end + (rate - end) (1 - step / steps)^power, and `end` after
 * them. The power is 1, a line, unless given.
 *
 * @example
 * const schedule = polynomial(0.1, { steps: 10, power: 2 });
 * [0, 5, 10, 20].map(schedule); // [0.1, 0.025, 0, 0]
 */
export function polynomial(
  rate: number,
  { steps, power = 1, end = 0 }: { readonly steps: number; readonly power?: number; readonly end?: number },
): Schedule {
  checkNotNegative('polynomial', 'the rate', rate);
  checkNotNegative('polynomial', 'the end', end);
  checkNotNegative('polynomial', 'the power', power);
  checkSteps('polynomial', 'steps', steps);
  return (step) => end + (rate - end) * Math.max(0, 1 - step / steps) ** power;
}

/**
 * From the rate to `end`, 0 unless given, along half a wave of the cosine within some steps, and `end` after them
 * (Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts").
 *
 * @example
 * const schedule = cosine(0.1, { steps: 100 });
 * [0, 50, 100, 200].map(schedule); // [0.1, 0.05, 0, 0]
 */
export function cosine(rate: number, { steps, end = 0 }: { readonly steps: number; readonly end?: number }): Schedule {
  checkNotNegative('cosine', 'the rate', rate);
  checkNotNegative('cosine', 'the end', end);
  checkSteps('cosine', 'steps', steps);
  return (step) => annealed('cosine', rate, end, Math.min(1, step / steps));
}

/**
 * A cosine that begins anew at the rate after `period` steps, and then after periods that are each `growth` times, 1 unless
 * given, the one before (Loshchilov and Hutter 2017).
 *
 * @example
 * const schedule = cosineRestarts(0.1, { period: 10, growth: 2 });
 * [0, 5, 10, 20, 30].map(schedule); // [0.1, 0.05, 0.1, 0.05, 0.1]
 */
export function cosineRestarts(
  rate: number,
  { period, growth = 1, end = 0 }: { readonly period: number; readonly growth?: number; readonly end?: number },
): Schedule {
  checkNotNegative('cosineRestarts', 'the rate', rate);
  checkNotNegative('cosineRestarts', 'the end', end);
  checkSteps('cosineRestarts', 'the period', period);
  if (!(growth >= 1 && growth < Infinity)) {
    throw new ArgumentError(`cosineRestarts: the growth is ${growth}, expected a finite number >= 1`);
  }
  return (step) => {
    let [done, length] = [step, period];
    if (growth === 1) done %= period;
    for (; done >= length; length *= growth) done -= length;
    return annealed('cosine', rate, end, done / length);
  };
}

export interface OneCycleOptions {
  /** Of the whole cycle; after them the rate stays where it is. */
  readonly steps: number;
  /** The share of the steps in which the rate rises; 0.3 unless given. */
  readonly pctStart?: number;
  /** How often the first rate goes into the highest; 25 unless given. */
  readonly divFactor?: number;
  /** How often the last rate goes into the first; 10,000 unless given. */
  readonly finalDivFactor?: number;
  /** Cosine unless given. */
  readonly annealing?: Annealing;
  /** Whether the rate falls to the first as it rose, and only then to the last; false unless given. */
  readonly threePhase?: boolean;
}

/**
 * Up from `rate` / divFactor to the rate, then down to far below where it began (Smith and Topin 2018, "Super-convergence: very
 * fast training of neural networks using large learning rates", as PyTorch computes it).
 *
 * @example
 * const schedule = oneCycle(1, { steps: 101, pctStart: 0.5, annealing: 'linear' });
 * [schedule(0), schedule(49.5), schedule(1000) < 1e-4]; // [0.04, 1, true]
 */
export function oneCycle(rate: number, options: OneCycleOptions): Schedule {
  const { steps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4, annealing = 'cosine', threePhase } = options;
  checkNotNegative('oneCycle', 'the rate', rate);
  checkSteps('oneCycle', 'steps', steps);
  checkSteps('oneCycle', 'divFactor', divFactor);
  checkSteps('oneCycle', 'finalDivFactor', finalDivFactor);
  checkWord('oneCycle', 'annealing', annealing, ['cosine', 'linear']);
  const most = threePhase === true ? 0.5 : 1;
  if (!(pctStart >= 0 && pctStart <= most)) {
    throw new ArgumentError(`oneCycle: pctStart is ${pctStart}, expected a number from 0 to ${most}`);
  }
  const first = rate / divFactor;
  const last = first / finalDivFactor;
  const top = pctStart * steps - 1;
  // Where each phase ends, and at which rate.
  const phases = [
    { end: top, to: rate },
    ...(threePhase === true ? [{ end: 2 * top, to: first }] : []),
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
 * Up along a line from `startFactor`, 1/3 unless given, times a schedule's first rate to that rate in some steps, then the
 * schedule from its beginning.
 *
 * @example
 * const schedule = warmUp(cosine(0.1, { steps: 100 }), { steps: 10, startFactor: 0.5 });
 * [0, 5, 10, 60].map(schedule); // [0.05, 0.075, 0.1, 0.05]
 */
export function warmUp(
  schedule: Schedule,
  { steps, startFactor = 1 / 3 }: { readonly steps: number; readonly startFactor?: number },
): Schedule {
  checkSteps('warmUp', 'steps', steps);
  checkNotNegative('warmUp', 'startFactor', startFactor);
  const rate = schedule(0);
  return (step) => (step < steps ? annealed('linear', startFactor * rate, rate, step / steps) : schedule(step - steps));
}

/**
 * Several schedules one after the other, each from its own beginning: the next at each of the steps `at`, which rise.
 *
 * @example
 * const schedule = sequence([constant(0.1), exponentialDecay(0.1, { factor: 0.5 })], { at: [100] });
 * [99, 100, 102].map(schedule); // [0.1, 0.1, 0.025]
 */
export function sequence(schedules: readonly Schedule[], { at }: { readonly at: readonly number[] }): Schedule {
  if (schedules.length !== at.length + 1) {
    throw new ArgumentError(
      `sequence: ${schedules.length} schedules need ${schedules.length - 1} steps, got ${at.length}`,
    );
  }
  if (at.some((step, i) => !(step > (at[i - 1] ?? 0)))) {
    throw new ArgumentError(`sequence: expected steps above 0 that rise, got [${at.join(', ')}]`);
  }
  return (step) => {
    const place = at.filter((milestone) => milestone <= step).length;
    return schedules[place]!(step - (at[place - 1] ?? 0));
  };
}
