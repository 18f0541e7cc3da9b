import { Random, type Tensor, tensor } from '@tapegrad/core';
import { batches, type Rows } from '@tapegrad/example-toolkit/batches';
import { describe, expect, expectTypeOf, test } from 'vitest';

const x = tensor(new Float32Array(20), { shape: [10, 2] }).add(
  tensor([[0], [1], [2], [3], [4], [5], [6], [7], [8], [9]]),
);
const y = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { dtype: 'int32' });

const labels = (list: Iterable<{ readonly y: Tensor }>) => [...list].map(({ y }) => [...y.data]);

describe('batches', () => {
  test('come in order, the last with what is left', () => {
    expect(labels(batches({ x, y }, { size: 4 }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(labels(batches({ x, y }, { size: 10 }))).toEqual([[...y.data]]);
  });

  test('leave out a last one that is not full', () => {
    expect(labels(batches({ x, y }, { size: 4, dropLast: true }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    expect(labels(batches({ x, y }, { size: 5, dropLast: true }))).toHaveLength(2);
    expect(labels(batches({ x, y }, { size: 11, dropLast: true }))).toEqual([]);
  });

  test('hold each row once, x and y of the same row, in an order that the seed decides', () => {
    const epoch = (seed: number) => [...batches({ x, y }, { size: 3, random: new Random(seed) })];
    for (const { x, y } of epoch(1)) {
      expect(x.shape).toEqual([y.shape[0], 2]);
      expect([...x.index(0).data]).toEqual([y.data[0], y.data[0]]);
    }
    expect(labels(epoch(1)).flat().sort()).toEqual([...y.data]);
    expect(labels(epoch(1))).toEqual(labels(epoch(1)));
    expect(labels(epoch(1))).not.toEqual(labels(epoch(2)));
  });

  test('come in another order each epoch', () => {
    const random = new Random(1);
    const epoch = () => labels(batches({ y }, { size: 10, random }));
    expect(epoch()).not.toEqual(epoch());
  });

  test('keep what is known of the shapes', () => {
    type Batch = Rows<{ x: Tensor<readonly [60000, 784]>; y: Tensor<readonly [60000]> }>;
    expectTypeOf<Batch['x']>().toEqualTypeOf<Tensor<readonly [number, 784]>>();
    expectTypeOf<Batch['y']>().toEqualTypeOf<Tensor<readonly [number]>>();
  });

  test.each([
    ['a size of 0', { x }, 0, 'batches: expected a size of 1 or more rows, got 0'],
    ['half a row', { x }, 1.5, 'batches: expected a size of 1 or more rows, got 1.5'],
    ['no columns', {}, 1, 'of the same number of rows, 1 or more, got none'],
    ['columns that differ', { x, y: tensor([1]) }, 1, 'of the same number of rows, 1 or more, got x 10, y 1'],
    ['a scalar', { x: tensor(1) }, 1, 'of the same number of rows, 1 or more, got x 0'],
  ])('refuse %s', (_, columns, size, message) => {
    expect(() => [...batches(columns, { size })]).toThrow(message);
  });
});
