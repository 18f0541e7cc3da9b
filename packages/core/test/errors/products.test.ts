/** Invalid calls of products, windows, matrix functions, and functions of many elements. */

import {
  ArgumentError,
  cdist,
  cosineSimilarity,
  DTypeError,
  diagonal,
  einsum,
  fold,
  kron,
  maskedFill,
  oneHot,
  outer,
  ShapeError,
  scatter,
  tensor,
  tril,
  unfold,
} from '@tapegrad/core';
import { describe } from 'vitest';
import { bool, float, int, testBadCalls, untyped, window } from './bad-calls.ts';

describe('products and windows', () =>
  testBadCalls([
    [
      'matmul: inner dimensions 784 and 128 differ ([64, 784] and [128, 10])',
      ShapeError,
      () => float(64, 784).matmul(untyped(float(128, 10))),
    ],
    ['matmul: inner dimensions 3 and 4 differ ([3] and [4])', ShapeError, () => float(3).matmul(untyped(float(4)))],
    [
      'matmul: inner dimensions 3 and 4 differ ([3] and [4, 2])',
      ShapeError,
      () => float(3).matmul(untyped(float(4, 2))),
    ],
    ['matmul: expected one or more axes each, got [3] and []', ShapeError, () => float(3).matmul(untyped(tensor(1)))],
    ['matmul: expected a tensor, got 2', ArgumentError, () => float(3).matmul(untyped(2))],
    ['matmul: operands are float32 and int32; cast one of them', DTypeError, () => float(3, 3).matmul(int(3, 3))],
    ['matmul: expected numbers, got bool; cast it first', DTypeError, () => bool(3, 3).matmul(bool(3, 3))],
    [
      'matmul: cannot broadcast [2] with [4]: 2 and 4 differ',
      ShapeError,
      () => float(2, 3, 3).matmul(untyped(float(4, 3, 3))),
    ],
    ['einsum: expected an equation, got a tensor', ArgumentError, () => einsum(untyped(float(2)), float(2))],
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
    [
      "einsum: 'j' in 'ij,jk->ik' is both 3 and 4 long",
      ShapeError,
      () => einsum('ij,jk->ik', float(2, 3), float(4, 2)),
    ],
    ["einsum: 'i' in 'ii->i' is both 2 and 3 long", ShapeError, () => einsum('ii->i', float(2, 3))],
    [
      "einsum: axis 1 from the end of '...' in '...i,...i->...' is both 2 and 4 long",
      ShapeError,
      () => einsum('...i,...i->...', float(2, 3), float(4, 3)),
    ],
    [
      "einsum: 'k' of the output does not occur in any operand of 'ij->k'",
      ArgumentError,
      () => einsum('ij->k', float(2, 3)),
    ],
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
      'unfold: size, stride and dilation of a window must be integers > 0, and padding an integer',
      ArgumentError,
      () => unfold(float(2), [window(0)]),
    ],
    [
      'unfold: 2 windows need at least as many axes, got [2]',
      ShapeError,
      () => unfold(float(2), [window(1), window(1)]),
    ],
    ['unfold: expected a tensor, got an array', ArgumentError, () => unfold(untyped([1, 2]), [window(1)])],
    ['fold: expected windows of shape [3, 2], got [2]', ShapeError, () => fold(float(2), [window(3)], [4])],
  ]));

describe('matrices, selection, distances', () =>
  testBadCalls([
    ['tril: expected two or more axes, got shape [2]', ShapeError, () => tril(float(2))],
    ['tril: expected an integer as offset, got 0.5', ArgumentError, () => tril(float(2, 2), 0.5)],
    ['diagonal: axis 1 occurs twice in [1, -1]', ArgumentError, () => diagonal(float(2, 3), { axes: [1, -1] })],
    ['diagonal: axis 1 is out of range for rank 1: expected -1 to 0', ArgumentError, () => diagonal(float(2))],
    ['outer: expected two vectors, got shapes [2] and [2, 3]', ShapeError, () => outer(float(2), float(2, 3))],
    ['kron: expected a tensor, got 2', ArgumentError, () => kron(float(2), untyped(2))],
    [
      'oneHot: label 3 at index 1 is out of range for 3 classes',
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
      'scatter: index 3 at position 0 is out of range for axis 0 of length 3',
      ArgumentError,
      () => scatter(float(3), tensor([3], { dtype: 'int32' }), 1, 0),
    ],
    [
      'scatter: expected indices and a source of equal shapes, got [1] and [2]',
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
  ]));
