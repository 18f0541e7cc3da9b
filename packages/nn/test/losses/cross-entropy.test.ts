/** Cross-entropies: gradients, options and extreme values. */

import { ArgumentError, DTypeError, Random, ShapeError, type Tensor, tensor, zeros } from '@tapegrad/core';
import { tapeOf } from '@tapegrad/core/tape';
import { binaryCrossEntropy, crossEntropy } from '@tapegrad/nn';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

type Kind = new (...args: never[]) => Error;

const int = (values: readonly number[]): Tensor<readonly [number]> => tensor(Int32Array.from(values));

describe('binaryCrossEntropy', () => {
  test.each(['float32', 'float64'] as const)('loses no digits where it is sure, and right, in %s', (dtype) => {
    const x = tensor([30, -30, 300, -300], { dtype, requiresGrad: true });
    const losses = binaryCrossEntropy(x, tensor([1, 0, 1, 0], { dtype }), { reduction: 'none' });
    const tiny = Math.exp(-30);
    const close = (values: ArrayLike<number>, expected: readonly number[]) =>
      expected.every((value, i) => Math.abs(values[i]! - value) <= 1e-6 * Math.abs(value) + Number.MIN_VALUE);
    expect(
      close(
        losses.data,
        [tiny, tiny, 0, 0].map((v, i) => (dtype === 'float64' && i > 1 ? Math.exp(-300) : v)),
      ),
    ).toBe(true);
    const gradient = losses.sum().backward().of(x).data;
    expect(close(gradient.slice(0, 2), [-tiny, tiny])).toBe(true);
  });

  test('grows linearly where it is sure, and wrong', () => {
    const x = tensor([1e4, -1e4], { requiresGrad: true });
    const losses = binaryCrossEntropy(x, tensor([0, 1]), { reduction: 'none' });
    expect(losses.toArray()).toEqual([1e4, 1e4]);
    expect(losses.sum().backward().of(x).toArray()).toEqual([1, -1]);
  });
});

describe('crossEntropy', () => {
  const x: Tensor = new Random(4).normal([3, 5], { dtype: 'float64' });

  test.each<[string, () => unknown, Kind, string]>([
    [
      'a label out of range',
      () => crossEntropy(x, int([0, 5, -1])),
      ArgumentError,
      'crossEntropy: label 5 at index 1 is out of range: 5 classes are labelled 0 to 4',
    ],
    ['a negative label', () => crossEntropy(x, int([-1, 5, 0])), ArgumentError, 'crossEntropy: label -1 at index 0'],
    [
      'fewer labels',
      () => crossEntropy(x, int([0])),
      ShapeError,
      'crossEntropy: logits of shape [3, 5] need labels of shape [3] or probabilities of shape [3, 5], got [1]',
    ],
    [
      'labels as floats',
      () => crossEntropy(x, zeros([3]) as Tensor),
      DTypeError,
      'crossEntropy: the labels are float32, expected int32; cast them',
    ],
    [
      'no probability',
      () => crossEntropy(x, zeros([3, 5], { dtype: 'float64' }).add(2)),
      ArgumentError,
      'crossEntropy: the target at index 0 is 2, expected a probability, from 0 to 1',
    ],
    ['another dtype', () => crossEntropy(x, zeros([3, 5])), DTypeError, 'predictions are float64 and targets float32'],
    [
      'a vector',
      () => crossEntropy(zeros([5]) as Tensor, int([0])),
      ShapeError,
      'expected logits of shape [n, c], got [5]',
    ],
    ['integers', () => crossEntropy(int([1, 2]).reshape([1, 2]), int([0])), DTypeError, 'got int32'],
    ['an empty batch', () => crossEntropy(zeros([0, 5]), int([]) as Tensor), ArgumentError, 'the batch is empty'],
    ['no classes', () => crossEntropy(zeros([3, 0]), int([0, 0, 0]) as Tensor), ArgumentError, 'the batch is empty'],
    [
      'too much smoothing',
      () => crossEntropy(x, int([0, 0, 0]), { labelSmoothing: 1.1 }),
      ArgumentError,
      'labelSmoothing is 1.1',
    ],
    [
      'an unknown reduction',
      () => crossEntropy(x, int([0, 0, 0]), { reduction: 'max' as never }),
      ArgumentError,
      "'max'",
    ],
  ])('refuses %s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });

  const rows = fc.integer({ min: 1, max: 4 }).chain((c) =>
    fc.array(
      fc.record({
        logits: fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: c, maxLength: c }),
        label: fc.integer({ min: 0, max: c - 1 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  );
  const float64 = (values: readonly (readonly number[])[]): Tensor => tensor(values, { dtype: 'float64' });
  const labelsOf = (batch: readonly { readonly label: number }[]): Tensor => int(batch.map(({ label }) => label));
  const logitsOf = (batch: readonly { readonly logits: readonly number[] }[]): Tensor =>
    float64(batch.map(({ logits }) => logits));
  const oneHot = (labels: Tensor, c: number): Tensor =>
    float64(Array.from(labels.data, (label) => Array.from({ length: c }, (_, j) => (j === label ? 1 : 0))));

  const smoothing = fc.constantFrom(0, 0.1, 1);

  test('does not change with a number added to a row’s logits', () => {
    fc.assert(
      fc.property(rows, smoothing, fc.integer({ min: -1000, max: 1000 }), (batch, labelSmoothing, shift) => {
        const loss = crossEntropy(logitsOf(batch), labelsOf(batch), { labelSmoothing }).item();
        const shifted = crossEntropy(logitsOf(batch).add(shift), labelsOf(batch), { labelSmoothing }).item();
        expect(Math.abs(loss - shifted)).toBeLessThan(1e-10);
        expect(loss).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('does not change with the order of the classes', () => {
    fc.assert(
      fc.property(rows, smoothing, fc.integer(), (batch, labelSmoothing, seed) => {
        const logits = logitsOf(batch);
        const order = new Random(seed).permutation(logits.shape[1]!);
        const places = Array.from(order.data);
        const labels = int(batch.map(({ label }) => places.indexOf(label)));
        const loss = crossEntropy(logits, labelsOf(batch), { labelSmoothing }).item();
        expect(crossEntropy(logits.take(order, 1), labels, { labelSmoothing }).item()).toBeCloseTo(loss, 10);
      }),
    );
  });

  test('is the same of labels as of the probabilities 0 and 1, gradients included', () => {
    fc.assert(
      fc.property(rows, smoothing, (batch, labelSmoothing) => {
        const labels = labelsOf(batch);
        const [first, second] = [labels, oneHot(labels, batch[0]!.logits.length)].map((targets) => {
          const logits = tensor(logitsOf(batch).data, {
            shape: [batch.length, batch[0]!.logits.length],
            requiresGrad: true,
          });
          const losses = crossEntropy(logits, targets as Tensor, { labelSmoothing, reduction: 'none' });
          return [...losses.data, ...losses.sum().backward().of(logits).data];
        });
        first!.forEach((value, i) => {
          expect(value).toBeCloseTo(second![i]!, 10);
        });
      }),
    );
  });

  test('has the gradient (softmax(x) - t) / n', () => {
    fc.assert(
      fc.property(rows, (batch) => {
        const shape = [batch.length, batch[0]!.logits.length] as const;
        const logits = tensor(logitsOf(batch).data, { shape, requiresGrad: true });
        const gradient = crossEntropy(logits as Tensor, labelsOf(batch))
          .backward()
          .of(logits);
        const expected = logits
          .detach()
          .softmax(1)
          .sub(oneHot(labelsOf(batch), shape[1]))
          .div(shape[0]);
        expect((gradient as Tensor).sub(expected).abs().max().item()).toBeLessThan(1e-14);
      }),
    );
  });

  test('keeps its digits beside large logits, and does not overflow', () => {
    const of = (logits: readonly number[], label: number) => crossEntropy(tensor([logits]), int([label])).item();
    // In log sum e^x minus the label's logit, rounding at 1000 would leave one digit.
    expect(of([1000, 993], 0) / Math.log1p(Math.exp(-7))).toBeCloseTo(1, 3);
    expect(of([1e30, -1e30], 1) / 2e30).toBeCloseTo(1, 6);
  });

  test('records few primitives', () => {
    const logits = tensor([[1, 2]], { requiresGrad: true });
    const ops = tapeOf(crossEntropy(logits, int([1]))).map(({ op }) => op);
    expect(ops).toEqual(['crossEntropy', 'mean', 'reshape']);
  });
});
