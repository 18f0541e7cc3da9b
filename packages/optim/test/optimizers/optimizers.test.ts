/** The common behaviour of all optimizers; trajectories.test.ts tests their values. */

import {
  ArgumentError,
  type FloatDType,
  type Gradients,
  type Parameter,
  parameter,
  Random,
  tensor,
} from '@tapegrad/core';
import {
  Adadelta,
  Adagrad,
  type AdagradOptions,
  Adam,
  Adamax,
  type AdamOptions,
  AdamW,
  Lion,
  NAdam,
  type Optimizer,
  RAdam,
  RMSprop,
  type RMSpropOptions,
  SGD,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

const rate = { learningRate: 0.02 };

/** Each optimizer with its largest possible state. */
const makers: Readonly<Record<string, (parameters: readonly Parameter[]) => Optimizer>> = {
  SGD: (parameters) => new SGD(parameters, { ...rate, momentum: 0.9 }),
  Adam: (parameters) => new Adam(parameters, { ...rate, amsgrad: true }),
  AdamW: (parameters) => new AdamW(parameters, rate),
  NAdam: (parameters) => new NAdam(parameters, rate),
  RAdam: (parameters) => new RAdam(parameters, rate),
  Adamax: (parameters) => new Adamax(parameters, rate),
  RMSprop: (parameters) => new RMSprop(parameters, { ...rate, momentum: 0.5, centered: true }),
  Adagrad: (parameters) => new Adagrad(parameters, { ...rate, learningRateDecay: 0.1, initialAccumulatorValue: 0.1 }),
  Adadelta: (parameters) => new Adadelta(parameters, rate),
  Lion: (parameters) => new Lion(parameters, rate),
};

const kinds = Object.keys(makers);

const start = (dtype: FloatDType): Parameter =>
  parameter(new Random(3).normal([3, 2], { mean: 1, dtype }), { name: 'w' });

const gradientsOf = (w: Parameter): Gradients => w.tanh().mul(w).sum().backward();

describe.each(kinds)('%s', (kind) => {
  const make = makers[kind]!;

  test.each(['float32', 'float64'] as const)('minimizes with the steps along the gradients: %s', (dtype) => {
    for (const shape of [
      [3, 2],
      [60, 50],
    ]) {
      const begin = (): Parameter => parameter(new Random(3).normal(shape, { dtype }), { name: 'w' });
      const [stepped, minimized, scoped] = [begin(), begin(), begin()];
      const [one, other, third] = [make([stepped]), make([minimized]), make([scoped])];
      const loss = (w: Parameter) => w.tanh().mul(w).sum();
      for (let step = 0; step < 6; step++) {
        one.step(loss(stepped).backward().scale(0.5));
        const given = other.minimize(loss(minimized), (gradients) => gradients.scale(0.5));
        const evaluated = third.minimize(
          () => loss(scoped),
          (gradients) => gradients.scale(0.5),
        );
        expect(evaluated.item()).toBe(given.item());
      }
      for (const same of [minimized, scoped]) expect(same.data).toEqual(stepped.data);
      for (const same of [other, third]) expect(same.state()).toEqual(one.state());
    }
  });

  test.each(['float32', 'float64'] as const)('stopped and resumed, takes the same steps: %s', (dtype) => {
    const straight = start(dtype);
    const optimizer = make([straight]);
    const saved = { elements: straight.detach(), state: optimizer.state() };
    for (let step = 0; step < 12; step++) {
      if (step === 7) Object.assign(saved, { elements: straight.detach(), state: structuredClone(optimizer.state()) });
      optimizer.step(gradientsOf(straight));
    }
    const resumed = parameter(saved.elements, { name: 'w' });
    const after = make([resumed]);
    after.load(saved.state);
    for (let step = 7; step < 12; step++) after.step(gradientsOf(resumed));
    expect(resumed.data).toEqual(straight.data);
    expect(after.state()).toEqual(optimizer.state());
  });

  test('makes the loss smaller', () => {
    const w = start('float32');
    const optimizer = make([w]);
    const loss = (): number => w.mul(w).sum().item();
    const before = loss();
    for (let step = 0; step < 50; step++) optimizer.step(w.mul(w).sum().backward());
    expect(loss()).toBeLessThan(before);
  });

  test('leaves nothing but numbers where gradients are 0 or constant', () => {
    const w = parameter(tensor([0.1, 0.7]));
    const optimizer = make([w]);
    const slopes = tensor([0, 1 / 3]);
    for (let step = 0; step < 50; step++) optimizer.step(w.mul(slopes).sum().backward());
    expect([...w.data].every(Number.isFinite)).toBe(true);
  });

  test('takes an empty parameter', () => {
    const w = parameter(tensor(new Float32Array(0), { shape: [0, 3] }));
    make([w]).step(w.mul(w).sum().backward());
    expect(w.size).toBe(0);
  });
});

test.each<[kind: string, what: string, make: (parameters: Parameter[]) => unknown, message: string]>([
  ['Adam', 'beta1', (w) => new Adam(w, { ...rate, beta1: 1 }), 'Adam: beta1 is 1, expected a number >= 0 and < 1'],
  ['AdamW', 'beta2', (w) => new AdamW(w, { ...rate, beta2: Number.NaN }), 'AdamW: beta2 is NaN'],
  ['NAdam', 'eps', (w) => new NAdam(w, { ...rate, eps: -1 }), 'NAdam: eps is -1, expected a finite number >= 0'],
  ['NAdam', 'momentumDecay', (w) => new NAdam(w, { ...rate, momentumDecay: -1 }), 'NAdam: momentumDecay is -1'],
  ['RAdam', 'weightDecay', (w) => new RAdam(w, { ...rate, weightDecay: -1 }), 'RAdam: weightDecay is -1'],
  [
    'Adamax',
    'decay',
    (w) => new Adamax(w, { ...rate, decay: 'l1' as never }),
    "Adamax: unknown decay 'l1', expected 'l2' or",
  ],
  ['RMSprop', 'alpha', (w) => new RMSprop(w, { ...rate, alpha: -0.1 }), 'RMSprop: alpha is -0.1'],
  ['RMSprop', 'momentum', (w) => new RMSprop(w, { ...rate, momentum: Infinity }), 'RMSprop: momentum is Infinity'],
  [
    'Adagrad',
    'learningRateDecay',
    (w) => new Adagrad(w, { ...rate, learningRateDecay: -1 }),
    'learningRateDecay is -1',
  ],
  [
    'Adagrad',
    'initialAccumulatorValue',
    (w) => new Adagrad(w, { ...rate, initialAccumulatorValue: -1 }),
    'initialAccumulatorValue is -1',
  ],
  ['Adadelta', 'rho', (w) => new Adadelta(w, { ...rate, rho: 1 }), 'Adadelta: rho is 1'],
  ['Lion', 'beta2', (w) => new Lion(w, { ...rate, beta2: 2 }), 'Lion: beta2 is 2'],
])('%s refuses a wrong %s', (_, _what, make, message) => {
  const run = () => make([start('float32')]);
  expect(run).toThrow(ArgumentError);
  expect(run).toThrow(message);
});

describe('what is remembered follows from the options', () => {
  const arraysOf = (optimizer: Optimizer): string[] => Object.keys(optimizer.state().parameters[0]!.arrays);
  const adam = (options: Partial<AdamOptions>) => new Adam([start('float32')], { ...rate, ...options });
  const rmsprop = (options: Partial<RMSpropOptions>) => new RMSprop([start('float32')], { ...rate, ...options });
  const adagrad = (options: Partial<AdagradOptions>): Adagrad =>
    new Adagrad([start('float32')], { ...rate, ...options });

  test.each<[string, Optimizer, readonly string[]]>([
    ['Adam', adam({}), ['mean', 'square']],
    ['Adam with amsgrad', adam({ amsgrad: true }), ['mean', 'square', 'maxSquare']],
    ['RMSprop', rmsprop({}), ['square']],
    ['RMSprop, centered', rmsprop({ centered: true }), ['square', 'mean']],
    ['RMSprop with momentum', rmsprop({ momentum: 0.9 }), ['square', 'velocity']],
  ])('%s', (_, optimizer, names) => {
    expect(arraysOf(optimizer)).toEqual(names);
  });

  test('an accumulator starts at its value', () => {
    const { parameters } = adagrad({ initialAccumulatorValue: 0.5 }).state();
    expect(new Set(parameters[0]!.arrays.sum)).toEqual(new Set([0.5]));
  });

  test('a state without what the options ask for is refused', () => {
    const { groups, parameters } = adam({}).state();
    const wrong = { groups: groups.map((options) => ({ ...options, amsgrad: true })), parameters };
    expect(() => adam({}).load(wrong)).toThrow("Adam.load: 'w' needs [mean, square, maxSquare], got [mean, square]");
  });

  test('the one number of NAdam is checked like an array', () => {
    const optimizer = new NAdam([start('float32')], rate);
    const { groups, parameters } = optimizer.state();
    const [first] = parameters;
    const wrong = { groups, parameters: [{ ...first!, arrays: { ...first!.arrays, muProduct: new Float64Array(2) } }] };
    expect(() => optimizer.load(wrong)).toThrow("muProduct of 'w' has 1 elements, got 2");
  });
});
