/** Wrong arguments from programs without types: each throws an error that says what to write. */

import { ArgumentError, type Gradients, ones, type Parameter, parameter, type Tensor, tensor } from '@tapegrad/core';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  accumulate,
  clipByNorm,
  clipGradNorm,
  clipGradValue,
  cosine,
  cosineRestarts,
  EarlyStopping,
  ema,
  exponentialDecay,
  GradientChain,
  LBFGS,
  Lion,
  momentum,
  multiStepDecay,
  NAdam,
  oneCycle,
  polynomial,
  RAdam,
  ReduceOnPlateau,
  RMSprop,
  SGD,
  sequence,
  stepDecay,
  WeightAverage,
  warmUp,
  weightDecay,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

/** A value of any type, as a program without types may pass it. */
const any = (value?: unknown): never => value as never;

const optimizers = { Adadelta, Adagrad, Adam, AdamW, Adamax, Lion, NAdam, RAdam, RMSprop, SGD };
const w = parameter(ones([2]), { name: 'w' });
const loss = (): Tensor => w.mul(w).sum();

/** An object with `parameters`, like a module. */
const model = { parameters: (): Parameter[] => [w] };

function expectRefused(run: () => unknown, message: string): void {
  expect(run).toThrow(ArgumentError);
  expect(run).toThrow(message);
}

describe.each(Object.entries(optimizers))('%s', (name, Kind) => {
  test.each<[string, unknown]>([
    ['no options', undefined],
    ['options without a learning rate', {}],
    ['a learning rate that is undefined', { learningRate: undefined }],
  ])('tells of %s that the learning rate is missing', (_, options) => {
    expectRefused(
      () => new Kind([w], any(options)),
      `${name}: learningRate missing; expected options { learningRate }`,
    );
  });

  test.each<[unknown, string]>([
    [{ learningRate: '0.1' }, "learningRate is '0.1', expected a finite number >= 0"],
    [{ learningRate: 0.1, maximize: 1 }, 'maximize is 1, expected true or false'],
    [{ learningRate: 0.1, allowUnused: 'no' }, "allowUnused is 'no', expected true or false"],
    [{ learningRate: 0.1, lr: 1 }, "unknown option 'lr', expected { learningRate"],
  ])('refuses the options %o', (options, message) => {
    expectRefused(() => new Kind([w], any(options)), `${name}: ${message}`);
  });

  test.each([null, 0.1])('refuses %s in place of options', (options) => {
    if (name !== 'AdamW') {
      const message = new RegExp(`^${name}: expected options \\{ learningRate, .* \\}, got ${options}$`);
      expect(() => new Kind([w], any(options))).toThrow(message);
    } else if (options !== null) {
      expectRefused(() => new Kind([w], any(options)), 'AdamW: learningRate missing');
    }
  });

  test('takes an option that is undefined for one that was left out', () => {
    const options = any({ learningRate: 0.1, weightDecay: undefined, maximize: undefined });
    expect(new Kind([w], options).state()).toEqual(new Kind([w], { learningRate: 0.1 }).state());
    const group = any([{ parameters: [w], learningRate: undefined, weightDecay: 0.5 }]);
    expect(new Kind(group, { learningRate: 0.1 }).state()).toEqual(
      new Kind([w], { learningRate: 0.1, weightDecay: 0.5 }).state(),
    );
  });

  test.each<[string, unknown, string]>([
    ['a model', model, 'got a module; write model.parameters()'],
    ['a model in a list', [model], 'got a module; write model.parameters()'],
    ['a model in a group', [{ parameters: model }], 'got a module; write model.parameters()'],
    ['one parameter', w, 'got a parameter; write [parameter]'],
    ['nothing', undefined, 'got undefined'],
    ['a tensor', [ones([2])], 'got undefined'],
  ])('refuses %s in the place of parameters', (_, trained, message) => {
    expectRefused(() => new Kind(any(trained), { learningRate: 0.1 }), `${name}: expected`);
    expectRefused(() => new Kind(any(trained), { learningRate: 0.1 }), message);
  });

  test.each<[string, unknown, string]>([
    ['a loss', loss(), 'got a tensor; write step(loss.backward()), or minimize(() => loss)'],
    ['nothing', undefined, 'got undefined; write step(loss.backward())'],
    ['what clipGradNorm gives', clipGradNorm(loss().backward(), 1), 'got an object; write step'],
  ])('refuses to step with %s', (_, gradients, message) => {
    expectRefused(() => new Kind([w], { learningRate: 0.1 }).step(any(gradients)), `${name}.step: expected gradients`);
    expectRefused(() => new Kind([w], { learningRate: 0.1 }).step(any(gradients)), message);
  });

  test.each<[string, unknown, unknown, string]>([
    ['a function that returns nothing', () => {}, undefined, 'got undefined; write minimize(() => loss)'],
    ['a function that returns a number', () => 1, undefined, 'got 1; write minimize(() => loss)'],
    ['nothing', undefined, undefined, 'got undefined; write minimize(() => loss)'],
    ['a change that returns nothing', loss, () => {}, 'got undefined; write a change that returns gradients'],
    [
      'a change that returns more than gradients',
      loss,
      (gradients: Gradients) => clipGradNorm(gradients, 1),
      'got an object; write a change that returns gradients, as (g) => clipGradNorm(g, 1).gradients',
    ],
  ])('refuses to minimize %s, and changes nothing', (_, of, change, message) => {
    const optimizer = new Kind([w], { learningRate: 0.1 });
    const before = [w.toArray(), optimizer.state()];
    expectRefused(() => optimizer.minimize(any(of), any(change)), `${name}.minimize: expected`);
    expectRefused(() => optimizer.minimize(any(of), any(change)), message);
    expect([w.toArray(), optimizer.state()]).toEqual(before);
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'expected a state, as state() gives one, got undefined'],
    ['a text', 'state', "expected a state, as state() gives one, got 'state'"],
    ['an empty object', {}, 'expected a state of 1 groups, got undefined'],
  ])('refuses to load %s', (_, state, message) => {
    expectRefused(() => new Kind([w], { learningRate: 0.1 }).load(any(state)), `${name}.load: ${message}`);
  });

  test.each<[string, unknown, string]>([
    ['a rate in words', { learningRate: '1' }, "learningRate is '1', expected a finite number >= 0"],
    ['a flag in words', { maximize: 'false' }, "maximize is 'false', expected true or false"],
    ['no rate', { learningRate: undefined }, 'learningRate missing'],
  ])('refuses to load %s, and changes nothing', (_, change, message) => {
    const optimizer = new Kind([w], { learningRate: 0.1 });
    const state = optimizer.state();
    const wrong = { ...state, groups: [{ ...state.groups[0], ...(change as object) }] };
    expectRefused(() => optimizer.load(any(wrong)), `${name}.load: ${message}`);
    expect(optimizer.state()).toEqual(state);
  });
});

test.each<[string, () => unknown, string]>([
  [
    'clipGradNorm of a loss',
    () => clipGradNorm(any(loss()), 1),
    'got a tensor; write clipGradNorm(loss.backward(), maxNorm)',
  ],
  ['clipGradNorm without a norm', () => clipGradNorm(loss().backward(), any()), 'clipGradNorm: maxNorm is undefined'],
  ['clipGradNorm to a text', () => clipGradNorm(loss().backward(), any('1')), "clipGradNorm: maxNorm is '1'"],
  [
    'clipGradValue of a loss',
    () => clipGradValue(any(loss()), 1),
    'got a tensor; write clipGradValue(loss.backward(), limit)',
  ],
  ['clipByNorm without a norm', () => clipByNorm(any()), 'clipByNorm: maxNorm is undefined'],
  ['weightDecay without a decay', () => weightDecay(any()), 'weightDecay: the decay is undefined'],
  ['momentum without a share', () => momentum(any()), 'momentum: the share that stays is undefined'],
  ['a misspelt option of momentum', () => momentum(0.9, any({ nestrov: true })), "unknown option 'nestrov'"],
  ['an option of ema in words', () => ema(0.9, any({ debias: 'no' })), "ema: debias is 'no', expected true or false"],
  ['accumulate without a count', () => accumulate(any()), 'accumulate: the count is undefined'],
  [
    'a chain of a loss',
    () => new GradientChain([w], []).apply(any(loss())),
    'got a tensor; write apply(loss.backward())',
  ],
  [
    'a chain without parameters',
    () => new GradientChain(any(model), []),
    'GradientChain: expected a list of parameters',
  ],
  ['a chain from nothing', () => new GradientChain([w], []).load(any()), 'GradientChain.load: expected a state'],
  ['an average of a model', () => new WeightAverage(any(model)), 'got a module; write model.parameters()'],
  ['an average from nothing', () => new WeightAverage([w]).load(any()), 'WeightAverage.load: expected a state'],
  ['LBFGS of a model', () => new LBFGS(any(model)), 'LBFGS: expected a list of parameters, got a module'],
  ['LBFGS with a loss', () => new LBFGS([w]).step(any(loss())), 'got a tensor; write step(() => loss)'],
  ['LBFGS with nothing', () => new LBFGS([w]).step(any(() => {})), 'got undefined; write step(() => loss)'],
  ['LBFGS from nothing', () => new LBFGS([w]).load(any()), 'LBFGS.load: expected a state'],
  ['LBFGS from no progress', () => new LBFGS([w]).load(any({ ...new LBFGS([w]).state(), progress: 1 })), 'got 1'],
  ['a plateau without a rate', () => new ReduceOnPlateau(any()), 'ReduceOnPlateau: learningRate is undefined'],
  ['a plateau from nothing', () => new ReduceOnPlateau(0.1).load(any()), 'ReduceOnPlateau.load: expected a state'],
  ['stopping from nothing', () => new EarlyStopping().load(any()), 'EarlyStopping.load: expected a state'],
  ['stepDecay', () => stepDecay(0.1, any()), 'stepDecay: every missing; expected options { every }'],
  ['multiStepDecay', () => multiStepDecay(0.1, any({})), 'multiStepDecay: at missing; expected options { at }'],
  ['exponentialDecay', () => exponentialDecay(0.1, any()), 'exponentialDecay: factor missing'],
  ['polynomial', () => polynomial(0.1, any()), 'polynomial: steps missing'],
  ['cosine', () => cosine(0.1, any({})), 'cosine: steps missing'],
  ['cosineRestarts', () => cosineRestarts(0.1, any()), 'cosineRestarts: period missing'],
  ['oneCycle', () => oneCycle(0.1, any()), 'oneCycle: steps missing'],
  ['warmUp', () => warmUp(cosine(0.1, { steps: 1 }), any()), 'warmUp: steps missing'],
  ['sequence', () => sequence([], any()), 'sequence: at missing'],
])('%s is refused', (_, run, message) => {
  expectRefused(run, message);
});

describe('what is not trained', () => {
  test('gets no gradient from minimize, and what the loss does not reach is still told', () => {
    const [body, head, other] = ['body', 'head', 'other'].map((name) =>
      parameter(tensor([2, 3]), { name }),
    ) as Parameter[];
    const wanted: string[] = [];
    const noted = (gradients: Gradients): Gradients => {
      wanted.push(...[...gradients].map(([x]) => x.name!));
      return gradients;
    };
    const optimizer = new SGD([head!], { learningRate: 0.1 });
    const lossOf = () => body!.mul(head!).sum();
    optimizer.minimize(lossOf, noted);
    optimizer.minimize(lossOf(), noted);
    expect(wanted).toEqual(['head', 'head']);
    expect(body!.toArray()).toEqual([2, 3]);
    expect(head!.data[0]).toBeCloseTo(1.6, 6);
    const both = new SGD([head!, other!], { learningRate: 0.1 });
    expect(() => both.minimize(lossOf)).toThrow("SGD: 'other' got no gradient: the loss does not depend on it");
  });

  test('gets none from LBFGS', () => {
    const [body, head] = [parameter(tensor([2, 3])), parameter(tensor([1, 1]))];
    new LBFGS([head]).step(() => body.mul(head).sub(1).pow(2).sum());
    expect(body.toArray()).toEqual([2, 3]);
    expect(head.mul(body).sub(1).abs().max().item()).toBeLessThan(1e-3);
  });
});

test('Adagrad begins each group with its own accumulator', () => {
  const [a, b] = [parameter(tensor([0])), parameter(tensor([0]))];
  const groups = [{ parameters: [a], initialAccumulatorValue: 8 }, { parameters: [b] }];
  const optimizer = new Adagrad(groups, { learningRate: 1, initialAccumulatorValue: 3, eps: 0 });
  optimizer.step(a.add(b).sum().backward());
  expect(a.item()).toBeCloseTo(-1 / 3, 6);
  expect(b.item()).toBe(-0.5);
});
