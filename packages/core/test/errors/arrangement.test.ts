/** Invalid calls of operations that move, order and select elements. */

import {
  ArgumentError,
  argsort,
  chunk,
  concat,
  DTypeError,
  meshgrid,
  repeat,
  roll,
  ShapeError,
  slice,
  sort,
  split,
  squeeze,
  stack,
  swapaxes,
  tensor,
  tile,
  topk,
  unsqueeze,
} from '@tapegrad/core';
import { describe } from 'vitest';
import { bool, float, int, testBadCalls, untyped } from './bad-calls.ts';

describe('movement', () =>
  testBadCalls([
    ['reshape: cannot reshape [2, 3] (6 elements) to [4] (4 elements)', ShapeError, () => float(2, 3).reshape([4])],
    ['reshape: [2, 3] cannot be reshaped uniquely to the form [-1, 4]', ShapeError, () => float(2, 3).reshape([-1, 4])],
    [
      'reshape: [2, 3] cannot be reshaped uniquely to the form [-1, -1]',
      ShapeError,
      () => float(2, 3).reshape([-1, -1]),
    ],
    [
      'reshape: [-2, -3] is not a shape: axis lengths are integers >= 0',
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
    ['slice: 0.5 is not an integer', ArgumentError, () => float(2).slice(0, 0.5)],
    ['slice: the step is 0, expected an integer other than 0', ArgumentError, () => float(2).slice(0, 0, 1, 0)],
    ['slice: the step is NaN, expected an integer other than 0', ArgumentError, () => slice(0, 1, Number.NaN)],
    ['pad: expected 1 pairs of integers >= 0 for shape [2], got []', ArgumentError, () => float(2).pad([])],
    [
      'pad: expected 1 pairs of integers >= 0 for shape [2], got [[-1,0]]',
      ArgumentError,
      () => float(2).pad([[-1, 0]]),
    ],
    ['pad: 0.5 is not a valid int32 value; cast the tensor first', DTypeError, () => int(2).pad([[1, 0]], 0.5)],
    ['concat: expected at least one tensor, got none', ArgumentError, () => concat([], 0)],
    [
      'concat: expected an array of tensors, as in concat([x, y], axis), got a tensor',
      ArgumentError,
      () => concat(untyped(float(2)), 0),
    ],
    ['concat: expected a tensor, got 1', ArgumentError, () => concat([float(2), untyped(1)], 0)],
    ['concat: [2] and [2, 3] differ in an axis other than 0', ShapeError, () => concat([float(2), float(2, 3)], 0)],
    ['concat: operands are float32 and int32; cast one of them', DTypeError, () => concat([float(2), int(2)], 0)],
    ['concat: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => concat([float(2)], 1)],
    ['concat: axis 0 is out of range for rank 0: a scalar has no axes', ArgumentError, () => concat([tensor(1)], 0)],
    ['stack: expected at least one tensor, got none', ArgumentError, () => stack([], 0)],
    ['stack: expected tensors of equal shapes, got [2] and [3]', ShapeError, () => stack([float(2), float(3)], 0)],
    ['stack: operands are float32 and int32; cast one of them', DTypeError, () => stack([float(2), int(2)], 0)],
    ['stack: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => stack([float(2)], 2)],
  ]));

describe('indexing', () =>
  testBadCalls([
    ['index: got 2 indices for shape [2]', ArgumentError, () => float(2).index(0, 0)],
    ['index: 2 is out of range for axis 0 of length 2', ArgumentError, () => float(2).index(2)],
    ['index: -3 is out of range for axis 0 of length 2', ArgumentError, () => float(2).index(-3)],
    ['index: 0.5 is out of range for axis 0 of length 2', ArgumentError, () => float(2).index(0.5)],
    ['index: expected int32 positions or a bool mask, got float32', DTypeError, () => float(2).index(float(1))],
    [
      'index: expected a mask with the lengths of its axes, got [3] from axis 0 of [2] on',
      ShapeError,
      () => float(2).index(bool(3)),
    ],
    [
      "index: expected numbers, slices, null, int32 tensors or bool masks, got 'x'",
      ArgumentError,
      () => float(2).index(untyped('x')),
    ],
    [
      'index: expected numbers, slices, null, int32 tensors or bool masks, got an array',
      ArgumentError,
      () => float(2).index(untyped([0])),
    ],
    ['take: index 2 at position 0 is out of range for an axis of length 2', ArgumentError, () => float(2).take([2])],
    [
      'take: index -1 at position 1 is out of range for an axis of length 2',
      ArgumentError,
      () => float(2).take([0, -1]),
    ],
    ['take: index 0.5 is not an integer of 32 bits', ArgumentError, () => float(2).take([0.5])],
    ['take: expected an int32 tensor or an array of indices, got 1', ArgumentError, () => float(2).take(untyped(1))],
    ['take: expected int32 indices, got float32', DTypeError, () => float(2).take(float(1))],
    ['take: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => float(2).take([0], 1)],
    ['scatterAdd: index 0.5 is not an integer of 32 bits', ArgumentError, () => float(1).scatterAdd([0.5], 2)],
    [
      'scatterAdd: index 2 at position 0 is out of range for an axis of length 2',
      ArgumentError,
      () => float(1).scatterAdd([2], 2),
    ],
    [
      'scatterAdd: [-2] is not a shape: axis lengths are integers >= 0',
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
      'gather: index 2 at position 1 is out of range for axis 0 of length 2',
      ArgumentError,
      () => float(2).gather(tensor([0, 2], { dtype: 'int32' }), 0),
    ],

    [
      'index: cannot broadcast [2] with [3]: 2 and 3 differ',
      ShapeError,
      () => float(2, 3).index(tensor([0, 1], { dtype: 'int32' }), tensor([0, 1, 2], { dtype: 'int32' })),
    ],
    [
      'take: index 3 at position 0 is out of range for an axis of length 3',
      ArgumentError,
      () => float(2, 3).index(tensor([0], { dtype: 'int32' }), tensor([3], { dtype: 'int32' })),
    ],
    [
      'take: index -3 at position 1 is out of range for an axis of length 2',
      ArgumentError,
      () => float(2).index(tensor([-2, -3], { dtype: 'int32' })),
    ],
    ['index: got 2 indices for shape [2]', ArgumentError, () => float(2).index(bool(2), 0)],
    [
      'index: expected a mask with the lengths of its axes, got [2, 3] from axis 0 of [2] on',
      ShapeError,
      () => float(2).index(bool(2, 3)),
    ],
    [
      'index: expected a mask with the lengths of its axes, got [] from axis 0 of [2] on',
      ShapeError,
      () => float(2).index(bool()),
    ],
  ]));

describe('order', () =>
  testBadCalls([
    ['argsort: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => argsort(float(2), 1)],
    ['sort: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => sort(float(2), 1)],
    ['sort: axis -1 is out of range for rank 0: a scalar has no axes', ArgumentError, () => sort(tensor(1))],
    ['topk: expected a count from 0 to 2, the length of axis 0, got 3', ArgumentError, () => topk(float(2), 3)],
    ['topk: expected a count from 0 to 2, the length of axis 0, got 0.5', ArgumentError, () => topk(float(2), 0.5)],
  ]));

describe('axes, pieces and repetitions', () =>
  testBadCalls([
    ['unsqueeze: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => unsqueeze(float(2), 2)],
    ['squeeze: axis 0 of [2, 1] has length 2, expected 1', ShapeError, () => squeeze(float(2, 1), 0)],
    ['swapaxes: axis 2 is out of range for rank 2: expected -2 to 1', ArgumentError, () => swapaxes(float(2, 3), 0, 2)],
    ['split: the size is 0, expected an integer >= 1', ArgumentError, () => split(float(2), 0)],
    ['split: a size is -1, expected an integer >= 0', ArgumentError, () => split(float(2), [3, -1])],
    ['split: the sizes [1, 2] add up to 3, but axis 0 has length 2', ShapeError, () => split(float(2), [1, 2])],
    ['chunk: the count is 0, expected an integer >= 1', ArgumentError, () => chunk(float(2), 0)],
    ['tile: a count is -1, expected an integer >= 0', ArgumentError, () => tile(float(2), [-1])],
    ['repeat: a count is 0.5, expected an integer >= 0', ArgumentError, () => repeat(float(2), 0.5)],
    [
      'repeat: expected a count for each entry, got 1 counts for axis 0 of length 2',
      ArgumentError,
      () => repeat(float(2), [1]),
    ],
    ['roll: expected integer shifts, got 0.5', ArgumentError, () => roll(float(2), 0.5)],
    ['roll: expected a shift for each axis, got 1 for 2', ArgumentError, () => roll(float(2, 3), 1, [0, 1])],
    [
      "meshgrid: unknown indexing 'yx', expected 'ij' or 'xy'",
      ArgumentError,
      () => meshgrid([float(2)], { indexing: untyped('yx') }),
    ],
    ['meshgrid: expected vectors, got shape [2, 3]', ShapeError, () => meshgrid([untyped(float(2, 3))])],
  ]));
