/** Averages of weights; trajectories.test.ts compares their values with PyTorch's. */

import { ArgumentError, parameter, TapeError, tensor } from '@tapegrad/core';
import { WeightAverage } from '@tapegrad/optim';
import { expect, test } from 'vitest';

const start = () => parameter(tensor([1, 2]), { name: 'w' });

test('is of the weights as they were, in float64', () => {
  const w = parameter(tensor([1e8]));
  const average = new WeightAverage([w]);
  for (const value of [1e8, 1, 1]) {
    w.assign(tensor([value]));
    average.update();
  }
  expect(average.count).toBe(3);
  expect(average.state()[0]!.arrays.average[0]).toBeCloseTo((1e8 + 2) / 3, 6);
});

test('starts from the first weights', () => {
  const w = start();
  const average = new WeightAverage([w], { decay: 0.9 });
  average.update();
  expect(average.use(() => w.toArray())).toEqual([1, 2]);
});

test('puts the weights back, also after an error, and sweeps over them are told', () => {
  const w = start();
  const average = new WeightAverage([w]);
  average.update();
  w.assign(tensor([3, 4]));
  const loss = w.mul(w).sum();
  const fail = () =>
    average.use(() => {
      throw new Error('no');
    });
  expect(fail).toThrow('no');
  expect(w.toArray()).toEqual([3, 4]);
  expect(() => loss.backward()).toThrow('changed after the forward pass');
});

test('replaces the weights for good where asked', () => {
  const w = start();
  const average = new WeightAverage([w]);
  average.update();
  w.assign(tensor([5, 8]));
  average.update();
  average.assign();
  expect(w.toArray()).toEqual([3, 5]);
});

test.each([undefined, 0.9])('goes on from a state: decay %s', (decay) => {
  const make = (w: ReturnType<typeof start>) => new WeightAverage([w], decay === undefined ? {} : { decay });
  const w = start();
  const straight = make(w);
  let resumed = make(w);
  for (let i = 0; i < 6; i++) {
    w.assign(w.detach().mul(1.1));
    const saved = structuredClone(resumed.state());
    resumed = make(w);
    resumed.load(saved);
    resumed.update();
    straight.update();
  }
  expect(resumed.state()).toEqual(straight.state());
});

test('refuses what does not fit', () => {
  const w = start();
  const average = new WeightAverage([w]);
  expect(() => average.assign()).toThrow(TapeError);
  expect(() => average.use(() => 1)).toThrow('there is no average before the first update');
  expect(() => new WeightAverage([w, w])).toThrow("WeightAverage: 'w' occurs twice");
  expect(() => new WeightAverage([w], { decay: 1 })).toThrow(ArgumentError);
  expect(() => new WeightAverage([w], { rate: 1 } as never)).toThrow("unknown option 'rate'");
  average.update();
  const state = average.state();
  const [first] = state;
  expect(() => average.load([])).toThrow('WeightAverage.load: expected a state of 1 parameters, got 0');
  expect(() => average.load([{ ...first!, arrays: { average: new Float64Array(3) } }])).toThrow(
    'has 2 elements, got 3',
  );
  expect(() => average.load([{ ...first!, arrays: { average: new Float32Array(2) as never } }])).toThrow(
    'Float64Array',
  );
  expect(average.state()).toEqual(state);
});
