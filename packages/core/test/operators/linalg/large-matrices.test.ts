/** Eigenvalues and singular values of matrices so large that other methods compute them. */

import { eigh, svd, type Tensor, tensor } from '@tapegrad/core';
import { describe, expect, test } from 'vitest';

const n = 64;
let seed = 7;
const random = (): number => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647 - 0.5;
};

const kinds: { readonly [name: string]: (i: number, j: number) => number } = {
  random,
  graded: (i, j) => random() * 10 ** (-(i + j) / 12),
  'of low rank': (i, j) => (i % 3) * (j % 5),
  'of equal entries': () => 1,
  'of alternating signs': (i, j) => ((i + j) % 2 === 0 ? 1 : -1),
  diagonal: (i, j) => (i === j ? i - 20 : 0),
  'nearly the identity': (i, j) => Number(i === j) + 1e-14 * random(),
  tridiagonal: (i, j) => (Math.abs(i - j) <= 1 ? random() : 0),
  zero: () => 0,
  huge: () => random() * 1e300,
  tiny: () => random() * 1e-300,
};

const matrixOf = (entry: (i: number, j: number) => number, rows = n): Tensor =>
  tensor(
    Array.from({ length: rows }, (_, i) => Array.from({ length: n }, (_, j) => entry(i, j))),
    { dtype: 'float64' },
  );

const largest = (x: Tensor): number => Math.max(...Array.from(x.data, Math.abs));
const expectOrthonormal = (columns: Tensor): void => {
  const products = columns.transpose().matmul(columns).data;
  const width = columns.shape[1]!;
  expect(Math.max(...products.map((x, i) => Math.abs(x - Number(i % (width + 1) === 0))))).toBeLessThan(1e-12);
};

describe.each(Object.entries(kinds))('a matrix that is %s', (_, entry) => {
  test('has orthonormal eigenvectors', () => {
    const a = matrixOf(entry);
    const symmetric = a.div(2).add(a.div(2).transpose()) as Tensor;
    const { values, vectors } = eigh(symmetric) as { values: Tensor; vectors: Tensor };
    expectOrthonormal(vectors);
    expect(Array.from(values.data)).toEqual(Array.from(values.data).sort((x, y) => x - y));
    const size = largest(symmetric) || 1;
    const error = symmetric
      .div(size)
      .matmul(vectors)
      .sub(vectors.mul(values.div(size))) as Tensor;
    expect(largest(error)).toBeLessThan(1e-14 * n);
  });

  test.each([n, n + 9])('has orthonormal singular vectors, with %i rows', (rows) => {
    const a = matrixOf(entry, rows);
    const { u, s, vt } = svd(a) as { u: Tensor; s: Tensor; vt: Tensor };
    expectOrthonormal(u);
    expectOrthonormal(vt.transpose() as Tensor);
    const size = largest(a) || 1;
    const error = u.mul(s.div(size)).matmul(vt).sub(a.div(size)) as Tensor;
    expect(largest(error)).toBeLessThan(1e-14 * n);
  });
});
