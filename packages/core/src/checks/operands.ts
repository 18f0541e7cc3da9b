/** Checks of the tensors and numbers that operations take. */

import { ArgumentError, type DType, DTypeError, filled, hasNumber, isFloat } from '@tapegrad/kernels';
import { Tensor } from '../tensor/class.ts';
import { describeValue } from './describe-value.ts';
import { checkNoMore } from './untyped-callers.ts';

/** Returns a number as a scalar tensor. */
export function scalar(call: string, value: number, dtype: DType): Tensor {
  if (!hasNumber(dtype, value)) {
    throw new DTypeError(`${call}: ${value} is not a valid ${dtype} value; cast the tensor first`);
  }
  return new Tensor(filled([], value, dtype));
}

/**
 * Returns the second operand of an operation: a tensor as it is, or a number converted to the dtype of the first
 * operand.
 */
export function operand(call: string, like: Pick<Tensor, 'dtype'>, y: unknown): Tensor {
  if (y instanceof Tensor) return y;
  if (typeof y === 'number') return scalar(call, y, like.dtype);
  throw new ArgumentError(`${call}: expected a tensor or a number as operand, got ${describeValue(y)}`);
}

const nothing: readonly unknown[] = [];

/** Returns `x` after checking that it is a tensor, and that `more` contains no extra arguments from untyped callers. */
export function checkTensor(call: string, x: unknown, more = nothing): Tensor {
  checkNoMore(call, more);
  if (x instanceof Tensor) return x;
  throw new ArgumentError(`${call}: expected a tensor, got ${describeValue(x)}`);
}

/** Returns `x` after checking that it is a tensor of floats. */
export function checkFloat(call: string, x: unknown, more = nothing): Tensor {
  const { dtype } = checkTensor(call, x, more);
  if (!isFloat(dtype)) throw new DTypeError(`${call}: expected float32 or float64, got ${dtype}; cast it first`);
  return x as Tensor;
}
