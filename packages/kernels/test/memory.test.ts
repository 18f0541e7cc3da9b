import { Arena, allocate, type Data, type DType, NdArray, RefCounted, zeroed } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';
import { offerSharedAllocator, type SharedAllocator, withdrawSharedAllocator } from '../src/memory/shared-allocator.ts';

const length = 5000;
const make = (): NdArray => new NdArray(allocate('float64', length), 'float64', [length]);
const view = ({ data }: NdArray): NdArray => new NdArray(data, 'float64', [1]);

/** Returns whether the memory of an array is reused. */
function isGivenOut(array: NdArray): boolean {
  const taken = Array.from({ length: 50 }, () => allocate('float64', length).buffer);
  return taken.includes(array.data.buffer);
}

/** Allocates from one buffer, as a stack. */
function stackOf(buffer: ArrayBufferLike): SharedAllocator {
  let taken = 0;
  return {
    mark: () => ({ top: taken, taken }),
    take(wanted) {
      if (taken + wanted > buffer.byteLength) return undefined;
      taken += wanted;
      return { buffer, byteOffset: taken - wanted };
    },
    release: ({ top }) => {
      taken = top;
    },
  };
}

test('what was made on the way to a result is handed back, the result is not', () => {
  const recycler = new RefCounted();
  let onTheWay: NdArray | undefined;
  const result = recycler.run(() => {
    onTheWay = make();
    return make();
  });
  expect(isGivenOut(onTheWay!)).toBe(true);
  expect(isGivenOut(result)).toBe(false);
});

test('a result is handed back after its last holder, and views count', () => {
  const recycler = new RefCounted();
  const result = recycler.run(make);
  recycler.retain(result);
  recycler.retain(view(result));
  recycler.release(result);
  expect(isGivenOut(result)).toBe(false);
  recycler.release(view(result));
  expect(isGivenOut(result)).toBe(true);
});

test('what a recycler did not make is never handed back', () => {
  const recycler = new RefCounted();
  const [before, other] = [make(), new RefCounted().run(make)];
  for (const array of [before, other, recycler.run(() => before)]) {
    recycler.retain(array);
    recycler.release(array);
    expect(isGivenOut(array)).toBe(false);
  }
});

test('a recycler that runs within another keeps its result', () => {
  const [outer, inner] = [new RefCounted(), new RefCounted()];
  let kept: NdArray | undefined;
  outer.run(() => {
    kept = inner.run(make);
    return make();
  });
  expect(isGivenOut(kept!)).toBe(false);
});

test('zeroed memory is zero, whatever was handed back', () => {
  const recycler = new RefCounted();
  const array = recycler.run(make);
  array.data.fill(Number.NaN);
  recycler.retain(array);
  recycler.release(array);
  expect(zeroed('float64', length).every((value) => value === 0)).toBe(true);
});

test('what was let out is never handed back, whoever releases it', () => {
  const recycler = new RefCounted();
  const array = recycler.run(make);
  recycler.retain(array);
  recycler.escape(array);
  recycler.retain(array);
  recycler.release(array);
  recycler.release(array);
  expect(isGivenOut(array)).toBe(false);
});

describe('an arena', () => {
  test('gives the memory of all that was computed in it out again, at its end', () => {
    const arena = new Arena();
    const [first, second] = arena.run(() => [make(), make()]);
    expect(isGivenOut(first!)).toBe(false);
    arena.end();
    const buffers = Array.from({ length: 50 }, () => allocate('float64', length).buffer);
    expect(buffers).toContain(first!.data.buffer);
    expect(buffers).toContain(second!.data.buffer);
  });

  test('owns what was allocated while it ran, and until it ends', () => {
    const arena = new Arena();
    const before = make();
    const inside = arena.run(make);
    const [small, one] = arena.run(() => [allocate('float64', 10), allocate('float64', 1)]);
    expect([before, inside, make()].map(({ data }) => arena.owns(data))).toEqual([false, true, false]);
    expect([small, one, allocate('float64', 10)].map((data) => arena.owns(data!))).toEqual([true, false, false]);
    arena.end();
    expect([inside.data, small].map((data) => arena.owns(data!))).toEqual([false, false]);
  });

  test('gives small arrays as they are to the next one, those of its dtype and length', () => {
    const given = (dtype: DType, length: number): Data[] => {
      const arena = new Arena();
      const arrays = arena.run(() => [allocate(dtype, length), allocate(dtype, length)]);
      arena.end();
      return arrays;
    };
    const first = given('int32', 12);
    expect(new Set(first).size).toBe(2);
    expect(given('int32', 13).some((data) => first.includes(data))).toBe(false);
    expect(given('float32', 12).some((data) => first.includes(data))).toBe(false);
    expect(new Set([...given('int32', 12), ...first]).size).toBe(2);
    expect(first).not.toContain(allocate('int32', 12));
  });

  test('takes small arrays back that were allocated in turn with those of an arena about it, and no others', () => {
    const [outer, inner] = [new Arena(), new Arena()];
    outer.run(() => {
      const own = inner.run(() => allocate('float32', 14));
      const others = allocate('float32', 14);
      inner.end();
      expect([own, others].map((data) => outer.owns(data))).toEqual([false, true]);
      expect([own, others].map((data) => inner.owns(data))).toEqual([false, false]);
      expect(allocate('float32', 14)).toBe(own);
      expect(outer.owns(own)).toBe(true);
    });
    outer.end();
  });

  test('keeps so many small arrays and no more: those in use rather than others', () => {
    const [bytes, most] = [8192, 4096];
    const fill = (arena: Arena, length: number): Data[] =>
      arena.run(() => Array.from({ length: most + 1 }, () => allocate('bool', length)));
    const arena = new Arena();
    const first = fill(arena, bytes);
    expect(first.filter((data) => arena.owns(data))).toHaveLength(most);
    expect(new Set(first).size).toBe(most + 1);
    arena.end();
    const other = new Arena();
    expect(fill(other, bytes - 1).filter((data) => other.owns(data))).toHaveLength(most);
    other.end();
    const last = new Arena();
    expect(first).not.toContain(last.run(() => allocate('bool', bytes)));
    last.end();
  });

  test('gives what a recycler handed back out again while it runs, and once', () => {
    const arena = new Arena();
    const recycler = new RefCounted();
    arena.run(() => {
      const array = recycler.run(make);
      recycler.retain(array);
      recycler.release(array);
      expect(make().data.buffer).toBe(array.data.buffer);
      expect(make().data.buffer).not.toBe(array.data.buffer);
    });
    arena.end();
    const buffers = Array.from({ length: 50 }, () => allocate('float64', length).buffer);
    expect(new Set(buffers).size).toBe(50);
  });

  test('leaves what an arena about it owns alone, and what was made before', () => {
    const [outer, inner] = [new Arena(), new Arena()];
    const recycler = new RefCounted();
    const before = recycler.run(make);
    recycler.retain(before);
    outer.run(() => {
      const own = recycler.run(make);
      recycler.retain(own);
      inner.run(() => {
        recycler.release(own);
        recycler.release(before);
        expect(make().data.buffer).toBe(before.data.buffer);
        expect(make().data.buffer).not.toBe(own.data.buffer);
      });
      inner.end();
      expect(make().data.buffer).toBe(own.data.buffer);
    });
    outer.end();
  });

  test('where the computation fails, memory goes where it went before', () => {
    const arena = new Arena();
    const fail = () => {
      throw new Error('no more');
    };
    expect(() => arena.run(fail)).toThrow('no more');
    expect(arena.owns(make().data)).toBe(false);
  });

  test('gets its arrays from a room that is offered, as long as there is some', () => {
    const bytes = 8 * length;
    const buffer = new SharedArrayBuffer(2 * bytes);
    const room = stackOf(buffer);
    offerSharedAllocator(room);
    const arena = new Arena();
    const arrays = arena.run(() => [make(), make(), make()]);
    expect(arrays.map(({ data }) => data.buffer === buffer)).toEqual([true, true, false]);
    arena.end();
    expect(room.mark().top).toBe(0);
    expect(make().data.buffer).not.toBe(buffer);
    withdrawSharedAllocator(room);
    expect(new Arena().run(make).data.buffer).not.toBe(buffer);
  });

  test('an array allocated between those of another arena is not overwritten when the other ends', () => {
    const room = stackOf(new ArrayBuffer(64 * 8 * length));
    offerSharedAllocator(room);
    const [outer, inner] = [new Arena(), new Arena()];
    outer.run(() => {
      const before = make();
      inner.run(make);
      const between = make();
      inner.end();
      for (const array of [before, between]) array.data.fill(1);
      for (let i = 0; i < 5; i++) make().data.fill(2);
      for (const array of [before, between]) expect([...new Set(array.data)]).toEqual([1]);
    });
    outer.end();
    expect(room.mark().top).toBe(0);
    withdrawSharedAllocator(room);
  });
});
