import { Arena, allocate, NdArray, Recycler, zeroed } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';
import { offerRoom, type Room, withdrawRoom } from '../src/memory.ts';

const length = 5000;
const make = (): NdArray => new NdArray(allocate('float64', length), 'float64', [length]);
const view = ({ data }: NdArray): NdArray => new NdArray(data, 'float64', [1]);

/** Whether the memory of an array is given out again. */
function isGivenOut(array: NdArray): boolean {
  const taken = Array.from({ length: 50 }, () => allocate('float64', length).buffer);
  return taken.includes(array.data.buffer);
}

test('what was made on the way to a result is handed back, the result is not', () => {
  const recycler = new Recycler();
  let onTheWay: NdArray | undefined;
  const result = recycler.run(() => {
    onTheWay = make();
    return make();
  });
  expect(isGivenOut(onTheWay!)).toBe(true);
  expect(isGivenOut(result)).toBe(false);
});

test('a result is handed back after its last holder, and views count', () => {
  const recycler = new Recycler();
  const result = recycler.run(make);
  recycler.hold(result);
  recycler.hold(view(result));
  recycler.release(result);
  expect(isGivenOut(result)).toBe(false);
  recycler.release(view(result));
  expect(isGivenOut(result)).toBe(true);
});

test('what a recycler did not make is never handed back', () => {
  const recycler = new Recycler();
  const [before, other] = [make(), new Recycler().run(make)];
  for (const array of [before, other, recycler.run(() => before)]) {
    recycler.hold(array);
    recycler.release(array);
    expect(isGivenOut(array)).toBe(false);
  }
});

test('a recycler that runs within another keeps its result', () => {
  const [outer, inner] = [new Recycler(), new Recycler()];
  let kept: NdArray | undefined;
  outer.run(() => {
    kept = inner.run(make);
    return make();
  });
  expect(isGivenOut(kept!)).toBe(false);
});

test('zeroed memory is zero, whatever was handed back', () => {
  const recycler = new Recycler();
  const array = recycler.run(make);
  array.data.fill(Number.NaN);
  recycler.hold(array);
  recycler.release(array);
  expect(zeroed('float64', length).every((value) => value === 0)).toBe(true);
});

test('what was let out is never handed back, whoever releases it', () => {
  const recycler = new Recycler();
  const array = recycler.run(make);
  recycler.hold(array);
  recycler.letOut(array);
  recycler.hold(array);
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
    const small = arena.run(() => allocate('float64', 10));
    expect([before, inside, make()].map(({ data }) => arena.owns(data))).toEqual([false, true, false]);
    expect(arena.owns(small)).toBe(false);
    arena.end();
    expect(arena.owns(inside.data)).toBe(false);
  });

  test('gives what a recycler handed back out again while it runs, and once', () => {
    const arena = new Arena();
    const recycler = new Recycler();
    arena.run(() => {
      const array = recycler.run(make);
      recycler.hold(array);
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
    const recycler = new Recycler();
    const before = recycler.run(make);
    recycler.hold(before);
    outer.run(() => {
      const own = recycler.run(make);
      recycler.hold(own);
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
    let taken = 0;
    const room: Room = {
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
    offerRoom(room);
    const arena = new Arena();
    const arrays = arena.run(() => [make(), make(), make()]);
    expect(arrays.map(({ data }) => data.buffer === buffer)).toEqual([true, true, false]);
    arena.end();
    expect(taken).toBe(0);
    expect(make().data.buffer).not.toBe(buffer);
    withdrawRoom(room);
    expect(new Arena().run(make).data.buffer).not.toBe(buffer);
  });
});
