/**
 * Computes eigenvalues and singular values by Jacobi's rotation methods. For small matrices, even small values are as
 * accurate as the matrix allows (Demmel and Veselić 1992, "Jacobi's method is more accurate than QR").
 */

import { diagonalize, dotOf, NEGLIGIBLE, rotate } from './tridiagonal.ts';

/**
 * The size at and above which a matrix is first made nearly diagonal by faster methods. Small eigenvalues and singular
 * values then have the same absolute error as the largest one.
 */
const LARGE = 40;

/** The maximum number of rounds over all pairs. Convergence is quadratic, so this limit is never reached. */
const MAX_ROUNDS = 60;

/**
 * Computes the tangent of the rotation angle that makes a pair orthogonal, given zeta = (beta - alpha) / (2 gamma). Of
 * the two solutions, this is the smaller.
 */
const tangentOf = (zeta: number): number => (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));

/**
 * Calls `visit` on all pairs, round after round, until a round changes nothing. `visit` returns whether it changed the
 * pair. Later rounds skip a pair if neither of its members has changed since.
 */
function rounds(n: number, visit: (p: number, q: number) => boolean): void {
  const changedIn = new Int32Array(n);
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    let changed = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.max(changedIn[p]!, changedIn[q]!) < round - 1 || !visit(p, q)) continue;
        changedIn[p] = changedIn[q] = round;
        changed = true;
      }
    }
    if (!changed) return;
  }
}

const dot = (x: Float64Array, y: Float64Array): number => dotOf(x, y, x.length);

/** Returns the columns of a row-major matrix [m, n]. */
const columnsOf = (a: Float64Array, m: number, n: number): Float64Array[] =>
  Array.from({ length: n }, (_, j) => Float64Array.from({ length: m }, (_, i) => a[i * n + j]!));

const identityColumns = (n: number): Float64Array[] =>
  Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, i) => Number(i === j)));

/** Returns the factor that makes a vector's largest entry positive. */
const signOf = (x: Float64Array): 1 | -1 => {
  const largest = x.reduce((most, entry) => (Math.abs(entry) > Math.abs(most) ? entry : most), 0);
  return largest < 0 ? -1 : 1;
};

/**
 * Returns the largest absolute value of all entries, or 1 if all are 0. The caller divides all entries by it so that no
 * square overflows.
 */
const scaleOf = (a: Float64Array): number => a.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0) || 1;

/** The eigendecomposition A = V diag(values) V^T. */
export interface Eigen {
  /** The eigenvalues in ascending order. */
  readonly values: readonly number[];
  /** The columns of V, each with its largest entry positive. */
  readonly vectors: readonly Float64Array[];
}

/** Computes eigenvalues and eigenvectors of the symmetric part of a matrix [n, n] of finite numbers. */
export function eigenSymmetric(a: Float64Array, n: number): Eigen {
  const scale = scaleOf(a);
  const rows = Array.from({ length: n }, (_, i) =>
    Float64Array.from({ length: n }, (_, j) => (a[i * n + j]! / scale + a[j * n + i]! / scale) / 2),
  );
  if (n >= LARGE) return ordered(diagonalize(rows), rows, scale);
  const vectors = identityColumns(n);
  rounds(n, (p, q) => {
    const [alpha, beta, gamma] = [rows[p]![p]!, rows[q]![q]!, rows[p]![q]!];
    // An off-diagonal entry below this is rounding error: it is too small to change either diagonal entry.
    const nothing = Number.EPSILON * Math.sqrt(Math.abs(alpha) * Math.abs(beta));
    if (Math.abs(gamma) <= Math.max(nothing, Number.MIN_VALUE)) return false;
    const t = tangentOf((beta - alpha) / (2 * gamma));
    const cosine = 1 / Math.hypot(1, t);
    const sine = t * cosine;
    rotate(rows[p]!, rows[q]!, cosine, sine);
    for (const row of rows) {
      const [x, y] = [row[p]!, row[q]!];
      row[p] = cosine * x - sine * y;
      row[q] = sine * x + cosine * y;
    }
    [rows[p]![p], rows[q]![q]] = [alpha - t * gamma, beta + t * gamma];
    rows[p]![q] = rows[q]![p] = 0;
    rotate(vectors[p]!, vectors[q]!, cosine, sine);
    return true;
  });
  const values = Float64Array.from(rows, (row, i) => row[i]!);
  return ordered(values, vectors, scale);
}

/** Sorts eigenvalues in ascending order, multiplies them by `scale`, and chooses the signs of the eigenvectors. */
function ordered(values: Float64Array, vectors: readonly Float64Array[], scale: number): Eigen {
  const order = vectors.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  return {
    values: order.map((i) => values[i]! * scale),
    vectors: order.map((i) => {
      const sign = signOf(vectors[i]!);
      return vectors[i]!.map((entry) => entry * sign);
    }),
  };
}

/** The reduced singular value decomposition A = U diag(values) V^T. */
export interface Singular {
  /** The singular values in descending order. */
  readonly values: readonly number[];
  /** The columns of U, each with its largest entry positive. */
  readonly left: readonly Float64Array[];
  /** The columns of V. */
  readonly right: readonly Float64Array[];
}

/**
 * Returns a unit vector orthogonal to the orthonormal vectors `others`. It starts from the coordinate axis that has the
 * largest component outside their span.
 */
function orthogonalTo(others: readonly Float64Array[], m: number): Float64Array {
  const remainders = new Float64Array(m).fill(1);
  for (const other of others) for (let i = 0; i < m; i++) remainders[i]! -= other[i]! ** 2;
  const x = new Float64Array(m);
  x[remainders.indexOf(remainders.reduce((most, next) => Math.max(most, next)))] = 1;
  // The second pass removes the rounding error of the first.
  for (let pass = 0; pass < 2; pass++) {
    for (const other of others) {
      const share = dot(x, other);
      for (let i = 0; i < m; i++) x[i]! -= share * other[i]!;
    }
  }
  const length = Math.sqrt(dot(x, x));
  return x.map((entry) => entry / length);
}

/**
 * Multiplies the columns of A by the eigenvectors of A^T A, which makes them nearly orthogonal and sorts them by length.
 * Returns the eigenvectors.
 */
function madeNearlyOrthogonal(columns: Float64Array[]): Float64Array[] {
  const n = columns.length;
  const m = columns[0]!.length;
  const products = columns.map(() => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) products[i]![j] = products[j]![i] = dotOf(columns[i]!, columns[j]!, m);
  }
  const values = diagonalize(products);
  const vectors = products
    .map((vector, i) => ({ vector, value: values[i]! }))
    .sort((x, y) => y.value - x.value)
    .map(({ vector }) => vector);
  const rows = Array.from({ length: m }, (_, at) => Float64Array.from(columns, (column) => column[at]!));
  for (let i = 0; i < n; i++) for (let at = 0; at < m; at++) columns[i]![at] = dotOf(rows[at]!, vectors[i]!, n);
  return vectors;
}

/** Computes singular values and vectors of a matrix [m, n] of finite numbers, m >= n, by one-sided Jacobi rotations. */
export function singularTall(a: Float64Array, m: number, n: number): Singular {
  const scale = scaleOf(a);
  const columns = columnsOf(a, m, n).map((column) => column.map((entry) => entry / scale));
  const vectors = n < LARGE ? identityColumns(n) : madeNearlyOrthogonal(columns);
  // The relative rounding error of the scalar product of two columns, which grows with their length.
  const tolerance = Number.EPSILON * (n < LARGE ? 1 : Math.sqrt(m));
  const squares = Float64Array.from(columns, (column) => dot(column, column));
  rounds(n, (p, q) => {
    const x = columns[p]!;
    const y = columns[q]!;
    const alpha = squares[p]!;
    const beta = squares[q]!;
    const gamma = dot(x, y);
    if (Math.abs(gamma) <= tolerance * Math.sqrt(alpha) * Math.sqrt(beta)) return false;
    const t = tangentOf((beta - alpha) / (2 * gamma));
    const cosine = 1 / Math.hypot(1, t);
    rotate(x, y, cosine, t * cosine);
    rotate(vectors[p]!, vectors[q]!, cosine, t * cosine);
    squares[p] = dot(x, x);
    squares[q] = dot(y, y);
    return true;
  });
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)));
  // Shorter columns consist of rounding errors, and their squares have too few digits to give a direction.
  if (n >= LARGE) for (let i = 0; i < n; i++) if (lengths[i]! < NEGLIGIBLE) lengths[i] = 0;
  const order = lengths.map((_, i) => i).sort((i, j) => lengths[j]! - lengths[i]!);
  const left: Float64Array[] = [];
  const right: Float64Array[] = [];
  for (const i of order) {
    const length = lengths[i]!;
    const unit = length === 0 ? orthogonalTo(left, m) : columns[i]!.map((entry) => entry / length);
    const sign = signOf(unit);
    left.push(unit.map((entry) => entry * sign));
    right.push(vectors[i]!.map((entry) => entry * sign));
  }
  return { values: order.map((i) => lengths[i]! * scale), left, right };
}
