/**
 * Every `load`, with states from another realm, from JSON, or edited by hand: loads them bit-identically, or throws a
 * clear error.
 */

import { runInNewContext } from 'node:vm';
import { ArgumentError, type Parameter, parameter, Random, type Tensor } from '@tapegrad/core';
import { BatchNorm1d, Dense, Sequential } from '@tapegrad/nn';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  EarlyStopping,
  ema,
  GradientChain,
  LBFGS,
  Lion,
  momentum,
  NAdam,
  RAdam,
  ReduceOnPlateau,
  RMSprop,
  SGD,
  WeightAverage,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

/** An object with a state, and a function that changes the state. */
interface Remembering {
  state(): unknown;
  load(state: never): unknown;
  /** Continues, and returns the result. */
  advance(): unknown;
}

const start = (): Parameter => parameter(new Random(3).normal([2, 3]), { name: 'w' });
const loss = (w: Parameter): Tensor => w.tanh().mul(w).sum();

/** An optimizer with the parameter that it trains, which counts as part of its state here. */
function optimizing(
  make: (w: Parameter) => { state(): unknown; load(state: never): unknown; step(...args: never): unknown },
) {
  return (): Remembering => {
    const w = start();
    const optimizer = make(w);
    return {
      state: optimizer.state.bind(optimizer),
      load: optimizer.load.bind(optimizer),
      advance: () => {
        const step = optimizer.step.bind(optimizer) as (argument: unknown) => unknown;
        step(optimizer instanceof LBFGS ? () => loss(w) : loss(w).backward());
        return [...w.data];
      },
    };
  };
}

const rate = { learningRate: 0.1 };

const remembering: Readonly<Record<string, () => Remembering>> = {
  SGD: optimizing((w) => new SGD([w], { ...rate, momentum: 0.9 })),
  Adam: optimizing((w) => new Adam([w], { ...rate, amsgrad: true })),
  AdamW: optimizing((w) => new AdamW([w], rate)),
  NAdam: optimizing((w) => new NAdam([w], rate)),
  RAdam: optimizing((w) => new RAdam([w], rate)),
  Adamax: optimizing((w) => new Adamax([w], rate)),
  RMSprop: optimizing((w) => new RMSprop([w], { ...rate, momentum: 0.5, centered: true })),
  Adagrad: optimizing((w) => new Adagrad([w], rate)),
  Adadelta: optimizing((w) => new Adadelta([w], rate)),
  Lion: optimizing((w) => new Lion([w], rate)),
  LBFGS: optimizing((w) => new LBFGS([w], { maxIter: 2, lineSearch: 'none', learningRate: 0.1 })),
  GradientChain: () => {
    const w = start();
    const chain = new GradientChain([w], [momentum(0.9), ema(0.5)]);
    return {
      state: () => chain.state(),
      load: (state) => chain.load(state),
      advance: () => [...chain.apply(loss(w).backward()).of(w).data],
    };
  },
  WeightAverage: () => {
    const w = start();
    const average = new WeightAverage([w], { decay: 0.5 });
    return {
      state: () => average.state(),
      load: (state) => average.load(state),
      advance: () => {
        w.assign(w.mul(0.9));
        average.update();
        return average.use(() => [...w.data]);
      },
    };
  },
  Module: () => {
    const model = new Sequential(new Dense(3, 3, { random: new Random(1) }), new BatchNorm1d(3));
    const x = new Random(2).normal([4, 3]);
    return {
      state: () => model.state(),
      load: (state) => model.load(state),
      advance: () => [...model.forward(x).data, ...model.layers[1].runningMean!.data],
    };
  },
  ReduceOnPlateau: () => {
    const plateau = new ReduceOnPlateau(0.1, { patience: 1, factor: 0.5 });
    return { state: () => plateau.state(), load: (state) => plateau.load(state), advance: () => plateau.update(1) };
  },
  EarlyStopping: () => {
    const stopping = new EarlyStopping({ patience: 2 });
    return { state: () => stopping.state(), load: (state) => stopping.load(state), advance: () => stopping.update(1) };
  },
};

/** Returns a tree with each typed array replaced. */
function mapArrays(tree: unknown, replace: (array: Float64Array) => unknown): unknown {
  if (ArrayBuffer.isView(tree)) return replace(tree as Float64Array);
  if (Array.isArray(tree)) return tree.map((item) => mapArrays(item, replace));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, item]) => [name, mapArrays(item, replace)]));
}

/** Copies a state so that all objects, arrays and typed arrays are from another realm. */
const foreign = (state: unknown): unknown =>
  runInNewContext(
    `(function copy(x) {
      if (ArrayBuffer.isView(x)) return new globalThis[Object.prototype.toString.call(x).slice(8, -1)](x);
      if (Array.isArray(x)) return Array.from(x, copy);
      if (typeof x !== 'object' || x === null) return x;
      return Object.fromEntries(Object.entries(x).map(([name, item]) => [name, copy(item)]));
    })(state)`,
    { state },
  );

const lists = (state: unknown): unknown => JSON.parse(JSON.stringify(mapArrays(state, (array) => Array.from(array))));

describe.each(Object.entries(remembering))('%s', (_, make) => {
  const before = make();
  for (let i = 0; i < 3; i++) before.advance();
  const state = structuredClone(before.state());
  const hasArrays = JSON.stringify(mapArrays(state, () => 'array')) !== JSON.stringify(mapArrays(state, () => 'other'));
  const load = (value: unknown): Remembering => {
    const after = make();
    // The trained parameters are not part of an optimizer's state.
    for (let i = 0; i < 3; i++) after.advance();
    after.load(value as never);
    return after;
  };
  const expected = [0, 1, 2].map(() => before.advance());

  test.each<[string, (state: unknown) => unknown]>([
    ['structuredClone', structuredClone],
    ['another realm', foreign],
    ['lists and JSON', lists],
  ])('goes on bit by bit after %s', (_name, through) => {
    const after = load(through(state));
    expect(after.state()).toEqual(state);
    expect([0, 1, 2].map(() => after.advance())).toEqual(expected);
  });

  test.runIf(hasArrays).each<[string, (state: unknown) => unknown, string]>([
    ['JSON alone', (own) => JSON.parse(JSON.stringify(own)), 'is a plain object, as JSON makes from a typed array'],
    ['texts', (own) => mapArrays(own, (array) => Array.from(array, String)), 'entry 0 of'],
    ['nothing', (own) => mapArrays(own, () => undefined), 'is undefined, expected a'],
    ['BigInts', (own) => mapArrays(own, (array) => new BigInt64Array(array.length)), 'a BigInt64Array'],
    [
      'list of nulls',
      (own) => mapArrays(own, (array) => Array.from(array, () => null)),
      'JSON has neither NaN nor infinities',
    ],
    ['arrays that are too short', (own) => mapArrays(own, (array) => array.slice(1)), 'elements, got'],
    ['bytes of no kind', (own) => mapArrays(own, (array) => new DataView(array.buffer)), 'DataView'],
  ])('refuses %s, and changes nothing', (_name, through, message) => {
    const after = make();
    const own = after.state();
    expect(() => after.load(through(state) as never)).toThrow(message);
    expect(after.state()).toEqual(own);
  });

  test.each([[undefined], [null], [1], ['state'], [[]]])('refuses %j', (value) => {
    const after = make();
    const own = after.state();
    expect(() => after.load(value as never)).toThrow(ArgumentError);
    expect(() => after.load(value as never)).toThrow('expected a state');
    expect(after.state()).toEqual(own);
  });
});

describe('elements of a module in another typed array', () => {
  const layer = new Dense(2, 1, { random: new Random(1) });
  const state = layer.state();
  const withBias = (data: unknown) => ({ ...state, bias: { ...state.bias!, data: data as never } });

  test('are taken where the dtype has the numbers', () => {
    for (const data of [Float64Array.of(0.5), Int16Array.of(3), Uint8ClampedArray.of(200), [0.1]]) {
      layer.load(withBias(data));
      expect(layer.bias?.item()).toBe(Math.fround(data[0]!));
    }
    layer.load(withBias(Float64Array.of(Number.NaN)));
    expect(layer.bias?.item()).toBeNaN();
  });

  test('are refused where it would round them', () => {
    expect(() => layer.load(withBias(Float64Array.of(0.1)))).toThrow(
      "load: entry 0 of 'bias' is 0.1, which is not a valid float32 value; convert it first",
    );
    const norm = new BatchNorm1d(1);
    const own = norm.state();
    const counted = (data: unknown) => ({ ...own, batchCount: { ...own.batchCount!, data: data as never } });
    norm.load(counted([7]));
    expect(norm.batchCount?.item()).toBe(7);
    expect(() => norm.load(counted([0.5]))).toThrow("entry 0 of 'batchCount' is 0.5, which is not a valid int32 value");
  });
});
