/** Checks of operands that many primitives share. */

import { type DType, isFloat } from '../arrays/dtype.ts';
import { formatShape, type Shape, sameShape } from '../arrays/shape.ts';
import { ArgumentError, DTypeError, ShapeError } from '../error-classes.ts';
import type { ArrayLike } from '../primitives.ts';

export const type = (shape: Shape, dtype: DType): ArrayLike => ({ shape, dtype });

export function checkFloat(call: string, x: ArrayLike): void {
  if (!isFloat(x.dtype)) throw new DTypeError(`${call}: expected float32 or float64, got ${x.dtype}; cast it first`);
}

export function checkNumeric(call: string, x: ArrayLike): void {
  if (x.dtype === 'bool') throw new DTypeError(`${call}: expected numbers, got bool; cast it first`);
}

export function checkSameDType(call: string, x: ArrayLike, y: ArrayLike): void {
  if (x.dtype !== y.dtype) {
    throw new DTypeError(`${call}: operands are ${x.dtype} and ${y.dtype}; cast one of them`);
  }
}

export function checkInt32(call: string, indices: ArrayLike): void {
  if (indices.dtype !== 'int32') throw new DTypeError(`${call}: expected int32 indices, got ${indices.dtype}`);
}

export function checkAxis(call: string, axis: number, rank: number): void {
  if (!(Number.isInteger(axis) && axis >= 0 && axis < rank)) {
    throw new ArgumentError(`${call}: axis ${axis} is out of range for rank ${rank}`);
  }
}

export function checkSameShape(call: string, x: ArrayLike, y: ArrayLike): void {
  if (sameShape(x.shape, y.shape)) return;
  throw new ShapeError(`${call}: expected equal shapes, got ${formatShape(x.shape)} and ${formatShape(y.shape)}`);
}
