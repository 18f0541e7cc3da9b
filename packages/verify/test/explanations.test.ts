/** Explanations of differences: each deliberate mistake is explained, and nothing is explained by accident. */

import { concat, Random, type Tensor, tensor } from '@tapegrad/core';
import { type CompareOptions, type Comparison, compare, type Explanation } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const random = new Random(5);
const normal = (...shape: number[]): Tensor => random.normal(shape, { dtype: 'float64' });
const float64 = (list: readonly number[]): Tensor => tensor(list, { dtype: 'float64' });

function explanationOf(comparison: Comparison): Explanation | undefined {
  expect(comparison.passed).toBe(false);
  return 'explanation' in comparison ? comparison.explanation : undefined;
}

const [x, rows, column] = [normal(4, 6), normal(6), normal(4, 1)];
const [slope, other, gamma] = [normal(4, 6), normal(4, 6), normal(6)];
const kernel = normal(3, 2, 3, 3);
const known = { 'slope(1)': slope, 'slope(2)': other, gamma, 'W[1]': normal(4, 6) };
const { 'W[1]': W1 } = known;
const wrongAt = (...places: number[]): Tensor => {
  const data = Float64Array.from(x.data);
  for (const place of places) data[place]! += 1 + place;
  return tensor(data, { shape: x.shape });
};

type Row = readonly [
  clause: string,
  expected: Tensor,
  actual: Tensor,
  found: Partial<Explanation>,
  options?: CompareOptions,
];

// biome-ignore format: a line a case
const rowsOfMistakes: readonly Row[] = [
  ['has the wrong sign in one element', float64([1, -2, 3]), float64([1, 2, 3]), { kind: 'signs', count: 1 }],
  ['has the wrong sign in 13 of its 24 elements', x, x.mul(concat([x.mul(0).slice(0, 0, 2).sub(1), x.mul(0).slice(0, 2).add(1)], 0).mul(tensor([1, 1, 1, 1, 1, -1], { dtype: 'float64' }))), { kind: 'signs' }],
  ['is reversed along axis 0', rows, rows.flip(0), { kind: 'reversed', axes: [0], factor: 1 }],
  ['is reversed along axis 1', x, x.flip(1), { kind: 'reversed', axes: [1] }],
  ['is reversed along axis 0, and off by the factor -1', x, x.flip(0).neg(), { kind: 'reversed', axes: [0], factor: -1 }],
  ['is rotated by 180 degrees, reversed along axes 2 and 3', kernel, kernel.flip([2, 3]), { kind: 'reversed', axes: [2, 3], order: undefined }],
  ['is rotated by 180 degrees, reversed along axes 0 and 1, and off by the factor 2', x, x.flip([0, 1]).mul(2), { kind: 'reversed', axes: [0, 1], factor: 2 }],
  ['is rolled by 2 along axis 1', x, concat([x.slice(1, 4), x.slice(1, 0, 4)], 1), { kind: 'rolled', axis: 1, by: 2 }],
  ['is rolled by 1 along axis 0, with its sign changed', x, concat([x.slice(0, 3), x.slice(0, 0, 3)], 0).neg(), { kind: 'rolled', axis: 0, by: 1, factor: -1 }],
  ['is shifted by 1 along axis 1, with other elements at the edge', x, concat([normal(4, 1), x.slice(1, 0, 5)], 1), { kind: 'shifted', axis: 1, by: 1 }],
  ['is shifted by -1 along axis 0, with other elements at the edge', rows, concat([rows.slice(0, 1), float64([0])], 0), { kind: 'shifted', axis: 0, by: -1 }],
  ['has the right elements, but in another order', x, x.transpose().reshape([4, 6]), { kind: 'reordered' }],
  ['is right except in columns 2 and 5', x, wrongAt(2, 5, 8, 11, 14, 17, 20, 23), { kind: 'slices', axis: 1, indices: [2, 5], factor: undefined }],
  ['is right except in row 3', x, wrongAt(18, 19, 20, 21, 22, 23), { kind: 'slices', axis: 0, indices: [3] }],
  ['is right except in column 1, which is off by the factor 3', x, x.mul(float64([1, 3, 1, 1, 1, 1])), { kind: 'slices', axis: 1, indices: [1], factor: 3 }],
  ['is right except in index 1 of axis 0', kernel, kernel.add(tensor([0, 1, 0], { shape: [3, 1, 1, 1], dtype: 'float64' }).mul(normal(3, 2, 3, 3))), { kind: 'slices', axis: 0, indices: [1] }],
  ['is off by 0.5 everywhere', x, x.add(0.5), { kind: 'offset', axis: undefined, offsets: [0.5] }],
  ['is off by the same number in each row: 1, 2, 3, 4', x, x.add(float64([1, 2, 3, 4]).reshape([4, 1])), { kind: 'offset', axis: 0 }],
  ['is off by the same number in each column: 1, 2, 3, 4, …', x, x.add(float64([1, 2, 3, 4, 5, 6])), { kind: 'offset', axis: 1 }],
  ['is off by a factor for each row: 1, 2, 3, 4', x, x.mul(float64([1, 2, 3, 4]).reshape([4, 1])), { kind: 'factors', axis: 0 }],
  ['is off by a factor for each column: 2, -1, 3, 0.5, …', x, x.mul(float64([2, -1, 3, 0.5, 7, 9])), { kind: 'factors', axis: 1 }],
  ['lacks the factor slope(1)', x.mul(slope), x, { kind: 'missing factor', known: 'slope(1)', factor: 1 }, { known }],
  ['lacks the factor gamma', x.mul(gamma), x, { kind: 'missing factor', known: 'gamma' }, { known }],
  ['lacks the factor slope(2), and is off by the factor -2', x.mul(other), x.mul(-2), { kind: 'missing factor', known: 'slope(2)', factor: -2 }, { known }],
  ['has the extra factor gamma', x, x.mul(gamma), { kind: 'extra factor', known: 'gamma' }, { known }],
  ['has slope(2) in place of slope(1)', x.mul(slope), x.mul(other), { kind: 'replaced factor', known: 'slope(1)', by: 'slope(2)' }, { known }],
  ['lacks the term 0.1 W[1]', x.add(W1.mul(0.1)), x, { kind: 'missing term', known: 'W[1]' }, { known }],
  ['lacks the term W[1]', x.add(W1), x, { kind: 'missing term', known: 'W[1]', coefficient: 1 }, { known }],
  ['has the extra term 2 W[1]', x, x.add(W1.mul(2)), { kind: 'extra term', known: 'W[1]' }, { known }],
  ['lacks a multiple of W[1] in each column', x.add(W1.mul(rows)), x, { kind: 'missing term', known: 'W[1]', coefficient: undefined, axis: 1 }, { known }],
  ['lacks a multiple of W[1] in each row', x.add(W1.mul(column)), x, { kind: 'missing term', known: 'W[1]', axis: 0 }, { known }],
  ['holds the variance constant', x, other, { kind: 'mistake', known: 'holds the variance constant' }, { mistakes: { 'is another thing': x.add(1), 'holds the variance constant': () => other } }],
];

describe('mistakes are explained', () => {
  test.each(rowsOfMistakes.map((row) => [row[0], row] as const))(
    '%s',
    (clause, [, expected, actual, found, options]) => {
      const comparison = compare('y', expected, actual, options);
      expect(comparison.verdict).toBe('different');
      const explanation = explanationOf(comparison);
      expect(explanation).toMatchObject(found);
      if (found.kind !== 'signs' || clause.includes('one')) expect(explanation!.message).toBe(clause);
      expect(comparison.message).toMatch(/^y .*; got \S+, expected \S+ at \[.*\]$/);
      expect(comparison.message).toContain(`y ${explanation!.message};`);
    },
  );

  test('in float32 too', () => {
    const narrow = (z: Tensor): Tensor => z.cast('float32');
    const [a, s] = [narrow(x), narrow(slope)];
    const of = (e: Tensor, y: Tensor) => explanationOf(compare('y', e, y, { known: { s } }));
    expect(of(a.mul(s), a)).toMatchObject({ kind: 'missing factor', known: 's' });
    expect(of(a.add(s.mul(0.1)), a)).toMatchObject({ kind: 'missing term', known: 's' });
    expect(of(a, a.flip(1))).toMatchObject({ kind: 'reversed', axes: [1] });
  });

  test.each<readonly [clause: string, expected: Tensor, actual: Tensor, found: Partial<Explanation>]>([
    [
      'has the right elements, in another shape; reshape corrects it',
      x,
      x.reshape([24]),
      { kind: 'reshaped', factor: 1 },
    ],
    [
      'is rotated by 180 degrees, reversed along axes 2 and 3, and has its axes in another order; permute([1, 0, 2, 3]) corrects it',
      kernel,
      kernel.flip([2, 3]).permute([1, 0, 2, 3]),
      { kind: 'reversed', axes: [2, 3], order: [1, 0, 2, 3] },
    ],
    ['is not summed along axis 0', x.sum(0), x, { kind: 'not summed', axes: [0] }],
    ['is not summed along axis 1', x.sum(1, { keepDims: true }), x, { kind: 'not summed', axes: [1] }],
    ['is not summed along axis 0, and off by the factor 2', x.sum(0), x.mul(2), { kind: 'not summed', factor: 2 }],
    ['is not summed along axes 2 and 3', kernel.sum([2, 3]), kernel, { kind: 'not summed', axes: [2, 3] }],
    ['is summed along axis 0, which it should not be', x, x.sum(0), { kind: 'summed', axes: [0] }],
  ])('shapes: %s', (clause, expected, actual, found) => {
    const comparison = compare('y', expected, actual);
    expect(comparison.verdict).toBe('shapes');
    expect(explanationOf(comparison)).toMatchObject(found);
    expect(comparison.message).toContain(`: it ${clause}`);
  });
});

describe('nothing is explained by accident', () => {
  test.each([[1], [2], [3], [2, 2], [4, 6], [2, 1], [3, 2, 2], [2, 2, 3, 3]])('shapes of lengths %s', (...shape) => {
    for (let draw = 0; draw < 20; draw++) {
      const [expected, actual] = [normal(...shape), normal(...shape)];
      const quantities = { a: normal(...shape), b: normal(...shape), c: normal(shape.at(-1)!) };
      const comparison = compare('y', expected, actual, {
        known: quantities,
        mistakes: { 'is d': normal(...shape) },
        n: 7,
      });
      expect(explanationOf(comparison)).toBeUndefined();
    }
  });

  test('where what is known is 0, or all of it', () => {
    const zeros = x.mul(0);
    expect(explanationOf(compare('y', x, normal(4, 6), { known: { zeros }, mistakes: { zeros } }))).toBeUndefined();
    expect(explanationOf(compare('y', zeros, normal(4, 6), { known }))).toBeUndefined();
    expect(explanationOf(compare('y', normal(4, 6), zeros, { known }))).toMatchObject({ kind: 'zero' });
  });
});
