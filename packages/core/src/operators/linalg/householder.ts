/** Householder QR factorization (Golub and Van Loan, algorithm 5.2.1), with LAPACK's signs. */

/** The factors of A = Q R. */
export interface QR {
  /** The factor Q [m, n], which has orthonormal columns. */
  readonly q: Float64Array;
  /** The factor R [n, n], which is upper triangular. */
  readonly r: Float64Array;
}

/** Computes the Euclidean norm of a column, from row `from` up to but not including row `to`, without overflow. */
function lengthOf(a: Float64Array, n: number, column: number, from: number, to: number): number {
  let largest = 0;
  for (let i = from; i < to; i++) {
    const size = Math.abs(a[i * n + column]!);
    if (!(size <= largest)) largest = size;
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = from; i < to; i++) sum += (a[i * n + column]! / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/**
 * Applies a Householder reflection, X - tau v (v^T X), to columns `from` and later. The vector v is 1 in row k, and
 * below that row it equals column k of `vectors`.
 */
function reflect(x: Float64Array, m: number, n: number, k: number, from: number, tau: number, vectors: Float64Array) {
  for (let j = from; j < n; j++) {
    let dot = x[k * n + j]!;
    for (let i = k + 1; i < m; i++) dot += vectors[i * n + k]! * x[i * n + j]!;
    dot *= tau;
    x[k * n + j]! -= dot;
    for (let i = k + 1; i < m; i++) x[i * n + j]! -= dot * vectors[i * n + k]!;
  }
}

/** Computes the reduced QR factors of a matrix [m, n] with m >= n. */
export function factorizeQR(a: Float64Array, m: number, n: number): QR {
  // R is stored on and above the diagonal, and the reflection vectors below it.
  const work = a.slice();
  const scales = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const tail = lengthOf(work, n, k, k + 1, m);
    if (tail === 0) continue;
    const head = work[k * n + k]!;
    const image = head < 0 ? Math.hypot(head, tail) : -Math.hypot(head, tail);
    for (let i = k + 1; i < m; i++) work[i * n + k]! /= head - image;
    scales[k] = (image - head) / image;
    reflect(work, m, n, k, k + 1, scales[k]!, work);
    work[k * n + k] = image;
  }
  const q = new Float64Array(m * n);
  for (let k = n - 1; k >= 0; k--) {
    q[k * n + k] = 1;
    reflect(q, m, n, k, k, scales[k]!, work);
  }
  const r = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) r[i * n + j] = work[i * n + j]!;
  return { q, r };
}
