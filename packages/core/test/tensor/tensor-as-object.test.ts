/** Tensors as objects: comparisons, JSON, clones, proxies. */

import { deepStrictEqual, notDeepStrictEqual } from 'node:assert';
import { type Tensor, tensor } from '@tapegrad/core';
import { describe, expect, test } from 'vitest';

const f = (x: Tensor): Tensor => x.mul(2).sum(0);

describe('comparisons', () => {
  const others: readonly (readonly [string, Tensor])[] = [
    ['other elements', tensor([[1, 3]])],
    ['another shape', tensor([[1], [2]])],
    ['another rank', tensor([1, 2])],
    ['another dtype', tensor([[1, 2]], { dtype: 'float64' })],
  ];

  test.each(others)('tell a tensor of %s', (_, other) => {
    expect(other).not.toEqual(tensor([[1, 2]]));
    expect(other).not.toStrictEqual(tensor([[1, 2]]));
    notDeepStrictEqual(other, tensor([[1, 2]]));
  });

  test('find the results of one computation equal', () => {
    expect(f(tensor([[1, 2]]))).toEqual(f(tensor([[1, 2]])));
    deepStrictEqual(f(tensor([[1, 2]])), f(tensor([[1, 2]])));
  });

  test('find recorded results equal, whatever the tape', () => {
    const x = tensor([[1, 2]], { requiresGrad: true });
    expect(f(x)).toEqual(f(x));
    deepStrictEqual(f(x), f(x));
    expect(f(x)).not.toEqual(f(x.mul(2)));
  });
});

test('JSON has the shape, the dtype and the elements', () => {
  const x = tensor([[1, 2]], { requiresGrad: true })
    .mul(3)
    .transpose();
  expect(JSON.stringify({ x })).toBe('{"x":{"shape":[2,1],"dtype":"float32","data":[3,6]}}');
});

test('a clone has the elements, and is told from a tensor', () => {
  const clone = structuredClone(tensor([1, 2]));
  expect(clone.storage).toMatchObject({ data: new Float32Array([1, 2]), dtype: 'float32', shape: [2] });
  expect(() => tensor([1, 2]).add(clone)).toThrow('a clone of a tensor; send its data and shape');
});

test('no framework takes a tensor for a plain object', () => {
  expect(Object.prototype.toString.call(tensor(1))).toBe('[object Tensor]');
});
