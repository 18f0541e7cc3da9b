import {
  Arena,
  type ArrayLike,
  abstract,
  allocate,
  callPrimitive,
  createWasm,
  dtypes,
  type Kernels,
  type NdArray,
  plain,
  primitives,
  RefCounted,
  sizeOf,
} from '@tapegrad/kernels';
import { type Case, checkCase, inputsOf } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';
import { sampledCases } from './sampled-cases.ts';

/** Leaves garbage in the memory that the next arrays of this many bytes will get. */
function litter(bytes: number): void {
  new RefCounted().run(() => {
    for (let i = 0; i < 3; i++) allocate('bool', bytes).fill(0x5a);
    return { data: allocate('bool', 0) };
  });
}

test('memory that was handed back is given out again as it is', () => {
  litter(1 << 14);
  expect(allocate('bool', 1 << 14)[0]).toBe(0x5a);
});

/** Leaves garbage in the memory that the next arena uses for small arrays with this many elements. */
function litterSmall(length: number): void {
  const arena = new Arena();
  arena.run(() => {
    for (const dtype of dtypes) for (let i = 0; i < 3; i++) allocate(dtype, length).fill(0x5a);
  });
  arena.end();
}

test('small arrays that an arena took back are given to the next one as they are', () => {
  litterSmall(20);
  const arena = new Arena();
  expect(arena.run(() => allocate('int32', 20))[0]).toBe(0x5a);
  arena.end();
});

/** Returns the number of elements of a case's result. */
const sizeOfResult = (c: Case): number =>
  sizeOf(callPrimitive<ArrayLike>(abstract, c.primitive, inputsOf(c), c.attributes).shape);

const interpreters: { readonly [name: string]: Kernels<NdArray> } = { plain, wasm: createWasm() };

// Outside arenas, small arrays are cut from zeroed memory; large ones get recycled memory with its old contents.
describe.each(Object.entries(interpreters))('%s writes every element of a result', (_, kernels) => {
  test.each(primitives)('%s', (primitive) => {
    const complaints = sampledCases(primitive).flatMap((c) => {
      const size = sizeOfResult(c);
      for (const bytes of [1, 4, 8]) litter(bytes * size);
      litterSmall(size);
      const arena = new Arena();
      try {
        const found = [size > 1 << 10 ? checkCase(kernels, c) : undefined, arena.run(() => checkCase(kernels, c))];
        return found.flatMap((complaint) => complaint ?? []);
      } finally {
        arena.end();
      }
    });
    expect(complaints).toEqual([]);
  });
});
