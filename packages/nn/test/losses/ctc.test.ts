/** CTC by hand: the sum over all paths, and targets that no path produces. */

import { ArgumentError, DTypeError, Random, ShapeError, type Tensor, tensor, zeros } from '@tapegrad/core';
import { ctc } from '@tapegrad/nn';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';

const int = (values: readonly number[], shape: readonly number[]): Tensor => tensor(Int32Array.from(values), { shape });

/** Returns all sequences of this length. */
function* sequences(steps: number, classes: number): Generator<number[]> {
  for (let i = 0; i < classes ** steps; i++) {
    yield Array.from({ length: steps }, (_, step) => Math.floor(i / classes ** step) % classes);
  }
}

/** Returns the labels of a path: repetitions merged, blanks dropped. */
const said = (path: readonly number[], blank: number): number[] =>
  path.filter((label, i) => label !== path[i - 1] && label !== blank);

test('is the probability of all paths that say the target', () => {
  const classes = 3;
  const cases = fc.record({
    seed: fc.integer({ min: 1, max: 1000 }),
    blank: fc.integer({ min: 0, max: classes - 1 }),
    steps: fc.integer({ min: 1, max: 4 }),
    path: fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: 4, maxLength: 4 }),
  });
  fc.assert(
    fc.property(cases, ({ seed, blank, steps, path }) => {
      const x = new Random(seed).normal([1, 4, classes], { dtype: 'float64' }).logSoftmax(2) as Tensor;
      const target = said(path.slice(0, steps), blank);
      let probability = 0;
      for (const each of sequences(steps, classes)) {
        if (said(each, blank).join() !== target.join()) continue;
        probability += Math.exp(each.reduce((sum, label, step) => sum + x.index(0, step, label).item(), 0));
      }
      const padded = int([...target, ...Array(4 - target.length).fill(-9)], [1, 4]);
      const loss = ctc(x, padded, [steps], [target.length], { blank, reduction: 'sum' });
      expect(loss.item()).toBeCloseTo(-Math.log(probability), 10);
    }),
    { numRuns: 30 },
  );
});

describe('what no path says', () => {
  const logits = () => tensor(new Random(1).normal([2, 2, 3]).data, { shape: [2, 2, 3], requiresGrad: true });
  // Two equal labels need a blank between them, so three steps.
  const targets = int([1, 1, 2, 0], [2, 2]);

  test('costs infinitely much, with no gradient and no NaN', () => {
    const x = logits();
    const losses = ctc(x.logSoftmax(2), targets, [2, 2], [2, 1], { reduction: 'none' });
    expect(losses.data[0]).toBe(Number.POSITIVE_INFINITY);
    expect(losses.data[1]).toBeLessThan(10);
    const gradient = losses.sum().backward().of(x);
    expect(gradient.index(0).abs().max().item()).toBe(0);
    expect(gradient.index(1).data.every((slope) => Number.isFinite(slope) && slope !== 0)).toBe(true);
  });

  test('costs nothing if it is to', () => {
    const x = logits();
    const losses = ctc(x.logSoftmax(2), targets, [2, 2], [2, 1], { reduction: 'none', zeroInfinity: true });
    expect(losses.data[0]).toBe(0);
    expect(losses.sum().backward().of(x).index(0).abs().max().item()).toBe(0);
  });

  test('is also what has probability 0', () => {
    const never = Number.NEGATIVE_INFINITY;
    const x = tensor(
      [
        [
          [0, never],
          [0, never],
        ],
      ],
      { requiresGrad: true },
    );
    const loss = ctc(x, int([1], [1, 1]), [2], [1]);
    expect(loss.item()).toBe(Number.POSITIVE_INFINITY);
    expect(
      loss
        .backward()
        .of(x)
        .data.every((slope) => slope === 0),
    ).toBe(true);
    expect(ctc(x, int([1], [1, 1]), [2], [0]).item()).toBeCloseTo(0, 6);
  });
});

test('keeps its digits over many steps', () => {
  const steps = 400;
  const x = zeros([1, steps, 5]);
  // The number of paths of a target of one label is n (n + 1) / 2, each of probability 5^-n.
  const expected = steps * Math.log(5) - Math.log((steps * (steps + 1)) / 2);
  expect(ctc(x.logSoftmax(2), int([3], [1, 1]), [steps], [1]).item() / expected).toBeCloseTo(1, 5);
});

test('takes lengths as tensors, and targets without room', () => {
  const x = new Random(1).normal([2, 3, 4], { dtype: 'float64' }).logSoftmax(2) as Tensor;
  const nothing = ctc(x, int([], [2, 0]), int([3, 2], [2]), int([0, 0], [2]), { reduction: 'none' });
  const blanks = x.slice(2, 0, 1);
  expect(nothing.data[0]).toBeCloseTo(-blanks.index(0).sum().item(), 12);
  expect(nothing.data[1]).toBeCloseTo(-blanks.index(1).slice(0, 0, 2).sum().item(), 12);
  expect(ctc(x, int([], [2, 0]), [0, 0], [0, 0]).item()).toBeCloseTo(0, 12);
});

test('knows its shape while typing', () => {
  const x = zeros([2, 3, 4]);
  expectTypeOf(ctc(x, zeros([2, 1], { dtype: 'int32' }).add(1), [3, 3], [1, 1], { reduction: 'none' })).toEqualTypeOf<
    Tensor<readonly [2]>
  >();
});

type Kind = new (...args: never[]) => Error;
const x: Tensor = zeros([2, 3, 4]);
const targets = int([1, 2, 3, 3], [2, 2]);

test.each<[string, () => unknown, Kind, string]>([
  [
    'a matrix',
    () => ctc(zeros([3, 4]), targets, [3], [1]),
    ShapeError,
    'ctc: expected log-probabilities of shape [batch, steps, c], got [3, 4]',
  ],
  [
    'targets one after the other',
    () => ctc(x, int([1, 2], [2]), [3, 3], [1, 1]),
    ShapeError,
    'need targets of shape [2, longest], got [2]',
  ],
  [
    'targets as floats',
    () => ctc(x, zeros([2, 2]), [3, 3], [1, 1]),
    DTypeError,
    'ctc: the targets are float32, expected int32; cast them',
  ],
  ['fewer lengths', () => ctc(x, targets, [3], [1, 1]), ShapeError, 'ctc: expected inputLengths of shape [2], got [1]'],
  [
    'lengths as floats',
    () => ctc(x, targets, [3, 3], zeros([2])),
    DTypeError,
    'ctc: targetLengths are float32, expected int32; cast them',
  ],
  [
    'too many steps',
    () => ctc(x, targets, [3, 4], [1, 1]),
    ArgumentError,
    'ctc: inputLengths has 4 at index 1, expected a number from 0 to 3',
  ],
  [
    'too many labels',
    () => ctc(x, targets, [3, 3], [3, 1]),
    ArgumentError,
    'ctc: targetLengths has 3 at index 0, expected a number from 0 to 2',
  ],
  [
    'a label out of range',
    () => ctc(x, int([1, 4, 1, 9], [2, 2]), [3, 3], [2, 1]),
    ArgumentError,
    'ctc: the target at index 1 is 4: 4 classes are labelled 0 to 3, and 0 is the blank',
  ],
  ['a blank', () => ctc(x, targets, [3, 3], [2, 2], { blank: 3 }), ArgumentError, 'ctc: the target at index 2 is 3'],
  [
    'no blank',
    () => ctc(x, targets, [3, 3], [2, 2], { blank: 4 }),
    ArgumentError,
    'ctc: blank is 4, expected a class, from 0 to 3',
  ],
  [
    'an unknown reduction',
    () => ctc(x, targets, [3, 3], [2, 2], { reduction: 'max' as never }),
    ArgumentError,
    "ctc: unknown reduction 'max'",
  ],
])('refuses %s', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
