import { createWasm, NdArray, plain } from '@tapegrad/kernels';
import { layOut, ulpDistance } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';

const million = 1_000_000;

describe('float32 sums of a million numbers have all their digits', () => {
  const tenths = new NdArray(new Float32Array(million).fill(0.1), 'float32', [million]);
  const mixed = layOut([million], 'float32', 'contiguous', { between: [-1, 3], seed: 5 });
  const exact = (x: NdArray) => Array.from(x.data).reduce((sum, value) => sum + value, 0);

  test.each([
    ['of tenths', tenths],
    ['of numbers of both signs', mixed],
  ])('%s', (_, x) => {
    const expected = Math.fround(exact(x));
    const [all] = plain.sum(x, [0]).data;
    const [overRows] = plain.sum(plain.sum(plain.reshape(x, [1000, 1000]), [0]), [1]).data;
    expect(ulpDistance(all!, expected, 'float32')).toBeLessThanOrEqual(1);
    expect(ulpDistance(overRows!, expected, 'float32')).toBeLessThanOrEqual(1);
  });

  test('scattered to one place', () => {
    const indices = new NdArray(new Int32Array(million), 'int32', [million]);
    const [sum] = plain.scatterAdd(tenths, indices, { axis: 0, size: 1 }).data;
    expect(ulpDistance(sum!, Math.fround(exact(tenths)), 'float32')).toBeLessThanOrEqual(1);
  });
});

test.each([
  ['plain', plain],
  ['wasm', createWasm({ threads: 1 })],
])('%s: the mean of numbers whose sum is none of float32', (_, kernels) => {
  const largest = new NdArray(new Float32Array(100).fill(3e38), 'float32', [5, 4, 5]);
  expect([...kernels.mean(largest, [0, 2]).data]).toEqual(Array(4).fill(Math.fround(3e38)));
  expect([...kernels.sum(largest, [0, 2]).data]).toEqual(Array(4).fill(Number.POSITIVE_INFINITY));
});

test('float64 sums hardly lose digits with their length', () => {
  const tenths = new NdArray(new Float64Array(million).fill(0.1), 'float64', [million]);
  // A sequential sum would be off by 91,595 units in the last place.
  expect(ulpDistance(plain.sum(tenths, [0]).data[0]!, 100_000, 'float64')).toBeLessThanOrEqual(16);
});

describe('integers wrap', () => {
  const big = new NdArray(Int32Array.of(2 ** 31 - 1, 65537), 'int32', [2]);

  test.each([
    ['add', plain.add(big, big), [-2, 131074]],
    ['mul', plain.mul(big, big), [1, 131073]],
    ['neg', plain.neg(new NdArray(Int32Array.of(-(2 ** 31)), 'int32', [1])), [-(2 ** 31)]],
    ['sum', plain.sum(plain.broadcastTo(plain.reshape(big, [2, 1]), [2, 3]), [1]), [2 ** 31 - 3, 196611]],
    ['cumsum', plain.cumsum(big, 0), [2 ** 31 - 1, -(2 ** 31) + 65536]],
    ['matmul', plain.matmul(plain.reshape(big, [1, 2]), plain.reshape(big, [2, 1])), [131074]],
  ])('%s', (_, result, expected) => {
    expect(Array.from(result.data)).toEqual(expected);
  });
});
