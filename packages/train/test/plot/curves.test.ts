/** Pictures of runs. */

import type { Epoch, History, Point } from '@tapegrad/train';
import { confusionPicture, learningCurve, ratesPicture } from '@tapegrad/train/plot';
import { describe, expect, test } from 'vitest';

const point = (step: number, loss: number, accuracy: number): Point => ({
  ...{ step, epoch: step / 10, steps: 5, learningRate: 0.1 },
  scores: { loss, accuracy },
});
const epoch = (number: number, loss: number, accuracy: number): Epoch => ({
  ...{ epoch: number, step: 10 * number, examples: 100, seconds: 1, learningRate: 0.1, isBest: true },
  training: { loss, accuracy },
  validation: { loss, accuracy },
});
const history: History = {
  points: [5, 10, 15, 20].map((step) => point(step, 3 / step, step / 40)),
  epochs: [epoch(1, 0.5, 0.9), epoch(2, 0.2345, 0.975)],
};
const panels = [
  { score: 'loss', title: 'Loss, nats', format: (value: number) => value.toFixed(3) },
  {
    score: 'accuracy',
    title: 'Wrong, %',
    value: (x: number) => 100 * (1 - x),
    format: (x: number) => `${x.toFixed(2)} %`,
    log: true,
  },
];

describe('learningCurve', () => {
  test('shows the last scores', () => {
    const svg = learningCurve(history, { title: 'Learning', unit: 'digits', panels });
    for (const part of ['0.234', '2.50 %', 'training digits', 'validation digits', 'Loss, nats'])
      expect(svg).toContain(part);
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(learningCurve(history)).toContain('0.975');
  });

  test.each<readonly [string, History]>([
    ['one point', { points: [point(1, 1, 0.1)], epochs: [epoch(1, 1, 0.1)] }],
    ['no epoch', { points: [point(5, 1, 0.1), point(10, 0.5, 0.2)], epochs: [] }],
    [
      'no validation',
      { points: history.points, epochs: history.epochs.map((each) => ({ ...each, validation: undefined })) },
    ],
    ['an epoch that is not over', { points: [...history.points, point(25, 0.1, 1)], epochs: history.epochs }],
    ['no error at all', { points: [point(10, 0, 1)], epochs: [epoch(1, 0, 1)] }],
    [
      'losses past all bounds',
      { points: [point(5, 3e7, 0), point(10, Infinity, 0)], epochs: [epoch(1, Number.NaN, 0)] },
    ],
    [
      'many epochs',
      { points: [point(10, 1, 0)], epochs: Array.from({ length: 60 }, (_, i) => epoch(i + 1, 1 / (i + 1), 0.5)) },
    ],
  ])('copes with %s', (_, run) => {
    expect(learningCurve(run, { panels })).not.toMatch(/NaN|undefined|Infinity/);
    expect(learningCurve(run)).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('refuses what it can’t draw', () => {
    expect(() => learningCurve({ points: [], epochs: [] })).toThrow('the history has no points');
    expect(() => learningCurve(history, { panels: [{ score: 'f1' }] })).toThrow(
      "no score 'f1', expected one of loss, accuracy",
    );
  });
});

test('confusionPicture shows the counts', () => {
  const svg = confusionPicture(
    [
      [8, 2],
      [0, 9],
    ],
    { classes: ['cat', 'a < b'] },
  );
  for (const part of ['cat', 'a &lt; b', '>8<', '>2<', '>9<']) expect(svg).toContain(part);
  expect(svg).not.toContain('>0<');
  expect(() => confusionPicture([[1]], { classes: [] })).toThrow('expected 1 names of classes, got 0');
});

test('ratesPicture shows the suggestion', () => {
  const found = { rates: [1e-3, 1e-2, 1e-1, 1], losses: [2, 1, 3, Infinity], smoothed: [2, 1.5, 2, Infinity] };
  expect(ratesPicture({ ...found, suggestion: 0.01 })).toContain('at a rate of 0.01');
  expect(ratesPicture({ ...found, suggestion: undefined })).toContain('The loss never falls.');
  expect(ratesPicture({ ...found, suggestion: 0.01 })).not.toMatch(/NaN|undefined|Infinity/);
});
