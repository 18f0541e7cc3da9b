/** Invalid calls that create tensors, parameters and random numbers. */

import {
  ArgumentError,
  arange,
  DTypeError,
  eye,
  fromNdarray,
  full,
  linspace,
  ones,
  parameter,
  Random,
  ShapeError,
  tensor,
  zeros,
} from '@tapegrad/core';
import type { ForeignNdArray } from '@tapegrad/kernels';
import { describe } from 'vitest';
import { float, int, testBadCalls, untyped, weight } from './bad-calls.ts';

const foreign = (data: ArrayLike<number>): ForeignNdArray =>
  untyped({ data, shape: [data.length], stride: [1], offset: 0 });

describe('making tensors', () =>
  testBadCalls([
    ["tensor: expected numbers or booleans, got 'abc'", ArgumentError, () => tensor(untyped('abc'))],
    ['tensor: expected numbers or booleans, got null', ArgumentError, () => tensor(untyped([null]))],
    ['tensor: rows differ: got lengths 2 and 1', ShapeError, () => tensor([[1, 2], [3]])],
    ['tensor: expected arrays nested 2 deep, got a number at depth 1', ShapeError, () => tensor([[1], 2])],
    ['tensor: rows differ: got an array at depth 1', ShapeError, () => tensor([1, [2]])],
    ['tensor: expected numbers or booleans, got a tensor', ArgumentError, () => tensor(untyped(float(2)))],
    ['tensor: shape [2, 2] holds 4 entries, got 3', ShapeError, () => tensor([1, 2, 3], { shape: [2, 2] })],
    ['tensor: shape [2, 2] holds 4 entries, got 3', ShapeError, () => tensor(new Float32Array(3), { shape: [2, 2] })],
    [
      'tensor: [1.5, 2] is not a shape: axis lengths are integers >= 0',
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
    ["tensor: an Int8Array needs a dtype: 'float32' or 'int32'", DTypeError, () => tensor(new Int8Array(3))],
    ['tensor: entry 1 is 1.5, not int32', DTypeError, () => tensor([1, 1.5], { dtype: 'int32' })],
    ['tensor: entry 0 is 2147483648, not int32', DTypeError, () => tensor([2 ** 31], { dtype: 'int32' })],
    ['tensor: entry 0 is 2, not bool', DTypeError, () => tensor([2], { dtype: 'bool' })],
    ['tensor: entry 0 is NaN, not int32', DTypeError, () => tensor([Number.NaN], { dtype: 'int32' })],
    [
      'tensor: a tensor of int32 has no gradient; expected float32 or float64',
      DTypeError,
      () => tensor([2], { dtype: 'int32', requiresGrad: true }),
    ],
    ["full: expected a number, got '1'", ArgumentError, () => full([2], untyped('1'))],
    ['full: NaN is not a valid int32 value', DTypeError, () => full([2], Number.NaN, { dtype: 'int32' })],
    ['full: 2 is not a valid bool value', DTypeError, () => full([2], 2, { dtype: 'bool' })],
    ['full: 2147483648 is not a valid int32 value', DTypeError, () => full([2], 2 ** 31, { dtype: 'int32' })],
    ['zeros: [-1] is not a shape: axis lengths are integers >= 0', ArgumentError, () => zeros([-1])],
    ['ones: [1.5] is not a shape: axis lengths are integers >= 0', ArgumentError, () => ones([1.5])],
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
    ['linspace: [2.5] is not a shape: axis lengths are integers >= 0', ArgumentError, () => linspace(0, 1, 2.5)],
    ['linspace: expected finite bounds, got 0 and NaN', ArgumentError, () => linspace(0, Number.NaN, 3)],
    ['eye: [-1] is not a shape: axis lengths are integers >= 0', ArgumentError, () => eye(-1)],
    [
      "fromNdarray: an Int8Array needs a dtype: 'float32' or 'int32'",
      DTypeError,
      () => fromNdarray(foreign(new Int8Array(2))),
    ],
    [
      "fromNdarray: a Uint8Array needs a dtype: 'bool' for a mask, 'float32' or 'int32' for bytes",
      DTypeError,
      () => fromNdarray(foreign(Uint8Array.of(1, 255))),
    ],
    [
      'fromNdarray: an entry is 255, not bool',
      DTypeError,
      () => fromNdarray(foreign(Uint8Array.of(1, 255)), { dtype: 'bool' }),
    ],
    [
      'fromNdarray: an entry is 0.5, not int32',
      DTypeError,
      () => fromNdarray(foreign(Float32Array.of(0.5)), { dtype: 'int32' }),
    ],
    [
      "fromNdarray: unknown dtype 'uint8', expected one of float32, float64, int32, bool",
      ArgumentError,
      () => fromNdarray(foreign(Uint8Array.of(1)), { dtype: untyped('uint8') }),
    ],
    [
      'fromNdarray: a tensor of bool has no gradient; expected float32 or float64',
      DTypeError,
      () => fromNdarray(foreign(Uint8Array.of(1)), { dtype: 'bool', requiresGrad: true }),
    ],
  ]));

describe('parameters', () =>
  testBadCalls([
    ["parameter: 'parameter' is int32; expected float32 or float64", DTypeError, () => parameter(int(2))],
    ['parameter: expected a tensor, got an array', ArgumentError, () => parameter(untyped([1, 2]))],
    ["assign: 'weight' has shape [2], got [3]", ShapeError, () => weight().assign(untyped(float(3)))],
    [
      "assign: 'weight' is float32, got float64; cast it first",
      DTypeError,
      () => weight().assign(untyped(zeros([2], { dtype: 'float64' }))),
    ],
    ['assign: expected a tensor, got an array', ArgumentError, () => weight().assign(untyped([1, 2]))],
  ]));

describe('random', () =>
  testBadCalls([
    ['Random: the seed is 1.5, expected an integer of 32 bits', ArgumentError, () => new Random(1.5)],
    ['Random: the seed is 4294967296, expected an integer of 32 bits', ArgumentError, () => new Random(2 ** 32)],
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
    ['uniform: [-2] is not a shape: axis lengths are integers >= 0', ArgumentError, () => new Random(1).uniform([-2])],
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
      'integers: expected integers of 32 bits low < high, got 3 and 3',
      ArgumentError,
      () => new Random(1).integers([2], 3, 3),
    ],
    [
      'integers: expected integers of 32 bits low < high, got 0 and 1099511627776',
      ArgumentError,
      () => new Random(1).integers([2], 0, 2 ** 40),
    ],
    [
      'permutation: [-1] is not a shape: axis lengths are integers >= 0',
      ArgumentError,
      () => new Random(1).permutation(-1),
    ],
  ]));
