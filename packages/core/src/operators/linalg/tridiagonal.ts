/**
 * Eigenvalues of large symmetric matrices: Householder reflections make a matrix tridiagonal, and the QL iteration with
 * implicit shifts makes it diagonal (Golub and Van Loan, sections 8.3.1 and 8.3.3; EISPACK's tred2 and tql2).
 *
 * Each eigenvalue has an error of some units in the last place of the largest one. Matrices are stored as lists of
 * columns, so that all inner loops run along contiguous numbers.
 */

/** A symmetric tridiagonal matrix: its diagonal and, from index 1 on, its off-diagonal entries. */
interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
}

/**
 * The absolute value below which numbers count as 0, in matrices whose largest entry is about 1. A rotation of
 * subnormal numbers would not preserve lengths.
 */
export const NEGLIGIBLE = 1e-140;

/** Applies to each pair (x_i, y_i) the rotation that maps (x, y) to (cosine x - sine y, sine x + cosine y). */
export function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) {
    const a = x[i]!;
    const b = y[i]!;
    x[i] = cosine * a - sine * b;
    y[i] = sine * a + cosine * b;
  }
}

/** Subtracts `share` times y from x, in the first `length` numbers. */
function subtract(x: Float64Array, y: Float64Array, share: number, length: number): void {
  for (let k = 0; k < length; k++) x[k]! -= share * y[k]!;
}

/** Computes the scalar product of the first `length` numbers, in four partial sums. */
export function dotOf(x: Float64Array, y: Float64Array, length: number): number {
  let [a, b, c, d, i] = [0, 0, 0, 0, 0];
  for (; i + 4 <= length; i += 4) {
    a += x[i]! * y[i]!;
    b += x[i + 1]! * y[i + 1]!;
    c += x[i + 2]! * y[i + 2]!;
    d += x[i + 3]! * y[i + 3]!;
  }
  for (; i < length; i++) a += x[i]! * y[i]!;
  return a + b + (c + d);
}

/**
 * Applies a Householder reflection to the leading i by i block of a symmetric matrix, from both sides. The columns hold
 * the part on and below the diagonal. `v` holds the reflection vector in its first i numbers, with v . v = 2 h. `p` is
 * scratch memory.
 */
function reflect(columns: readonly Float64Array[], v: Float64Array, p: Float64Array, i: number, h: number): void {
  p.fill(0, 0, i);
  for (let j = 0; j < i; j++) {
    const column = columns[j]!;
    const factor = v[j]!;
    let sum = p[j]! + column[j]! * factor;
    for (let k = j + 1; k < i; k++) {
      sum += column[k]! * v[k]!;
      p[k]! += column[k]! * factor;
    }
    p[j] = sum;
  }
  for (let j = 0; j < i; j++) p[j]! /= h;
  subtract(p, v, dotOf(p, v, i) / (2 * h), i);
  for (let j = 0; j < i; j++) {
    const column = columns[j]!;
    const f = v[j]!;
    const g = p[j]!;
    for (let k = j; k < i; k++) column[k]! -= f * p[k]! + g * v[k]!;
  }
}

/**
 * Makes a symmetric matrix tridiagonal. Overwrites its columns with those of the orthogonal matrix that performs this
 * transformation.
 */
function reduce(columns: readonly Float64Array[]): Tridiagonal {
  const n = columns.length;
  const [diagonal, beside, scales] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const [v, p] = [new Float64Array(n), new Float64Array(n)];
  for (let i = n - 1; i > 0; i--) {
    let scale = 0;
    for (let k = 0; k < i; k++) {
      v[k] = columns[k]![i]!;
      scale += Math.abs(v[k]!);
    }
    diagonal[i] = columns[i]![i]!;
    const kept = columns[i]!;
    kept.fill(0);
    const last = v[i - 1]!;
    if (scale === Math.abs(last) || scale < NEGLIGIBLE) {
      beside[i] = last;
      continue;
    }
    let h = 0;
    for (let k = 0; k < i; k++) {
      v[k]! /= scale;
      h += v[k]! * v[k]!;
    }
    const f = v[i - 1]!;
    const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
    beside[i] = scale * g;
    h -= f * g;
    v[i - 1] = f - g;
    reflect(columns, v, p, i, h);
    // The vector is kept in column i, which the remaining steps don't need.
    kept.set(v.subarray(0, i));
    scales[i] = h;
  }
  diagonal[0] = columns[0]![0]!;
  columns[0]!.fill(0);
  columns[0]![0] = 1;
  for (let i = 1; i < n; i++) {
    const vector = columns[i]!.slice(0, i);
    if (scales[i] !== 0) {
      for (let j = 0; j < i; j++) subtract(columns[j]!, vector, dotOf(vector, columns[j]!, i) / scales[i]!, i);
    }
    columns[i]!.fill(0);
    columns[i]![i] = 1;
  }
  return { diagonal, beside };
}

/** Makes a tridiagonal matrix diagonal, and applies the same rotations to `columns`. Overwrites its arguments. */
function iterate({ diagonal: d, beside: e }: Tridiagonal, columns: readonly Float64Array[]): void {
  const n = columns.length;
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let [shift, size] = [0, 0];
  for (let l = 0; l < n; l++) {
    size = Math.max(size, Math.abs(d[l]!) + Math.abs(e[l]!));
    const small = Math.max(Number.EPSILON * size, NEGLIGIBLE);
    let m = l;
    while (Math.abs(e[m]!) > small) m++;
    while (m > l && Math.abs(e[l]!) > small) {
      const before = d[l]!;
      const half = (d[l + 1]! - before) / (2 * e[l]!);
      const root = half < 0 ? -Math.hypot(half, 1) : Math.hypot(half, 1);
      d[l] = e[l]! / (half + root);
      d[l + 1] = e[l]! * (half + root);
      const next = d[l + 1]!;
      const by = before - d[l]!;
      for (let i = l + 2; i < n; i++) d[i]! -= by;
      shift += by;
      const beyond = e[l + 1]!;
      let p = d[m]!;
      let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
      // Plain variables, since an engine would allocate lists in such a long loop.
      for (let i = m - 1; i >= l; i--) {
        c3 = c2;
        c2 = c;
        s2 = s;
        const g = c * e[i]!;
        const h = c * p;
        const r = Math.hypot(p, e[i]!);
        e[i + 1] = s * r;
        s = e[i]! / r;
        c = p / r;
        p = c * d[i]! - s * g;
        d[i + 1] = h + s * (c * g + s * d[i]!);
        rotate(columns[i]!, columns[i + 1]!, c, s);
      }
      p = (-s * s2 * c3 * beyond * e[l]!) / next;
      e[l] = s * p;
      d[l] = c * p;
    }
    d[l]! += shift;
    e[l] = 0;
  }
}

/**
 * Computes the eigenvalues of a symmetric matrix, and overwrites its columns with the eigenvectors: column i belongs to
 * eigenvalue i. The matrix must have no infinity or NaN. No square of an entry may overflow, and those that underflow
 * must be negligible.
 */
export function diagonalize(columns: readonly Float64Array[]): Float64Array {
  const tridiagonal = reduce(columns);
  iterate(tridiagonal, columns);
  return tridiagonal.diagonal;
}
