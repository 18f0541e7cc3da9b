/** The learning rate finder. */

import { Random } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { Dense, Dropout, mse, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { deferred, learningRateFinder, supervised, Trainer } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';

function setUp() {
  const random = new Random(1);
  const model = new Sequential(new Dense(4, 4, { random }), new Dropout(0.1, { random }), new Dense(4, 1, { random }));
  const x = random.normal([60, 4]);
  const loader = new DataLoader(fromTensors({ x, y: x.sum(1).reshape([60, 1]) }), { batchSize: 16, random });
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
  return { model, optimizer, loss: supervised(model, mse), train: deferred(loader), random, loader };
}

describe('learningRateFinder', () => {
  test('suggests a rate before the loss diverges, and leaves everything as it was', async () => {
    const { loader, ...options } = setUp();
    const { model, optimizer, random } = options;
    const state = () =>
      JSON.stringify([model.state(), optimizer.state(), random.state, loader.state(), model.training]);
    const before = state();
    const { rates, losses, smoothed, suggestion } = await learningRateFinder(options);
    expect(state()).toBe(before);
    expect(rates[0]).toBe(1e-6);
    expect(rates[1]! / rates[0]!).toBeCloseTo(1e7 ** (1 / 99), 10);
    expect([losses.length, smoothed.length]).toEqual([rates.length, rates.length]);
    expect(rates.length).toBeLessThan(100);
    expect(suggestion).toBeGreaterThan(1e-4);
    expect(suggestion).toBeLessThan(rates.at(-1)!);
    const again = await learningRateFinder(options);
    expect(again).toEqual({ rates, losses, smoothed, suggestion });
  });

  test('suggests none if the loss never falls', async () => {
    const { loader: _, ...options } = setUp();
    const { suggestion } = await learningRateFinder(options, { from: 1e300, to: 1e301 });
    expect(suggestion).toBeUndefined();
  });

  test.each([
    [{ from: 0 }, 'expected rates 0 < from < to, got 0 and 10'],
    [{ from: 1, to: 1 }, 'got 1 and 1'],
    [{ steps: 2 }, 'steps is 2, expected an integer above 2'],
    [{ smoothing: 1 }, 'got 1 and 4'],
    [{ stpes: 3 } as object, "unknown option 'stpes'"],
  ])('refuses %j', async (finder, message) => {
    const { loader: _, ...options } = setUp();
    await expect(learningRateFinder(options, finder)).rejects.toThrow(message);
  });
});

test('a data loader, also one that reads within the step, resumes anywhere with the same bits', async () => {
  const run = async (stopAt: number, state?: unknown) => {
    const { loader, train, ...options } = setUp();
    const trainer = new Trainer({
      ...options,
      train: stopAt % 2 === 0 ? train : loader,
      epochs: 3,
      hooks: { onStep: ({ step }) => void (step === stopAt && trainer.stop()) },
    });
    if (state !== undefined) trainer.load(state as never);
    await trainer.fit();
    return { state: trainer.state(), weights: JSON.stringify(options.model.state()) };
  };
  const whole = await run(100);
  for (let step = 1; step < 13; step++) {
    const { state } = await run(step);
    expect((await run(100, structuredClone(state))).weights, `step ${step}`).toBe(whole.weights);
  }
});
