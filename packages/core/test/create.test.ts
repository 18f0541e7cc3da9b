/** Creating tensors, reading them back, and parameters. */

import { inspect } from 'node:util';
import {
  arange,
  Buffer,
  buffer,
  eye,
  fromNdarray,
  full,
  linspace,
  ones,
  Parameter,
  parameter,
  Tensor,
  tensor,
  Variable,
  zeros,
} from '@tapegrad/core';
import { NdArray } from '@tapegrad/kernels';
import { toNdarray } from '@tapegrad/kernels/ndarray';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('tensor', () => {
  test('takes numbers nested to any depth', () => {
    expect(tensor(5).shape).toEqual([]);
    expect(tensor([1, 2]).shape).toEqual([2]);
    expect(tensor([[[1], [2]]]).shape).toEqual([1, 2, 1]);
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ]).dtype,
    ).toBe('float32');
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
  });

  test('takes booleans as bool, and among numbers as 0 and 1', () => {
    expect(tensor([true, false]).dtype).toBe('bool');
    expect(tensor([true, false], { dtype: 'float32' }).toArray()).toEqual([1, 0]);
    expect(tensor([true, 2]).toArray()).toEqual([1, 2]);
    expect(tensor([1, 0], { dtype: 'bool' }).dtype).toBe('bool');
  });

  test('takes a typed array with its element type, in a shape', () => {
    expect(tensor(new Float64Array([1, 2])).dtype).toBe('float64');
    expect(tensor(new Int32Array([1, 2])).dtype).toBe('int32');
    expect(tensor(new Uint8Array([1, 0]), { dtype: 'bool' }).dtype).toBe('bool');
    expect(tensor(new Uint8Array([200]), { dtype: 'float32' }).toArray()).toEqual([200]);
    expect(tensor(new Int16Array([-5]), { dtype: 'int32' }).toArray()).toEqual([-5]);
    expect(tensor(new Float32Array(6), { shape: [2, 3] }).shape).toEqual([2, 3]);
    expect(tensor(new Float32Array(0), { shape: [3, 0] }).shape).toEqual([3, 0]);
  });

  test('takes a list in a shape', () => {
    expect(tensor([1, 2, 3, 4], { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor(7, { shape: [1, 1] }).toArray()).toEqual([[7]]);
  });

  test('copies', () => {
    const data = new Float32Array([1, 2]);
    const x = tensor(data);
    data[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
  });

  test('keeps what a float can hold, NaN and infinities included', () => {
    const values = [Number.NaN, Infinity, -Infinity, -0, 1e-45];
    expect([...tensor(values).data]).toEqual(values.map(Math.fround));
    expect([...tensor(values, { dtype: 'float64' }).data]).toEqual(values);
  });

  test('keeps the bounds of int32', () => {
    const bounds = [-(2 ** 31), 2 ** 31 - 1];
    expect(tensor(bounds, { dtype: 'int32' }).toArray()).toEqual(bounds);
  });

  test('gives back what it took, of any shape', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 });
    fc.assert(
      fc.property(shapes, (shape) => {
        const data = Float64Array.from({ length: shape.reduce((n, length) => n * length, 1) }, (_, i) => i);
        const x = tensor(data, { shape });
        // A nested array has no axes after one of length 0.
        const empty = shape.indexOf(0);
        const known = empty === -1 ? shape : shape.slice(0, empty + 1);
        expect(tensor(x.toArray()).shape).toEqual(known);
        expect([...tensor(x.toArray()).data]).toEqual([...data]);
      }),
    );
  });
});

test('full, zeros and ones', () => {
  expect(full([2, 2], 1.5).toArray()).toEqual([
    [1.5, 1.5],
    [1.5, 1.5],
  ]);
  expect(full([], 3, { dtype: 'int32' }).item()).toBe(3);
  expect(full([1], -0).data[0]).toBe(-0);
  expect(zeros([2, 0]).shape).toEqual([2, 0]);
  expect(ones([2], { dtype: 'bool' }).dtype).toBe('bool');
  expect(ones([2], { dtype: 'float64', requiresGrad: true })).toMatchObject({ dtype: 'float64', requiresGrad: true });
});

test('arange', () => {
  expect(arange(4).toArray()).toEqual([0, 1, 2, 3]);
  expect(arange(2, 8, 2).toArray()).toEqual([2, 4, 6]);
  expect(arange(3, 0, -1).toArray()).toEqual([3, 2, 1]);
  expect(arange(3, 0).toArray()).toEqual([]);
  // Every number except the end, even if the quotient is rounded up or down.
  for (let n = 1; n <= 200; n++) {
    for (const step of [0.1, 0.3, 1 / 3, 0.7, -0.1])
      expect(arange(1, 1 + n * step, step).size, `${n} x ${step}`).toBe(n);
  }
  expect(arange(1, 1.6001, 0.1).size).toBe(7);
  expect(arange(0, 3, 1, { dtype: 'int32' }).dtype).toBe('int32');
});

test('linspace holds both ends exactly', () => {
  expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(linspace(0, 0.1, 4, { dtype: 'float64' }).data.at(-1)).toBe(0.1);
  expect(linspace(3, 5, 1).toArray()).toEqual([3]);
  expect(linspace(3, 5, 0).toArray()).toEqual([]);
});

test('eye', () => {
  expect(eye(2).toArray()).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(eye(0).shape).toEqual([0, 0]);
});

describe('reading', () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test('data is in row-major order, without a copy where memory is and holds nothing else', () => {
    expect([...x.data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(x.data).toBe(x.array.data);
    expect([...x.transpose().data]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...x.index(1).data]).toEqual([4, 5, 6]);
    expect(x.index(1).data.byteLength).toBe(12);
    expect(x.reshape([6]).data).toBe(x.data);
  });

  test('item reads a tensor of one element, of any rank', () => {
    expect(x.index(1, 2).item()).toBe(6);
    expect(tensor([[7]]).item()).toBe(7);
  });

  test('shape, rank and size', () => {
    expect([x.rank, x.size, x.shape]).toEqual([2, 6, [2, 3]]);
    expect([tensor(1).rank, tensor(1).size]).toEqual([0, 1]);
  });

  test('prints its dtype, its shape and its entries', () => {
    expect(String(x)).toBe('Tensor float32 [2, 3]\n[[1, 2, 3],\n [4, 5, 6]]');
    expect(inspect(x)).toBe(String(x));
    expect(String(tensor([true, false]))).toBe('Tensor bool [2]\n[true, false]');
    expect(String(tensor(0.1))).toBe('Tensor float32 []\n0.1');
    expect(String(zeros([0]))).toBe('Tensor float32 [0]\n[]');
  });

  test('prints the ends of what is long', () => {
    expect(String(arange(2000))).toBe('Tensor float32 [2000]\n[0, 1, 2, …, 1997, 1998, 1999]');
    expect(String(zeros([1000, 1000])).split('\n')).toHaveLength(8);
  });
});

describe('ndarray', () => {
  test('comes in and goes out without a copy', () => {
    const source = tensor(new Float64Array([1, 2, 3, 4, 5, 6]), { shape: [2, 3] });
    const foreign = toNdarray(source.array).transpose(1, 0);
    const { data } = foreign;
    const x = fromNdarray(foreign);
    expect(x.shape).toEqual([3, 2]);
    expect(x.dtype).toBe('float64');
    expect(x.array.data).toBe(data);
    expect(x.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(toNdarray(x.array).data).toBe(data);
    expect(toNdarray(x.array).get(2, 1)).toBe(6);
  });

  test('views stay views', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]).transpose();
    expect(toNdarray(x.array).stride).toEqual([1, 3]);
    expect(toNdarray(x.array).get(2, 1)).toBe(6);
    expect(fromNdarray(toNdarray(x.array)).toArray()).toEqual(x.toArray());
  });

  test('of bytes comes in as what it is said to be', () => {
    const bytes = new NdArray(Uint8Array.of(0, 128, 255, 1, 2, 3), 'bool', [2, 3]);
    const image = toNdarray(bytes).transpose(1, 0);
    const x = fromNdarray(image, { dtype: 'float32', requiresGrad: true });
    expect(x.toArray()).toEqual([
      [0, 1],
      [128, 2],
      [255, 3],
    ]);
    expect(fromNdarray(image, { dtype: 'int32' }).dtype).toBe('int32');
  });

  test('can require a gradient', () => {
    const x = fromNdarray(toNdarray(tensor([1, 2]).array), { requiresGrad: true });
    expect(x.mul(x).sum().backward().of(x).toArray()).toEqual([2, 4]);
  });
});

describe('parameter', () => {
  test('is a tensor that requires a gradient, with a name', () => {
    const w = parameter(ones([2]), { name: 'w' });
    expect(w).toBeInstanceOf(Parameter);
    expect(w).toBeInstanceOf(Tensor);
    expect(w).toMatchObject({ requiresGrad: true, name: 'w' });
    expect(parameter(ones([2])).name).toBe('parameter');
    w.name = 'layers.0.weight';
    expect(w.name).toBe('layers.0.weight');
  });

  test('has memory of its own', () => {
    const init = ones([2, 3]);
    const w = parameter(init);
    w.update((elements) => elements.fill(5));
    expect(init.toArray()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(w.toArray()).toEqual([
      [5, 5, 5],
      [5, 5, 5],
    ]);
  });

  test('takes a view in row-major order', () => {
    const w = parameter(
      tensor([
        [1, 2],
        [3, 4],
      ]).transpose(),
    );
    w.update((elements) => expect([...elements]).toEqual([1, 3, 2, 4]));
  });

  test('is replaced by a tensor of its shape, a view of itself too', () => {
    const w = parameter(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    w.assign(
      tensor([
        [5, 6],
        [7, 8],
      ]),
    );
    expect(w.toArray()).toEqual([
      [5, 6],
      [7, 8],
    ]);
    w.assign(w.transpose());
    expect(w.toArray()).toEqual([
      [5, 7],
      [6, 8],
    ]);
    w.assign(w.flip([0, 1]));
    expect(w.toArray()).toEqual([
      [8, 6],
      [7, 5],
    ]);
  });
});

describe('buffer', () => {
  test('is a tensor of any dtype that changes, with a name and memory of its own, and has no gradient', () => {
    const init = ones([2], { dtype: 'int32' });
    const count = buffer(init, { name: 'count' });
    expect(count).toBeInstanceOf(Buffer);
    expect(count).toBeInstanceOf(Variable);
    expect(count).toMatchObject({ requiresGrad: false, name: 'count', dtype: 'int32' });
    count.assign(count.add(2));
    expect(count.toArray()).toEqual([3, 3]);
    expect(init.toArray()).toEqual([1, 1]);
    expect(buffer(init).name).toBe('buffer');
    expect(() => buffer([1] as never)).toThrow('buffer: expected a tensor, got an array');
  });

  test('that changed since an entry took it is an error in the sweep', () => {
    const [x, mean] = [ones([2], { requiresGrad: true }), buffer(ones([2]), { name: 'mean' })];
    const y = x.mul(mean).sum();
    mean.assign(zeros([2]));
    expect(() => y.backward()).toThrow("'mean' of 'mul' changed after the forward pass");
  });
});
