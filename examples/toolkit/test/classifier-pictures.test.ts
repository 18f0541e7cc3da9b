import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { learningCurve } from '@tapegrad/example-toolkit/learning-curve';
import { type MistakesOptions, mistakesPicture } from '@tapegrad/example-toolkit/mistakes';
import { describe, expect, test } from 'vitest';

describe('learningCurve', () => {
  const words = { title: 'Learning', unit: 'digits', harder: 'with dropout' };
  const score = (loss: number, accuracy: number) => ({ count: 100, loss, accuracy });
  const epoch = (number: number, test = score(0.5, 0.9)) => ({
    number,
    steps: Array.from({ length: 50 }, (_, i) => score(2 / (number + i), 0.5)),
    training: score(1, 0.5),
    test,
    seconds: 1,
  });

  test('shows the result', () => {
    const svg = learningCurve([epoch(1), epoch(2, score(0.2345, 0.975))], words);
    expect(svg).toContain('0.234');
    expect(svg).toContain('2.50 %');
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test.each([
    ['one epoch of one step', [{ ...epoch(1), steps: [score(1, 0.1)] }]],
    ['no error at all', [epoch(1, score(0, 1))]],
    ['a loss past all bounds', [epoch(1, score(3e7, 0.1)), epoch(2, score(Infinity, 0.1))]],
    ['a run that diverges at once', [{ ...epoch(1, score(Number.NaN, 0)), steps: [score(Number.NaN, 0)] }]],
  ])('copes with %s', (_, history) => {
    expect(learningCurve(history, words)).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('mistakesPicture', () => {
  const digits = loadDigits('test', 30);
  const score = { count: 30, loss: 1, accuracy: 0 };
  const options: MistakesOptions = {
    unit: 'digits',
    captions: ({ label, predicted, confidence }) => ({
      caption: `${label} read as ${predicted}`,
      details: `${(100 * confidence).toFixed(2)} % sure`,
    }),
  };
  const confidence = Float32Array.from({ length: 30 }, (_, i) => (i + 1) / 32);

  test('shows the surest mistakes first', () => {
    const predicted = Int32Array.from(digits.labels.data, (label, i) => (i < 3 ? (label + 1) % 10 : label));
    const svg = mistakesPicture(digits, { score, predicted, confidence }, options) ?? '';
    expect(svg.match(/\d read as \d/g)).toEqual(['1 read as 2', '2 read as 3', '7 read as 8']);
    expect(svg.match(/[\d.]+ % sure/g)).toEqual(['9.38 % sure', '6.25 % sure', '3.13 % sure']);
    expect(svg).toContain('3 of the 3 test digits');
  });

  test('shows no more than it is asked for', () => {
    const predicted = new Int32Array(30).fill(-1);
    const svg = mistakesPicture(digits, { score, predicted, confidence }, { ...options, most: 6 }) ?? '';
    expect(svg.match(/<image /g)).toHaveLength(6);
    expect(svg).toContain('6 of the 30 test digits');
  });

  test('is none where there are no mistakes', () => {
    const predicted = Int32Array.from(digits.labels.data);
    expect(mistakesPicture(digits, { score, predicted, confidence }, options)).toBeUndefined();
  });
});
