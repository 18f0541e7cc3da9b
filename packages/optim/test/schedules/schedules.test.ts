/** Compares schedules with the rates of PyTorch's schedulers over 1,000 steps (data/make_schedules.py). */

import { readFileSync } from 'node:fs';
import { ArgumentError } from '@tapegrad/core';
import {
  constant,
  cosine,
  cosineRestarts,
  EarlyStopping,
  exponentialDecay,
  multiStepDecay,
  oneCycle,
  polynomial,
  ReduceOnPlateau,
  type ReduceOnPlateauOptions,
  type Schedule,
  sequence,
  stepDecay,
  warmUp,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

interface Plateau {
  readonly options: ReduceOnPlateauOptions;
  readonly maximum: boolean;
  /** The indices of the metrics after which the rate changes, with the new rates. */
  readonly changes: readonly (readonly [step: number, rate: number])[];
}

const { rate, steps, schedules, plateaus } = JSON.parse(
  readFileSync(new URL('../data/schedules.json', import.meta.url), 'utf8'),
) as {
  readonly rate: number;
  readonly steps: readonly number[];
  readonly schedules: Readonly<Record<string, readonly number[]>>;
  readonly plateaus: readonly Plateau[];
};

const ours: Readonly<Record<string, Schedule>> = {
  stepDecay: stepDecay(rate, { every: 30, factor: 0.9 }),
  multiStepDecay: multiStepDecay(rate, { at: [30, 80, 500], factor: 0.5 }),
  exponentialDecay: exponentialDecay(rate, { factor: 0.99 }),
  linear: polynomial(rate, { steps: 700 }),
  'linear, to an end': polynomial(rate, { steps: 400, end: rate / 4 }),
  polynomial: polynomial(rate, { steps: 700, power: 2.5 }),
  cosine: cosine(rate, { steps: 1000 }),
  'cosine, to an end': cosine(rate, { steps: 1000, end: 0.01 }),
  cosineRestarts: cosineRestarts(rate, { period: 100 }),
  'cosineRestarts, growing': cosineRestarts(rate, { period: 50, growth: 2, end: 0.001 }),
  oneCycle: oneCycle(rate, { steps: 1001 }),
  'oneCycle, linear': oneCycle(rate, { steps: 1001, annealing: 'linear' }),
  'oneCycle, three phases': oneCycle(rate, { steps: 1001, threePhase: true }),
  'oneCycle, other factors': oneCycle(rate, { steps: 1001, pctStart: 0.1, divFactor: 5, finalDivFactor: 100 }),
  warmUp: warmUp(cosine(rate, { steps: 900 }), { steps: 100, startFactor: 0.1 }),
  'warmUp of a constant': warmUp(constant(rate), { steps: 50 }),
  sequence: sequence([constant(rate), exponentialDecay(rate, { factor: 0.99 })], { at: [300] }),
};

describe('schedules follow PyTorch', () => {
  test('all of them', () => {
    expect(Object.keys(ours)).toEqual(Object.keys(schedules));
  });

  test.each(Object.entries(schedules))('%s', (name, expected) => {
    steps.forEach((step, i) => {
      expect(Math.abs(ours[name]!(step) - expected[i]!), `at step ${step}`).toBeLessThan(1e-12);
    });
  });
});

/** Returns a fraction, as rounded in a quotient, a product, a sum and a difference. */
function fractions(numerator: number, denominator: number): number[] {
  let sum = 0;
  for (let i = 0; i < numerator; i++) sum += 1 / denominator;
  return [numerator / denominator, numerator * (1 / denominator), sum, 1e3 + numerator / denominator - 1e3];
}

describe('at fractions that are not binary a schedule has the rate that it has at whole steps', () => {
  /** A schedule whose numbers of steps are multiples of a unit. */
  const schedules: Readonly<Record<string, (unit: number) => Schedule>> = {
    constant: () => constant(1),
    stepDecay: (unit) => stepDecay(1, { every: 3 * unit, factor: 0.5 }),
    multiStepDecay: (unit) => multiStepDecay(1, { at: [3 * unit, 6 * unit, 7 * unit], factor: 0.5 }),
    exponentialDecay: (unit) => exponentialDecay(1, { factor: 0.5 ** (1 / unit) }),
    polynomial: (unit) => polynomial(1, { steps: 6 * unit, power: 2 }),
    'polynomial of power 0': (unit) => polynomial(1, { steps: 6 * unit, power: 0, end: 0.5 }),
    cosine: (unit) => cosine(1, { steps: 7 * unit }),
    cosineRestarts: (unit) => cosineRestarts(1, { period: 3 * unit }),
    'cosineRestarts, growing': (unit) => cosineRestarts(1, { period: 3 * unit, growth: 2 }),
    warmUp: (unit) => warmUp(stepDecay(1, { every: 2 * unit, factor: 0.5 }), { steps: 3 * unit }),
    sequence: (unit) =>
      sequence(
        [constant(1), stepDecay(0.5, { every: 2 * unit, factor: 0.5 }), cosineRestarts(2, { period: 2 * unit })],
        {
          at: [3 * unit, 6 * unit],
        },
      ),
  };

  test.each(Object.entries(schedules))('%s', (_, make) => {
    for (const denominator of [3, 7, 10, 49, 1000]) {
      const [whole, part] = [make(1), make(1 / denominator)];
      for (let step = 0; step < 60; step++) {
        for (const fraction of fractions(step, denominator)) {
          const message = `at ${fraction}, ${step} / ${denominator}`;
          expect(Math.abs(part(fraction) - whole(step)), message).toBeLessThan(1e-6);
        }
      }
    }
  });

  test('oneCycle, whose first step is part of the rise', () => {
    for (const step of [0.1, 0.3, 0.7, 2.9, 8.999999999999998, 9]) {
      const near = [step - 1e-15, step + 1e-15].map(oneCycle(1, { steps: 10 }));
      expect(Math.abs(near[0]! - near[1]!)).toBeLessThan(1e-12);
    }
  });

  test('three times 0.1 is 0.3', () => {
    expect(stepDecay(1, { every: 0.1, factor: 0.5 })(0.3)).toBe(0.125);
    expect(stepDecay(1, { every: 0.1, factor: 0.5 })(0.3 - 1e-8)).toBe(0.25);
  });
});

describe('a schedule after its end', () => {
  test.each<[string, Schedule, number]>([
    ['cosine', cosine(rate, { steps: 10, end: 0.01 }), 0.01],
    ['polynomial', polynomial(rate, { steps: 10, power: 3, end: 0.02 }), 0.02],
    ['oneCycle', oneCycle(rate, { steps: 10 }), rate / 25 / 1e4],
    ['oneCycle of one step', oneCycle(rate, { steps: 1 }), rate / 25 / 1e4],
    ['oneCycle that only falls', oneCycle(rate, { steps: 10, pctStart: 0 }), rate / 25 / 1e4],
  ])('%s stays there', (_, schedule, end) => {
    expect(schedule(1e6)).toBeCloseTo(end, 12);
  });
});

test.each<[string, () => unknown, string]>([
  ['a NaN rate', () => constant(Number.NaN), 'constant: the rate is NaN'],
  ['steps of 0', () => cosine(1, { steps: 0 }), 'cosine: steps is 0, expected a finite number above 0'],
  ['a factor of 0', () => exponentialDecay(1, { factor: 0 }), 'exponentialDecay: the factor is 0'],
  ['a factor above 1', () => stepDecay(1, { every: 5, factor: 2 }), 'stepDecay: the factor is 2'],
  ['a negative power', () => polynomial(1, { steps: 5, power: -1 }), 'polynomial: the power is -1'],
  ['a shrinking period', () => cosineRestarts(1, { period: 5, growth: 0.5 }), 'cosineRestarts: the growth is 0.5'],
  [
    'a share above 1',
    () => oneCycle(1, { steps: 5, pctStart: 2 }),
    'oneCycle: pctStart is 2, expected a number from 0 to 1',
  ],
  ['too long a rise', () => oneCycle(1, { steps: 5, pctStart: 0.6, threePhase: true }), 'from 0 to 0.5'],
  ['another wave', () => oneCycle(1, { steps: 5, annealing: 'sine' as never }), "oneCycle: unknown annealing 'sine'"],
  ['too few schedules', () => sequence([constant(1)], { at: [5] }), 'sequence: 1 schedules need 0 steps, got 1'],
  [
    'steps that fall',
    () => sequence([constant(1), constant(2), constant(3)], { at: [9, 5] }),
    'expected ascending steps above 0, got [9, 5]',
  ],
  ['an unknown mode', () => new EarlyStopping({ mode: 'low' as never }), "EarlyStopping: unknown mode 'low'"],
  ['no options', () => cosine(1, undefined as never), 'cosine: steps missing; expected options { steps }'],
  ['steps as a number', () => cosine(1, 10 as never), 'cosine: expected options { steps, end }, got 10'],
  ['a misspelt option of a schedule', () => stepDecay(1, { every: 5, gamma: 1 } as never), "unknown option 'gamma'"],
  ['a rate in words', () => constant('1' as never), "constant: the rate is '1', expected a finite number >= 0"],
  ['one milestone', () => multiStepDecay(1, { at: 30 as never }), 'multiStepDecay: at is 30, expected a list of steps'],
  ['a NaN milestone', () => multiStepDecay(1, { at: [Number.NaN] }), 'multiStepDecay: at[0] is NaN'],
  [
    'a rate to warm up to',
    () => warmUp(0.1 as never, { steps: 5 }),
    'warmUp: expected a schedule, a function of the step',
  ],
  ['no rate', () => warmUp((() => undefined) as never, { steps: 5 }), 'a schedule that gives a rate, got undefined'],
  [
    'no list',
    () => sequence(constant(1) as never, { at: [] }),
    'sequence: expected a list of schedules, got a function',
  ],
  ['half a patience', () => new EarlyStopping({ patience: 0.5 }), 'EarlyStopping: patience is 0.5'],
  ['a misspelt option', () => new EarlyStopping({ patients: 1 } as never), "EarlyStopping: unknown option 'patients'"],
  ['growth', () => new ReduceOnPlateau(1, { factor: 1 }), 'ReduceOnPlateau: factor is 1'],
  ['a misspelt factor', () => new ReduceOnPlateau(1, { gamma: 1 } as never), "ReduceOnPlateau: unknown option 'gamma'"],
  [
    'a tensor',
    () => new EarlyStopping().update({} as never),
    'EarlyStopping.update: expected a number to monitor, got an object',
  ],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(ArgumentError);
  expect(make).toThrow(message);
});

/** Returns the rate, initially 0.1, after some values. */
function rateAfter(values: readonly number[], options: ReduceOnPlateauOptions): number {
  const plateau = new ReduceOnPlateau(0.1, options);
  return values.map((value) => plateau.update(value)).at(-1)!;
}

describe('ReduceOnPlateau', () => {
  const falling = (step: number): number => 10 / (step + 10) + ((7 * step) % 11) / 200;

  test.each(plateaus)('follows PyTorch: $options', ({ options, maximum, changes }) => {
    const plateau = new ReduceOnPlateau(rate, options);
    const found: [number, number][] = [];
    for (let step = 0; step < 1000; step++) {
      const before = plateau.learningRate;
      const now = plateau.update(maximum ? 2 - falling(step) : falling(step));
      if (now !== before) found.push([step, now]);
    }
    expect(found).toEqual(changes);
  });

  test('goes on from a state that went through JSON', () => {
    const make = () => new ReduceOnPlateau(rate, { patience: 3, cooldown: 5, factor: 0.9 });
    const straight = make();
    let resumed = make();
    for (let step = 0; step < 200; step++) {
      const saved = JSON.parse(JSON.stringify(resumed.state()));
      resumed = make();
      resumed.load(saved);
      expect(resumed.update(falling(step))).toBe(straight.update(falling(step)));
    }
  });

  test('takes nothing from a state that does not fit', () => {
    const plateau = new ReduceOnPlateau(rate);
    const state = plateau.state();
    expect(() => plateau.load({ ...state, learningRate: Number.NaN })).toThrow(
      'ReduceOnPlateau.load: learningRate is NaN',
    );
    expect(() => plateau.load({ ...state, cooldown: -1 })).toThrow('cooldown is -1');
    expect(() => plateau.load({ ...state, sinceBest: 0.5, learningRate: 1 })).toThrow('sinceBest is 0.5');
    expect(() => plateau.load({ ...state, best: 'x' as never })).toThrow("best is 'x'");
    expect(plateau.state()).toEqual(state);
  });
});

describe.each(['min', 'max'] as const)('a value that is watched, mode %s', (mode) => {
  const sign = mode === 'min' ? 1 : -1;
  /** Returns a value that is better than `best` by this share of its magnitude. */
  const better = (best: number, share: number): number => best - sign * share * Math.abs(best);

  test.each([-1, 1, -1e-30, 1e30])('has to be better than %s by the threshold, not worse', (best) => {
    const update = (value: number): number =>
      rateAfter([best, value], { mode, threshold: 0.1, patience: 0, factor: 0.1 });
    expect(update(better(best, 0.05))).toBeCloseTo(0.01, 15);
    expect(update(best)).toBeCloseTo(0.01, 15);
    expect(update(better(best, -0.05))).toBeCloseTo(0.01, 15);
    expect(update(better(best, 0.2))).toBe(0.1);
  });

  test.each([-1, 1, 0])('stops when it is always %s', (value) => {
    const stopping = new EarlyStopping({ mode, patience: 3 });
    expect(Array.from({ length: 6 }, () => stopping.update(value))).toEqual([false, false, false, false, true, true]);
  });

  test('may change its sign', () => {
    const stopping = new EarlyStopping({ mode, patience: 0, threshold: 0.5 });
    const values = [1, 0, -1, -1.2, -2].map((value) => sign * value);
    expect(values.map((value) => stopping.update(value))).toEqual([false, false, false, true, false]);
    expect(stopping.best).toBe(sign * -2);
  });

  test('has an absolute threshold as it has had', () => {
    const stopping = new EarlyStopping({ mode, patience: 0, threshold: 0.5, thresholdMode: 'abs' });
    expect([-1, -1.4, -1.6].map((value) => stopping.update(sign * value))).toEqual([false, true, false]);
  });
});

describe('EarlyStopping', () => {
  test('counts what is no number as no improvement, and never takes it for the best', () => {
    const stopping = new EarlyStopping({ patience: 2 });
    expect([Number.NaN, 2, Number.NaN, Infinity].map((value) => stopping.update(value))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect([stopping.best, stopping.sinceBest]).toEqual([2, 2]);
    expect(stopping.update(1.9999)).toBe(true);
  });

  test('watches for larger values', () => {
    const stopping = new EarlyStopping({ mode: 'max', patience: 0, threshold: 0.1, thresholdMode: 'abs' });
    expect([0.5, 0.7, 0.75].map((value) => stopping.update(value))).toEqual([false, false, true]);
    expect(stopping.best).toBe(0.7);
  });

  test('goes on from a state', () => {
    const stopping = new EarlyStopping({ patience: 1 });
    for (const value of [3, 4]) stopping.update(value);
    const resumed = new EarlyStopping({ patience: 1 });
    resumed.load(JSON.parse(JSON.stringify(stopping.state())));
    expect([resumed.best, resumed.sinceBest]).toEqual([3, 1]);
    expect(resumed.update(3)).toBe(true);
    resumed.load(new EarlyStopping().state());
    expect(resumed.best).toBeNull();
  });
});
