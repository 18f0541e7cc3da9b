import { Random, type Tensor, tensor } from '@tapegrad/core';
import { Dataset, fromArray, fromColumns, fromTensors } from '@tapegrad/data';
import { describe, expect, expectTypeOf, test } from 'vitest';

const numbers = (length: number) => new Dataset(length, (i) => i);
const sorted = (list: Iterable<number>) => [...list].sort((a, b) => a - b);

describe('Dataset', () => {
  test('reads an example when it is wanted', () => {
    const read: number[] = [];
    const dataset = new Dataset(4, (i) => {
      read.push(i);
      return 10 * i;
    });
    expect(dataset.map((x) => x + 1).at(2)).toBe(21);
    expect(read).toEqual([2]);
    expect([...dataset]).toEqual(dataset.toArray());
  });

  test('map passes the index of the dataset that it maps, filter and subset compose', () => {
    const dataset = numbers(6)
      .map((x, i) => [x, i])
      .filter(([x]) => x! % 2 === 1)
      .map(([x, i], j) => [x!, i!, j]);
    expect(dataset.toArray()).toEqual([
      [1, 1, 0],
      [3, 3, 1],
      [5, 5, 2],
    ]);
    expect(numbers(5).subset([4, 4, 0]).subset([2, 0]).toArray()).toEqual([0, 4]);
  });

  test('map awaits promises', async () => {
    const later = new Dataset(3, async (i) => i).map((x) => x + 1);
    expectTypeOf(later).toEqualTypeOf<Dataset<Promise<number>>>();
    expect(await Promise.all(later)).toEqual([1, 2, 3]);
    const drawn = new Dataset(3, async (i) => i).augment((x, random) => x + random.next());
    expect(await drawn.at(1, new Random(1))).toBe(1 + new Random(1).next());
  });

  test('augment draws from the generator that it is given, in a chain', () => {
    const dataset = numbers(3)
      .augment((x, random) => x + random.next())
      .map((x) => 2 * x)
      .augment((x, random) => [x, random.next()]);
    const random = new Random(5);
    expect(dataset.at(1, new Random(5))).toEqual([2 * (1 + random.next()), random.next()]);
    expect(dataset.isRandom).toBe(true);
    expect(dataset.subset([0]).concat(dataset).isRandom).toBe(true);
    expect(numbers(3).isRandom).toBe(false);
    expect(() => dataset.at(0)).toThrow('augment: expected a generator');
  });

  test('concat reads each part at its place', () => {
    const all = numbers(2).concat(
      numbers(0),
      numbers(3).map((x) => -x),
    );
    expect(all.toArray()).toEqual([0, 1, -0, -1, -2]);
  });

  test.each([
    ['an index beyond the end', () => numbers(3).at(3), 'at: expected an index from 0 to 2, got 3'],
    ['a negative index', () => numbers(3).at(-1), 'at: expected an index from 0 to 2, got -1'],
    ['half an index', () => numbers(3).at(0.5), 'at: expected an index from 0 to 2, got 0.5'],
    ['an empty dataset', () => numbers(0).at(0), 'at: the dataset is empty, got 0'],
    ['a negative length', () => numbers(-1), 'Dataset: expected a length of 0 or more, got -1'],
    ['no function', () => new Dataset(1, 1 as never), 'Dataset: expected a function from index to example, got 1'],
    ['indices beyond the end', () => numbers(3).subset([0, 3]), 'subset: expected indices from 0 to 2, got 3'],
    [
      'a filter of promises',
      () => new Dataset(1, async (i) => i).filter(() => true),
      'filter: the examples are promises',
    ],
    ['a map of nothing', () => numbers(1).map(undefined as never), 'map: expected a function, got undefined'],
    ['something else to concat', () => numbers(1).concat([1] as never), 'concat: expected datasets, got an array'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('split', () => {
  test.each([
    [
      [0.8, 0.2],
      [8, 2],
    ],
    [
      [0.5, 0.25, 0.25],
      [5, 3, 2],
    ],
    [
      [7, 3],
      [7, 3],
    ],
    [[10], [10]],
    [
      [1 / 3, 1 / 3, 1 / 3],
      [3, 4, 3],
    ],
  ])('into %j', (parts, sizes) => {
    for (const random of [undefined, new Random(1)]) {
      const split = numbers(10).split(parts, { random } as object);
      expect(split.map(({ length }) => length)).toEqual(sizes);
      expect(sorted(split.flatMap((part) => part.toArray()))).toEqual(numbers(10).toArray());
      if (random === undefined) expect(split.flatMap((part) => part.toArray())).toEqual(numbers(10).toArray());
    }
  });

  test('at random as the seed decides', () => {
    const draw = (seed: number) =>
      numbers(20)
        .split([0.5, 0.5], { random: new Random(seed) })[0]
        .toArray();
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('by class gives each part its share of each', () => {
    const by = Array.from({ length: 120 }, (_, i) => (i % 12 === 0 ? 'rare' : i % 3 === 0 ? 'some' : 'many'));
    for (const random of [undefined, new Random(3)]) {
      const options = random === undefined ? { by } : { by, random };
      const [train, test] = numbers(120).split([0.75, 0.25], options);
      const count = (part: Dataset<number>, name: string) => part.toArray().filter((i) => by[i] === name).length;
      expect([train.length, test.length]).toEqual([90, 30]);
      for (const [name, share] of [
        ['rare', 2.5],
        ['some', 7.5],
        ['many', 20],
      ] as const) {
        expect(Math.abs(count(test, name) - share)).toBeLessThan(1);
      }
      expect(sorted([...train, ...test])).toEqual(numbers(120).toArray());
    }
  });

  test.each([
    ['no parts', [], 'split: expected a list of shares or sizes above 0, got []'],
    [
      'shares that do not sum to 1',
      [0.5, 0.4],
      'split: expected shares that sum to 1, got [0.5, 0.4], which sum to 0.9',
    ],
    ['sizes that do not sum up', [5, 4], 'or sizes that sum to 10, got [5, 4]'],
    ['a negative share', [1.5, -0.5], 'split: expected a list of shares or sizes above 0, got [1.5, -0.5]'],
    ['a share of nothing', [0.99, 0.01], 'split: share 0.01 of 10 examples rounds to none'],
  ])('refuses %s', (_, parts, message) => {
    expect(() => numbers(10).split(parts)).toThrow(message);
  });

  test('refuses classes of other examples, and options that it has not', () => {
    expect(() => numbers(10).split([0.5, 0.5], { by: [1] })).toThrow("of each of 10 examples in 'by', got 1");
    expect(() => numbers(10).split([0.5, 0.5], { seed: 1 } as never)).toThrow("split: unknown option 'seed'");
  });
});

describe('kFold', () => {
  test.each([2, 3, 5, 10])('%i folds validate with each example once', (k) => {
    for (const options of [{}, { random: new Random(k) }, { by: [0, 0, 1, 1, 0, 1, 0, 1, 1, 1] }]) {
      const folds = numbers(10).kFold(k, options);
      expect(folds).toHaveLength(k);
      expect(sorted(folds.flatMap(({ validation }) => [...validation]))).toEqual(numbers(10).toArray());
      for (const { train, validation } of folds) {
        expect(sorted([...train, ...validation])).toEqual(numbers(10).toArray());
        expect(Math.abs(validation.length - 10 / k)).toBeLessThan(1);
      }
    }
  });

  test('by class gives each fold its share', () => {
    const by = Array.from({ length: 30 }, (_, i) => i % 3);
    for (const { validation } of numbers(30).kFold(5, { by, random: new Random(1) })) {
      expect([0, 1, 2].map((name) => validation.filter((i) => by[i] === name).length)).toEqual([2, 2, 2]);
    }
  });

  test.each([0, 1, 11, 2.5])('refuses %d folds of 10 examples', (k) => {
    expect(() => numbers(10).kFold(k)).toThrow(`kFold: expected from 2 to 10 folds of 10 examples, got ${k}`);
  });
});

describe('sources', () => {
  const x = tensor([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);

  test('fromTensors gives rows, and keeps what is known of shapes', () => {
    const dataset = fromTensors({ x, y: new Int32Array([7, 8, 9]) });
    expectTypeOf(dataset.at(0)).toEqualTypeOf<{ readonly x: Tensor<readonly [2]>; readonly y: Tensor<readonly []> }>();
    expect(dataset.at(1).x.toArray()).toEqual([2, 3]);
    expect(dataset.at(1).y.item()).toBe(8);
    expect(dataset.at(1).y.dtype).toBe('int32');
    expect(dataset.length).toBe(3);
  });

  test('gathers through subsets', () => {
    const dataset = fromTensors({ x }).subset([2, 0, 1]).subset([1, 0]);
    expect(dataset.gather(new Int32Array([0, 1]))?.x.toArray()).toEqual([
      [0, 1],
      [4, 5],
    ]);
    expect(dataset.map((row) => row).canGather).toBe(false);
  });

  test('fromArray and fromColumns give examples', () => {
    expect(fromArray([1, 'a']).toArray()).toEqual([1, 'a']);
    const dataset = fromColumns({ name: ['Ada', 'Bob'], age: new Float32Array([36, 41]) });
    expectTypeOf(dataset.at(0).name).toEqualTypeOf<string>();
    expectTypeOf(dataset.at(0).age).toEqualTypeOf<number>();
    expect(dataset.at(1)).toEqual({ name: 'Bob', age: 41 });
  });

  test.each([
    ['no columns', () => fromTensors({}), 'rows, 1 or more, got none'],
    ['columns that differ', () => fromTensors({ x, y: tensor([1]) }), 'got x [3, 2], y [1]'],
    ['a scalar', () => fromTensors({ x: tensor(1) }), 'got x []'],
    ['no tensor', () => fromTensors({ x: [1] as never }), 'fromTensors: expected a tensor, got an array'],
    ['bytes', () => fromTensors({ x: new Uint8Array(2) as never }), 'a Uint8Array needs a dtype'],
    ['lists that differ', () => fromColumns({ a: [1], b: [] }), 'of the same length, got a 1, b 0'],
    ['no list', () => fromArray('abc' as never), "fromArray: expected a list of examples, got 'abc'"],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
