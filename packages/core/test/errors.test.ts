/** Bad calls: each throws its class of error, with a message that names the call, what came and what was wanted. */

import {
  ArgumentError,
  add,
  arange,
  argsort,
  atan2,
  cdist,
  chunk,
  clamp,
  concat,
  cosineSimilarity,
  cumprod,
  DTypeError,
  diagonal,
  einsum,
  elu,
  exp,
  eye,
  fold,
  fromNdarray,
  full,
  gradcheck,
  hardtanh,
  kron,
  linspace,
  logicalAnd,
  maskedFill,
  meshgrid,
  mul,
  noGrad,
  oneHot,
  ones,
  outer,
  parameter,
  Random,
  reciprocal,
  remainder,
  repeat,
  roll,
  ShapeError,
  scatter,
  setInterpreter,
  slice,
  sort,
  split,
  squeeze,
  stack,
  std,
  sum,
  swapaxes,
  TapeError,
  tan,
  tensor,
  tile,
  topk,
  tril,
  unfold,
  unsqueeze,
  type Window,
  where,
  zeros,
} from '@tapegrad/core';
import { describe, expect, test } from 'vitest';

/** An argument as a program without types may pass it. */
const untyped = (x: unknown): never => x as never;

const float = (...shape: number[]) => zeros(shape);
const int = (...shape: number[]) => zeros(shape, { dtype: 'int32' });
const bool = (...shape: number[]) => zeros(shape, { dtype: 'bool' });
const weight = () => parameter(zeros([2]), { name: 'weight' });
const window = (size: number): Window => ({ size, stride: 1, dilation: 1, padding: [0, 0] });

type BadCall = readonly [message: string, error: new (...args: never[]) => Error, call: () => unknown];

const badCalls: readonly BadCall[] = [
  // Making tensors.
  ['tensor: expected numbers or booleans, got string', ArgumentError, () => tensor(untyped('abc'))],
  ['tensor: expected numbers or booleans, got null', ArgumentError, () => tensor(untyped([null]))],
  ['tensor: rows differ: got lengths 2 and 1', ShapeError, () => tensor([[1, 2], [3]])],
  ['tensor: expected arrays nested 2 deep, got a number at depth 1', ShapeError, () => tensor([[1], 2])],
  ['tensor: rows differ: got an array at depth 1', ShapeError, () => tensor([1, [2]])],
  ['tensor: expected numbers or booleans, got object', ArgumentError, () => tensor(untyped(float(2)))],
  ['tensor: shape [2, 2] holds 4 entries, got 3', ShapeError, () => tensor([1, 2, 3], { shape: [2, 2] })],
  ['tensor: shape [2, 2] holds 4 entries, got 3', ShapeError, () => tensor(new Float32Array(3), { shape: [2, 2] })],
  [
    'tensor: [1.5, 2] is not a shape: axis lengths are whole numbers >= 0',
    ArgumentError,
    () => tensor(new Float32Array(3), { shape: [1.5, 2] }),
  ],
  [
    "tensor: unknown dtype 'float16', expected one of float32, float64, int32, bool",
    ArgumentError,
    () => tensor([1], { dtype: untyped('float16') }),
  ],
  [
    "tensor: a Uint8Array needs a dtype: 'bool' for a mask, 'float32' or 'int32' for bytes",
    DTypeError,
    () => tensor(new Uint8Array(3)),
  ],
  [
    'tensor: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got Int8Array',
    DTypeError,
    () => tensor(new Int8Array(3)),
  ],
  ['tensor: entry 1 is 1.5, not int32', DTypeError, () => tensor([1, 1.5], { dtype: 'int32' })],
  ['tensor: entry 0 is 2147483648, not int32', DTypeError, () => tensor([2 ** 31], { dtype: 'int32' })],
  ['tensor: entry 0 is 2, not bool', DTypeError, () => tensor([2], { dtype: 'bool' })],
  ['tensor: entry 0 is NaN, not int32', DTypeError, () => tensor([Number.NaN], { dtype: 'int32' })],
  [
    'tensor: a tensor of int32 has no gradient; expected float32 or float64',
    DTypeError,
    () => tensor([2], { dtype: 'int32', requiresGrad: true }),
  ],
  ['full: expected a number, got string', ArgumentError, () => full([2], untyped('1'))],
  ['full: NaN is no int32 number', DTypeError, () => full([2], Number.NaN, { dtype: 'int32' })],
  ['full: 2 is no bool number', DTypeError, () => full([2], 2, { dtype: 'bool' })],
  ['full: 2147483648 is no int32 number', DTypeError, () => full([2], 2 ** 31, { dtype: 'int32' })],
  ['zeros: [-1] is not a shape: axis lengths are whole numbers >= 0', ArgumentError, () => zeros([-1])],
  ['ones: [1.5] is not a shape: axis lengths are whole numbers >= 0', ArgumentError, () => ones([1.5])],
  ['zeros: an array of shape [1048576, 1048576] is too large', ArgumentError, () => zeros([2 ** 20, 2 ** 20])],
  [
    'ones: a tensor of bool has no gradient; expected float32 or float64',
    DTypeError,
    () => ones([2], { dtype: 'bool', requiresGrad: true }),
  ],
  ['arange: expected finite numbers and a step other than 0, got 0, 1, 0', ArgumentError, () => arange(0, 1, 0)],
  [
    'arange: expected finite numbers and a step other than 0, got 0, Infinity, 1',
    ArgumentError,
    () => arange(Number.POSITIVE_INFINITY),
  ],
  ['arange: entry 1 is 0.5, not int32', DTypeError, () => arange(0, 2, 0.5, { dtype: 'int32' })],
  ['linspace: [2.5] is not a shape: axis lengths are whole numbers >= 0', ArgumentError, () => linspace(0, 1, 2.5)],
  ['linspace: expected finite bounds, got 0 and NaN', ArgumentError, () => linspace(0, Number.NaN, 3)],
  ['eye: [-1] is not a shape: axis lengths are whole numbers >= 0', ArgumentError, () => eye(-1)],
  [
    'fromNdarray: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got Int8Array',
    DTypeError,
    () => fromNdarray(untyped({ data: new Int8Array(2), shape: [2], stride: [1], offset: 0 })),
  ],

  // Parameters.
  ["parameter: 'parameter' is int32; expected float32 or float64", DTypeError, () => parameter(int(2))],
  ['parameter: expected a tensor, got an array', ArgumentError, () => parameter(untyped([1, 2]))],
  ["assign: 'weight' has shape [2], got [3]", ShapeError, () => weight().assign(untyped(float(3)))],
  [
    "assign: 'weight' is float32, got float64; cast it first",
    DTypeError,
    () => weight().assign(untyped(zeros([2], { dtype: 'float64' }))),
  ],
  ['assign: expected a tensor, got an array', ArgumentError, () => weight().assign(untyped([1, 2]))],

  // Two operands.
  ['add: operands are float32 and int32; cast one of them', DTypeError, () => float(2).add(int(2))],
  ['add: cannot broadcast [2] with [3]: 2 and 3 differ', ShapeError, () => float(2).add(untyped(float(3)))],
  ['mul: cannot broadcast [2, 3] with [2]: 3 and 2 differ', ShapeError, () => float(2, 3).mul(untyped(float(2)))],
  ['add: expected a tensor or a number as operand, got null', ArgumentError, () => float(2).add(untyped(null))],
  ['sub: expected a tensor or a number as operand, got string', ArgumentError, () => float(2).sub(untyped('2'))],
  [
    'maximum: expected a tensor or a number as operand, got an array',
    ArgumentError,
    () => float(2).maximum(untyped([1, 2])),
  ],
  ['add: expected numbers, got bool; cast it first', DTypeError, () => bool(2).add(bool(2))],
  ['add: 1.5 is no int32 number; cast the tensor first', DTypeError, () => int(2).add(1.5)],
  ['mul: 2147483648 is no int32 number; cast the tensor first', DTypeError, () => int(2).mul(2 ** 31)],
  ['equal: 2 is no bool number; cast the tensor first', DTypeError, () => bool(2).equal(2)],
  ['add: 1.5 is no int32 number; cast the tensor first', DTypeError, () => add(1.5, int(2))],
  ['add: expected a tensor, got null', ArgumentError, () => add(untyped(null), float(2))],
  ['mul: expected a tensor, got number', ArgumentError, () => mul(1, untyped(2))],
  ['div: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).div(2)],
  ['pow: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).pow(2)],
  ['where: at least one of the two values must be a tensor', ArgumentError, () => bool(2).where(1, 2)],
  ['where: expected a bool condition, got float32', DTypeError, () => float(2).where(1, float(2))],
  ['where: operands are float32 and int32; cast one of them', DTypeError, () => bool(2).where(float(2), int(2))],
  ['where: cannot broadcast [2] with [3]: 2 and 3 differ', ShapeError, () => bool(2).where(float(3), 0)],
  ['where: expected a tensor, got boolean', ArgumentError, () => where(untyped(true), float(2), float(2))],

  // One operand.
  ['exp: expected a tensor, got number', ArgumentError, () => exp(untyped(2))],
  ['exp: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).exp()],
  ['sqrt: expected float32 or float64, got int32; cast it first', DTypeError, () => int(2).sqrt()],
  ['neg: expected numbers, got bool; cast it first', DTypeError, () => bool(2).neg()],
  [
    "cast: unknown dtype 'float16', expected one of float32, float64, int32, bool",
    ArgumentError,
    () => float(2).cast(untyped('float16')),
  ],

  // Reductions.
  ['sum: expected a tensor, got an array', ArgumentError, () => sum(untyped([1, 2]))],
  ['sum: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).sum(1)],
  ['max: axis -2 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).max(-2)],
  ['sum: axis 0.5 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).sum(0.5)],
  ['sum: axis 0 is named twice in [0, -2]', ArgumentError, () => float(2, 3).sum([0, -2])],
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

  // Movement.
  ['reshape: cannot reshape [2, 3] (6 elements) to [4] (4 elements)', ShapeError, () => float(2, 3).reshape([4])],
  ['reshape: [2, 3] has no one shape of the form [-1, 4]', ShapeError, () => float(2, 3).reshape([-1, 4])],
  ['reshape: [2, 3] has no one shape of the form [-1, -1]', ShapeError, () => float(2, 3).reshape([-1, -1])],
  [
    'reshape: [-2, -3] is not a shape: axis lengths are whole numbers >= 0',
    ArgumentError,
    () => float(2, 3).reshape([-2, -3]),
  ],
  ['transpose: expected two or more axes, got shape [2]', ShapeError, () => float(2).transpose()],
  ['permute: [0] does not name each axis of [2, 3] once', ArgumentError, () => float(2, 3).permute([0])],
  ['permute: [0, 0] does not name each axis of [2, 3] once', ArgumentError, () => float(2, 3).permute([0, 0])],
  ['permute: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => float(2, 3).permute([0, 2])],
  [
    'broadcastTo: cannot broadcast [2, 3] with [2, 4]: 3 and 4 differ',
    ShapeError,
    () => float(2, 3).broadcastTo([2, 4]),
  ],
  ['broadcastTo: [2, 3] does not broadcast to [3]', ShapeError, () => float(2, 3).broadcastTo([3])],
  ['flip: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).flip(1)],
  ['slice: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).slice(1)],
  ['slice: 0.5 is not a whole number', ArgumentError, () => float(2).slice(0, 0.5)],
  ['slice: the step is 0, expected a whole number other than 0', ArgumentError, () => float(2).slice(0, 0, 1, 0)],
  ['slice: the step is NaN, expected a whole number other than 0', ArgumentError, () => slice(0, 1, Number.NaN)],
  ['pad: expected 1 pairs of whole numbers >= 0 for shape [2], got []', ArgumentError, () => float(2).pad([])],
  [
    'pad: expected 1 pairs of whole numbers >= 0 for shape [2], got [[-1,0]]',
    ArgumentError,
    () => float(2).pad([[-1, 0]]),
  ],
  ['pad: 0.5 is no int32 number; cast the tensor first', DTypeError, () => int(2).pad([[1, 0]], 0.5)],
  ['concat: expected at least one tensor, got none', ArgumentError, () => concat([], 0)],
  ['concat: expected an array of tensors, got object', ArgumentError, () => concat(untyped(float(2)), 0)],
  ['concat: expected a tensor, got number', ArgumentError, () => concat([float(2), untyped(1)], 0)],
  ['concat: [2] and [2, 3] differ beside axis 0', ShapeError, () => concat([float(2), float(2, 3)], 0)],
  ['concat: operands are float32 and int32; cast one of them', DTypeError, () => concat([float(2), int(2)], 0)],
  ['concat: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => concat([float(2)], 1)],
  ['concat: axis 0 is out of range for rank 0: a scalar has no axes', ArgumentError, () => concat([tensor(1)], 0)],
  ['stack: expected at least one tensor, got none', ArgumentError, () => stack([], 0)],
  ['stack: expected tensors of one shape, got [2] and [3]', ShapeError, () => stack([float(2), float(3)], 0)],
  ['stack: operands are float32 and int32; cast one of them', DTypeError, () => stack([float(2), int(2)], 0)],
  ['stack: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => stack([float(2)], 2)],

  // Indexing.
  ['index: got 2 indices for shape [2]', ArgumentError, () => float(2).index(0, 0)],
  ['index: 2 is out of range for axis 0 of length 2', ArgumentError, () => float(2).index(2)],
  ['index: -3 is out of range for axis 0 of length 2', ArgumentError, () => float(2).index(-3)],
  ['index: 0.5 is out of range for axis 0 of length 2', ArgumentError, () => float(2).index(0.5)],
  ['index: expected int32 positions or a bool mask, got float32', DTypeError, () => float(2).index(float(1))],
  [
    'index: expected a mask as long as the axes that it is for, got [3] from axis 0 of [2] on',
    ShapeError,
    () => float(2).index(bool(3)),
  ],
  [
    'index: expected numbers, slices, null, int32 tensors or bool masks, got string',
    ArgumentError,
    () => float(2).index(untyped('x')),
  ],
  [
    'index: expected numbers, slices, null, int32 tensors or bool masks, got an array',
    ArgumentError,
    () => float(2).index(untyped([0])),
  ],
  ['take: index 2 at place 0 is out of range for an axis of length 2', ArgumentError, () => float(2).take([2])],
  ['take: index -1 at place 1 is out of range for an axis of length 2', ArgumentError, () => float(2).take([0, -1])],
  ['take: index 0.5 is not a whole number of 32 bits', ArgumentError, () => float(2).take([0.5])],
  ['take: expected an int32 tensor or an array of indices, got number', ArgumentError, () => float(2).take(untyped(1))],
  ['take: expected int32 indices, got float32', DTypeError, () => float(2).take(float(1))],
  ['take: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).take([0], 1)],
  ['scatterAdd: index 0.5 is not a whole number of 32 bits', ArgumentError, () => float(1).scatterAdd([0.5], 2)],
  [
    'scatterAdd: index 2 at place 0 is out of range for an axis of length 2',
    ArgumentError,
    () => float(1).scatterAdd([2], 2),
  ],
  [
    'scatterAdd: [-2] is not a shape: axis lengths are whole numbers >= 0',
    ArgumentError,
    () => float(1).scatterAdd([0], -2),
  ],
  [
    "scatterAdd: expected the indices' axes from axis 0 on, got [2] with indices [1]",
    ShapeError,
    () => float(2).scatterAdd([0], 2),
  ],
  ['scatterAdd: expected numbers, got bool; cast it first', DTypeError, () => bool(1).scatterAdd([0], 2)],
  [
    'gather: expected indices of this shape except along axis 0, got [2] for [2, 3]',
    ShapeError,
    () => float(2, 3).gather(int(2), 0),
  ],
  ['gather: expected int32 indices, got float32', DTypeError, () => float(2).gather(float(2), 0)],
  ['gather: expected a tensor, got an array', ArgumentError, () => float(2).gather(untyped([0]), 0)],
  [
    'gather: index 2 at place 1 is out of range for axis 0 of length 2',
    ArgumentError,
    () => float(2).gather(tensor([0, 2], { dtype: 'int32' }), 0),
  ],

  [
    'index: cannot broadcast [2] with [3]: 2 and 3 differ',
    ShapeError,
    () => float(2, 3).index(tensor([0, 1], { dtype: 'int32' }), tensor([0, 1, 2], { dtype: 'int32' })),
  ],
  [
    'take: index 3 at place 0 is out of range for an axis of length 3',
    ArgumentError,
    () => float(2, 3).index(tensor([0], { dtype: 'int32' }), tensor([3], { dtype: 'int32' })),
  ],
  [
    'take: index -3 at place 1 is out of range for an axis of length 2',
    ArgumentError,
    () => float(2).index(tensor([-2, -3], { dtype: 'int32' })),
  ],
  ['index: got 2 indices for shape [2]', ArgumentError, () => float(2).index(bool(2), 0)],
  [
    'index: expected a mask as long as the axes that it is for, got [2, 3] from axis 0 of [2] on',
    ShapeError,
    () => float(2).index(bool(2, 3)),
  ],
  [
    'index: expected a mask as long as the axes that it is for, got [] from axis 0 of [2] on',
    ShapeError,
    () => float(2).index(bool()),
  ],

  // Elementary functions, reductions, logic, activations.
  ['tan: expected a tensor, got number', ArgumentError, () => tan(untyped(1))],
  ['tan: expected float32 or float64, got int32; cast it first', DTypeError, () => tan(int(2))],
  ['reciprocal: expected float32 or float64, got int32; cast it first', DTypeError, () => reciprocal(int(2))],
  ['atan2: operands are float32 and int32; cast one of them', DTypeError, () => atan2(float(2), int(2))],
  [
    'remainder: cannot broadcast [2] with [3]: 2 and 3 differ',
    ShapeError,
    () => remainder(float(2), untyped(float(3))),
  ],
  [
    'clamp: expected a lower bound that is not above the upper, got 1 and 0',
    ArgumentError,
    () => clamp(float(2), 1, 0),
  ],
  [
    'clamp: expected a lower bound that is not above the upper, got NaN and undefined',
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

  // Order.
  ['argsort: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => argsort(float(2), 1)],
  ['sort: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => sort(float(2), 1)],
  ['sort: axis -1 is out of range for rank 0: a scalar has no axes', ArgumentError, () => sort(tensor(1))],
  ['topk: expected a count from 0 to 2, the length of axis 0, got 3', ArgumentError, () => topk(float(2), 3)],
  ['topk: expected a count from 0 to 2, the length of axis 0, got 0.5', ArgumentError, () => topk(float(2), 0.5)],

  // Axes, pieces and repetitions.
  ['unsqueeze: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => unsqueeze(float(2), 2)],
  ['squeeze: axis 0 of [2, 1] has length 2, expected 1', ShapeError, () => squeeze(float(2, 1), 0)],
  ['swapaxes: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => swapaxes(float(2, 3), 0, 2)],
  ['split: the size is 0, expected a whole number >= 1', ArgumentError, () => split(float(2), 0)],
  ['split: a size is -1, expected a whole number >= 0', ArgumentError, () => split(float(2), [3, -1])],
  ['split: the sizes [1, 2] add up to 3, but axis 0 has length 2', ShapeError, () => split(float(2), [1, 2])],
  ['chunk: the count is 0, expected a whole number >= 1', ArgumentError, () => chunk(float(2), 0)],
  ['tile: a count is -1, expected a whole number >= 0', ArgumentError, () => tile(float(2), [-1])],
  ['repeat: a count is 0.5, expected a whole number >= 0', ArgumentError, () => repeat(float(2), 0.5)],
  [
    'repeat: expected a count for each entry, got 1 counts for axis 0 of length 2',
    ArgumentError,
    () => repeat(float(2), [1]),
  ],
  ['roll: expected whole numbers of places, got 0.5', ArgumentError, () => roll(float(2), 0.5)],
  ['roll: expected a shift for each axis, got 1 for 2', ArgumentError, () => roll(float(2, 3), 1, [0, 1])],
  [
    "meshgrid: unknown indexing 'yx', expected 'ij' or 'xy'",
    ArgumentError,
    () => meshgrid([float(2)], { indexing: untyped('yx') }),
  ],
  ['meshgrid: expected vectors, got shape [2, 3]', ShapeError, () => meshgrid([untyped(float(2, 3))])],

  // Matrices, selection, distances.
  ['tril: expected two or more axes, got shape [2]', ShapeError, () => tril(float(2))],
  ['tril: expected a whole number as offset, got 0.5', ArgumentError, () => tril(float(2, 2), 0.5)],
  ['diagonal: axis 1 is named twice in [1, -1]', ArgumentError, () => diagonal(float(2, 3), { axes: [1, -1] })],
  ['diagonal: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => diagonal(float(2))],
  ['outer: expected two vectors, got shapes [2] and [2, 3]', ShapeError, () => outer(float(2), float(2, 3))],
  ['kron: expected a tensor, got number', ArgumentError, () => kron(float(2), untyped(2))],
  [
    'oneHot: label 3 at place 1 is out of range for 3 classes',
    ArgumentError,
    () => oneHot(tensor([0, 3], { dtype: 'int32' }), 3),
  ],
  ['oneHot: expected int32 labels, got float32', DTypeError, () => oneHot(float(2), 3)],
  ['maskedFill: expected a bool mask, got float32', DTypeError, () => maskedFill(float(2), float(2), 0)],
  ['maskedFill: a mask [3, 2] does not broadcast to [2]', ShapeError, () => maskedFill(float(2), bool(3, 2), 0)],
  [
    "scatter: element 1 would be replaced twice; with { reduce: 'add' } the values add up",
    ArgumentError,
    () => scatter(float(3), tensor([1, 1], { dtype: 'int32' }), float(2), 0),
  ],
  [
    'scatter: index 3 at place 0 is out of range for axis 0 of length 3',
    ArgumentError,
    () => scatter(float(3), tensor([3], { dtype: 'int32' }), 1, 0),
  ],
  [
    'scatter: expected indices and a source of one shape, got [1] and [2]',
    ShapeError,
    () => scatter(float(3), int(1), float(2), 0),
  ],
  [
    "scatter: unknown reduction 'max', expected 'replace' or 'add'",
    ArgumentError,
    () => scatter(float(3), int(1), 1, 0, { reduce: untyped('max') }),
  ],
  [
    'cdist: expected [..., m, d] and [..., n, d], got [2, 3] and [2, 4]',
    ShapeError,
    () => cdist(float(2, 3), float(2, 4)),
  ],
  [
    'cdist: the order is 0, expected a number above 0',
    ArgumentError,
    () => cdist(float(2, 3), float(2, 3), { order: 0 }),
  ],
  [
    'cosineSimilarity: expected float32 or float64, got int32; cast it first',
    DTypeError,
    () => cosineSimilarity(int(2), int(2)),
  ],
  [
    'cosineSimilarity: cannot broadcast [2] with [3]: 2 and 3 differ',
    ShapeError,
    () => cosineSimilarity(float(2), float(3)),
  ],

  // Products and windows.
  [
    'matmul: inner dimensions 784 and 128 differ ([64, 784] and [128, 10])',
    ShapeError,
    () => float(64, 784).matmul(untyped(float(128, 10))),
  ],
  ['matmul: inner dimensions 3 and 4 differ ([3] and [4])', ShapeError, () => float(3).matmul(untyped(float(4)))],
  ['matmul: inner dimensions 3 and 4 differ ([3] and [4, 2])', ShapeError, () => float(3).matmul(untyped(float(4, 2)))],
  ['matmul: expected one or more axes each, got [3] and []', ShapeError, () => float(3).matmul(untyped(tensor(1)))],
  ['matmul: expected a tensor, got number', ArgumentError, () => float(3).matmul(untyped(2))],
  ['matmul: operands are float32 and int32; cast one of them', DTypeError, () => float(3, 3).matmul(int(3, 3))],
  ['matmul: expected numbers, got bool; cast it first', DTypeError, () => bool(3, 3).matmul(bool(3, 3))],
  [
    'matmul: cannot broadcast [2] with [4]: 2 and 4 differ',
    ShapeError,
    () => float(2, 3, 3).matmul(untyped(float(4, 3, 3))),
  ],
  ['einsum: expected an equation, got object', ArgumentError, () => einsum(untyped(float(2)), float(2))],
  ["einsum: expected 2 operands for 'ij,jk->ik', got 1", ArgumentError, () => einsum('ij,jk->ik', float(2, 3))],
  ["einsum: 'i->i->i' has more than one '->'", ArgumentError, () => einsum('i->i->i', float(2))],
  [
    "einsum: 'i1' in 'i1->i' is not a list of letters with at most one '...'",
    ArgumentError,
    () => einsum('i1->i', float(2)),
  ],
  [
    "einsum: '...i...' in '...i...->i' is not a list of letters with at most one '...'",
    ArgumentError,
    () => einsum('...i...->i', float(2)),
  ],
  ["einsum: 'ij' of 'ij->i' does not fit shape [2]", ShapeError, () => einsum('ij->i', float(2))],
  ["einsum: 'ij' of 'ij...->i' does not fit shape [2]", ShapeError, () => einsum('ij...->i', float(2))],
  ["einsum: 'j' in 'ij,jk->ik' is both 3 and 4 long", ShapeError, () => einsum('ij,jk->ik', float(2, 3), float(4, 2))],
  ["einsum: 'i' in 'ii->i' is both 2 and 3 long", ShapeError, () => einsum('ii->i', float(2, 3))],
  [
    "einsum: axis 1 from the end of '...' in '...i,...i->...' is both 2 and 4 long",
    ShapeError,
    () => einsum('...i,...i->...', float(2, 3), float(4, 3)),
  ],
  ["einsum: 'k' of the output is in no operand of 'ij->k'", ArgumentError, () => einsum('ij->k', float(2, 3))],
  ["einsum: the output of 'ij->ii' repeats a label", ArgumentError, () => einsum('ij->ii', float(2, 3))],
  ['einsum: operands are float32 and int32; cast one of them', DTypeError, () => einsum('i,i->', float(2), int(2))],
  ['einsum: expected numbers, got bool; cast it first', DTypeError, () => einsum('i,i->', bool(2), bool(2))],
  ['einsum: expected a tensor, got an array', ArgumentError, () => einsum('i->', untyped([1, 2]))],
  [
    'unfold: a window that spans 3 does not fit axis 0 of padded length 2',
    ShapeError,
    () => unfold(float(2), [window(3)]),
  ],
  [
    'unfold: size, stride and dilation of a window are whole numbers > 0, padding is whole',
    ArgumentError,
    () => unfold(float(2), [window(0)]),
  ],
  ['unfold: 2 windows need as many axes, got [2]', ShapeError, () => unfold(float(2), [window(1), window(1)])],
  ['unfold: expected a tensor, got an array', ArgumentError, () => unfold(untyped([1, 2]), [window(1)])],
  ['fold: expected windows of shape [3, 2], got [2]', ShapeError, () => fold(float(2), [window(3)], [4])],

  // Differentiation.
  ['item: expected a tensor of one element, got shape [2]', ShapeError, () => float(2).item()],
  [
    'backward: the tensor was computed from nothing that requires a gradient, or where nothing is recorded',
    TapeError,
    () => float(2).sum().backward(),
  ],
  [
    'backward: the tensor was computed from nothing that requires a gradient, or where nothing is recorded',
    TapeError,
    () => noGrad(() => weight().sum()).backward(),
  ],
  [
    'backward: expected a loss of one element, got shape [2]; reduce it, or pass { seed } of its shape',
    ShapeError,
    () => weight().mul(2).backward(),
  ],
  [
    'backward: expected a seed of shape [2], got [3]',
    ShapeError,
    () =>
      weight()
        .mul(2)
        .backward({ seed: float(3) }),
  ],
  [
    'backward: expected a float32 seed, got int32',
    DTypeError,
    () =>
      weight()
        .mul(2)
        .backward({ seed: int(2) }),
  ],
  [
    'backward: expected a tensor, got number',
    ArgumentError,
    () =>
      weight()
        .mul(2)
        .backward({ seed: untyped(1) }),
  ],
  [
    'backward: a wanted tensor of shape [2] does not require a gradient',
    TapeError,
    () =>
      weight()
        .sum()
        .backward({ wanted: [float(2)] }),
  ],
  [
    'backward: expected a tensor, got string',
    ArgumentError,
    () =>
      weight()
        .sum()
        .backward({ wanted: [untyped('w')] }),
  ],
  [
    "gradients: there is none for 'weight': the loss does not reach it, or it was not wanted",
    TapeError,
    () => weight().sum().backward().of(weight()),
  ],
  [
    'gradients: there is none for a tensor of shape [3]: the loss does not reach it, or it was not wanted',
    TapeError,
    () =>
      weight()
        .sum()
        .backward()
        .of(ones([3], { requiresGrad: true })),
  ],
  [
    'gradients: there is none for a tensor of shape [2]: it does not require one',
    TapeError,
    () => weight().sum().backward().of(float(2)),
  ],
  ['noGrad: expected a function that is not asynchronous', ArgumentError, () => noGrad(async () => 1)],
  ['setInterpreter: the interpreter lacks full, neg, abs', ArgumentError, () => setInterpreter(untyped({}))],
  [
    'setInterpreter: expected an object with every primitive, got string',
    ArgumentError,
    () => setInterpreter(untyped('wasm')),
  ],
  ['gradcheck: expected at least one input', ArgumentError, () => gradcheck(() => zeros([]), [])],
  ['gradcheck: input 0, [2], is float32; expected float64', DTypeError, () => gradcheck((x) => x, [float(2)])],
  [
    'gradcheck: the function gave int32; expected float64',
    DTypeError,
    () => gradcheck((x) => x.argmax(0), [zeros([2], { dtype: 'float64' })]),
  ],
  [
    'gradcheck: expected a step and a tolerance above 0, got undefined and 0',
    ArgumentError,
    () => gradcheck((x) => x, [zeros([2], { dtype: 'float64' })], { tolerance: 0 }),
  ],
  [
    'gradcheck: expected a step and a tolerance above 0, got NaN and undefined',
    ArgumentError,
    () => gradcheck((x) => x, [zeros([2], { dtype: 'float64' })], { step: Number.NaN }),
  ],

  // Random.
  ['Random: the seed is 1.5, expected a whole number of 32 bits', ArgumentError, () => new Random(1.5)],
  ['Random: the seed is 4294967296, expected a whole number of 32 bits', ArgumentError, () => new Random(2 ** 32)],
  [
    'Random: expected a state of four integers, not all 0, got [0,0,0,0]',
    ArgumentError,
    () => Object.assign(new Random(1), { state: [0, 0, 0, 0] }),
  ],
  [
    'Random: expected a state of four integers, not all 0, got [1]',
    ArgumentError,
    () => Object.assign(new Random(1), { state: [1] }),
  ],
  [
    'uniform: expected finite bounds low <= high, got 1 and 0',
    ArgumentError,
    () => new Random(1).uniform([2], { low: 1, high: 0 }),
  ],
  [
    'uniform: [-2] is not a shape: axis lengths are whole numbers >= 0',
    ArgumentError,
    () => new Random(1).uniform([-2]),
  ],
  [
    'uniform: expected dtype float32 or float64, got int32',
    DTypeError,
    () => new Random(1).uniform([2], { dtype: untyped('int32') }),
  ],
  [
    'normal: expected a finite mean and standard deviation >= 0, got 0 and -1',
    ArgumentError,
    () => new Random(1).normal([2], { std: -1 }),
  ],
  [
    'normal: expected a finite mean and standard deviation >= 0, got NaN and 1',
    ArgumentError,
    () => new Random(1).normal([2], { mean: Number.NaN }),
  ],
  [
    'uniform: expected finite bounds low <= high, got 0 and Infinity',
    ArgumentError,
    () => new Random(1).uniform([2], { high: Number.POSITIVE_INFINITY }),
  ],
  ['bernoulli: expected a probability from 0 to 1, got 1.5', ArgumentError, () => new Random(1).bernoulli([2], 1.5)],
  [
    'integers: expected whole numbers of 32 bits low < high, got 3 and 3',
    ArgumentError,
    () => new Random(1).integers([2], 3, 3),
  ],
  [
    'integers: expected whole numbers of 32 bits low < high, got 0 and 1099511627776',
    ArgumentError,
    () => new Random(1).integers([2], 0, 2 ** 40),
  ],
  [
    'permutation: [-1] is not a shape: axis lengths are whole numbers >= 0',
    ArgumentError,
    () => new Random(1).permutation(-1),
  ],
];

test.each(badCalls)('%s', (message, error, call) => {
  expect(call).toThrow(error);
  expect(call).toThrow(expect.objectContaining({ name: error.name, message: expect.stringContaining(message) }));
});

describe('what a bad call leaves as it was', () => {
  const attempt = (call: () => unknown): void => expect(call).toThrow();

  test('a parameter', () => {
    const w = parameter(ones([2]));
    attempt(() => w.assign(untyped(zeros([3]))));
    expect(w.toArray()).toEqual([1, 1]);
  });

  test('the state of a generator', () => {
    const random = new Random(1);
    const before = random.state;
    attempt(() => random.uniform([-1]));
    attempt(() => random.bernoulli([2], Number.NaN));
    attempt(() => Object.assign(random, { state: [0, 0, 0, 0] }));
    expect(random.state).toEqual(before);
  });

  test('the interpreter', () => {
    attempt(() => setInterpreter(untyped({})));
    expect(ones([2]).sum().item()).toBe(2);
  });

  test('the tape of a loss that was asked for a gradient in a wrong way', () => {
    const w = weight();
    const y = w.mul(w);
    attempt(() => y.backward());
    attempt(() => y.backward({ seed: int(2) }));
    attempt(() => y.backward({ seed: ones([2]), wanted: [ones([2])] }));
    expect(
      y
        .backward({ seed: ones([2]) })
        .of(w)
        .toArray(),
    ).toEqual([0, 0]);
  });
});
