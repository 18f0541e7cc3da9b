import {
  type ArrayLike,
  abstract,
  allocate,
  createWasm,
  type Kernels,
  type NdArray,
  plain,
  primitives,
  Recycler,
  sizeOf,
} from '@tapegrad/kernels';
import { type Case, call, casesOf, checkCase, inputsOf } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';

/** Leaves garbage in the memory that the next arrays of this many bytes are given. */
function litter(bytes: number): void {
  new Recycler().run(() => {
    for (let i = 0; i < 3; i++) allocate('bool', bytes).fill(0x5a);
    return { data: allocate('bool', 0) };
  });
}

test('memory that was handed back is given out again as it is', () => {
  litter(1 << 14);
  expect(allocate('bool', 1 << 14)[0]).toBe(0x5a);
});

/** How many elements the result of a case has. */
const sizeOfResult = (c: Case): number =>
  sizeOf(call<ArrayLike>(abstract, c.primitive, inputsOf(c), c.attributes).shape);

const interpreters: { readonly [name: string]: Kernels<NdArray> } = { plain, wasm: createWasm() };

// Small arrays are cut from memory that is zero; large ones are given what was handed back, and what it holds.
describe.each(Object.entries(interpreters))('%s writes every element of a result', (_, kernels) => {
  test.each(primitives)('%s', (primitive) => {
    const large = casesOf(primitive).filter((c) => sizeOfResult(c) > 1 << 10);
    const complaints = large.flatMap((c) => {
      const size = sizeOfResult(c);
      for (const bytes of [1, 4, 8]) litter(bytes * size);
      return checkCase(kernels, c) ?? [];
    });
    expect(complaints).toEqual([]);
  });
});
