import { Random, type Tensor, tensor } from '@tapegrad/core';
import {
  DataLoader,
  type DataLoaderOptions,
  Dataset,
  distributed,
  fromArray,
  fromTensors,
  weighted,
} from '@tapegrad/data';
import { describe, expect, expectTypeOf, test } from 'vitest';

const x = tensor(
  Float32Array.from({ length: 20 }, (_, i) => i >> 1),
  { shape: [10, 2] },
);
const y = Int32Array.from({ length: 10 }, (_, i) => i);
const rows = fromTensors({ x, y });

type Batch = { readonly x: Tensor; readonly y: Tensor };
const labels = (batches: Iterable<Batch>) => Array.from(batches, ({ y }) => [...y.data]);

/** Datasets with the same ten examples, and loaders that batch them. */
const sources: Readonly<Record<string, Dataset<Batch>>> = {
  tensors: rows as Dataset<Batch>,
  'single examples': rows.map((example) => example) as Dataset<Batch>,
  'examples changed at random': rows.augment(({ x, y }, random) => ({ x: x.add(random.next()), y })) as Dataset<Batch>,
};
const promised = new Dataset(10, async (i) => sources['examples changed at random']!.at(i, new Random(i)));

async function collected<B>(batches: AsyncIterable<B>): Promise<B[]> {
  const list: B[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

const bits = (batches: readonly Batch[]) => batches.map(({ x, y }) => [x.shape, [...x.data], [...y.data]]);

describe.each(Object.entries(sources))('a loader of %s', (_, dataset) => {
  const loaderOf = (seed: number, options: Partial<DataLoaderOptions<Batch, Batch>> = {}) =>
    new DataLoader<Batch, Batch>(dataset, { batchSize: 3, random: new Random(seed), ...options });

  test('reads every example once in an epoch, x and y of the same one', () => {
    const loader = loaderOf(1);
    for (let epoch = 0; epoch < 3; epoch++) {
      expect(loader.epoch).toBe(epoch);
      const batches = [...loader];
      expect(batches.map(({ x }) => x.shape)).toEqual([
        [3, 2],
        [3, 2],
        [3, 2],
        [1, 2],
      ]);
      for (const { x, y } of batches) {
        expect(x.shape[0]).toBe(y.shape[0]);
        expect([...x.slice(1, 0, 1).data].map(Math.floor)).toEqual([...y.data]);
      }
      expect(labels(batches).flat().sort()).toEqual([...y]);
    }
  });

  test('depends on the seed alone, and each epoch has another order', () => {
    const epochs = (seed: number) => {
      const loader = loaderOf(seed);
      return [0, 1].map(() => bits([...loader]));
    };
    expect(epochs(1)).toEqual(epochs(1));
    expect(epochs(1)[0]).not.toEqual(epochs(2)[0]);
    expect(epochs(1)[0]).not.toEqual(epochs(1)[1]);
  });

  test('gives the same batches when it is awaited', async () => {
    expect(bits(await collected(loaderOf(4)))).toEqual(bits([...loaderOf(4)]));
  });

  test('gives the same batches when each is read on demand, and counts those that were read', () => {
    const loader = loaderOf(4);
    const batches: Batch[] = [];
    for (const read of loader.deferred()) {
      expect(loader.position).toBe(batches.length);
      batches.push(read());
      expect(loader.position).toBe(batches.length);
      expect(bits([read()])).toEqual(bits(batches.slice(-1)));
    }
    expect(bits(batches)).toEqual(bits([...loaderOf(4)]));
    expect(loader.epoch).toBe(1);
  });

  test.each([false, true])('resumes at every position with the same bits, shuffled or not (%s)', async (shuffle) => {
    const augment = ({ x, y }: Batch, random: Random): Batch => ({ x: x.mul(random.next()), y });
    const make = (seed: number) => loaderOf(seed, { shuffle, augment });
    const whole = make(7);
    const epochs = [0, 1, 2].map(() => bits([...whole]));
    expect(epochs[0]).not.toEqual(epochs[1]);
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let position = 0; position <= whole.length; position++) {
        const first = make(7);
        for (let e = 0; e < epoch; e++) for (const _ of first);
        let saved = JSON.stringify(first.state());
        for (const _ of first) {
          if (first.position > position) break;
          saved = JSON.stringify(first.state());
          if (first.position === position) break;
        }
        const resumed = make(99);
        resumed.load(JSON.parse(saved));
        expect(resumed.epoch).toBe(epoch);
        expect(resumed.position).toBe(position);
        expect(resumed.state()).toEqual(JSON.parse(saved));
        expect(bits([...resumed])).toEqual(epochs[epoch]!.slice(position));
        expect(resumed.epoch).toBe(epoch + 1);
        expect(bits(await collected(resumed))).toEqual(epochs[epoch + 1]);
      }
    }
  });

  test('leaves out a last batch that is not full', () => {
    expect(labels(loaderOf(1, { dropLast: true })).map(({ length }) => length)).toEqual([3, 3, 3]);
    expect(loaderOf(1, { dropLast: true }).length).toBe(3);
    expect(labels(loaderOf(1, { dropLast: true, batchSize: 5 }))).toHaveLength(2);
    expect(labels(loaderOf(1, { dropLast: true, batchSize: 11 }))).toEqual([]);
  });
});

describe('DataLoader', () => {
  test('keeps the order without a generator', () => {
    expect(labels(new DataLoader(rows, { batchSize: 4 }))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(labels(new DataLoader(rows, { batchSize: 4, random: new Random(1), shuffle: false }))[0]).toEqual([
      0, 1, 2, 3,
    ]);
  });

  test('keeps what is known of shapes', () => {
    for (const batch of new DataLoader(rows, { batchSize: 4 })) {
      expectTypeOf(batch.x).toEqualTypeOf<Tensor<readonly [number, 2]>>();
      expectTypeOf(batch.y).toEqualTypeOf<Tensor<readonly [number]>>();
    }
    const lists = new DataLoader(fromArray(['a', 'b']), { batchSize: 2, collate: (texts) => texts.join('') });
    for (const text of lists) expectTypeOf(text).toEqualTypeOf<string>();
    expect([...lists]).toEqual(['ab']);
  });

  test('awaits examples that are promises, and says so where it cannot', async () => {
    const loader = new DataLoader(promised, { batchSize: 4, random: new Random(1) });
    const first = bits(await collected(loader));
    expect(first.map(([shape]) => shape)).toEqual([
      [4, 2],
      [4, 2],
      [2, 2],
    ]);
    expect(() => [...loader]).toThrow('DataLoader: the examples are promises; write `for await');
    expect(loader.position).toBe(0);
  });

  test('a loop that is broken off ends its epoch, and its state continues there', () => {
    const loader = new DataLoader(rows, { batchSize: 3, random: new Random(1) });
    for (const _ of loader) if (loader.position === 2) break;
    const state = loader.state();
    expect([state.epoch, state.position]).toEqual([0, 2]);
    expect(labels(loader).flat()).toHaveLength(10);
    const resumed = new DataLoader(rows, { batchSize: 3, random: new Random(3) });
    resumed.load(state);
    expect(labels(resumed).flat()).toHaveLength(4);
  });

  test('shares a generator with others without losing its place', () => {
    const train = (stop: number) => {
      const random = new Random(1);
      const loader = new DataLoader(rows, { batchSize: 3, random });
      const seen: unknown[] = [];
      let saved = {};
      while (loader.epoch < 3) {
        for (const batch of loader) {
          seen.push([[...batch.y.data], random.next()]);
          if (seen.length === stop) saved = { loader: loader.state(), random: random.state };
        }
      }
      return { seen, saved };
    };
    const { seen } = train(0);
    for (let stop = 1; stop < 12; stop++) {
      const { saved } = train(stop) as unknown as { saved: { loader: never; random: never } };
      const random = new Random(9);
      const loader = new DataLoader(rows, { batchSize: 3, random });
      random.state = saved.random;
      loader.load(saved.loader);
      const rest: unknown[] = [];
      while (loader.epoch < 3) for (const batch of loader) rest.push([[...batch.y.data], random.next()]);
      expect(rest).toEqual(seen.slice(stop));
    }
  });

  test('names the example that cannot be read, and stays before its batch', async () => {
    const broken = new Dataset(10, (i) => {
      if (i === 7) throw new RangeError('no such file');
      return i;
    });
    const loader = new DataLoader(broken, { batchSize: 3 });
    expect(() => [...loader]).toThrow('example 7: no such file');
    expect(loader.position).toBe(2);
    try {
      for (const _ of loader);
    } catch (error) {
      expect(error).toMatchObject({ name: 'ExampleError', index: 7, cause: { name: 'RangeError' } });
    }
    await expect(collected(loader)).rejects.toThrow('example 7: no such file');
    const later = new DataLoader(new Dataset(10, async (i) => broken.at(i)), { batchSize: 3 });
    await expect(collected(later)).rejects.toMatchObject({ message: 'example 7: no such file', index: 7 });
  });

  test('passes no generator where there is none', () => {
    const noisy = rows.augment((row, random) => ({ ...row, z: random.next() }));
    expect(() => [...new DataLoader(noisy, { batchSize: 2 })]).toThrow('example 0: augment: expected a generator');
  });

  test.each([
    ['a batch size of 0', { batchSize: 0 }, 'DataLoader: expected a batchSize of 1 or more, got 0'],
    ['half an example', { batchSize: 1.5 }, 'DataLoader: expected a batchSize of 1 or more, got 1.5'],
    ['no batch size', {}, 'DataLoader: expected a batchSize of 1 or more, got undefined'],
    ['no options', undefined, 'DataLoader: expected options { batchSize }, got none'],
    ['an unknown option', { batchSize: 1, seed: 1 }, "DataLoader: unknown option 'seed'"],
    ['shuffling without a generator', { batchSize: 1, shuffle: true }, 'DataLoader: shuffle needs a generator'],
    ['augmenting without one', { batchSize: 1, augment: () => 1 }, 'DataLoader: augment needs a generator'],
    [
      'two orders',
      { batchSize: 1, shuffle: true, random: new Random(1), sampler: weighted([1]) },
      'DataLoader: expected shuffle or a sampler, got both',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => new DataLoader(rows, options as never)).toThrow(message);
  });

  test('refuses what is no dataset, and an empty one', () => {
    const make = (dataset: unknown) => () => new DataLoader(dataset as never, { batchSize: 1 });
    expect(make(undefined)).toThrow('DataLoader: expected a dataset, got undefined; fromTensors');
    expect(make({ x })).toThrow('DataLoader: expected a dataset, got an object');
    expect(make(fromArray([]))).toThrow('DataLoader: expected a dataset with examples, got an empty one');
  });

  test.each([
    ['of other examples', { examples: 9 }, 'the state is of a loader with examples 9, this one has 10'],
    ['of another batch size', { batchSize: 4 }, 'the state is of a loader with batchSize 4, this one has 3'],
    [
      'without a generator',
      { random: null, start: null },
      'this loader has a random, and the state is of one without it',
    ],
    ['beyond the end', { position: 5 }, 'expected a position from 0 to 4, got 5'],
    ['of a negative epoch', { epoch: -1 }, 'expected an epoch of 0 or more, got -1'],
    ['of a broken generator', { random: [1, 2] }, 'Random: expected a state of four integers'],
    ['of a broken order', { start: [0, 0, 0, 0] }, 'Random: expected a state of four integers'],
  ])('refuses a state %s and stays', (_, part, message) => {
    const loader = new DataLoader(rows, { batchSize: 3, random: new Random(1) });
    for (const _ of loader) if (loader.position === 2) break;
    const before = loader.state();
    expect(() => loader.load({ ...before, ...part } as never)).toThrow(message);
    expect(loader.state()).toEqual(before);
    expect(() => loader.load(undefined as never)).toThrow('expected a state, as state() returns it, got undefined');
  });

  test('gives each example other numbers in each epoch, and each its own', () => {
    const drawn = new Dataset(50, () => 0).augment((_, random) => random.next());
    const loader = new DataLoader(drawn, { batchSize: 50, random: new Random(1), shuffle: false });
    const numbers = [0, 1, 2].flatMap(() => [...loader].flatMap((batch) => [...batch.data]));
    expect(new Set(numbers).size).toBe(150);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.08);
  });

  test('holds no memory of batches that were read', () => {
    const large = fromTensors({ x: new Random(1).normal([1000, 100]) });
    for (const dataset of [large, large.map(({ x }) => ({ x }))]) {
      const loader = new DataLoader(dataset, { batchSize: 100, random: new Random(1) });
      const held = () => {
        gc!();
        gc!();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        return heapUsed + arrayBuffers;
      };
      for (const _ of loader);
      const before = held();
      for (let epoch = 0; epoch < 30; epoch++) for (const _ of loader);
      expect(held() - before).toBeLessThan(1e6);
    }
  });
});

describe('samplers', () => {
  const epoch = (options: Partial<DataLoaderOptions<number, Tensor>>, seed = 1) =>
    [
      ...new DataLoader<number, Tensor>(new Dataset(10, (i) => i), {
        batchSize: 4,
        random: new Random(seed),
        ...options,
      }),
    ].flatMap((batch) => [...batch.data]);

  test.each([2, 3, 4, 7])('the shares of %i processes are all examples, each once', (size) => {
    for (const shuffle of [true, false]) {
      const shares = Array.from({ length: size }, (_, rank) => {
        const sampler = distributed({ rank, size });
        const options = shuffle ? { sampler } : { sampler, random: undefined as never };
        return epoch(options);
      });
      expect(shares.flat().sort((a, b) => a - b)).toEqual([...y]);
      expect(
        Math.max(...shares.map(({ length }) => length)) - Math.min(...shares.map(({ length }) => length)),
      ).toBeLessThan(2);
    }
  });

  test('a remainder is dropped or repeated on demand', () => {
    const shares = (remainder: 'drop' | 'repeat') =>
      [0, 1, 2].map((rank) => epoch({ sampler: distributed({ rank, size: 3, remainder }) }));
    expect(shares('drop').map(({ length }) => length)).toEqual([3, 3, 3]);
    expect(new Set(shares('drop').flat()).size).toBe(9);
    expect(shares('repeat').map(({ length }) => length)).toEqual([4, 4, 4]);
    expect(new Set(shares('repeat').flat()).size).toBe(10);
  });

  test('weights are frequencies', () => {
    const weights = [0, 1, 2, 3, 4, 0, 1, 2, 3, 0];
    const drawn = epoch({ sampler: weighted(weights, { count: 20_000 }), batchSize: 1000 });
    weights.forEach((weight, i) => {
      const frequency = drawn.filter((index) => index === i).length / drawn.length;
      // Five standard deviations.
      expect(Math.abs(frequency - weight / 16)).toBeLessThanOrEqual(
        5 * Math.sqrt(((weight / 16) * (1 - weight / 16)) / 20_000),
      );
    });
  });

  test('without replacement each is drawn at most once, the heavy ones first', () => {
    const sampler = weighted([0, 1, 1, 1, 1, 1000, 1, 1, 1, 1], { replacement: false, count: 9 });
    const firsts = Array.from({ length: 20 }, (_, seed) => {
      const drawn = epoch({ sampler }, seed);
      expect(drawn.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      return drawn[0];
    });
    expect(firsts.filter((first) => first === 5).length).toBeGreaterThan(17);
  });

  test('a weighted epoch resumes and is shared out', () => {
    const sampler = weighted([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], { count: 12 });
    const whole = epoch({ sampler });
    const shares = [0, 1].map((rank) => epoch({ sampler: distributed({ rank, size: 2, sampler }) }));
    expect(shares[0]!.flatMap((index, i) => [index, shares[1]![i]])).toEqual(whole);
  });

  test.each([
    ['a negative weight', () => weighted([1, -1]), 'weighted: expected finite weights >= 0, got -1 at 1'],
    ['a NaN', () => weighted([Number.NaN]), 'weighted: expected finite weights >= 0, got NaN at 0'],
    ['no weight', () => weighted([0, 0]), 'weighted: expected a weight above 0, got none'],
    [
      'too many',
      () => weighted([1, 0], { count: 2, replacement: false }),
      'a count from 1 to 1, the weights above 0, got 2',
    ],
    ['other lengths', () => epoch({ sampler: weighted([1]) }), 'a weight for each of 10 examples, got 1'],
    [
      'no generator',
      () => epoch({ sampler: weighted([...y]), random: undefined as never }),
      'weighted: expected a generator',
    ],
    ['a rank that is none', () => distributed({ rank: 2, size: 2 }), 'from 0 to size - 1, got rank 2 of 2'],
    [
      'a remainder that is none',
      () => distributed({ rank: 0, size: 2, remainder: 'x' as never }),
      "or 'repeat', got 'x'",
    ],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
