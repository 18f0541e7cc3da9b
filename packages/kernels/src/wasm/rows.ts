/** How the operands of an elementwise kernel lie in rows: what it loops over, and what has to be copied to it. */

import { isContiguous, type NdArray } from '../array.ts';
import { contiguous } from '../copy.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { broadcastView } from '../views.ts';

/** An operand whose element `[row, column]` lies at `offset + row * rowStep + column * step` of its data. */
export interface RowOperand {
  readonly array: NdArray;
  readonly rowStep: number;
  readonly step: 0 | 1;
}

/** Rows of `length` elements each, and the operands read along them. */
export interface Rows {
  readonly rows: number;
  readonly length: number;
  readonly operands: readonly RowOperand[];
}

/** Length of the trailing axes that hold all of a contiguous operand's elements, or 0 where it is not only trailing. */
function suffixLength(x: NdArray, shape: Shape): number {
  const lead = shape.length - x.shape.length;
  let i = 0;
  while (i < x.shape.length && x.shape[i] === 1) i++;
  for (; i < x.shape.length; i++) if (x.shape[i] !== shape[lead + i]) return 0;
  return x.size;
}

/** Number of leading axes' elements that a contiguous operand holds, or 0 where it is not only leading. */
function prefixLength(x: NdArray, shape: Shape): number {
  if (x.shape.length !== shape.length) return 0;
  let i = x.shape.length;
  while (i > 0 && x.shape[i - 1] === 1) i--;
  while (i-- > 0) if (x.shape[i] !== shape[i]) return 0;
  return x.size;
}

/** Lays operands that broadcast to `shape` out in rows; one that fits no row pattern is copied in full. */
export function layRows(shape: Shape, operands: readonly NdArray[]): Rows {
  const size = sizeOf(shape);
  let length = 0;
  const dense: RowOperand[] = [];
  for (const x of operands) {
    const array = isContiguous(x) ? x : contiguous(x);
    if (array.size === size) {
      dense.push({ array, rowStep: -1, step: 1 });
    } else if (array.size === 1) {
      dense.push({ array, rowStep: 0, step: 0 });
    } else {
      const suffix = suffixLength(array, shape);
      const prefix = suffix === 0 ? prefixLength(array, shape) : 0;
      const wanted = suffix || (prefix && size / prefix);
      if (wanted === 0 || (length !== 0 && length !== wanted)) {
        dense.push({ array: contiguous(broadcastView(array, shape)), rowStep: -1, step: 1 });
      } else {
        length = wanted;
        dense.push(suffix ? { array, rowStep: 0, step: 1 } : { array, rowStep: 1, step: 0 });
      }
    }
  }
  const columns = length || size;
  const placed = dense.map((x) => (x.rowStep === -1 ? { ...x, rowStep: columns } : x));
  return { rows: columns === 0 ? 0 : size / columns, length: columns, operands: placed };
}
