/**
 * Factors of matrices in the last two axes: for small matrices, in float64 inside, whatever the dtype, and rounded once.
 *
 * Each is one operation whose result holds all factors, side by side or one above the other, so that an entry of the tape has
 * one output; they are slices of it.
 */

import { ArgumentError, formatShape, type Shape, ShapeError } from '@tapegrad/kernels';
import { defineOp } from '../autograd/define.ts';
import { eye } from '../create.ts';
import type { Batch, Square } from '../static-shapes.ts';
import { checkFloat, type Fitting, type Tensor } from '../tensor.ts';
import { unsqueeze } from './arrangement.ts';
import { concat } from './functions.ts';
import { eachMatrix, placeOf } from './linalg/each-matrix.ts';
import { factorizeQR } from './linalg/householder.ts';
import { eigenSymmetric, type Singular, singularTall } from './linalg/jacobi.ts';
import { triangularSolve } from './linear-systems.ts';
import { tril } from './matrices.ts';

type OfMatrix = (a: Tensor) => Tensor;

const transposed = (x: Tensor): Tensor => x.transpose();
const product = (x: Tensor, y: Tensor): Tensor => x.matmul(y);

function checkMatrices(call: string, a: unknown): Tensor {
  const { rank, shape } = checkFloat(call, a);
  if (rank < 2) throw new ShapeError(`${call}: expected two or more axes, got shape ${formatShape(shape)}`);
  return a as Tensor;
}

function checkFinite(call: string, a: Tensor, matrix: Float64Array, place: number): Float64Array {
  if (matrix.every(Number.isFinite)) return matrix;
  throw new ArgumentError(`${call}: matrix${placeOf(a, place)} has entries that are not finite`);
}

const [ROWS, COLUMNS] = [-2, -1];

/** The rows, or columns, of a matrix with zeros everywhere but on the diagonal. */
const diagonalMatrix = (row: Tensor): Tensor => row.mul(eye(row.shape.at(-1)!, { dtype: row.dtype })) as Tensor;

/**
 * x / y off the diagonal, for y that is 0 on it and where two values coincide. There x must be 0 to rounding: else the
 * factors turn at will, and have no derivative.
 */
function quotient(call: string, x: Tensor, y: Tensor, what: string): Tensor {
  const none = y.equal(0) as Tensor;
  const n = y.shape.at(-1)!;
  const numerators = x.elements;
  const largest = Math.max(0, ...Array.from(numerators, Math.abs));
  const tolerance = (x.dtype === 'float32' ? 1e-5 : 1e-12) * Math.max(largest, Number.MIN_VALUE);
  const wrong = none.elements.findIndex((coincide, i) => {
    const isDiagonal = (i % (n * n)) % (n + 1) === 0;
    return coincide === 1 && !isDiagonal && Math.abs(numerators[i]!) > tolerance;
  });
  if (wrong !== -1) {
    const [row, column] = [Math.floor((wrong % (n * n)) / n), wrong % n];
    throw new ArgumentError(
      `${call}: ${what} ${row} and ${column} are equal, so that their vectors have no derivative; ` +
        'use a function of the values alone, or of the space that the vectors span',
    );
  }
  return none.where(0, x.div(none.where(1, y)));
}

const qrTall: OfMatrix = defineOp<OfMatrix>({
  name: 'qr',
  batched: true,
  forward: (a) => {
    const [m, n] = a.shape.slice(-2) as [number, number];
    return eachMatrix([a], [m + n, n], ([matrix], place) => {
      const { q, r } = factorizeQR(checkFinite('qr', a, matrix!, place), m, n);
      const both = new Float64Array((m + n) * n);
      both.set(q);
      both.set(r, m * n);
      return both;
    });
  },
  // With M = R dR^T - dQ^T Q, dA = (dQ + Q (M's lower triangle, mirrored)) R^-T (Walter and Lehmann 2018, "Algorithmic
  // differentiation of linear algebra functions")
  vjp: (g, y) => {
    const [q, r] = qrParts(y);
    const [dq, dr] = qrParts(g);
    const m = product(r, transposed(dr)).sub(product(transposed(dq), q)) as Tensor;
    const below = tril(m, -1);
    const mirrored = tril(m).add(transposed(below)) as Tensor;
    const right = dq.add(product(q, mirrored)) as Tensor;
    return transposed(triangularSolve<Shape, Shape>(r as never, transposed(right), { upper: true }) as Tensor);
  },
});

function qrParts(y: Tensor): readonly [q: Tensor, r: Tensor] {
  const rows = y.shape.at(-2)! - y.shape.at(-1)!;
  return [y.slice(ROWS, 0, rows), y.slice(ROWS, rows)];
}

/** The shorter of the last two axes. */
type Shorter<S extends Shape> = S extends readonly [...Shape, infer M extends number, infer N extends number]
  ? M extends N
    ? M
    : number
  : number;

type Rows<S extends Shape> = S extends readonly [...Shape, infer M extends number, number] ? M : number;
type Columns<S extends Shape> = S extends readonly [...Shape, infer N extends number] ? N : number;

/**
 * Q with orthonormal columns and R upper triangular, A = Q R, for matrices A [..., m, n]: Q [..., m, k] and R [..., k, n],
 * k the smaller of m and n. R's diagonal has LAPACK's signs.
 *
 * The gradient exists where the first k columns are linearly independent.
 *
 * @throws ArgumentError for entries that are not finite, and where the gradient at dependent columns is asked for.
 * @example
 * const { q, r } = qr(tensor([[3, 1], [4, 2]]));
 * q.toArray(); // [[-0.6, -0.8], [-0.8, 0.6]]
 * r.toArray(); // [[-5, -2.2], [0, 0.4]]
 */
export function qr<S extends Shape>(
  a: Tensor<S>,
): {
  readonly q: Tensor<readonly [...Batch<S>, Rows<S>, Shorter<S>]>;
  readonly r: Tensor<readonly [...Batch<S>, Shorter<S>, Columns<S>]>;
} {
  const matrix = checkMatrices('qr', a);
  const [m, n] = matrix.shape.slice(-2) as [number, number];
  const wide = n > m;
  const [q, r] = qrParts(qrTall(wide ? matrix.slice(COLUMNS, 0, m) : matrix));
  if (!wide) return { q, r } as never;
  const rest = product(transposed(q), matrix.slice(COLUMNS, m));
  return { q, r: concat([r, rest], COLUMNS) } as never;
}

const eigenpairs: OfMatrix = defineOp<OfMatrix>({
  name: 'eigh',
  batched: true,
  forward: (a) => {
    const n = a.shape.at(-1)!;
    return eachMatrix([a], [n + 1, n], ([matrix], place) => {
      const { values, vectors } = eigenSymmetric(checkFinite('eigh', a, matrix!, place), n);
      const rows = Array.from({ length: n }, (_, i) => vectors.map((vector) => vector[i]!));
      return [...values, ...rows.flat()];
    });
  },
  // dA is the symmetric part of V (diag(dL) + (V^T dV) / E) V^T, with E_ij = l_j - l_i (Giles 2008, "Collected matrix
  // derivative results for forward and reverse mode algorithmic differentiation")
  vjp: (g, y) => {
    const [values, vectors] = eigenParts(y);
    const [dValues, dVectors] = eigenParts(g);
    const apart = values.sub(transposed(values)) as Tensor;
    const turned = product(transposed(vectors), dVectors);
    const skew = turned.sub(transposed(turned)).mul(0.5) as Tensor;
    const inner = quotient('eigh', skew, apart, 'eigenvalues').add(diagonalMatrix(dValues)) as Tensor;
    return product(product(vectors, inner), transposed(vectors));
  },
});

/** The eigenvalues as a row, and the vectors below it. */
const eigenParts = (y: Tensor): readonly [values: Tensor, vectors: Tensor] => [y.slice(ROWS, 0, 1), y.slice(ROWS, 1)];

const withoutRow = (row: Tensor): Tensor => row.reshape(row.shape.toSpliced(-2, 1));

/**
 * The eigenvalues of symmetric matrices [..., n, n], from the least to the largest, [..., n], and the vectors that belong to
 * them, in the columns of [..., n, n]: A = V diag(values) V^T. Of a matrix that is not symmetric, the symmetric part is
 * taken, and the gradient is symmetric.
 *
 * A vector is unique up to its sign; here its largest entry is positive. What depends on that choice has no meaningful
 * gradient, and where eigenvalues coincide, only the space has one that their vectors span.
 *
 * @throws ArgumentError for entries that are not finite, and for the gradient of vectors with equal eigenvalues.
 * @example
 * const { values, vectors } = eigh(tensor([[2, 1], [1, 2]]));
 * values.toArray(); // [1, 3]
 * vectors.index(slice(), 1).toArray(); // [0.7071068, 0.7071068]
 */
export function eigh<S extends Shape>(
  a: Fitting<Square<'eigh', S>, S>,
): { readonly values: Tensor<readonly [...Batch<S>, Columns<S>]>; readonly vectors: Tensor<S> } {
  const matrix = checkMatrices('eigh', a);
  const { shape } = matrix;
  if (shape.at(-1) !== shape.at(-2)) {
    throw new ShapeError(`eigh: expected square matrices, got shape ${formatShape(shape)}`);
  }
  const [values, vectors] = eigenParts(eigenpairs(matrix));
  return { values: withoutRow(values), vectors } as never;
}

/** The reduced factors of a matrix of any shape. */
function singularOf(matrix: Float64Array, m: number, n: number): Singular {
  if (m >= n) return singularTall(matrix, m, n);
  const flipped = Float64Array.from(matrix, (_, i) => matrix[(i % m) * n + Math.floor(i / m)]!);
  const { values, left, right } = singularTall(flipped, n, m);
  return { values, left: right, right: left };
}

const singularTriples: OfMatrix = defineOp<OfMatrix>({
  name: 'svd',
  batched: true,
  forward: (a) => {
    const [m, n] = a.shape.slice(-2) as [number, number];
    return eachMatrix([a], [m + n + 1, Math.min(m, n)], ([matrix], place) => {
      const { values, left, right } = singularOf(checkFinite('svd', a, matrix!, place), m, n);
      const rowsOf = (columns: readonly Float64Array[], count: number): number[] =>
        Array.from({ length: count }, (_, i) => columns.map((column) => column[i]!)).flat();
      return [...values, ...rowsOf(left, m), ...rowsOf(right, n)];
    });
  },
  // dA = U ((skew(U^T dU) / E) S + S (skew(V^T dV) / E) + diag(dS)) V^T, with E_ij = s_j^2 - s_i^2 and skew(X) = X - X^T, and
  // for what lies outside the spaces of U and V, (I - U U^T) dU S^-1 V^T + U S^-1 dV^T (I - V V^T) (Giles 2008)
  vjp: (g, y, a) => {
    const [m, n] = a.shape.slice(-2) as [number, number];
    const [s, u, v] = singularParts(y, m);
    const [ds, du, dv] = singularParts(g, m);
    const apart = s.sub(transposed(s)).mul(s.add(transposed(s))) as Tensor;
    const turned = (vectors: Tensor, cotangent: Tensor): Tensor => {
      const x = product(transposed(vectors), cotangent);
      return quotient('svd', x.sub(transposed(x)) as Tensor, apart, 'singular values');
    };
    const inner = turned(u, du)
      .mul(s)
      .add(turned(v, dv).mul(transposed(s)))
      .add(diagonalMatrix(ds)) as Tensor;
    const inside = product(product(u, inner), transposed(v));
    const outside = (vectors: Tensor, cotangent: Tensor): Tensor =>
      overValues(cotangent.sub(product(vectors, product(transposed(vectors), cotangent))) as Tensor, s);
    if (m > n) return inside.add(product(outside(u, du), transposed(v))) as Tensor;
    return m < n ? (inside.add(product(u, transposed(outside(v, dv)))) as Tensor) : inside;
  },
});

/** Columns divided by the singular values, of which none may be 0 unless its column is. */
function overValues(columns: Tensor, s: Tensor): Tensor {
  const none = s.equal(0) as Tensor;
  const loose = none.where(columns.abs().max(ROWS, { keepDims: true }), 0).elements;
  if (loose.some((size) => size > 0)) {
    throw new ArgumentError('svd: a singular value is 0, so that its vectors have no derivative; use the values alone');
  }
  return none.where(0, columns.div(none.where(1, s)));
}

/** The singular values as a row, and below it U and V. */
const singularParts = (y: Tensor, m: number): readonly [s: Tensor, u: Tensor, v: Tensor] => [
  y.slice(ROWS, 0, 1),
  y.slice(ROWS, 1, m + 1),
  y.slice(ROWS, m + 1),
];

/**
 * The reduced singular value decomposition A = U diag(s) V^T of matrices [..., m, n], k the smaller of m and n: U [..., m, k],
 * s [..., k] from the largest to the least, and V^T [..., k, n].
 *
 * A pair of vectors is unique up to its sign; here the largest entry of the one of the longer side is positive. What depends
 * on that choice has no meaningful gradient. Vectors have a gradient where singular values differ and, unless the matrix is
 * square, none is 0; the values always have one, but for that of a 0.
 *
 * @throws ArgumentError for entries that are not finite, and for the gradient of vectors where it does not exist.
 * @example
 * const { u, s, vt } = svd(tensor([[0, 2], [1, 0]]));
 * s.toArray(); // [2, 1]
 * u.mul(s).matmul(vt).toArray(); // [[0, 2], [1, 0]]
 */
export function svd<S extends Shape>(
  a: Tensor<S>,
): {
  readonly u: Tensor<readonly [...Batch<S>, Rows<S>, Shorter<S>]>;
  readonly s: Tensor<readonly [...Batch<S>, Shorter<S>]>;
  readonly vt: Tensor<readonly [...Batch<S>, Shorter<S>, Columns<S>]>;
} {
  const matrix = checkMatrices('svd', a);
  const [s, u, v] = singularParts(singularTriples(matrix), matrix.shape.at(-2)!);
  return { u, s: withoutRow(s), vt: transposed(v) } as never;
}

// By itself, since values have derivatives where their vectors have none.
const singularValues: OfMatrix = defineOp<OfMatrix>({
  name: 'svdvals',
  batched: true,
  forward: (a) => {
    const [m, n] = a.shape.slice(-2) as [number, number];
    return eachMatrix(
      [a],
      [Math.min(m, n)],
      ([matrix], place) => singularOf(checkFinite('svdvals', a, matrix!, place), m, n).values,
    );
  },
  // ds_i = u_i^T dA v_i
  vjp: (g, _s, a) => {
    const { u, vt } = svd(a);
    return product(unsqueeze(g, -2).mul(u) as Tensor, vt as Tensor);
  },
});

/**
 * The singular values of matrices [..., m, n], from the largest to the least: [..., k], k the smaller of m and n. They have a
 * gradient where they are equal, too.
 *
 * @throws ArgumentError for entries that are not finite.
 * @example
 * svdvals(tensor([[3, 0], [0, -4]])).toArray(); // [4, 3]
 */
export const svdvals = <S extends Shape>(a: Tensor<S>): Tensor<readonly [...Batch<S>, Shorter<S>]> =>
  singularValues(checkMatrices('svdvals', a)) as never;
