/**
 * Every option of every optimizer, changed after some steps: it takes effect as in an optimizer created with it that
 * continues from there, or the assignment throws. In both cases the state can be loaded.
 */

import { ArgumentError, type Data, type Gradients, type Parameter, parameter, Random } from '@tapegrad/core';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  Lion,
  NAdam,
  Optimizer,
  type OptimizerOptions,
  type ParametersOrGroups,
  RAdam,
  RMSprop,
  SGD,
  type Update,
  zerosLike,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

interface CountingOptions extends OptimizerOptions {
  readonly isCounting?: boolean;
}

/** A custom optimizer, with or without a state. */
class Counting extends Optimizer<CountingOptions, { readonly count?: Data }> {
  constructor(trained: ParametersOrGroups<CountingOptions>, options: CountingOptions) {
    super(trained, options, { isCounting: false });
  }

  protected override checkOptions(): void {}

  protected override initState(elements: Data, { isCounting }: Required<CountingOptions>) {
    return isCounting ? { count: zerosLike(elements) } : {};
  }

  protected override update({ elements, gradient, state, options }: Update<CountingOptions, { count?: Data }>): void {
    for (let i = 0; i < elements.length; i++) {
      if (state.count !== undefined) state.count[i]!++;
      elements[i]! -= (options.learningRate * gradient[i]!) / (state.count?.[i] ?? 1);
    }
  }
}

type Options = OptimizerOptions & Readonly<Record<string, unknown>>;
type Kind = new (trained: readonly Parameter[], options: Options) => Optimizer<Options>;

const decayed = { learningRate: 0.02, weightDecay: 0.2 };

/** Each optimizer, with the options before one is changed. */
const made: readonly (readonly [name: string, kind: Kind, options: Options])[] = [
  ['SGD', SGD, decayed],
  ['SGD with momentum', SGD, { ...decayed, momentum: 0.9 }],
  ['SGD with dampening', SGD, { ...decayed, momentum: 0.9, dampening: 0.5 }],
  ['SGD, dampened as soon as there is momentum', SGD, { ...decayed, dampening: 0.5 }],
  ['Adam', Adam, decayed],
  ['Adam with amsgrad', Adam, { ...decayed, amsgrad: true }],
  ['AdamW', AdamW, decayed],
  ['NAdam', NAdam, decayed],
  ['RAdam', RAdam, decayed],
  ['Adamax', Adamax, decayed],
  ['RMSprop', RMSprop, decayed],
  ['RMSprop with all that it can remember', RMSprop, { ...decayed, momentum: 0.5, centered: true }],
  ['Adagrad', Adagrad, decayed],
  ['Adadelta', Adadelta, { learningRate: 1, weightDecay: 0.2 }],
  ['Lion', Lion, decayed],
  ['one of a program’s own', Counting, { learningRate: 0.02 }],
] as unknown as readonly (readonly [string, Kind, Options])[];

/** Other values for options of every kind. */
const others: Readonly<Record<string, readonly unknown[]>> = {
  learningRate: [0, 0.05],
  maximize: [true],
  allowUnused: [true],
  weightDecay: [0, 0.5],
  decay: ['l2', 'decoupled'],
  momentum: [0, 0.4, 0.9],
  dampening: [0, 0.3],
  nesterov: [true],
  beta1: [0, 0.5],
  beta2: [0.5],
  eps: [0.1],
  amsgrad: [true, false],
  momentumDecay: [0.5],
  alpha: [0.5],
  centered: [true, false],
  learningRateDecay: [0.5],
  initialAccumulatorValue: [0.7],
  rho: [0.5],
  isCounting: [true],
};

/**
 * Options without effect here: every parameter has a gradient, dampening has no effect without momentum, and the two
 * kinds of decay are equal.
 */
const hasNoEffect = (name: string, { momentum, dampening }: Options): boolean =>
  name === 'allowUnused' || (momentum === 0 && dampening !== undefined && ['dampening', 'decay'].includes(name));

const start = (): Parameter => parameter(new Random(3).normal([4, 3], { dtype: 'float64' }), { name: 'w' });

const gradientsOf = (w: Parameter, step: number): Gradients =>
  w
    .mul(1 + (step % 3))
    .tanh()
    .mul(w)
    .sum()
    .backward();

function descend(optimizer: Optimizer<Options>, w: Parameter, from: number, to: number): void {
  for (let step = from; step < to; step++) optimizer.step(gradientsOf(w, step));
}

describe.each(made)('%s', (_, Kind, options) => {
  const names = Object.keys(new Kind([start()], options).state().groups[0]!);

  test('has other values for all of its options here', () => {
    expect(names.filter((name) => others[name] === undefined)).toEqual([]);
  });

  const changes = names.flatMap((name) => (others[name] ?? []).map((value) => [name, value] as const));

  test.each(changes)('%s becomes %s', (name, value) => {
    const w = start();
    const optimizer = new Kind([w], options);
    descend(optimizer, w, 0, 4);
    const group = optimizer.groups[0]!;
    const before = optimizer.state();
    try {
      (group.options as Record<string, unknown>)[name] = value;
    } catch (error) {
      expect(error).toBeInstanceOf(ArgumentError);
      expect((error as Error).message).toContain(name);
      expect(optimizer.state()).toEqual(before);
      descend(optimizer, w, 4, 5);
      return;
    }
    expect(group.options[name]).toBe(value);
    const state = optimizer.state();
    expect(state.groups[0]![name]).toBe(value);

    // The result equals that of an optimizer created with this option that continues from there.
    const elements = w.detach();
    const resumedFrom = parameter(elements, { name: 'w' });
    const resumed = new Kind([resumedFrom], { ...options, [name]: value });
    resumed.load(structuredClone(state));
    descend(resumed, resumedFrom, 4, 9);
    descend(optimizer, w, 4, 9);
    expect(w.data).toEqual(resumedFrom.data);
    expect(optimizer.state()).toEqual(resumed.state());

    // It differs from that of an optimizer without the change.
    const unchangedFrom = parameter(elements, { name: 'w' });
    const unchanged = new Kind([unchangedFrom], options);
    unchanged.load(before);
    descend(unchanged, unchangedFrom, 4, 9);
    const isSame = before.groups[0]![name] === value || hasNoEffect(name, before.groups[0]!);
    const reached = (own: Optimizer<Options>, { data }: Parameter): string =>
      JSON.stringify([[...data], own.state().parameters]);
    expect(reached(optimizer, w) === reached(unchanged, unchangedFrom)).toBe(isSame);
  });

  test.each(changes)('%s becomes %s before the first step, as in the constructor', (name, value) => {
    const [w, expected] = [start(), start()];
    const optimizer = new Kind([w], options);
    let direct: Optimizer<Options>;
    try {
      direct = new Kind([expected], { ...optimizer.state().groups[0]!, [name]: value });
    } catch (error) {
      expect(() => {
        optimizer.groups[0]!.options = { ...optimizer.groups[0]!.options, [name]: value };
      }).toThrow((error as Error).message);
      return;
    }
    optimizer.groups[0]!.options = { ...optimizer.groups[0]!.options, [name]: value };
    descend(optimizer, w, 0, 4);
    descend(direct, expected, 0, 4);
    expect(w.data).toEqual(expected.data);
    expect(optimizer.state()).toEqual(direct.state());
  });
});

describe('a momentum that begins after some steps', () => {
  test.each([{ dampening: 0 }, { dampening: 0.5 }])('begins as at the first: %o', ({ dampening }) => {
    const w = start();
    const optimizer = new SGD([w], { learningRate: 0.1, dampening });
    descend(optimizer as never, w, 0, 3);
    const fresh = parameter(w.detach());
    optimizer.groups[0]!.options.momentum = 0.9;
    descend(optimizer as never, w, 3, 8);
    descend(new SGD([fresh], { learningRate: 0.1, momentum: 0.9, dampening }) as never, fresh, 3, 8);
    expect(w.data).toEqual(fresh.data);
  });

  test('is forgotten where it ends', () => {
    const w = start();
    const optimizer = new SGD([w], { learningRate: 0.1, momentum: 0.9 });
    descend(optimizer as never, w, 0, 3);
    optimizer.groups[0]!.options.momentum = 0;
    expect(optimizer.state().parameters[0]!.arrays).toEqual({});
  });
});

describe('what is assigned to a group is checked', () => {
  const optimizer = new SGD([start()], { learningRate: 0.1, momentum: 0.9 });
  const options = optimizer.groups[0]!.options as Record<string, unknown>;

  test.each<[string, unknown, string]>([
    ['momentum', -1, 'SGD: momentum is -1, expected a finite number >= 0'],
    ['momentum', '0.5', "SGD: momentum is '0.5', expected a finite number >= 0"],
    ['nesterov', 1, 'SGD: nesterov is 1, expected true or false'],
    ['momentun', 0.5, "SGD: unknown option 'momentun', expected { learningRate"],
    ['learningRate', Number.NaN, 'SGD: learningRate is NaN'],
  ])('%s = %s', (name, value, message) => {
    const before = optimizer.state();
    expect(() => {
      options[name] = value;
    }).toThrow(ArgumentError);
    expect(() => {
      options[name] = value;
    }).toThrow(message);
    expect(optimizer.state()).toEqual(before);
  });

  test('a rate that Adagrad began with is refused after a step, by its name', () => {
    const w = start();
    const adagrad = new Adagrad([w], { learningRate: 0.1 });
    adagrad.groups[0]!.options.initialAccumulatorValue = 0.5;
    expect(new Set(adagrad.state().parameters[0]!.arrays.sum)).toEqual(new Set([0.5]));
    descend(adagrad as never, w, 0, 1);
    expect(() => {
      adagrad.groups[0]!.options.initialAccumulatorValue = 0.7;
    }).toThrow('Adagrad: initialAccumulatorValue sets the initial state');
  });
});
