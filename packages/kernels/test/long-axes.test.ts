/** Axes of more than 2^31 entries, all of which share one element in memory. */

import { NdArray, plain } from '@tapegrad/kernels';
import { expect, test } from 'vitest';

const length = 2 ** 31 + 8;
const ones = plain.broadcastTo(new NdArray(Float32Array.of(1), 'float32', [1]), [length]);

test('are summed', () => {
  expect(plain.sum(ones, [0]).data[0]).toBe(Math.fround(length));
});

test.each([
  ['argmax', () => plain.argmax(ones, 0)],
  ['argmin', () => plain.argmin(ones, 0)],
  ['argsort', () => plain.argsort(ones, { axis: 0, descending: false })],
])('have no positions: %s', (call, run) => {
  expect(run).toThrow(`${call}: indices are int32, but axis 0 of [2147483656] has more than 2^31 entries; split it`);
});
