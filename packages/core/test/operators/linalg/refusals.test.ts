/** The operands that linear algebra rejects, with the error messages. */

import {
  ArgumentError,
  cholesky,
  DTypeError,
  det,
  eigh,
  eye,
  inverse,
  ones,
  qr,
  ShapeError,
  slogdet,
  solve,
  svd,
  type Tensor,
  tensor,
  triangularSolve,
  zeros,
} from '@tapegrad/core';
import { expect, test } from 'vitest';

const float64 = { dtype: 'float64' } as const;
const matrix = (rows: readonly (readonly number[])[]): Tensor => tensor(rows, float64);
const leaf = (rows: readonly (readonly number[])[]): Tensor => tensor(rows, { ...float64, requiresGrad: true });

const singular = matrix([
  [1, 2],
  [2, 4],
]);
const equalValues = { ...float64, requiresGrad: true } as const;

const refused: readonly (readonly [string, () => unknown, new (message: string) => Error, string])[] = [
  [
    'no square',
    () => solve(zeros([2, 3]) as never, zeros([2])),
    ShapeError,
    'solve: expected square matrices, got shape [2, 3]',
  ],
  ['a vector for a matrix', () => det(zeros([2]) as never), ShapeError, 'det: expected square matrices, got shape [2]'],
  [
    'sides of another length',
    () => solve(eye(2), zeros([3, 1])),
    ShapeError,
    'solve: expected right-hand sides [..., 2, columns] or a vector [2], got [3, 1] for [2, 2]',
  ],
  [
    'dtypes that differ',
    () => solve(eye(2), ones([2], float64)),
    DTypeError,
    'solve: operands are float32 and float64',
  ],
  [
    'integers',
    () => inverse(eye(2, { dtype: 'int32' })),
    DTypeError,
    'inverse: expected float32 or float64, got int32',
  ],
  ['a singular matrix', () => solve(singular, ones([2], float64)), ArgumentError, 'solve: matrix is singular'],
  ['a singular matrix of a batch', () => inverse(zeros([2, 2, 2])), ArgumentError, 'solve: matrix 0 is singular'],
  [
    'a triangle with a zero',
    () =>
      triangularSolve(
        matrix([
          [1, 0],
          [1, 0],
        ]),
        ones([2], float64),
      ),
    ArgumentError,
    'matrix is singular: entry [1, 1] is 0',
  ],
  [
    'a matrix that is not positive',
    () =>
      cholesky(
        matrix([
          [1, 2],
          [2, 1],
        ]),
      ),
    ArgumentError,
    'cholesky: matrix is not positive definite: pivot 1 is -3',
  ],
  [
    'infinity',
    () =>
      eigh(
        matrix([
          [1, Infinity],
          [Infinity, 1],
        ]),
      ),
    ArgumentError,
    'eigh: matrix has entries that are not finite',
  ],
  ['NaN', () => svd(matrix([[Number.NaN]])), ArgumentError, 'svd: matrix has entries that are not finite'],
  ['a vector to be factored', () => qr(zeros([3])), ShapeError, 'qr: expected two or more axes, got shape [3]'],
  [
    'vectors of equal eigenvalues',
    () =>
      eigh(eye(2, equalValues))
        .vectors.mul(
          matrix([
            [1, 2],
            [3, 4],
          ]),
        )
        .sum()
        .backward(),
    ArgumentError,
    'eigh: eigenvalues 0 and 1 are equal',
  ],
  [
    'vectors of equal singular values',
    () =>
      svd(eye(2, equalValues))
        .u.mul(
          tensor(
            [
              [1, 2],
              [3, 4],
            ],
            float64,
          ),
        )
        .sum()
        .backward(),
    ArgumentError,
    'svd: singular values 0 and 1 are equal',
  ],
  [
    'vectors of a singular value that is 0',
    () =>
      svd(zeros([3, 1], equalValues))
        .u.slice(0, 1)
        .sum()
        .backward(),
    ArgumentError,
    'svd: a singular value is 0',
  ],
  [
    'the gradient of the logarithm of 0',
    () =>
      slogdet(
        leaf([
          [1, 2],
          [2, 4],
        ]),
      ).logAbsDet.backward(),
    ArgumentError,
    'singular',
  ],
  [
    'the gradient at dependent columns',
    () =>
      qr(
        leaf([
          [0, 0],
          [0, 0],
        ]),
      )
        .r.sum()
        .backward(),
    ArgumentError,
    'singular',
  ],
];

test.each(refused)('refuses %s', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
