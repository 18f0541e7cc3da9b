import {
  ArgumentError,
  broadcastShapes,
  checkShape,
  normalizeAxes,
  normalizeAxis,
  rowMajor,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
} from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';

test.each<[Shape, number, number[]]>([
  [[], 1, []],
  [[5], 5, [1]],
  [[2, 3, 4], 24, [12, 4, 1]],
  [[2, 0, 4], 0, [0, 4, 1]],
])('%j has %d elements and the strides %j', (shape, size, stride) => {
  expect(sizeOf(shape)).toBe(size);
  expect(rowMajor(shape)).toEqual(stride);
});

test('shapes are the same where all lengths are', () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
});

describe('broadcasting', () => {
  test.each<[Shape, Shape, Shape]>([
    [[], [], []],
    [[], [2], [2]],
    [
      [5, 1],
      [1, 7],
      [5, 7],
    ],
    [[3], [5, 1, 3], [5, 1, 3]],
    [[1], [0], [0]],
    [
      [0, 1],
      [1, 4],
      [0, 4],
    ],
  ])('%j with %j gives %j', (a, b, shape) => {
    expect(broadcastShapes('add', a, b)).toEqual(shape);
    expect(broadcastShapes('add', b, a)).toEqual(shape);
  });

  test('unlike lengths are refused', () => {
    const sentence = 'add: cannot broadcast [2, 3] with [4, 3]: 2 and 4 differ';
    expect(() => broadcastShapes('add', [2, 3], [4, 3])).toThrow(new ShapeError(sentence));
  });
});

test.each([
  [[-1], 'zeros: [-1] is not a shape: axis lengths are integers >= 0'],
  [[2, 1.5], 'zeros: [2, 1.5] is not a shape: axis lengths are integers >= 0'],
  [[Number.NaN], 'zeros: [NaN] is not a shape: axis lengths are integers >= 0'],
  [[2 ** 20, 2 ** 20], 'zeros: an array of shape [1048576, 1048576] is too large'],
])('%j is refused', (shape, sentence) => {
  expect(() => checkShape('zeros', shape)).toThrow(new ArgumentError(sentence));
});

describe('axes', () => {
  test.each([
    [0, 3, 0],
    [-1, 3, 2],
    [-3, 3, 0],
  ])('%d of rank %d is %d', (axis, rank, normalized) => {
    expect(normalizeAxis('sum', axis, rank)).toBe(normalized);
  });

  test.each<[number | number[] | undefined, number[]]>([
    [undefined, [0, 1, 2]],
    [[], []],
    [-1, [2]],
    [
      [-1, 0],
      [0, 2],
    ],
  ])('%j of rank 3 are %j', (axes, normalized) => {
    expect(normalizeAxes('sum', axes, 3)).toEqual(normalized);
  });

  test.each<[number | number[], number, string]>([
    [3, 3, 'sum: axis 3 is out of range for rank 3: expected -3 to 2'],
    [-4, 3, 'sum: axis -4 is out of range for rank 3: expected -3 to 2'],
    [0.5, 3, 'sum: axis 0.5 is out of range for rank 3: expected -3 to 2'],
    [0, 0, 'sum: axis 0 is out of range for rank 0: a scalar has no axes'],
    [[0, -3], 3, 'sum: axis 0 occurs twice in [0, -3]'],
  ])('%j of rank %d is refused', (axes, rank, sentence) => {
    expect(() => normalizeAxes('sum', axes, rank)).toThrow(new ArgumentError(sentence));
  });
});
