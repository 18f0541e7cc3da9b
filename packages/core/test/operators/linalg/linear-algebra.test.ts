/** Linear algebra in awkward cases; general values and derivatives are in the operator table. */

import {
  ArgumentError,
  cholesky,
  det,
  eigh,
  eye,
  grad,
  hessian,
  hvp,
  inverse,
  jvp,
  logdet,
  ones,
  qr,
  Random,
  slogdet,
  solve,
  stack,
  svd,
  svdvals,
  type Tensor,
  tensor,
  triu,
  zeros,
} from '@tapegrad/core';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const float64 = { dtype: 'float64' } as const;
const random = (seed: number, shape: readonly number[]): Tensor => new Random(seed).normal(shape, float64);
const matrix = (rows: readonly (readonly number[])[]): Tensor => tensor(rows, float64);
const leaf = (rows: readonly (readonly number[])[]): Tensor => tensor(rows, { ...float64, requiresGrad: true });
const largest = (x: Tensor): number => Math.max(0, ...x.abs().data);
const transposed = (x: Tensor): Tensor => x.transpose();
const scaled = (columns: Tensor, values: Tensor): Tensor =>
  columns.mul(values.reshape([...values.shape.slice(0, -1), 1, values.shape.at(-1)!]));
const fromOrthonormal = (columns: Tensor): number =>
  largest(
    transposed(columns)
      .matmul(columns)
      .sub(eye(columns.shape.at(-1)!, float64)),
  );

const kinds: readonly (readonly [string, Tensor])[] = [
  ['square', random(1, [6, 6])],
  ['tall', random(2, [9, 4])],
  ['wide', random(3, [3, 7])],
  ['of one row', random(4, [1, 4])],
  ['of one entry', matrix([[-2]])],
  [
    'of rank 1',
    tensor(
      [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      float64,
    ),
  ],
  ['of zeros', zeros([4, 3], float64)],
  ['with equal singular values', eye(5, float64)],
  ['of very large numbers', random(5, [4, 4]).mul(1e200)],
  ['of very small numbers', random(6, [4, 3]).mul(1e-200)],
  ['of numbers far apart', random(7, [5, 5]).mul(tensor([1, 1e-4, 1e-8, 1e-12, 1e-16], float64))],
  [
    'near a singular one',
    matrix(Array.from({ length: 8 }, (_, i) => Array.from({ length: 8 }, (_, j) => 1 / (i + j + 1)))),
  ],
  ['in a batch', random(8, [2, 3, 4, 5])],
  ['without columns', zeros([3, 0], float64)],
  ['without rows', zeros([0, 3], float64)],
  ['in a batch of none', zeros([0, 3, 2], float64)],
  ['seen from the other side', transposed(random(9, [4, 6]))],
];

describe.each(kinds)('a matrix %s', (_, a) => {
  const tolerance = 1e-13 * largest(a);

  test('is a product of orthonormal columns and a triangle', () => {
    const { q, r } = qr(a);
    expect(largest(q.matmul(r as Tensor).sub(a))).toBeLessThanOrEqual(tolerance);
    expect(fromOrthonormal(q)).toBeLessThan(1e-13);
    expect(
      triu(r)
        .equal(r)
        .data.every((same) => same === 1),
    ).toBe(true);
  });

  test('is a product of orthonormal columns, singular values and orthonormal rows', () => {
    const { u, s, vt } = svd(a);
    expect(
      largest(
        scaled(u, s)
          .matmul(vt as Tensor)
          .sub(a),
      ),
    ).toBeLessThanOrEqual(tolerance);
    expect(fromOrthonormal(u)).toBeLessThan(1e-13);
    expect(fromOrthonormal(transposed(vt))).toBeLessThan(1e-13);
    expect(svdvals(a).toArray()).toEqual(s.toArray());
    expect(s.data.every((value) => value >= 0)).toBe(true);
  });

  test('times its transpose is a product of eigenvectors and eigenvalues', () => {
    const product = a.matmul(transposed(a));
    if (!product.data.every((entry) => Number.isFinite(entry) && (entry === 0 || Math.abs(entry) > 1e-300))) return;
    const { values, vectors } = eigh(product);
    expect(largest(scaled(vectors, values).matmul(transposed(vectors)).sub(product))).toBeLessThanOrEqual(
      1e-13 * largest(product),
    );
    expect(fromOrthonormal(vectors)).toBeLessThan(1e-13);
  });
});

test('singular values and eigenvalues come in order', () => {
  expect(
    svdvals(
      matrix([
        [1, 0, 0],
        [0, -5, 0],
        [0, 0, 3],
      ]),
    ).toArray(),
  ).toEqual([5, 3, 1]);
  expect(
    eigh(
      matrix([
        [3, 0],
        [0, -4],
      ]),
    ).values.toArray(),
  ).toEqual([-4, 3]);
});

test('small singular values keep their digits', () => {
  const far = matrix([
    [1, 1],
    [0, 1e-18],
  ]);
  expect(svdvals(far).data[1]! / (1e-18 / Math.SQRT2)).toBeCloseTo(1, 14);
});

test('float32 is computed in float64 and rounded once', () => {
  const a = new Random(1).normal([5, 5]);
  const [narrow, wide] = [a, a.cast('float64')].map((x) => solve(x, ones([5], { dtype: x.dtype })));
  expect(narrow!.dtype).toBe('float32');
  expect([...narrow!.data]).toEqual(Array.from(wide!.data, Math.fround));
});

test('the determinant of a singular matrix has a gradient, the cofactors', () => {
  const a = leaf([
    [1, 2],
    [2, 4],
  ]);
  expect(det(a).item()).toBeCloseTo(0, 15);
  expect(
    largest(
      det(a)
        .backward()
        .of(a)
        .sub(
          matrix([
            [4, -2],
            [-2, 1],
          ]),
        ),
    ),
  ).toBeLessThan(1e-14);
  const none = leaf([
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(largest(det(none).backward().of(none))).toBe(0);
});

test('of no rows, the determinant is 1', () => {
  const empty = zeros([0, 0], float64);
  expect(det(empty).item()).toBe(1);
  expect(logdet(empty).item()).toBe(0);
  expect(inverse(empty).shape).toEqual([0, 0]);
});

test('the logarithm of a determinant does not overflow, and has the sign beside it', () => {
  const large = eye(400, float64).mul(10);
  expect(det(large).item()).toBe(Infinity);
  expect(logdet(large).item()).toBeCloseTo(400 * Math.log(10), 10);
  expect(
    slogdet(
      matrix([
        [0, 1],
        [1, 0],
      ]),
    ).sign.item(),
  ).toBe(-1);
  expect(
    logdet(
      matrix([
        [0, 1],
        [1, 0],
      ]),
    ).item(),
  ).toBeNaN();
  const { sign, logAbsDet } = slogdet(
    matrix([
      [1, 2],
      [2, 4],
    ]),
  );
  expect([sign.item(), logAbsDet.item()]).toEqual([0, -Infinity]);
});

describe('where values are equal', () => {
  const identity: Tensor = eye(2, float64);
  const mixing = matrix([
    [0, 1],
    [1, 0],
  ]);
  const symmetric = (x: Tensor): Tensor => x.add(transposed(x));
  const eigenvalues = (x: Tensor): Tensor => eigh(symmetric(x)).values;
  const values = { eigenvalues, 'the values of svd': (x: Tensor): Tensor => svd(x).s, svdvals };

  test.each(Object.entries(values))('%s have first derivatives, both ways', (_, of) => {
    expect(gradcheck((x) => of(x).pow(2).sum(), [eye(3, float64)]).passed).toBe(true);
    const [, tangent] = jvp((x: Tensor) => of(x).sum(), [identity], [random(1, [2, 2])]);
    const gradient = grad((x: Tensor) => of(x).sum())(identity);
    expect(tangent.item()).toBeCloseTo(
      gradient
        .mul(random(1, [2, 2]))
        .sum()
        .item(),
      14,
    );
  });

  test.each(Object.entries(values))('%s have no second derivatives', (_, of) => {
    const f = (x: Tensor): Tensor => of(x).sub(1).pow(2).sum();
    const along = (x: Tensor): Tensor => grad(f)(x).mul(mixing).sum();
    expect(() => grad(along)(identity)).toThrow('values are equal, so there are no second derivatives');
    expect(() => hvp(f, [identity], [mixing])).toThrow(ArgumentError);
    expect(() => hessian(f)(identity)).toThrow(ArgumentError);
  });

  const ofVectors = {
    'eigenvectors times values': (x: Tensor): Tensor => {
      const { values, vectors } = eigh(x);
      return scaled(vectors, values).matmul(transposed(vectors));
    },
    'singular vectors times values': (x: Tensor): Tensor => {
      const { u, s, vt } = svd(x);
      return scaled(u, s).matmul(vt as Tensor);
    },
  };

  // The product is the matrix itself, so its derivative is the factor; a rule without the terms of equal values would
  // give 0.
  test.each(Object.entries(ofVectors))('%s have no derivatives', (_, of) => {
    expect(() => grad((x: Tensor) => of(x).mul(mixing).sum())(identity)).toThrow('are equal, so their vectors');
    expect(() => jvp(of, [identity], [mixing])).toThrow('are equal, so their vectors');
  });

  test('in one matrix of a batch, the others have second derivatives', () => {
    const batch = stack([identity, symmetric(random(2, [2, 2]))], 0);
    const second = (x: Tensor): Tensor => eigh(x).values.slice(0, 1).pow(3).sum();
    const curvature = grad((x: Tensor) => grad(second)(x).pow(2).sum())(batch);
    expect([...curvature.data].every(Number.isFinite)).toBe(true);
    expect(largest(curvature.slice(0, 0, 1))).toBe(0);
  });

  test('the vectors of other values have gradients', () => {
    const at = matrix([
      [2, 1, 0],
      [1, 2, 0],
      [0, 0, 3],
    ]);
    const first = (x: Tensor): Tensor => {
      const vector = eigh(x).vectors.slice(-1, 0, 1);
      return vector
        .matmul(transposed(vector))
        .mul(random(3, [3, 3]))
        .sum();
    };
    const step = symmetric(random(4, [3, 3])).mul(1e-5);
    const difference = first(at.add(step))
      .sub(first(at.sub(step)))
      .div(2)
      .item();
    expect(grad(first)(at).mul(step).sum().item() / difference).toBeCloseTo(1, 8);
  });
});

test('a matrix that is not symmetric counts by its symmetric part', () => {
  const [lower, full] = [
    matrix([
      [4, 0],
      [2, 5],
    ]),
    matrix([
      [4, 1],
      [1, 5],
    ]),
  ];
  expect(cholesky(lower).toArray()).toEqual(cholesky(full).toArray());
  expect(eigh(lower).values.toArray()).toEqual(eigh(full).values.toArray());
});

test('NaN in, NaN out', () => {
  const a = matrix([
    [Number.NaN, 1],
    [1, 2],
  ]);
  expect(solve(a, ones([2], float64)).data[0]).toBeNaN();
  expect(det(a).item()).toBeNaN();
  expect(cholesky(a).data[0]).toBeNaN();
});
