/** Matrices in typed arrays with arbitrary strides, and copies of them into and out of linear memory. */

import { copyElements, SHORT_ELEMENTS } from '../memory/copy-elements.ts';

export type FloatArray = Float32Array | Float64Array;

/** A matrix in a typed array with arbitrary strides, in elements: it may be transposed, reversed or repeated. */
export interface ArrayMatrix<T extends FloatArray = FloatArray> {
  readonly data: T;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Makes a matrix of contiguous rows. */
export const rowsOf = (data: FloatArray, offset: number, rowStride: number): ArrayMatrix => {
  return { data, offset, rowStride, columnStride: 1 };
};

export const transposed = <T extends FloatArray>(matrix: ArrayMatrix<T>): ArrayMatrix<T> => ({
  ...matrix,
  rowStride: matrix.columnStride,
  columnStride: matrix.rowStride,
});

/** Returns the matrix from a given row and column on. */
export function part<T extends FloatArray>(matrix: ArrayMatrix<T>, row: number, column: number): ArrayMatrix<T> {
  if (row === 0 && column === 0) return matrix;
  return { ...matrix, offset: matrix.offset + row * matrix.rowStride + column * matrix.columnStride };
}

/**
 * Copies rows x columns elements densely, in row-major order, or in column-major order if the columns are contiguous.
 * Returns true in the latter case.
 */
export function copyDense(to: FloatArray, at: number, matrix: ArrayMatrix, rows: number, columns: number): boolean {
  const { data, offset, rowStride, columnStride } = matrix;
  const isDown = rowStride === 1 && columnStride !== 1;
  const length = rows * columns;
  if (isDown ? columnStride === rows : columnStride === 1 && rowStride === columns) {
    copyElements(to, at, data, offset, length);
  } else if (isDown) copyRows(to, at, rows, transposed(matrix), columns, rows);
  else copyRows(to, at, columns, matrix, rows, columns);
  return isDown;
}

/** Copies rows x columns elements to contiguous rows that are `toStride` apart. */
export function copyRows(
  to: FloatArray,
  at: number,
  toStride: number,
  { data, offset, rowStride, columnStride }: ArrayMatrix,
  rows: number,
  columns: number,
): void {
  const length = rows * columns;
  const dense = rows === 1 || (rowStride === columns && toStride === columns);
  if (columnStride === 1 && dense) {
    copyElements(to, at, data, offset, length);
  } else if (columnStride === 1 && columns > SHORT_ELEMENTS) {
    for (let row = 0; row < rows; row++) copyElements(to, at + row * toStride, data, offset + row * rowStride, columns);
  } else {
    for (let row = 0; row < rows; row++) {
      const [source, target] = [offset + row * rowStride, at + row * toStride];
      for (let column = 0; column < columns; column++) to[target + column] = data[source + column * columnStride]!;
    }
  }
}
