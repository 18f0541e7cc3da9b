/** Matrices as plain rows of float64 numbers, for checks of the judge that share no code with it. */

export type Matrix = readonly (readonly number[])[];

/** Operands whose shapes don't fit. */
export class Unfit extends Error {
  override readonly name = 'Unfit';
}

export const rowsOf = (x: Matrix): number => x.length;
export const columnsOf = (x: Matrix): number => x[0]!.length;
export const isScalar = (x: Matrix): boolean => rowsOf(x) === 1 && columnsOf(x) === 1;
export const scalar = (value: number): Matrix => [[value]];
export const table = (rows: number, columns: number, f: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => f(i, j)));
export const map = (x: Matrix, f: (value: number) => number): Matrix => x.map((row) => row.map(f));
export const transposed = (x: Matrix): Matrix => table(columnsOf(x), rowsOf(x), (i, j) => x[j]![i]!);

const isSameShape = (a: Matrix, b: Matrix): boolean => rowsOf(a) === rowsOf(b) && columnsOf(a) === columnsOf(b);

export function paired(a: Matrix, b: Matrix, f: (x: number, y: number) => number): Matrix {
  if (isScalar(a)) return map(b, (y) => f(a[0]![0]!, y));
  if (isScalar(b)) return map(a, (x) => f(x, b[0]![0]!));
  if (!isSameShape(a, b)) throw new Unfit();
  return table(rowsOf(a), columnsOf(a), (i, j) => f(a[i]![j]!, b[i]![j]!));
}

export function product(a: Matrix, b: Matrix): Matrix {
  if (isScalar(a) || isScalar(b)) return paired(a, b, (x, y) => x * y);
  if (columnsOf(a) !== rowsOf(b)) throw new Unfit();
  return table(rowsOf(a), columnsOf(b), (i, j) => a[i]!.reduce((sum, x, k) => sum + x * b[k]![j]!, 0));
}

export const total = (x: Matrix): number => x.flat().reduce((sum, value) => sum + value, 0);

function square(x: Matrix): Matrix {
  if (rowsOf(x) !== columnsOf(x)) throw new Unfit();
  return x;
}

export const trace = (x: Matrix): number => square(x).reduce((sum, row, i) => sum + row[i]!, 0);

export function det(x: Matrix): number {
  const n = rowsOf(square(x));
  if (n === 1) return x[0]![0]!;
  const minor = (k: number): Matrix => x.slice(1).map((row) => row.filter((_, j) => j !== k));
  return x[0]!.reduce((sum, value, k) => sum + (k % 2 === 0 ? 1 : -1) * value * det(minor(k)), 0);
}

/** Computes the inverse by Cramer's rule. */
export function inverse(x: Matrix): Matrix {
  const n = rowsOf(square(x));
  const whole = det(x);
  if (n === 1) return scalar(1 / whole);
  return table(n, n, (i, j) => {
    const minor = x.filter((_, row) => row !== j).map((row) => row.filter((_, column) => column !== i));
    return ((i + j) % 2 === 0 ? 1 : -1) * (det(minor) / whole);
  });
}

/** Returns whether two matrices are equal within the accuracy of central differences. */
export function isClose(a: Matrix, b: Matrix, tolerance: number): boolean {
  if (!isSameShape(a, b)) return false;
  const size = Math.max(...a.flat().map(Math.abs), ...b.flat().map(Math.abs), 1e-6);
  return a.every((row, i) => row.every((x, j) => Math.abs(x - b[i]![j]!) <= tolerance * size));
}

/** Computes the derivatives of a number with respect to each element of a matrix, by central differences of fourth order. */
export function differences(x: Matrix, f: (x: Matrix) => number): Matrix {
  const step = 1e-3;
  const at = (i: number, j: number, by: number): number =>
    f(x.map((row, k) => row.map((value, m) => (k === i && m === j ? value + by * step : value))));
  return table(
    rowsOf(x),
    columnsOf(x),
    (i, j) => (8 * (at(i, j, 1) - at(i, j, -1)) - (at(i, j, 2) - at(i, j, -2))) / (12 * step),
  );
}
