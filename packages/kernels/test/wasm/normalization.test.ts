/** Compares the gradients of a normalisation from one pass with those that the primitives compute one by one. */

import { createWasm, filled, type NdArray, type Normalization, normalizationGradients, plain } from '@tapegrad/kernels';
import { casesOf, inputsOf } from '@tapegrad/kernels/testing';
import { expect, test } from 'vitest';
import { assembleFor } from '../../src/wasm/assembler/vector-width.ts';

const wasm = createWasm({ threads: 1 });

/** Returns numbers that differ from element to element, in the shape and dtype of x. */
const cotangentOf = (x: NdArray): NdArray => {
  const g = filled(x.shape, 0, x.dtype);
  for (let i = 0; i < g.size; i++) g.data[i] = Math.sin(i * 1.7);
  return g;
};

test('the gradients of one pass are those of the primitives', () => {
  let count = 0;
  for (const c of casesOf('normalize')) {
    const [x, w] = inputsOf(c) as [NdArray, NdArray];
    const of = c.attributes as Normalization;
    const g = cotangentOf(x);
    const found = normalizationGradients(wasm, g, [x, w], of);
    if (found === undefined) continue;
    count++;
    const expected = [wasm.normalizeGrad(g, x, w, of), wasm.normalizeWeightGrad(g, x, { ...of, shape: w.shape })];
    expect(found.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    for (const [i, { data }] of found.entries()) expect(data, `${c.name}, input ${i}`).toEqual(expected[i]!.data);
  }
  expect(count).toBeGreaterThan(100);
});

test('an interpreter without these kernels has none', () => {
  const x = filled([2, 20], 1, 'float32');
  const w = filled([20], 1, 'float32');
  expect(normalizationGradients(plain, x, [x, w], { axes: [1], eps: 1, centered: true })).toBeUndefined();
});

test('clears the upper halves of the registers after large arrays', () => {
  let cleared = 0;
  assembleFor(256, () => cleared++);
  try {
    const kernels = createWasm({ threads: 1 });
    const countFor = (images: number): number => {
      const x = filled([images, 8, 16, 4], 1, 'float32');
      const w = filled([1, 8, 1, 1], 1, 'float32');
      const before = cleared;
      const of = { axes: [0, 2, 3], eps: 1, centered: true };
      expect(normalizationGradients(kernels, x, [x, w], of)).toHaveLength(2);
      return cleared - before;
    };
    expect(countFor(1)).toBe(0);
    expect(countFor(16)).toBe(1);
  } finally {
    assembleFor(128, () => {});
  }
});
