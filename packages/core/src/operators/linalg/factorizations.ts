/**
 * Matrix factorizations over the last two axes. They are meant for small matrices, compute in float64 whatever the
 * dtype, and round once.
 *
 * One run of an algorithm computes all factors, stacked in one result. Eigenvalues and eigenvectors (or singular values
 * and vectors) have derivatives under different conditions. So each is a separate operation, which takes its part of
 * that result.
 */

import { ArgumentError, type Shape } from '@tapegrad/kernels';
import { defineOp } from '../../autograd/define.ts';
import { eye } from '../../create.ts';
import { noGrad } from '../../tape/recording.ts';
import type { Fitting, Tensor } from '../../tensor.ts';
import type { Batch, Square } from '../../types/static-shapes.ts';
import { concat } from '../method-functions.ts';
import { max } from '../reductions.ts';
import { tril, triu } from '../triangles-and-diagonals.ts';
import { checkMatrices, checkSquare, eachMatrix, type OfMatrix, placeOf, transposed } from './each-matrix.ts';
import { factorizeQR } from './householder.ts';
import { eigenSymmetric, type Singular, singularTall } from './jacobi.ts';
import { triangularSolve } from './linear-systems.ts';

const product = (x: Tensor, y: Tensor): Tensor => x.matmul(y);

function checkFinite(call: string, a: Tensor, matrix: Float64Array, place: number): Float64Array {
  if (matrix.every(Number.isFinite)) return matrix;
  throw new ArgumentError(`${call}: matrix${placeOf(a, place)} has entries that are not finite`);
}

const [ROWS, COLUMNS] = [-2, -1];

/**
 * Returns 1 for the off-diagonal entries where two values coincide and 0 elsewhere, given the differences of the
 * values.
 */
const tiesOf = (apart: Tensor): Tensor =>
  apart
    .equal(0)
    .cast(apart.dtype)
    .sub(eye(apart.shape.at(-1)!, { dtype: apart.dtype })) as Tensor;

/**
 * Returns x / apart off the diagonal, and 0 on the diagonal and wherever two values coincide. The vectors of coinciding
 * values can rotate freely within the space that they span, and no derivative describes such a rotation. So `turned`,
 * which holds the part of the derivative that rotates vectors into each other, must be 0 for such vectors, up to
 * rounding.
 */
function quotient(call: string, what: string, x: Tensor, apart: Tensor, turned: Tensor): Tensor {
  const n = apart.shape.at(-1)!;
  const sizes = turned.abs();
  let largest = 0;
  for (const size of sizes.elements) largest = Math.max(largest, size);
  const tolerance = (x.dtype === 'float32' ? 1e-5 : 1e-12) * largest;
  const wrong = sizes.mul(tiesOf(apart)).elements.findIndex((size) => size > tolerance);
  if (wrong !== -1) {
    const [row, column] = [Math.floor((wrong % (n * n)) / n), wrong % n];
    throw new ArgumentError(
      `${call}: ${what} ${row} and ${column} are equal, so their vectors have no derivative, and they have no second derivative; ` +
        'use only first derivatives of the values',
    );
  }
  const none = apart.equal(0) as Tensor;
  return none.where(0, x.div(none.where(1, apart)));
}

/**
 * Returns `d` unchanged, but throws if it is differentiated again where values coincide. There, the derivative follows
 * one choice of vectors, which is right only to first order.
 */
const once = defineOp<(d: Tensor, ties: Tensor, call: string) => Tensor>({
  name: 'once',
  batched: true,
  forward: (d) => d.mul(1),
  vjp: (g, _y, _d, ties, call) => [onceOnly(g, ties, call), null],
  jvp: ([t], _y, _d, ties, call) => onceOnly(t!, ties, call),
});

function onceOnly(d: Tensor, ties: Tensor, call: string): Tensor {
  const largest = (x: Tensor): Tensor => max(x.abs(), [ROWS, COLUMNS]) as Tensor;
  const moved = largest(d).mul(largest(ties)).elements;
  if (moved.every((size) => size === 0)) return d;
  throw new ArgumentError(`${call}: two values are equal, so there are no second derivatives`);
}

/** Wraps the derivative `d` with `once` if any two values coincide. `apart` holds the differences of the values. */
const firstOnly = (call: string, d: Tensor, apart: Tensor): Tensor => {
  const ties = tiesOf(apart).detach() as Tensor;
  return ties.elements.some((tie) => tie !== 0) ? once(d, ties, call) : d;
};

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
  // With M = R dR^T - dQ^T Q: dA = (dQ + Q (the lower triangle of M, mirrored)) R^-T (Walter and Lehmann 2018, "Algorithmic
  // differentiation of linear algebra functions")
  vjp: (g, y) => {
    const [q, r] = qrParts(y);
    const [dq, ofR] = qrParts(g);
    // R is always 0 below its diagonal.
    const dr = triu(ofR);
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

/** The length of the shorter of the last two axes. */
type Shorter<S extends Shape> = S extends readonly [...Shape, infer M extends number, infer N extends number]
  ? M extends N
    ? M
    : number
  : number;

type Rows<S extends Shape> = S extends readonly [...unknown[], infer M extends number, unknown] ? M : number;
type Columns<S extends Shape> = S extends readonly [...Shape, infer N extends number] ? N : number;

/**
 * Computes the reduced QR factorization A = Q R of matrices A [..., m, n]. k is the smaller of m and n. Q [..., m, k]
 * has orthonormal columns; R [..., k, n] is upper triangular. The signs of R's diagonal are LAPACK's.
 *
 * The gradient exists if the first k columns are linearly independent.
 *
 * @throws ArgumentError if an entry is not finite, or on taking a gradient at linearly dependent columns.
 * @example
 * const { q, r } = qr(tensor([[3, 1], [4, 2]]));
 * q.toArray(); // [[-0.6, -0.8], [-0.8, 0.6]]
 * r.toArray(); // [[-5, -2.2], [0, 0.4]]
 */
export function qr<S extends Shape>(
  a: Tensor<S>,
  ...more: []
): {
  readonly q: Tensor<readonly [...Batch<S>, Rows<S>, Shorter<S>]>;
  readonly r: Tensor<readonly [...Batch<S>, Shorter<S>, Columns<S>]>;
} {
  const matrix = checkMatrices('qr', a, more);
  const [m, n] = matrix.shape.slice(-2) as [number, number];
  const wide = n > m;
  const [q, r] = qrParts(qrTall(wide ? matrix.slice(COLUMNS, 0, m) : matrix));
  if (!wide) return { q, r } as never;
  const rest = product(transposed(q), matrix.slice(COLUMNS, m));
  return { q, r: concat([r, rest], COLUMNS) } as never;
}

/** Extracts one part of a matrix's factors. Its arguments are the matrix and the factors; gradients flow to the matrix. */
type PartOf = (a: Tensor, factors: Tensor) => Tensor;

/** Stacks matrices that have the same number of columns, with `values` as an additional row on top. */
function stacked(values: readonly number[], ...matrices: readonly (readonly Float64Array[])[]): Float64Array {
  const width = values.length;
  const data = new Float64Array(matrices.reduce((size, columns) => size + width * (columns[0]?.length ?? 0), width));
  data.set(values);
  let start = width;
  for (const columns of matrices) {
    const height = columns[0]?.length ?? 0;
    columns.forEach((column, j) => {
      for (let i = 0; i < height; i++) data[start + i * width + j] = column[i]!;
    });
    start += width * height;
  }
  return data;
}

/** Computes the eigenvalues, as one row, stacked on top of the eigenvectors. */
const eigenpairs: OfMatrix = defineOp<OfMatrix>({
  name: 'eigh',
  batched: true,
  forward: (a) => {
    const n = a.shape.at(-1)!;
    return eachMatrix([a], [n + 1, n], ([matrix], place) => {
      const { values, vectors } = eigenSymmetric(checkFinite('eigh', a, matrix!, place), n);
      return stacked(values, vectors);
    });
  },
  // Derivatives are defined on the operations that extract the parts.
  vjp: () => null,
});

const symmetric = (x: Tensor): Tensor => x.add(transposed(x)).mul(0.5) as Tensor;

/** Computes the differences l_j - l_i of the values. */
const gapsOf = (values: Tensor): Tensor => values.sub(transposed(values)) as Tensor;

// Eigenvalues and eigenvectors are two operations, since the values have derivatives even where the vectors have none.
// With V^T dA V = M for the symmetric part of dA: dl_i = M_ii, dV = V (M / E), E_ij = l_j - l_i (Giles 2008, "Collected
// matrix derivative results for forward and reverse mode algorithmic differentiation")
const eigenvalues: PartOf = defineOp<PartOf>({
  name: 'eigh.values',
  batched: true,
  forward: (_a, pairs) => pairs.slice(ROWS, 0, 1),
  vjp: (g, values, a, pairs) => {
    const vectors = eigenvectors(a, pairs);
    return [firstOnly('eigh', product(vectors.mul(g) as Tensor, transposed(vectors)), gapsOf(values)), null];
  },
  jvp: ([da], values, a, pairs) => {
    const vectors = eigenvectors(a, pairs);
    const moved = vectors.mul(product(symmetric(da!), vectors)).sum(ROWS, { keepDims: true }) as Tensor;
    return firstOnly('eigh', moved, gapsOf(values));
  },
});

const eigenvectors: PartOf = defineOp<PartOf>({
  name: 'eigh.vectors',
  batched: true,
  forward: (_a, pairs) => pairs.slice(ROWS, 1),
  // The symmetric part of V ((V^T dV) / E) V^T
  vjp: (g, vectors, a, pairs) => {
    const apart = gapsOf(eigenvalues(a, pairs));
    const turned = product(transposed(vectors), g);
    const skew = turned.sub(transposed(turned)).mul(0.5) as Tensor;
    const inner = quotient('eigh', 'eigenvalues', skew, apart, turned);
    return [firstOnly('eigh', product(product(vectors, inner), transposed(vectors)), apart), null];
  },
  jvp: ([da], vectors, a, pairs) => {
    const apart = gapsOf(eigenvalues(a, pairs));
    const inner = product(transposed(vectors), product(symmetric(da!), vectors));
    const dVectors = product(vectors, quotient('eigh', 'eigenvalues', inner, apart, inner));
    return firstOnly('eigh', dVectors, apart);
  },
});

const withoutRow = (row: Tensor): Tensor => row.reshape(row.shape.toSpliced(-2, 1));

/**
 * Computes eigenvalues [..., n] in ascending order, and eigenvectors in the columns of [..., n, n], of symmetric
 * matrices [..., n, n]: A = V diag(values) V^T. If a matrix is not symmetric, its symmetric part is used, and the
 * gradient is symmetric.
 *
 * Matrices of fewer than 40 rows keep the relative accuracy of small eigenvalues. Larger ones are first made
 * tridiagonal, which gives every eigenvalue an error of some units in the last place of the largest one.
 *
 * Each eigenvector is unique up to its sign, which is chosen so that its largest entry is positive. Results that depend
 * on this choice have no meaningful gradient. Eigenvectors are differentiable if the eigenvalues are distinct.
 * Eigenvalues always have first derivatives. Where eigenvalues are equal, these derivatives are right only for
 * functions that treat the equal ones alike, such as sums. Second derivatives exist if the eigenvalues are distinct.
 *
 * @throws ArgumentError if an entry is not finite. Also on taking derivatives of eigenvectors, or second derivatives of
 * eigenvalues, if eigenvalues are equal.
 * @example
 * const { values, vectors } = eigh(tensor([[2, 1], [1, 2]]));
 * values.toArray(); // [1, 3]
 * vectors.index(slice(), 1).toArray(); // [0.7071068, 0.7071068]
 */
export function eigh<S extends Shape>(
  a: Fitting<Square<'eigh', S>, S>,
  ...more: []
): { readonly values: Tensor<readonly [...Batch<S>, Columns<S>]>; readonly vectors: Tensor<S> } {
  const matrix = checkSquare('eigh', a, more);
  const pairs = noGrad(() => eigenpairs(matrix));
  return { values: withoutRow(eigenvalues(matrix, pairs)), vectors: eigenvectors(matrix, pairs) } as never;
}

/** Computes the reduced SVD of a matrix [m, n]; m may be smaller than n. */
function singularOf(matrix: Float64Array, m: number, n: number): Singular {
  if (m >= n) return singularTall(matrix, m, n);
  const flipped = Float64Array.from(matrix, (_, i) => matrix[(i % m) * n + Math.floor(i / m)]!);
  const { values, left, right } = singularTall(flipped, n, m);
  return { values, left: right, right: left };
}

type Factorize = (a: Tensor, call: string) => Tensor;

/** Computes the singular values, as one row, stacked on top of U and V. */
const singularTriples: Factorize = defineOp<Factorize>({
  name: 'svd',
  batched: true,
  forward: (a, call) => {
    const [m, n] = a.shape.slice(-2) as [number, number];
    return eachMatrix([a], [m + n + 1, Math.min(m, n)], ([matrix], place) => {
      const { values, left, right } = singularOf(checkFinite(call, a, matrix!, place), m, n);
      return stacked(values, left, right);
    });
  },
  vjp: () => null,
});

/** Computes the differences s_j^2 - s_i^2 of the squared values. */
const squaredGapsOf = (s: Tensor): Tensor => s.sub(transposed(s)).mul(s.add(transposed(s))) as Tensor;

const leftAndRight = (vectors: Tensor, a: Tensor): readonly [u: Tensor, v: Tensor] => {
  const m = a.shape.at(-2)!;
  return [vectors.slice(ROWS, 0, m), vectors.slice(ROWS, m)];
};

// ds_i = u_i^T dA v_i
const singularValues: PartOf = defineOp<PartOf>({
  name: 'svd.values',
  batched: true,
  forward: (_a, triples) => triples.slice(ROWS, 0, 1),
  vjp: (g, s, a, triples) => {
    const [u, v] = leftAndRight(singularVectors(a, triples), a);
    return [firstOnly('svd', product(u.mul(g) as Tensor, transposed(v)), squaredGapsOf(s)), null];
  },
  jvp: ([da], s, a, triples) => {
    const [u, v] = leftAndRight(singularVectors(a, triples), a);
    const moved = u.mul(product(da!, v)).sum(ROWS, { keepDims: true }) as Tensor;
    return firstOnly('svd', moved, squaredGapsOf(s));
  },
});

/** Returns the component of x outside the span of the orthonormal columns. */
const outside = (columns: Tensor, x: Tensor): Tensor =>
  x.sub(product(columns, product(transposed(columns), x))) as Tensor;

const singularVectors: PartOf = defineOp<PartOf>({
  name: 'svd.vectors',
  batched: true,
  forward: (_a, triples) => triples.slice(ROWS, 1),
  // dA = U ((skew(U^T dU) / E) S + S (skew(V^T dV) / E)) V^T, with E_ij = s_j^2 - s_i^2 and skew(X) = X - X^T. The
  // components outside the spans of U and V add (I - U U^T) dU S^-1 V^T + U S^-1 dV^T (I - V V^T) (Giles 2008).
  vjp: (g, vectors, a, triples) => {
    const [m, n] = a.shape.slice(-2) as [number, number];
    const s = singularValues(a, triples);
    const [u, v] = leftAndRight(vectors, a);
    const [du, dv] = leftAndRight(g, a);
    const apart = squaredGapsOf(s);
    const turned = (columns: Tensor, cotangent: Tensor): Tensor => {
      const x = product(transposed(columns), cotangent);
      return quotient('svd', 'singular values', x.sub(transposed(x)) as Tensor, apart, x);
    };
    const inner = turned(u, du)
      .mul(s)
      .add(turned(v, dv).mul(transposed(s))) as Tensor;
    const inside = product(product(u, inner), transposed(v));
    const beyond = (columns: Tensor, cotangent: Tensor): Tensor => overValues(outside(columns, cotangent), s);
    const left = m > n ? inside.add(product(beyond(u, du), transposed(v))) : inside;
    const both = m < n ? left.add(product(u, transposed(beyond(v, dv)))) : left;
    return [firstOnly('svd', both as Tensor, apart), null];
  },
  // With M = U^T dA V: dU = U ((M S + S M^T) / E) + (I - U U^T) dA V S^-1, and dV is the same for A^T.
  jvp: ([da], vectors, a, triples) => {
    const s = singularValues(a, triples);
    const [u, v] = leftAndRight(vectors, a);
    const apart = squaredGapsOf(s);
    const side = (columns: Tensor, others: Tensor, x: Tensor): Tensor => {
      const moved = product(x, others);
      const inner = product(transposed(columns), moved);
      const sum = inner.mul(s).add(transposed(inner).mul(transposed(s))) as Tensor;
      const within = product(columns, quotient('svd', 'singular values', sum, apart, inner));
      const isWhole = columns.shape.at(-2) === columns.shape.at(-1);
      return isWhole ? within : (within.add(overValues(outside(columns, moved), s)) as Tensor);
    };
    return firstOnly('svd', concat([side(u, v, da!), side(v, u, transposed(da!))], ROWS), apart);
  },
});

/** Divides each column by its singular value. Throws if a singular value is 0 but its column is not. */
function overValues(columns: Tensor, s: Tensor): Tensor {
  const none = s.equal(0) as Tensor;
  const loose = none.where(max(columns.abs(), ROWS, { keepDims: true }), 0).elements;
  if (loose.some((size) => size > 0)) {
    throw new ArgumentError('svd: a singular value is 0, so its vectors have no derivative; use only the values');
  }
  return none.where(0, columns.div(none.where(1, s)));
}

/**
 * Computes the reduced singular value decomposition A = U diag(s) V^T of matrices [..., m, n]. With k the smaller of m
 * and n, the shapes are U [..., m, k], s [..., k] and V^T [..., k, n]. The values s are in descending order.
 *
 * If k is below 40, small singular values keep their relative accuracy. Otherwise every singular value has an error of
 * some units in the last place of the largest one.
 *
 * Each pair of singular vectors is unique up to its sign. The sign is chosen so that the largest entry of the longer
 * vector is positive. Results that depend on this choice have no meaningful gradient. Vectors are differentiable if the
 * singular values are distinct and, for a matrix that is not square, nonzero. Every nonzero singular value has first
 * derivatives. Where values are equal, these derivatives are right only for functions that treat the equal ones alike,
 * such as sums. Second derivatives exist if the values are distinct.
 *
 * @throws ArgumentError if an entry is not finite, or for derivatives that do not exist.
 * @example
 * const { u, s, vt } = svd(tensor([[0, 2], [1, 0]]));
 * s.toArray(); // [2, 1]
 * u.mul(s).matmul(vt).toArray(); // [[0, 2], [1, 0]]
 */
export function svd<S extends Shape>(
  a: Tensor<S>,
  ...more: []
): {
  readonly u: Tensor<readonly [...Batch<S>, Rows<S>, Shorter<S>]>;
  readonly s: Tensor<readonly [...Batch<S>, Shorter<S>]>;
  readonly vt: Tensor<readonly [...Batch<S>, Shorter<S>, Columns<S>]>;
} {
  const matrix = checkMatrices('svd', a, more);
  const triples = noGrad(() => singularTriples(matrix, 'svd'));
  const [u, v] = leftAndRight(singularVectors(matrix, triples), matrix);
  return { u, s: withoutRow(singularValues(matrix, triples)), vt: transposed(v) } as never;
}

/**
 * Computes the singular values [..., k] of matrices [..., m, n], in descending order, with k the smaller of m and n.
 * The values and their derivatives are the same as those from `svd`.
 *
 * @throws ArgumentError for entries that are not finite.
 * @example
 * svdvals(tensor([[3, 0], [0, -4]])).toArray(); // [4, 3]
 */
export function svdvals<S extends Shape>(a: Tensor<S>, ...more: []): Tensor<readonly [...Batch<S>, Shorter<S>]> {
  const matrix = checkMatrices('svdvals', a, more);
  const triples = noGrad(() => singularTriples(matrix, 'svdvals'));
  return withoutRow(singularValues(matrix, triples)) as never;
}
