import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { expect, test } from 'vitest';
import { regularisationPicture } from '../src/picture.ts';
import { spreadOf, sweep } from '../src/sweep.ts';
import { trial } from '../src/trial.ts';

const options = {
  ...{ train: loadDigits('train', 60), test: loadDigits('test', 100) },
  ...{ hidden: 32, epochs: 30, batch: 20, learningRate: 0.1, momentum: 0.9 },
};
const none = { weightDecay: 0, dropout: 0 };

test('without a remedy the network learns its digits by heart', () => {
  const errors = trial(none, 1, options);
  expect(errors.train).toBe(0);
  expect(errors.test).toBeGreaterThan(0.1);
  expect(trial(none, 1, options)).toEqual(errors);
});

test('with too much of one it does not', () => {
  expect(trial({ weightDecay: 0.5, dropout: 0 }, 1, options).train).toBeGreaterThan(0.3);
});

test('a trial for each amount and seed, drawn', () => {
  let trials = 0;
  const settings = { ...options, epochs: 1, seeds: [1, 2], onTrial: () => trials++ };
  const doses = sweep([0, 0.5], (dropout) => ({ weightDecay: 0, dropout }), settings);
  expect(trials).toBe(4);
  expect(doses.map(({ errors }) => errors.length)).toEqual([2, 2]);
  expect(regularisationPicture({ decays: doses, rates: doses }, 'Two panels.')).toContain('by weight decay');
});

test('a spread is the mean between the least and the largest', () => {
  const errors = [0.1, 0.2, 0.6].map((value) => ({ train: 0, test: value }));
  expect(spreadOf(errors, 'test').mean).toBeCloseTo(0.3, 12);
  expect(spreadOf(errors, 'test')).toMatchObject({ low: 0.1, high: 0.6 });
});
