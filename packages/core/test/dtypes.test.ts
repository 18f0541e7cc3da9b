/** Operations on int32 and bool, which have no gradients but must be right. */

import * as core from '@tapegrad/core';
import {
  all,
  any,
  clamp,
  concat,
  cumprod,
  type DType,
  einsum,
  eye,
  logicalNot,
  maskedFill,
  nonzero,
  oneHot,
  remainder,
  scatter,
  sort,
  stack,
  type Tensor,
  tensor,
  tril,
  unique,
  zeros,
} from '@tapegrad/core';
import type { Nested } from '@tapegrad/core/extend';
import { expect, test } from 'vitest';
import { describeEach } from '../../../test/interpreters.ts';

const int = (values: Nested<number>): Tensor => tensor(values, { dtype: 'int32' });
const bool = (values: Nested<boolean>): Tensor => tensor(values, { dtype: 'bool' });

const x = int([
  [1, -2, 3],
  [4, 5, -6],
]);
const big = int([2 ** 31 - 1, -(2 ** 31)]);
const mask = bool([
  [true, false, true],
  [false, false, true],
]);
const row = bool([true, true, false]);

type Case = readonly [name: string, run: () => Tensor, dtype: DType, result: unknown];

const cases: readonly Case[] = [
  [
    'int32 + int32',
    () => x.add(x),
    'int32',
    [
      [2, -4, 6],
      [8, 10, -12],
    ],
  ],
  [
    'int32 + number',
    () => x.add(1),
    'int32',
    [
      [2, -1, 4],
      [5, 6, -5],
    ],
  ],
  [
    'int32 - row',
    () => x.sub(int([1, 2, 3])),
    'int32',
    [
      [0, -4, 0],
      [3, 3, -9],
    ],
  ],
  [
    'int32 * int32',
    () => x.mul(x),
    'int32',
    [
      [1, 4, 9],
      [16, 25, 36],
    ],
  ],
  ['int32 beyond its bounds comes round', () => big.add(int([1, -1])), 'int32', [-(2 ** 31), 2 ** 31 - 1]],
  ['a product beyond float64 comes round', () => big.mul(big), 'int32', [1, 0]],
  [
    '-int32',
    () => x.neg(),
    'int32',
    [
      [-1, 2, -3],
      [-4, -5, 6],
    ],
  ],
  [
    '|int32|',
    () => x.abs(),
    'int32',
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ],
  [
    'sign',
    () => x.sign(),
    'int32',
    [
      [1, -1, 1],
      [1, 1, -1],
    ],
  ],
  [
    'relu',
    () => x.relu(),
    'int32',
    [
      [1, 0, 3],
      [4, 5, 0],
    ],
  ],
  [
    'maximum',
    () => x.maximum(0),
    'int32',
    [
      [1, 0, 3],
      [4, 5, 0],
    ],
  ],
  [
    'int32 < number',
    () => x.less(2),
    'bool',
    [
      [1, 1, 0],
      [0, 0, 1],
    ],
  ],
  [
    'int32 = row',
    () => x.equal(int([1, 5, -6])),
    'bool',
    [
      [1, 0, 0],
      [0, 1, 1],
    ],
  ],
  ['remainder', () => remainder(int([5, -5, 5]), 3), 'int32', [2, 1, 2]],
  ['remainder by 0', () => remainder(int([5, -5]), 0), 'int32', [0, 0]],
  ['clamp', () => clamp(int([-5, 1, 5]), 0, 3), 'int32', [0, 1, 3]],
  ['sort', () => sort(int([3, -1, 2])), 'int32', [-1, 2, 3]],
  ['sort of bool', () => sort(row, 0, { descending: true }), 'bool', [1, 1, 0]],
  ['unique', () => unique(int([3, -1, 3])).values, 'int32', [-1, 3]],
  ['cumprod', () => cumprod(int([3, -1, 2]), 0), 'int32', [3, -3, -6]],
  ['any', () => any(mask, 1), 'bool', [1, 1]],
  ['all', () => all(int([1, 2])), 'bool', 1],
  ['isNaN', () => core.isNaN(int([1, 2])), 'bool', [0, 0]],
  ['isFinite', () => core.isFinite(row), 'bool', [1, 1, 1]],
  ['logicalNot', () => logicalNot(int([0, 2])), 'bool', [1, 0]],
  ['maskedFill of bool', () => maskedFill(row, row, 0), 'bool', [0, 0, 0]],
  ['oneHot', () => oneHot(int([1]), 2, { dtype: 'bool' }), 'bool', [[0, 1]]],
  ['scatter', () => scatter(int([1, 2, 3]), int([2, 0]), int([7, 8]), 0), 'int32', [8, 2, 7]],
  [
    'tril of bool',
    () => tril(mask),
    'bool',
    [
      [1, 0, 0],
      [0, 0, 0],
    ],
  ],
  ['nonzero', () => nonzero(row), 'int32', [[0], [1]]],
  ['nonzero of a scalar', () => nonzero(tensor(3)).sum(1), 'int32', [0]],
  ['sum', () => x.sum(), 'int32', 5],
  ['sum of an axis', () => x.sum(0), 'int32', [5, 3, -3]],
  ['prod', () => x.prod(1), 'int32', [-6, -120]],
  ['max', () => x.max(1), 'int32', [3, 5]],
  ['min', () => x.min(), 'int32', -6],
  ['argmax', () => x.argmax(1), 'int32', [2, 1]],
  [
    'cumsum',
    () => x.cumsum(1),
    'int32',
    [
      [1, -1, 2],
      [4, 9, 3],
    ],
  ],
  [
    'matmul',
    () => x.matmul(x.transpose()),
    'int32',
    [
      [14, -24],
      [-24, 77],
    ],
  ],
  ['einsum', () => einsum('ij,ij->i', x, x), 'int32', [14, 77]],
  [
    'take',
    () => x.take([2, 0], 1),
    'int32',
    [
      [3, 1],
      [-6, 4],
    ],
  ],
  [
    'scatterAdd',
    () => x.scatterAdd([0, 0, 1], 2, 1),
    'int32',
    [
      [-1, 3],
      [9, -6],
    ],
  ],
  ['gather', () => x.gather(int([[2], [0]]), 1), 'int32', [[3], [4]]],
  [
    'pad',
    () =>
      x.pad(
        [
          [0, 0],
          [1, 0],
        ],
        7,
      ),
    'int32',
    [
      [7, 1, -2, 3],
      [7, 4, 5, -6],
    ],
  ],
  [
    'eye',
    () => eye(2, { dtype: 'int32' }),
    'int32',
    [
      [1, 0],
      [0, 1],
    ],
  ],

  [
    'or',
    () => mask.maximum(row),
    'bool',
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
  ],
  [
    'and',
    () => mask.minimum(row),
    'bool',
    [
      [1, 0, 0],
      [0, 0, 0],
    ],
  ],
  [
    'not',
    () => mask.equal(zeros([], { dtype: 'bool' })),
    'bool',
    [
      [0, 1, 0],
      [1, 1, 0],
    ],
  ],
  [
    'exclusive or',
    () => mask.notEqual(row),
    'bool',
    [
      [0, 1, 1],
      [1, 1, 1],
    ],
  ],
  ['any', () => mask.max(1), 'bool', [1, 1]],
  ['all', () => mask.min(0), 'bool', [0, 0, 1]],
  [
    'broadcast',
    () => row.broadcastTo([2, 3]),
    'bool',
    [
      [1, 1, 0],
      [1, 1, 0],
    ],
  ],
  [
    'transpose',
    () => mask.transpose(),
    'bool',
    [
      [1, 0],
      [0, 0],
      [1, 1],
    ],
  ],
  [
    'flip and slice',
    () => mask.flip(1).slice(1, 0, 2),
    'bool',
    [
      [1, 0],
      [1, 0],
    ],
  ],
  ['reshape', () => mask.reshape([-1]), 'bool', [1, 0, 1, 0, 0, 1]],
  [
    'concat',
    () => concat([mask, mask], 0).slice(0, 1, 3),
    'bool',
    [
      [0, 0, 1],
      [1, 0, 1],
    ],
  ],
  [
    'stack',
    () => stack([row, row], 1),
    'bool',
    [
      [1, 1],
      [1, 1],
      [0, 0],
    ],
  ],
  ['take of bool', () => row.take([2, 0]), 'bool', [0, 1]],
  ['pad by NaN', () => tensor([1]).pad([[1, 0]], Number.NaN), 'float32', [Number.NaN, 1]],
  ['pad of bool', () => row.pad([[1, 1]], 1), 'bool', [1, 1, 1, 0, 1]],
  [
    'where on a row',
    () => row.where(x, 0),
    'int32',
    [
      [1, -2, 0],
      [4, 5, 0],
    ],
  ],
  [
    'where of bools',
    () => row.where(mask, row),
    'bool',
    [
      [1, 0, 0],
      [0, 0, 0],
    ],
  ],
  [
    'equal bools',
    () => mask.equal(row),
    'bool',
    [
      [1, 0, 0],
      [0, 0, 0],
    ],
  ],

  ['float to int32 cuts off', () => tensor([1.9, -1.9, 0.5]).cast('int32'), 'int32', [1, -1, 0]],
  [
    'float to int32, at its ends',
    () => tensor(new Float64Array([-2147483648.9, 2147483647.9])).cast('int32'),
    'int32',
    [-2147483648, 2147483647],
  ],
  ['float to bool', () => tensor([0, -0, 0.1, Number.NaN]).cast('bool'), 'bool', [0, 0, 1, 1]],
  [
    'int32 to float32',
    () => x.cast('float32'),
    'float32',
    [
      [1, -2, 3],
      [4, 5, -6],
    ],
  ],
  ['bool to float64', () => row.cast('float64'), 'float64', [1, 1, 0]],
  ['bool to int32, to count', () => mask.cast('int32').sum(), 'int32', 3],
  ['float32 to float64', () => tensor(0.1).cast('float64'), 'float64', Math.fround(0.1)],
  ['float64 to float32', () => tensor(0.1, { dtype: 'float64' }).cast('float32'), 'float32', Math.fround(0.1)],
];

describeEach(() => {
  test.each(cases)('%s', (_, run, dtype, result) => {
    const y = run();
    expect(y.dtype).toBe(dtype);
    expect(y.requiresGrad).toBe(false);
    expect(y.toArray()).toEqual(result);
  });
});

test('a cast to its own dtype is the tensor itself', () => {
  expect(x.cast('int32')).toBe(x);
});

describeEach(() => {
  test.each([Number.NaN, Infinity, -Infinity, 3e9, -3e9, 2147483648])('%d is no int32', (value) => {
    expect(() => tensor([1, value]).cast('int32')).toThrow(
      new core.DTypeError(`cast: int32 cannot hold ${value}; replace it first with where or clamp`),
    );
  });
});
