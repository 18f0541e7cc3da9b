/** Invalid calls of elementwise operations and reductions. */

import {
  ArgumentError,
  add,
  atan2,
  clamp,
  cumprod,
  DTypeError,
  elu,
  exp,
  hardtanh,
  logicalAnd,
  mul,
  reciprocal,
  remainder,
  ShapeError,
  std,
  sum,
  tan,
  tensor,
  where,
  zeros,
} from '@tapegrad/core';
import { describe } from 'vitest';
import { bool, float, int, testBadCalls, untyped } from './bad-calls.ts';

describe('two operands', () =>
  testBadCalls([
    ['add: operands are float32 and int32; cast one of them', DTypeError, () => float(2).add(int(2))],
    ['add: cannot broadcast [2] with [3]: 2 and 3 differ', ShapeError, () => float(2).add(untyped(float(3)))],
    ['mul: cannot broadcast [2, 3] with [2]: 3 and 2 differ', ShapeError, () => float(2, 3).mul(untyped(float(2)))],
    ['add: expected a tensor or a number as operand, got null', ArgumentError, () => float(2).add(untyped(null))],
    ["sub: expected a tensor or a number as operand, got '2'", ArgumentError, () => float(2).sub(untyped('2'))],
    [
      'maximum: expected a tensor or a number as operand, got an array',
      ArgumentError,
      () => float(2).maximum(untyped([1, 2])),
    ],
    ['add: expected numbers, got bool; cast it first', DTypeError, () => bool(2).add(bool(2))],
    ['add: 1.5 is not a valid int32 value; cast the tensor first', DTypeError, () => int(2).add(1.5)],
    ['mul: 2147483648 is not a valid int32 value; cast the tensor first', DTypeError, () => int(2).mul(2 ** 31)],
    ['equal: 2 is not a valid bool value; cast the tensor first', DTypeError, () => bool(2).equal(2)],
    ['add: 1.5 is not a valid int32 value; cast the tensor first', DTypeError, () => add(1.5, int(2))],
    ['add: expected a tensor, got null', ArgumentError, () => add(untyped(null), float(2))],
    ['mul: expected a tensor, got 2', ArgumentError, () => mul(1, untyped(2))],
    ['div: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).div(2)],
    ['pow: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).pow(2)],
    ['where: expected a bool condition, got float32', DTypeError, () => float(2).where(1, float(2))],
    ['where: operands are float32 and int32; cast one of them', DTypeError, () => bool(2).where(float(2), int(2))],
    ['where: cannot broadcast [2] with [3]: 2 and 3 differ', ShapeError, () => bool(2).where(float(3), 0)],
    ['where: expected a tensor, got true', ArgumentError, () => where(untyped(true), float(2), float(2))],
  ]));

describe('one operand', () =>
  testBadCalls([
    ['exp: expected a tensor, got 2', ArgumentError, () => exp(untyped(2))],
    ['exp: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).exp()],
    ['sqrt: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).sqrt()],
    ['neg: expected numbers, got bool; cast it first', DTypeError, () => bool(2).neg()],
    [
      "cast: unknown dtype 'float16', expected one of float32, float64, int32, bool",
      ArgumentError,
      () => float(2).cast(untyped('float16')),
    ],
  ]));

describe('elementary functions, reductions, logic, activations', () =>
  testBadCalls([
    ['tan: expected a tensor, got 1', ArgumentError, () => tan(untyped(1))],
    ['tan: expected float32 or float64, got int32; cast it first', DTypeError, () => tan(int(2))],
    ['reciprocal: expected float32 or float64, got int32; cast it first', DTypeError, () => reciprocal(int(2))],
    ['atan2: operands are float32 and int32; cast one of them', DTypeError, () => atan2(float(2), int(2))],
    [
      'remainder: cannot broadcast [2] with [3]: 2 and 3 differ',
      ShapeError,
      () => remainder(float(2), untyped(float(3))),
    ],
    [
      'clamp: expected a lower bound at most as large as the upper, got 1 and 0',
      ArgumentError,
      () => clamp(float(2), 1, 0),
    ],
    [
      'clamp: expected a lower bound at most as large as the upper, got NaN and undefined',
      ArgumentError,
      () => clamp(float(2), Number.NaN),
    ],
    ['hardtanh: expected bounds in ascending order, got 1 and 1', ArgumentError, () => hardtanh(float(2), 1, 1)],
    ['elu: expected float32 or float64, got int32; cast it first', DTypeError, () => elu(int(2))],
    ['std: expected float32 or float64, got int32; cast it first', DTypeError, () => std(int(2))],
    ['cumprod: expected numbers, got bool; cast it first', DTypeError, () => cumprod(bool(2), 0)],
    ['cumprod: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => cumprod(float(2), 1)],
    [
      'logicalAnd: cannot broadcast [2] with [3]: 2 and 3 differ',
      ShapeError,
      () => logicalAnd(bool(2), untyped(bool(3))),
    ],
  ]));

describe('reductions', () =>
  testBadCalls([
    ['sum: expected a tensor, got an array', ArgumentError, () => sum(untyped([1, 2]))],
    ['sum: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).sum(1)],
    ['max: axis -2 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).max(-2)],
    ['sum: axis 0.5 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).sum(0.5)],
    ['sum: axis 0 occurs twice in [0, -2]', ArgumentError, () => float(2, 3).sum([0, -2])],
    ['sum: axis 0 is out of range for rank 0: a scalar has no axes', ArgumentError, () => tensor(1).sum(0)],
    ['sum: expected numbers, got bool; cast it first', DTypeError, () => bool(2).sum()],
    ['prod: expected numbers, got bool; cast it first', DTypeError, () => bool(2).prod()],
    ['mean: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).mean()],
    ['variance: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).variance()],
    ['norm: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).norm()],
    ['logSumExp: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).logSumExp()],
    ['softmax: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).softmax(0)],
    ['logSoftmax: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).logSoftmax(0)],
    ['softmax: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).softmax(1)],
    ['max: axis 0 of [0] is empty, so it has no max', ArgumentError, () => float(0).max()],
    [
      'max: axis 1 of [2, 0] is empty, so it has no max',
      ArgumentError,
      () => zeros([2, 0], { requiresGrad: true }).max(1),
    ],
    ['min: axis 1 of [2, 0] is empty, so it has no min', ArgumentError, () => float(2, 0).min(1)],
    ['argmax: axis 0 of [0] is empty, so it has no argmax', ArgumentError, () => float(0).argmax(0)],
    ['argmin: axis 0 of [0] is empty, so it has no argmin', ArgumentError, () => float(2, 0).argmin()],
    [
      'argmax: expected one axis, or none for all, got an array',
      ArgumentError,
      () => float(2, 3).argmax(untyped([0, 1])),
    ],
    ['argmax: expected numbers, got bool; cast it first', DTypeError, () => bool(2).argmax(0)],
    ['norm: the order is 0, expected a number above 0', ArgumentError, () => float(2).norm(0, { order: 0 })],
    ['norm: the order is NaN, expected a number above 0', ArgumentError, () => float(2).norm(0, { order: Number.NaN })],
    [
      'variance: the correction is NaN, expected a number >= 0',
      ArgumentError,
      () => float(2).variance(0, { correction: Number.NaN }),
    ],
    ['cumsum: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).cumsum(1)],
    ['cumsum: expected numbers, got bool; cast it first', DTypeError, () => bool(2).cumsum(0)],
  ]));
