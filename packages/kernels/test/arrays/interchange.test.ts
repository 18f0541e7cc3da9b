import { type Data, DTypeError, type ForeignNdArray, fromNdarray, plain } from '@tapegrad/kernels';
import { toNdarray } from '@tapegrad/kernels/ndarray';
import ndarray from 'ndarray';
import ops from 'ndarray-ops';
import { describe, expect, test } from 'vitest';

describe('an ndarray comes in', () => {
  test.each([
    ['float32', new Float32Array(6)],
    ['float64', new Float64Array(6)],
    ['int32', new Int32Array(6)],
    ['bool', new Uint8Array(6)],
  ] as const)('of %s, over the same data', (dtype, data) => {
    const x = fromNdarray(ndarray<Data>(data, [2, 3]), dtype);
    expect(x.data).toBe(data);
    expect(x).toMatchObject({ dtype, shape: [2, 3], stride: [3, 1], offset: 0, size: 6 });
  });

  test('of bytes, as a mask or as numbers', () => {
    const bytes = ndarray(Uint8Array.of(7, 0, 9, 1, 200, 1), [3, 2]);
    expect(() => fromNdarray(bytes)).toThrow(DTypeError);
    expect(() => fromNdarray(bytes, 'bool')).toThrow(/an entry is 7, not bool/);
    const mask = fromNdarray(bytes.hi(3, 2).lo(0, 1), 'bool');
    expect(mask.data).toBe(bytes.data);
    const numbers = fromNdarray(bytes.pick(null, 0), 'float32');
    expect(numbers).toMatchObject({ dtype: 'float32', shape: [3], data: Float32Array.of(7, 9, 200) });
  });

  test('transposed and cut, with its strides', () => {
    const source = ndarray(
      Float32Array.from({ length: 12 }, (_, i) => i),
      [3, 4],
    );
    const x = fromNdarray(source.transpose(1, 0).lo(1, 1).step(-1, 1));
    expect(x).toMatchObject({ shape: [3, 2], stride: [-1, 4], offset: 7 });
    expect(Array.from(plain.sum(x, [1]).data)).toEqual([18, 16, 14]);
  });

  test('as a scalar', () => {
    const x = fromNdarray(ndarray(Float64Array.of(0, 7), [], [], 1));
    expect(x).toMatchObject({ shape: [], offset: 1, size: 1 });
    expect(plain.neg(x).data[0]).toBe(-7);
  });

  test('only of numbers that tapegrad knows', () => {
    const bytes = ndarray(new Int8Array(2)) as unknown as ForeignNdArray;
    const list = ndarray([1, 2]) as unknown as ForeignNdArray;
    expect(() => fromNdarray(bytes)).toThrow(DTypeError);
    expect(() => fromNdarray(list)).toThrow(/^fromNdarray: .* got Array$/);
  });

  test('and keeps its shape when the ndarray changes it', () => {
    const source = ndarray(new Float32Array(6), [2, 3]);
    const x = fromNdarray(source);
    source.shape[0] = 1;
    expect(x.shape).toEqual([2, 3]);
  });
});

describe('an ndarray goes out', () => {
  const x = plain.permute(fromNdarray(ndarray(new Float32Array(6), [2, 3])), [1, 0]);

  test('over the same data, with the strides of the view', () => {
    const out = toNdarray(x);
    expect(out.data).toBe(x.data);
    expect(out.shape).toEqual([3, 2]);
    expect(out.stride).toEqual([1, 3]);
  });

  test('that other libraries write through', () => {
    ops.assigns(toNdarray(x).pick(2, null), 5);
    expect(Array.from(x.data)).toEqual([0, 0, 5, 0, 0, 5]);
  });

  test('and comes back as it was', () => {
    expect(fromNdarray(toNdarray(x))).toEqual(x);
  });
});
