/** The outputs of a model for all batches. */

import { Random, type Tensor, tensor, zeros } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { Dense, Dropout, Module, Sequential } from '@tapegrad/nn';
import { deferred, predict } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';

const random = new Random(1);
const x = random.normal([10, 4]);
const make = () =>
  new Sequential(
    new Dense(4, 8, { random: new Random(2) }),
    new Dropout(0.5, { random: new Random(4) }),
    new Dense(8, 3, { random: new Random(3) }),
  );

describe('predict', () => {
  test('returns the outputs of all batches in order, without dropout or a tape, and keeps the mode', async () => {
    const model = make();
    model.train();
    const predictions = await predict({ model, batches: new DataLoader(fromTensors({ x }), { batchSize: 4 }) });
    expect(model.training).toBe(true);
    expect(predictions.requiresGrad).toBe(false);
    model.eval();
    const wanted = model.forward(x as never) as Tensor;
    expect(predictions.shape).toEqual([10, 3]);
    expect(
      predictions
        .sub(wanted as never)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-6);
  });

  test('takes tensors, functions of batches, and a forward for batches of another kind', async () => {
    const model = make();
    const wanted = (await predict({ model, batches: [x] })).toArray();
    const loader = new DataLoader(fromTensors({ x }), { batchSize: 10 });
    expect((await predict({ model, batches: deferred(loader) })).toArray()).toEqual(wanted);
    const forward = (inputs: Tensor) => model.forward(inputs as never) as Tensor;
    const own = { forward: ({ inputs }: { inputs: Tensor }) => forward(inputs) };
    expect((await predict({ model, batches: [{ inputs: x }], ...own })).toArray()).toEqual(wanted);
  });

  class Headless extends Module {}
  const model = make();
  test.each<readonly [string, () => Promise<unknown>, string]>([
    ['no model', () => predict({ model: {} as never, batches: [x] }), 'predict: expected a model, got'],
    ['no batches', () => predict({ model, batches: [] }), 'predict: there are no batches'],
    [
      'batches without x',
      () => predict({ model, batches: [{ y: x }] }),
      'predict: expected tensors or batches { x, … }',
    ],
    ['a model without forward', () => predict({ model: new Headless(), batches: [x] }), 'the model has no forward'],
    ['an unknown option', () => predict({ model, batch: [x] } as never), "unknown option 'batch'"],
    ['a forward that is none', () => predict({ model, batches: [x], forward: 1 as never }), 'forward is 1, expected'],
    ['a scalar', () => predict({ model, batches: [x], forward: () => tensor(1) }), 'that returns tensors [n, …]'],
    ['a promise', () => predict({ model, batches: [x], forward: (async () => x) as never }), 'forward'],
    ['outputs that differ', () => predict({ model, batches: [2, 3], forward: (size) => zeros([1, size]) }), 'concat'],
  ])('refuses %s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});
