/** Lists of unlimited length, longer than the maximum number of arguments of a call. */

import { createWasm, type Kernels, NdArray, plain } from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';
import { describe, expect, test } from 'vitest';
import { positionsLayout } from '../src/wasm/windowed/layout.ts';

const count = 200_000;

const interpreters: readonly (readonly [string, Kernels<NdArray>])[] = [
  ['wasm', createWasm({ threads: 1 })],
  ['plain', plain],
  ['reference', reference],
];

describe.each(interpreters)('the %s interpreter', (_, kernels) => {
  test('concatenates very many arrays', () => {
    const inputs = Array.from({ length: count }, (_, i) => new NdArray(Float32Array.of(i), 'float32', [1]));
    const { data, shape } = kernels.concat(inputs, 0);
    expect(shape).toEqual([count]);
    expect(data[count - 1]).toBe(count - 1);
  });

  test('takes cross-entropies of very many classes', () => {
    const logits = new NdArray(new Float64Array(count), 'float64', [1, count]);
    const labels = new NdArray(Int32Array.of(7), 'int32', [1]);
    expect(kernels.crossEntropy(logits, labels).data[0]).toBeCloseTo(Math.log(count), 10);
    const g = new NdArray(Float64Array.of(1), 'float64', [1]);
    expect(kernels.crossEntropyGrad(g, logits, labels).data[7]).toBeCloseTo(1 / count - 1, 10);
  });
});

test('the adjoint of a convolution is laid out for very long windows', () => {
  const axis = { length: count + 1, size: count, stride: 1, dilation: 1, before: 0, positions: 2 };
  const { axis: laid, phases } = positionsLayout(axis);
  expect(laid.length).toBe(2 * count);
  expect(phases[0]!.taps).toHaveLength(count);
});
