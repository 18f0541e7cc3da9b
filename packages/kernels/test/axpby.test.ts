import { ArgumentError, axpby, createWasm } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';

const wasm = createWasm({ threads: 1 });
const specials = [0, -0, 1, -1, 1e-45, 5e-324, 1 / 3, 3.4e38, 1.7e308, Infinity, -Infinity, Number.NaN];

/** Numbers that are each other's neighbours now and then, special ones among them. */
const numbers = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => specials[(i * seed + 3) % 29] ?? Math.sin(i * seed) * 10 ** ((i % 7) - 3));

describe.each([
  ['float32', Float32Array],
  ['float64', Float64Array],
] as const)('%s', (_, Floats) => {
  test.each([0, 1, 5, 511, 512, 513, 1 << 14, (1 << 14) + 3, 40_000])('%s elements: the same bits', (length) => {
    for (const [a, b] of [
      [-0.1, 1],
      [1 / 3, 0.9],
      [0, 1],
      [1, 0],
    ] as const) {
      const x = Floats.from(numbers(length, 7));
      const [plain, own] = [Floats.from(numbers(length, 5)), Floats.from(numbers(length, 5))];
      axpby(a, x, b, plain);
      wasm.axpby(a, x, b, own);
      expect(own).toEqual(plain);
    }
  });

  test('is the product and the sum, each rounded', () => {
    const [x, y] = [Floats.from(numbers(600, 7)), Floats.from(numbers(600, 5))];
    const [a, b] = Floats.of(-0.1, 0.9) as unknown as [number, number];
    const expected = x.map((value, i) => Floats.of(a * value)[0]! + Floats.of(b * y[i]!)[0]!);
    wasm.axpby(-0.1, x, 0.9, y);
    expect(y).toEqual(expected);
  });

  test('takes windows on buffers that others share, and leaves the others as they are', () => {
    const memory = new Floats(2000).fill(1);
    const x = memory.subarray(3, 703);
    const y = memory.subarray(1001, 1701);
    wasm.axpby(2, x, 3, y);
    expect(new Set(y)).toEqual(new Set([5]));
    expect([memory[1000], memory[1701], memory[702]]).toEqual([1, 1, 1]);
  });
});

test.each([
  ['of different lengths', new Float32Array(600), new Float32Array(601)],
  ['of different dtypes', new Float32Array(600), new Float64Array(600)],
  ['of whole numbers', new Int32Array(600), new Int32Array(600)],
  ['short, of different lengths', new Float32Array(2), new Float32Array(3)],
])('arrays %s are refused', (_, x, y) => {
  for (const run of [axpby, wasm.axpby]) {
    expect(() => run(1, x, 1, y)).toThrow(ArgumentError);
    expect(() => run(1, x, 1, y)).toThrow('axpby: expected two arrays of floats that are alike');
  }
});
