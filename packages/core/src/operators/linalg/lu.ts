/**
 * LU factorization of a square matrix by Gaussian elimination with partial pivoting (Golub and Van Loan, algorithm 3.4.1).
 */

import { substitute } from './triangular.ts';

/** The factorization P A = L U of a square matrix A. */
export interface LU {
  readonly n: number;
  /** The factor U on and above the diagonal, and L below it. The diagonal of L is all ones, and isn't stored. */
  readonly factors: Float64Array;
  /** The row permutation P: row i of P A is row `order[i]` of A. */
  readonly order: readonly number[];
  /** The determinant of P. */
  readonly sign: 1 | -1;
}

function swapRows(a: Float64Array, n: number, i: number, j: number): void {
  for (let c = 0; c < n; c++) [a[i * n + c], a[j * n + c]] = [a[j * n + c]!, a[i * n + c]!];
}

export function factorizeLU(a: Float64Array, n: number): LU {
  const factors = a.slice();
  const order = Array.from({ length: n }, (_, i) => i);
  let sign: 1 | -1 = 1;
  for (let k = 0; k < n; k++) {
    let largest = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(factors[i * n + k]!) > Math.abs(factors[largest * n + k]!)) largest = i;
    }
    if (largest !== k) {
      swapRows(factors, n, k, largest);
      [order[k], order[largest]] = [order[largest]!, order[k]!];
      sign = sign === 1 ? -1 : 1;
    }
    const pivot = factors[k * n + k]!;
    if (pivot === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const multiplier = factors[i * n + k]! / pivot;
      factors[i * n + k] = multiplier;
      for (let j = k + 1; j < n; j++) factors[i * n + j]! -= multiplier * factors[k * n + j]!;
    }
  }
  return { n, factors, order, sign };
}

/** Returns U's diagonal. */
export const pivotsOf = ({ n, factors }: LU): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => factors[i * n + i]!);

/** Solves A X = B for B [n, columns]. */
export function solveLU({ n, factors, order }: LU, b: Float64Array, columns: number): Float64Array {
  const permuted = new Float64Array(n * columns);
  order.forEach((from, to) => {
    permuted.set(b.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  const y = substitute(factors, n, permuted, columns, { upper: false, unit: true });
  return substitute(factors, n, y, columns, { upper: true });
}
