/** Compares indexing with a few lines that index nested arrays as NumPy's documentation describes. */

import { type Index, type Shape, type SliceRange, slice, type Tensor, tensor } from '@tapegrad/core';
import type { Nested } from '@tapegrad/core/extend';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../test/interpreters.ts';

/** An index of an axis, as data. */
type Entry = { position: number } | { range: SliceRange } | { positions: Nested<number> } | { newAxis: true };

const isArray = (x: Nested<number>): x is readonly Nested<number>[] => Array.isArray(x);

/** Returns the entries of a list that a range selects. */
function rangeOf<T>(list: readonly T[], { start, stop, step }: SliceRange): T[] {
  const n = list.length;
  const wrap = (bound: number) => (bound < 0 ? bound + n : bound);
  const from = start === undefined ? (step > 0 ? 0 : n - 1) : wrap(start);
  const to = stop === undefined ? (step > 0 ? n : -1) : wrap(stop);
  const taken: T[] = [];
  // A start beyond either end of the axis is moved to that end.
  for (
    let i = step > 0 ? Math.max(from, 0) : Math.min(from, n - 1);
    step > 0 ? i < Math.min(to, n) : i > Math.max(to, -1);
    i += step
  ) {
    taken.push(list[i]!);
  }
  return taken;
}

/** Returns the shape of a nested array. */
const shapeOf = (x: Nested<number>): number[] =>
  isArray(x) ? [x.length, ...(x.length > 0 ? shapeOf(x[0]!) : [])] : [];

/** Returns the number at a position of the shape to which a nested array is broadcast. */
function at(x: Nested<number>, place: readonly number[]): number {
  const shape = shapeOf(x);
  const own = place.slice(place.length - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
  return own.reduce<Nested<number>>((part, i) => (part as readonly Nested<number>[])[i]!, x) as number;
}

const atEach = (
  shape: readonly number[],
  f: (place: number[]) => Nested<number>,
  place: number[] = [],
): Nested<number> =>
  place.length === shape.length
    ? f(place)
    : Array.from({ length: shape[place.length]! }, (_, i) => atEach(shape, f, [...place, i]));

/**
 * Lists of positions are broadcast together. If they are adjacent, their axes replace the first of them; otherwise
 * their axes come first.
 */
function naive(x: Nested<number>, entries: readonly Entry[]): Nested<number> {
  const lists = entries.flatMap((entry) => ('positions' in entry ? [shapeOf(entry.positions)] : []));
  const rank = Math.max(...lists.map((shape) => shape.length));
  const together = Array.from({ length: Math.max(rank, 0) }, (_, i) => {
    const lengths = lists.map((shape) => shape[shape.length - rank + i] ?? 1);
    return lengths.find((length) => length !== 1) ?? 1;
  });
  const kept = entries.filter((entry) => !('position' in entry));
  const [first, last] = [kept.findIndex((e) => 'positions' in e), kept.findLastIndex((e) => 'positions' in e)];
  if (last - first + 1 === lists.length) return picked(x, entries, together);
  return atEach(together, (place) => picked(x, entries, together, place));
}

/** Returns the entries for one position of the broadcast lists, or for every one. */
function picked(
  x: Nested<number>,
  [entry, ...rest]: readonly Entry[],
  shape: readonly number[],
  place?: readonly number[],
): Nested<number> {
  if (entry === undefined) return x;
  if ('newAxis' in entry) return [picked(x, rest, shape, place)];
  const list = x as readonly Nested<number>[];
  if ('position' in entry) return picked(list.at(entry.position)!, rest, shape, place);
  if ('range' in entry) return rangeOf(list, entry.range).map((part) => picked(part, rest, shape, place));
  const pick = (here: readonly number[]) => picked(list.at(at(entry.positions, here))!, rest, shape, here);
  return place === undefined ? atEach(shape, pick) : pick(place);
}

const toIndex = (entry: Entry): Index<Tensor> => {
  if ('newAxis' in entry) return null;
  if ('position' in entry) return entry.position;
  return 'range' in entry ? entry.range : tensor(entry.positions, { dtype: 'int32' });
};

const bound = fc.option(fc.integer({ min: -6, max: 6 }), { nil: undefined });
const range = fc.tuple(bound, bound, fc.constantFrom(-3, -2, -1, 1, 2, 3)).map((args) => ({ range: slice(...args) }));
const newAxis = fc.constant<Entry>({ newAxis: true });

/** An index of an axis of this length. */
function entryOf(length: number): fc.Arbitrary<Entry> {
  if (length === 0) return range;
  const position = fc.integer({ min: -length, max: length - 1 });
  const row = fc.array(position, { minLength: 3, maxLength: 3 });
  const positions = fc.oneof(
    position,
    row,
    row.map((list) => [list, list.toReversed()]),
    row.map((list) => [[list[0]!], [list[1]!]]),
  );
  return fc.oneof(
    range,
    fc.integer({ min: -length, max: length - 1 }).map((i) => ({ position: i })),
    positions.map((list: Nested<number>) => ({ positions: list })),
  );
}

const program = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.integer({ min: 0, max: shape.length })))
  .chain(([shape, used]) =>
    fc.record({
      shape: fc.constant(shape),
      entries: fc
        .tuple(
          ...shape.slice(0, used).map((length) => fc.tuple(fc.option(newAxis, { nil: undefined }), entryOf(length))),
        )
        .map((pairs) => pairs.flat().filter((entry) => entry !== undefined)),
    }),
  );

/** Returns 0, 1, 2, … in a shape. */
const counting = (shape: Shape): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((size, length) => size * length, 1) }, (_, i) => i),
    { shape, requiresGrad: true },
  );

const flatten = (x: Nested<number>): number[] => (isArray(x) ? x.flatMap(flatten) : [x]);

describeEach(() => {
  test('any index of any tensor', () => {
    fc.assert(
      fc.property(program, ({ shape, entries }) => {
        const x = counting(shape);
        expect(x.index(...entries.map(toIndex)).toArray()).toEqual(naive(x.toArray(), entries));
      }),
      { numRuns: 300 },
    );
  });

  test('any index of a transposed tensor', () => {
    fc.assert(
      fc.property(program, ({ shape, entries }) => {
        const order = shape.map((_, i) => shape.length - 1 - i);
        const x = counting(shape.toReversed()).permute(order);
        expect(x.index(...entries.map(toIndex)).toArray()).toEqual(naive(x.toArray(), entries));
      }),
      { numRuns: 200 },
    );
  });

  test('the gradient adds up what each entry was taken for', () => {
    fc.assert(
      fc.property(program, ({ shape, entries }) => {
        const x = counting(shape);
        const y = x.index(...entries.map(toIndex));
        const seed = counting(y.shape).detach();
        const gradient = y.backward({ seed }).of(x);
        const expected = new Array<number>(x.size).fill(0);
        flatten(y.toArray()).forEach((place, i) => {
          expected[place]! += i;
        });
        expect([...gradient.data]).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('take puts the axes of its indices in place of the axis', () => {
    const x = counting([2, 3]);
    const indices = tensor(
      [
        [2, 0],
        [1, 1],
      ],
      { dtype: 'int32' },
    );
    expect(x.take(indices, 1).toArray()).toEqual([
      [
        [2, 0],
        [1, 1],
      ],
      [
        [5, 3],
        [4, 4],
      ],
    ]);
    expect(x.take([1, 1, 0]).toArray()).toEqual([
      [3, 4, 5],
      [3, 4, 5],
      [0, 1, 2],
    ]);
    expect(x.take(tensor(1, { dtype: 'int32' })).toArray()).toEqual([3, 4, 5]);
    expect(x.take([], -1).shape).toEqual([2, 0]);
  });

  test('scatterAdd is its adjoint: <take(x), y> = <x, scatterAdd(y)>', () => {
    const indices = [2, 0, 2, 2];
    const x = counting([2, 3]);
    const y = counting([2, 4]);
    const left = x.take(indices, 1).mul(y).sum().item();
    expect(
      x
        .mul(y.scatterAdd(indices, 3, 1))
        .sum()
        .item(),
    ).toBe(left);
    expect(y.scatterAdd(indices, 3, -1).toArray()).toEqual([
      [1, 0, 5],
      [5, 0, 17],
    ]);
  });

  test('gather picks an entry for each place', () => {
    const x = counting([2, 3]);
    expect(x.gather(tensor([[2], [0]], { dtype: 'int32' }), 1).toArray()).toEqual([[2], [3]]);
    expect(x.gather(tensor([[1, 0, 1]], { dtype: 'int32' }), 0).toArray()).toEqual([[3, 1, 5]]);
    expect(
      x
        .gather(
          tensor(
            [
              [0, 0, 1],
              [2, 2, 0],
            ],
            { dtype: 'int32' },
          ),
          -1,
        )
        .toArray(),
    ).toEqual([
      [0, 0, 1],
      [5, 5, 3],
    ]);
    const none = tensor(new Int32Array(0), { shape: [2, 0] });
    expect(x.gather(none, 1).shape).toEqual([2, 0]);
    expect(counting([2, 0]).gather(none, 1).shape).toEqual([2, 0]);
    expect(counting([0, 3]).gather(tensor(new Int32Array(0), { shape: [0, 3] }), 1).shape).toEqual([0, 3]);
  });
});

const ten = Array.from({ length: 10 }, (_, i) => i);

describe('ranges, as Python prints them', () => {
  const ranges: readonly (readonly [
    start: number | undefined,
    stop: number | undefined,
    step: number,
    taken: number[],
  ])[] = [
    [undefined, undefined, 1, ten],
    [2, 5, 1, [2, 3, 4]],
    [-3, undefined, 1, [7, 8, 9]],
    [undefined, -7, 1, [0, 1, 2]],
    [5, 2, 1, []],
    [undefined, undefined, 3, [0, 3, 6, 9]],
    [undefined, undefined, -1, ten.toReversed()],
    [undefined, undefined, -4, [9, 5, 1]],
    [7, 2, -2, [7, 5, 3]],
    [-1, -4, -1, [9, 8, 7]],
    [2, 7, -1, []],
    [100, -100, -3, [9, 6, 3, 0]],
    [-100, 100, 4, [0, 4, 8]],
    [100, 200, 1, []],
    [0, -100, -1, [0]],
  ];

  test.each(ranges)('[%s:%s:%s]', (start, stop, step, taken) => {
    const x = tensor(ten);
    expect(x.index(slice(start, stop, step)).toArray()).toEqual(taken);
    expect(x.slice(0, start, stop, step).toArray()).toEqual(taken);
  });
});

test('a slice, a flip and an index by numbers are views', () => {
  const x = counting([3, 4]);
  for (const view of [
    x.slice(1, 1, 3),
    x.flip([0, 1]),
    x.index(1, slice(undefined, undefined, -1)),
    x.index(null, 2),
  ]) {
    expect(view.array.data).toBe(x.array.data);
  }
});
