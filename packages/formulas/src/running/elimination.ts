/** Inverses and determinants in float64. */

/**
 * A pivot smaller than this, relative to the largest element, is taken for a rounding error, and the matrix for
 * singular.
 */
const smallestPivot = 1e-11;

/**
 * Eliminates [a | I] with partial pivoting. Returns the determinant and the inverse, which is NaN for a singular
 * matrix.
 */
export function eliminated(a: Float64Array, n: number): { inverse: Float64Array; det: number } {
  const rows = Array.from({ length: n }, (_, i) => {
    const unit = new Float64Array(2 * n);
    unit.set(a.subarray(i * n, (i + 1) * n));
    unit[n + i] = 1;
    return unit;
  });
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let det = 1;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    if (pivot !== column) {
      [rows[pivot], rows[column]] = [rows[column]!, rows[pivot]!];
      det = -det;
    }
    const head = rows[column]!;
    const scale = head[column]!;
    if (!(Math.abs(scale) > smallestPivot * largest))
      return { inverse: new Float64Array(n * n).fill(Number.NaN), det: 0 };
    det *= scale;
    for (let j = 0; j < 2 * n; j++) head[j] = head[j]! / scale;
    rows.forEach((row, i) => {
      const share = row[column]!;
      if (i === column || share === 0) return;
      for (let j = 0; j < 2 * n; j++) row[j] = row[j]! - share * head[j]!;
    });
  }
  const inverse = new Float64Array(n * n);
  rows.forEach((row, i) => {
    inverse.set(row.subarray(n), i * n);
  });
  return { inverse, det };
}
