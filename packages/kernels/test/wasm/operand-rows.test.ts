import { createWasm, NdArray, plain } from '@tapegrad/kernels';
import { expect, test } from 'vitest';

const wasm = createWasm();

const vector = (...values: number[]): NdArray => new NdArray(Float32Array.from(values), 'float32', [values.length]);
const column = (...values: number[]): NdArray => plain.reshape(vector(...values), [values.length, 1]);
/** 1, 2, 3, … */
const count = (...shape: number[]): NdArray => {
  const size = shape.reduce((product, length) => product * length, 1);
  return plain.reshape(vector(...Array.from({ length: size }, (_, i) => i + 1)), shape);
};
/** Broadcast to a shape without a copy. */
const stretched = (x: NdArray, shape: readonly number[]): NdArray => plain.broadcastTo(x, shape);

test.each([
  ['two stretched numbers', stretched(vector(2), [7, 9]), stretched(vector(3), [7, 9])],
  ['a stretched number and an array', stretched(vector(2), [3, 1]), plain.reshape(vector(1, 2, 3), [3, 1])],
  ['an array and a stretched number', plain.reshape(vector(1, 2, 3), [3, 1]), stretched(vector(2), [3, 1])],
  ['a stretched vector and a stretched number', stretched(vector(1, 2, 3), [5, 3]), stretched(vector(2), [5, 3])],
  ['a stretched number and a column', stretched(vector(2), [2, 3]), plain.reshape(vector(1, 2), [2, 1])],
  ['a column and a stretched column', plain.reshape(vector(1, 2), [2, 1]), stretched(vector(5), [2, 70])],
  ['a column stretched to the shape of the other', stretched(column(1, 2), [2, 70]), count(2, 70)],
  ['an array and a column stretched to its shape', count(2, 70), stretched(column(1, 2), [2, 70])],
  [
    'a channel stretched on both sides',
    stretched(plain.reshape(vector(1, 2, 3), [1, 3, 1]), [2, 3, 40]),
    count(2, 3, 40),
  ],
  ['a transposed column, stretched', stretched(plain.permute(column(1, 2, 3), [1, 0]), [4, 3]), count(4, 3)],
  ['two columns stretched alike', stretched(column(1, 2), [2, 70]), stretched(column(3, 4), [2, 70])],
  ['a number and a vector', vector(5), vector(1, 2, 3, 4, 5)],
  ['scalars', new NdArray(Float32Array.of(4), 'float32', []), new NdArray(Float32Array.of(8), 'float32', [])],
])('%s', (_, x, y) => {
  for (const op of ['sub', 'div', 'less'] as const) {
    const [actual, expected] = [wasm[op](x, y), plain[op](x, y)];
    expect(actual.shape).toEqual(expected.shape);
    expect([...actual.data]).toEqual([...expected.data]);
  }
});
