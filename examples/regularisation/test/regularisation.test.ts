import { fromTensors } from '@tapegrad/data';
import { mnist } from '@tapegrad/data/datasets';
import { expect, test } from 'vitest';
import { regularisationPicture } from '../src/picture.ts';
import { spreadOf, sweep } from '../src/sweep.ts';
import { trial } from '../src/trial.ts';

const options = {
  train: fromTensors({ ...(await mnist('train', { limit: 60 })) }),
  test: fromTensors({ ...(await mnist('test', { limit: 100 })) }),
  ...{ hidden: 32, epochs: 30, batch: 20, learningRate: 0.1, momentum: 0.9 },
};
const none = { weightDecay: 0, dropout: 0 };

test('without a remedy the network learns its digits by heart', async () => {
  const errors = await trial(none, 1, options);
  expect(errors.train).toBe(0);
  expect(errors.test).toBeGreaterThan(0.1);
  expect(await trial(none, 1, options)).toEqual(errors);
});

test('with too much of one it does not', async () => {
  expect((await trial({ weightDecay: 0.5, dropout: 0 }, 1, options)).train).toBeGreaterThan(0.3);
});

test('a trial for each amount and seed, drawn', async () => {
  const settings = { ...options, epochs: 1, seeds: [1, 2] };
  const doses = await sweep([0, 0.5], (dropout) => ({ weightDecay: 0, dropout }), settings);
  expect(doses.map(({ amount }) => amount)).toEqual([0, 0.5]);
  expect(doses[1]!.errors).toEqual([
    await trial({ weightDecay: 0, dropout: 0.5 }, 1, settings),
    await trial({ weightDecay: 0, dropout: 0.5 }, 2, settings),
  ]);
  expect(regularisationPicture({ decays: doses, rates: doses }, 'Two panels.')).toContain('by weight decay');
});

test('a spread is the mean between the least and the largest', () => {
  const errors = [0.1, 0.2, 0.6].map((value) => ({ train: 0, test: value }));
  expect(spreadOf(errors, 'test').mean).toBeCloseTo(0.3, 12);
  expect(spreadOf(errors, 'test')).toMatchObject({ low: 0.1, high: 0.6 });
});
