/** Compares the parameters of a small problem over 1,000 steps with stored PyTorch values (data/make_trajectories.py). */

import { readFileSync } from 'node:fs';
import { Gradients, type Parameter, parameter, type Tensor, tensor } from '@tapegrad/core';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  clipGradNorm,
  clipGradValue,
  Lion,
  NAdam,
  type Optimizer,
  type OptimizerOptions,
  type ParametersOrGroups,
  RAdam,
  RMSprop,
  SGD,
  WeightAverage,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

type Values = Readonly<Record<'w1' | 'b1' | 'w2', readonly number[]>>;

type Matrix = readonly (readonly number[])[];

const optimizers = { Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, NAdam, RAdam, RMSprop, SGD };

interface Variant {
  readonly optimizer: keyof typeof optimizers;
  readonly title: string;
  readonly options: OptimizerOptions;
  /** The options of a separate group for w2. */
  readonly own: Partial<OptimizerOptions>;
  /** The learning rates are halved before this step. */
  readonly halvedAt: number | null;
  /** The elements of w1, b1 and w2. */
  readonly samples: readonly (readonly number[])[];
}

interface Clipped {
  readonly limit: number;
  readonly norm: number | null;
  readonly gradients: Values;
}

const stored = JSON.parse(readFileSync(new URL('../data/trajectories.json', import.meta.url), 'utf8')) as {
  readonly x: Matrix;
  readonly y: Matrix;
  readonly start: { readonly w1: Matrix; readonly b1: readonly number[]; readonly w2: Matrix };
  readonly sampled: readonly number[];
  readonly variants: readonly Variant[];
  readonly averages: { readonly mean: readonly number[]; readonly moving: readonly number[] };
  readonly clipped: {
    readonly gradients: Values;
    readonly norm: readonly Clipped[];
    readonly value: readonly Clipped[];
  };
};

const double = (values: Matrix | readonly number[]): Tensor => tensor(values, { dtype: 'float64' });

const x = double(stored.x);
const y = double(stored.y);

function start(): Record<keyof Values, Parameter> {
  const { w1, b1, w2 } = stored.start;
  return { w1: parameter(double(w1)), b1: parameter(double(b1)), w2: parameter(double(w2)) };
}

function loss(step: number, { w1, b1, w2 }: Record<keyof Values, Parameter>): Tensor {
  const target = y.add(((7 * step) % 11) / 5 - 1);
  const error = x.matmul(w1).add(b1).tanh().matmul(w2).sub(target);
  return error.mul(error).mean().add(w1.mul(w1).sum().mul(0.01));
}

/** Returns the largest difference between two lists of numbers. */
const distance = (a: ArrayLike<number>, b: readonly number[]): number =>
  a.length === b.length ? Math.max(...b.map((value, i) => Math.abs(value - a[i]!))) : Infinity;

const names = ['w1', 'b1', 'w2'] as const;

describe('optimizers follow PyTorch', () => {
  test.each(stored.variants)('$optimizer: $title', ({ optimizer: name, options, own, halvedAt, samples }) => {
    const parameters = start();
    const { w1, b1, w2 } = parameters;
    const Kind: new (trained: ParametersOrGroups<OptimizerOptions>, options: OptimizerOptions) => Optimizer =
      optimizers[name];
    const optimizer = new Kind([{ parameters: [w1, b1] }, { parameters: [w2], ...own }], options);
    for (let step = 1; step <= stored.sampled.at(-1)!; step++) {
      if (step === halvedAt) for (const group of optimizer.groups) group.learningRate /= 2;
      const value = loss(step, parameters);
      optimizer.step((options.maximize ? value.neg() : value).backward());
      const sample = samples[stored.sampled.indexOf(step)];
      if (sample === undefined) continue;
      expect(distance([...w1.data, ...b1.data, ...w2.data], sample), `at step ${step}`).toBeLessThan(1e-10);
    }
  });
});

test('averages of weights follow PyTorch', () => {
  const parameters = start();
  const { w1, b1, w2 } = parameters;
  const optimizer = new SGD([w1, b1, w2], { learningRate: 0.1 });
  const mean = new WeightAverage([w1, b1, w2]);
  const moving = new WeightAverage([w1, b1, w2], { decay: 0.9 });
  for (let step = 1; step <= 300; step++) {
    optimizer.step(loss(step, parameters).backward());
    if (step % 7 > 0) continue;
    mean.update();
    moving.update();
  }
  const elements = (): number[] => [w1, b1, w2].flatMap(({ data }) => [...data]);
  expect(distance(mean.use(elements), stored.averages.mean)).toBeLessThan(1e-12);
  expect(distance(moving.use(elements), stored.averages.moving)).toBeLessThan(1e-12);
});

describe('clipping follows PyTorch', () => {
  const parameters = start();
  const gradients = new Gradients(
    new Map(
      names.map((name) => {
        const { shape } = parameters[name];
        return [parameters[name], tensor(Float64Array.from(stored.clipped.gradients[name]), { shape })] as const;
      }),
    ),
  );
  const expectGradients = (actual: Gradients, expected: Values): void => {
    for (const name of names) {
      expect(distance(actual.of(parameters[name]).data, expected[name]), name).toBeLessThan(1e-14);
    }
  };

  test.each(stored.clipped.norm)('of the norm to $limit', ({ limit, norm, gradients: expected }) => {
    const clipped = clipGradNorm(gradients, limit);
    expect(clipped.norm).toBeCloseTo(norm!, 14);
    expectGradients(clipped.gradients, expected);
  });

  test.each(stored.clipped.value)('of the values to $limit', ({ limit, gradients: expected }) => {
    expectGradients(clipGradValue(gradients, limit), expected);
  });
});
