/**
 * Eigenvalues and singular values by Jacobi's rotation methods. They are as accurate as the matrix allows, even for small
 * values (Demmel and Veselić 1992, "Jacobi's method is more accurate than QR").
 */

/** The maximum number of rounds over all pairs. Convergence is quadratic, so this limit is never reached. */
const MAX_ROUNDS = 60;

/**
 * Computes the tangent of the rotation angle that makes a pair orthogonal, the smaller of the two solutions, from zeta =
 * (beta - alpha) / (2 gamma).
 */
const tangentOf = (zeta: number): number => (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));

function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i]!, y[i]!];
    x[i] = cosine * a - sine * b;
    y[i] = sine * a + cosine * b;
  }
}

/**
 * Calls `visit` on all pairs, round after round, until a round changes nothing. `visit` returns whether it changed
 * anything.
 */
function rounds(n: number, visit: (p: number, q: number) => boolean): void {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let changed = false;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) changed = visit(p, q) || changed;
    if (!changed) return;
  }
}

const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
};

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
 * Returns the largest absolute value of all entries, or 1 if all are 0. Entries are divided by it so that no square
 * overflows.
 */
const scaleOf = (a: Float64Array): number => a.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0) || 1;

/** A = V diag(values) V^T */
export interface Eigen {
  /** In ascending order. */
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
  const vectors = identityColumns(n);
  rounds(n, (p, q) => {
    const [alpha, beta, gamma] = [rows[p]![p]!, rows[q]![q]!, rows[p]![q]!];
    // An off-diagonal entry too small to change either diagonal entry is rounding error.
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
  const order = rows.map((_, i) => i).sort((i, j) => rows[i]![i]! - rows[j]![j]!);
  return {
    values: order.map((i) => rows[i]![i]! * scale),
    vectors: order.map((i) => vectors[i]!.map((entry) => entry * signOf(vectors[i]!))),
  };
}

/** A = U diag(values) V^T, reduced */
export interface Singular {
  /** In descending order. */
  readonly values: readonly number[];
  /** The columns of U, each with its largest entry positive. */
  readonly left: readonly Float64Array[];
  /** The columns of V. */
  readonly right: readonly Float64Array[];
}

/** Returns a unit vector orthogonal to `others`: the coordinate axis with the largest remainder after projection. */
function orthogonalTo(others: readonly Float64Array[], m: number): Float64Array {
  const candidates = identityColumns(m).map((x) => {
    // A second pass removes the rounding error of the first.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of others) {
        const share = dot(x, other);
        for (let i = 0; i < m; i++) x[i]! -= share * other[i]!;
      }
    }
    return x;
  });
  const longest = candidates.reduce((best, x) => (dot(x, x) > dot(best, best) ? x : best));
  const length = Math.sqrt(dot(longest, longest));
  return longest.map((entry) => entry / length);
}

/** Computes singular values and vectors of a matrix [m, n] of finite numbers, m >= n, by one-sided Jacobi rotations. */
export function singularTall(a: Float64Array, m: number, n: number): Singular {
  const scale = scaleOf(a);
  const columns = columnsOf(a, m, n).map((column) => column.map((entry) => entry / scale));
  const vectors = identityColumns(n);
  rounds(n, (p, q) => {
    const [x, y] = [columns[p]!, columns[q]!];
    const [alpha, beta, gamma] = [dot(x, x), dot(y, y), dot(x, y)];
    if (Math.abs(gamma) <= Number.EPSILON * Math.sqrt(alpha * beta)) return false;
    const t = tangentOf((beta - alpha) / (2 * gamma));
    const cosine = 1 / Math.hypot(1, t);
    rotate(x, y, cosine, t * cosine);
    rotate(vectors[p]!, vectors[q]!, cosine, t * cosine);
    return true;
  });
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)));
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
