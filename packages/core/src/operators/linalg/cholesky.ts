/** The Cholesky factorization of a symmetric positive definite matrix (Golub and Van Loan, algorithm 4.2.1). */

/** The index and the value of a pivot that is not positive. */
export interface FailedPivot {
  readonly place: number;
  readonly value: number;
}

/**
 * Returns the lower triangular L for which L L^T is the symmetric part of `a` [n, n], or else the pivot that failed.
 * NaN propagates.
 */
export function factorizeCholesky(a: Float64Array, n: number): Float64Array | FailedPivot {
  const l = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let rest = (a[i * n + j]! + a[j * n + i]!) / 2;
      for (let k = 0; k < j; k++) rest -= l[i * n + k]! * l[j * n + k]!;
      if (i === j && rest <= 0) return { place: j, value: rest };
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / l[j * n + j]!;
    }
  }
  return l;
}
