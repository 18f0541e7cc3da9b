/**
 * Every callback that must be synchronous, given an asynchronous one: throws an error immediately, which is not
 * followed by an unhandled rejection.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  ArgumentError,
  checkpoint,
  defineOp,
  detectAnomaly,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  noGrad,
  ones,
  parameter,
  Random,
  registerHook,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  withGradients,
  zeros,
} from '@tapegrad/core';
import { changeInPlace } from '@tapegrad/core/extend';
import { intercept } from '@tapegrad/core/tape';
import {
  Bilinear,
  Conv1d,
  Conv2d,
  ConvTranspose1d,
  ConvTranspose2d,
  Dense,
  Embedding,
  Identity,
  type Layer,
  Module,
  Parallel,
  Residual,
  Sequential,
  SpectralNorm,
  summary,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
  WeightNorm,
} from '@tapegrad/nn';
import { GradientChain, LBFGS, SGD, sequence, WeightAverage, warmUp } from '@tapegrad/optim';
import { gradcheck, mlp, verify } from '@tapegrad/verify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A callback of any type, with any result. */
type Callback = (...args: unknown[]) => never;

const failure = new Error('from the callback');

/** Asynchronous callbacks. */
const unfinished: Readonly<Record<string, () => unknown>> = {
  'an asynchronous function': async () => {
    await null;
    return ones([]);
  },
  'an asynchronous function that throws': async () => {
    throw failure;
  },
  'a function that gives a promise': () => Promise.reject(failure),
  'a function that gives a thenable': () => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is on trial.
    then: (_: unknown, reject: (error: Error) => void) => void Promise.reject(failure).catch(reject),
  }),
  'a thenable that throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is on trial.
    then: () => {
      throw failure;
    },
  }),
  'a generator': function* () {
    yield ones([]);
  },
  'an asynchronous generator': async function* () {
    yield ones([]);
  },
};

const random = new Random(1);
const double = (x: number): Tensor<readonly []> => tensor(x, { dtype: 'float64' });
const w = parameter(ones([2, 2]), { name: 'w' });
const loss = (): Tensor => w.mul(w).sum();
const identity = defineOp<(x: Tensor) => Tensor>({ name: 'same', forward: (x) => x.mul(1), vjp: (g) => g });

/** A layer whose forward pass is a callback. */
const layerOf = (forward: Callback): Layer => Object.assign(new Identity(), { forward }) as unknown as Layer;

/** A dense layer whose forward pass is a callback. */
const denseOf = (forward: Callback): Layer =>
  Object.assign(new Dense(2, 2, { random }), { forward }) as unknown as Layer;

class Runner extends Module {
  readonly forward: Callback;

  constructor(forward: Callback) {
    super();
    this.forward = forward;
  }
}

/** Every function of the packages that accepts a callback, called with a given one. */
const calls: Readonly<Record<string, (f: Callback) => unknown>> = {
  noGrad: (f) => noGrad(f),
  intercept: (f) => intercept((call) => call.run(), f),
  'intercept, an interceptor': (f) => intercept(f, () => ones([2]).mul(2)),
  detectAnomaly: (f) => detectAnomaly(f),
  'withGradients, the loss': (f) => withGradients(f, () => 1),
  'withGradients of a tensor': (f) => withGradients(loss(), f),
  'withGradients of a function': (f) => withGradients(loss, f),
  checkpoint: (f) => checkpoint(f as (x: Tensor) => Tensor)(w),
  'checkpoint, without a tape': (f) => noGrad(() => checkpoint(f as (x: Tensor) => Tensor)(w)),
  'defineOp, forward': (f) => defineOp<(x: Tensor) => Tensor>({ name: 'same', forward: f, vjp: (g) => g })(w),
  'defineOp, vjp': (f) =>
    defineOp<(x: Tensor) => Tensor>({ name: 'same', forward: (x) => x.mul(1), vjp: f })(w)
      .sum()
      .backward(),
  'defineOp, jvp': (f) => {
    const op = defineOp<(x: Tensor) => Tensor>({ name: 'same', forward: (x) => x.mul(1), vjp: (g) => g, jvp: f });
    return jvp(op, [w.detach()], [ones([2, 2])]);
  },
  registerHook: (f) => {
    const x = identity(w);
    registerHook(x, f);
    return x.sum().backward();
  },
  'gradients.map': (f) => loss().backward().map(f),
  'parameter.update': (f) => w.update(f),
  changeInPlace: (f) => changeInPlace(f as never, { a: Float32Array.of(1) }, {}),
  grad: (f) => grad(f)(ones([])),
  valueAndGrad: (f) => valueAndGrad(f)(ones([])),
  'valueAndGrad, beside': (f) => valueAndGrad(f, { hasAux: true })(ones([])),
  vjp: (f) => vjp(f, ones([])),
  jvp: (f) => jvp(f, [ones([])], [ones([])]),
  hvp: (f) => hvp(f, [ones([])], [ones([])]),
  jacobian: (f) => jacobian(f)(ones([])),
  hessian: (f) => hessian(f as never)(ones([])),
  vmap: (f) => vmap(f)(ones([3])),
  gradcheck: (f) => gradcheck(f, [double(1)]),
  'verify, a subject': (f) => verify(f, { dW1: ({ dW }) => dW[1]! }),
  'verify, a formula': (f) => verify(mlp(), { dW1: f }, { networks: 1 }),
  'verify, what a formula equals': (f) =>
    verify(mlp(), { mine: { formula: ({ dW }) => dW[1]!, equals: f } }, { networks: 1 }),

  withTensors: (f) => new Dense(2, 2, { random }).withTensors({}, f),
  summary: (f) => summary(new Runner(f), { input: [2] }),
  Sequential: (f) => new Sequential(layerOf(f)).forward(w),
  Residual: (f) => new Residual(layerOf(f)).forward(w),
  Parallel: (f) => new Parallel([layerOf(f)]).forward(w),
  WeightNorm: (f) => new WeightNorm(denseOf(f)).forward(w),
  SpectralNorm: (f) => new SpectralNorm(denseOf(f), { random }).forward(w),
  'Dense, init': (f) => new Dense(2, 2, { random, init: f }),
  'Dense, biasInit': (f) => new Dense(2, 2, { random, biasInit: f }),
  'Bilinear, init': (f) => new Bilinear(2, 2, 2, { random, init: f }),
  'Embedding, init': (f) => new Embedding(2, 2, { random, init: f }),
  'Conv1d, init': (f) => new Conv1d(1, 1, 1, { random, init: f }),
  'Conv2d, biasInit': (f) => new Conv2d(1, 1, 1, { random, biasInit: f }),
  'ConvTranspose1d, init': (f) => new ConvTranspose1d(1, 1, 1, { random, init: f }),
  'ConvTranspose2d, biasInit': (f) => new ConvTranspose2d(1, 1, 1, { random, biasInit: f }),
  'TransformerEncoderLayer, activation': (f) =>
    new TransformerEncoderLayer(2, 1, { random, activation: f }).forward(zeros([1, 2, 2])),
  'TransformerDecoderLayer, activation': (f) =>
    new TransformerDecoderLayer(2, 1, { random, activation: f }).forward(zeros([1, 2, 2]), zeros([1, 2, 2])),

  'minimize, the loss': (f) => new SGD([w], { learningRate: 0.1 }).minimize(f),
  'minimize, the change': (f) => new SGD([w], { learningRate: 0.1 }).minimize(loss, f),
  'minimize of a tensor, the change': (f) => new SGD([w], { learningRate: 0.1 }).minimize(loss(), f),
  LBFGS: (f) => new LBFGS([w]).step(f),
  'WeightAverage.use': (f) => {
    const average = new WeightAverage([w]);
    average.update();
    return average.use(f);
  },
  GradientChain: (f) => new GradientChain([w], [{ name: 'mine', remembers: [], apply: f }]).apply(loss().backward()),
  warmUp: (f) => warmUp(f, { steps: 5 })(9),
  sequence: (f) => sequence([f, f], { at: [5] })(2),
};

describe('a callback that is not over when it returns is refused', () => {
  let rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  // The test runner reports unhandled rejections, too.
  let others: NodeJS.UnhandledRejectionListener[] = [];

  beforeEach(() => {
    rejections = [];
    others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', note);
  });

  afterEach(() => {
    process.removeListener('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  });

  test.each(Object.entries(calls))('%s', async (_, call) => {
    const before = [...w.data];
    for (const [kind, make] of Object.entries(unfinished)) {
      const run = () => call(make as Callback);
      expect(run, kind).toThrow(ArgumentError);
      expect(run, kind).toThrow(/that is (synchronous|finished when it returns)/);
    }
    await nextTurn();
    await nextTurn();
    expect(rejections).toEqual([]);
    expect([...w.data]).toEqual(before);
  });
});

test('what was in force is put back as it was, and the call can be made again', () => {
  const layer = new Dense(2, 2, { random });
  const { weight } = layer;
  const asynchronous = (async () => {}) as unknown as Callback;
  expect(() => layer.withTensors({ weight: zeros([2, 2]) }, asynchronous)).toThrow(ArgumentError);
  expect(layer.weight).toBe(weight);
  expect(() => noGrad(asynchronous)).toThrow(ArgumentError);
  expect(loss().requiresGrad).toBe(true);
  expect(layer.withTensors({ weight: zeros([2, 2]) }, () => layer.weight.sum().item())).toBe(0);
});

test('what has a then of another kind is a result like any other', () => {
  // biome-ignore lint/suspicious/noThenProperty: it is what is on trial.
  const word = { then: 1 };
  expect(noGrad(() => word)).toBe(word);
  const made = new Map([[1, 2]]).values();
  expect(noGrad(() => made)).toBe(made);
});
