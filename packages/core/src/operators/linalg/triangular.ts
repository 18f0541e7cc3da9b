/** Solves linear systems with a triangular matrix. */

/**
 * Solves A X = B by substitution. A [n, n] is one triangle of `a`, and B is [n, columns]. If `unit` is set, the
 * diagonal of A is taken to be all ones.
 */
export function substitute(
  a: Float64Array,
  n: number,
  b: Float64Array,
  columns: number,
  { upper, unit = false }: { readonly upper: boolean; readonly unit?: boolean },
): Float64Array {
  const x = b.slice();
  for (let step = 0; step < n; step++) {
    const i = upper ? n - 1 - step : step;
    const [from, to] = upper ? [i + 1, n] : [0, i];
    for (let j = from; j < to; j++) {
      const factor = a[i * n + j]!;
      for (let c = 0; c < columns; c++) x[i * columns + c]! -= factor * x[j * columns + c]!;
    }
    if (unit) continue;
    const pivot = a[i * n + i]!;
    for (let c = 0; c < columns; c++) x[i * columns + c]! /= pivot;
  }
  return x;
}
