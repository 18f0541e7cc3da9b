import { arange, Random, type Tensor, tensor, zeros } from '@tapegrad/core';
import { DataLoader, windows } from '@tapegrad/data';
import { describe, expect, expectTypeOf, test } from 'vitest';

const text = arange(0, 10, 1, { dtype: 'int32' });
const rows = (batches: Iterable<Tensor>) => Array.from(batches, (batch) => batch.toArray()).flat() as number[][];

describe('windows', () => {
  test('overlap by default, and follow each other with a stride of their length', () => {
    expect(windows(text, { length: 4 }).length).toBe(7);
    const apart = windows(text, { length: 3, stride: 3 });
    expect(apart.toArray().map((window) => window.toArray())).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8],
    ]);
    expect(windows(text, { length: 10 }).length).toBe(1);
    expect(windows(text, { length: 2, stride: 8 }).toArray().at(-1)?.toArray()).toEqual([8, 9]);
  });

  test('come in batches like the examples one by one, in any order', () => {
    const dataset = windows(text, { length: 4, stride: 2 });
    const loader = new DataLoader(dataset, { batchSize: 3, random: new Random(1) });
    const [first] = loader;
    expect(first?.shape).toEqual([3, 4]);
    expect(first?.dtype).toBe('int32');
    const all = rows(loader).sort((a, b) => a[0]! - b[0]!);
    expect(all).toEqual(dataset.toArray().map((window) => window.toArray()));
    expect(rows(new DataLoader(dataset.subset([2, 0]), { batchSize: 2 }))).toEqual([
      [4, 5, 6, 7],
      [0, 1, 2, 3],
    ]);
  });

  test('of a series with several channels keep its other axes, and its type', () => {
    const series = new Random(1).normal([6, 2]);
    const dataset = windows(series, { length: 3 });
    expectTypeOf(dataset.at(0)).toEqualTypeOf<Tensor<readonly [number, 2]>>();
    expect(dataset.at(1).toArray()).toEqual(series.slice(0, 1, 4).toArray());
    const [batch] = new DataLoader(dataset, { batchSize: 4 });
    expect(batch?.shape).toEqual([4, 3, 2]);
    expect(batch?.index(3).toArray()).toEqual(series.slice(0, 3, 6).toArray());
  });

  test.each([
    [() => windows(text, { length: 11 }), 'expected a sequence of at least 11 elements, got shape [10]'],
    [() => windows(tensor(1) as never, { length: 1 }), 'got shape []'],
    [() => windows(text, { length: 0 }), 'length is 0, expected an integer of at least 1'],
    [() => windows(text, { length: 2, stride: 1.5 }), 'stride is 1.5, expected an integer of at least 1'],
    [() => windows(text, undefined as never), 'windows: length is undefined'],
    [() => windows(text, { length: 2, step: 1 } as never), "unknown option 'step'"],
    [() => windows([1, 2] as never, { length: 2 }), 'windows: '],
  ])('refuse wrong arguments: %#', (call, message) => {
    expect(call).toThrow(message);
  });

  test('of an empty sequence are none', () => {
    expect(() => windows(zeros([0]), { length: 1 })).toThrow('at least 1 elements, got shape [0]');
  });
});
