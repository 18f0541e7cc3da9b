import {
  add,
  atan2,
  det,
  inverse,
  logicalOr,
  matmul,
  ones,
  outer,
  type Shape,
  type Tensor,
  tensor,
  where,
  zeros,
} from '@tapegrad/core';

declare const n: number;

zeros([64, 784]).matmul(zeros([128, 10]));
// error: ShapeError<"matmul: inner dimensions 784 and 128 differ">

matmul(zeros([64, 784]), zeros([128, 10]));
// error: ShapeError<"matmul: inner dimensions 784 and 128 differ">

zeros([n, 784]).matmul(zeros([128, n]));
// error: ShapeError<"matmul: inner dimensions 784 and 128 differ">

zeros([5]).matmul(zeros([4, 3]));
// error: ShapeError<"matmul: inner dimensions 5 and 4 differ">

zeros([2, 5]).matmul(zeros([4]));
// error: ShapeError<"matmul: inner dimensions 5 and 4 differ">

zeros([3]).matmul(zeros([4]));
// error: ShapeError<"matmul: inner dimensions 3 and 4 differ">

zeros([2, 3, 4]).matmul(zeros([5, 4, 6]));
// error: ShapeError<"matmul: cannot broadcast [2] with [5]: 2 and 5 differ">

zeros([2, 3, 4]).matmul(zeros([2, 5, 6]));
// error: ShapeError<"matmul: inner dimensions 4 and 5 differ">

zeros([2, 3])
  .transpose()
  .matmul(zeros([3, 4]));
// error: ShapeError<"matmul: inner dimensions 2 and 3 differ">

zeros([2, 3]).add(zeros([2]));
// error: ShapeError<"add: cannot broadcast [2, 3] with [2]: 3 and 2 differ">

add(zeros([2, 3]), zeros([2]));
// error: ShapeError<"add: cannot broadcast [2, 3] with [2]: 3 and 2 differ">

zeros([4, 1, 3]).mul(zeros([2, 2]));
// error: ShapeError<"mul: cannot broadcast [4, 1, 3] with [2, 2]: 3 and 2 differ">

zeros([n, 10]).sub(zeros([9]));
// error: ShapeError<`sub: cannot broadcast [${number}, 10] with [9]: 10 and 9 differ`>

zeros([2, 3]).greater(zeros([4]));
// error: ShapeError<"greater: cannot broadcast [2, 3] with [4]: 3 and 4 differ">

zeros([2, 3])
  .greater(0)
  .where(zeros([4]), 0);
// error: ShapeError<"where: cannot broadcast [2, 3] with [4]: 3 and 4 differ">

where(zeros([2, 3]).greater(0), 1, zeros([3, 3]));
// error: ShapeError<"where: cannot broadcast [2, 3] with [3, 3]: 2 and 3 differ">

zeros([2, 3])
  .greater(0)
  .where(zeros([2, 1]), zeros([5, 3]));
// error: ShapeError<"where: cannot broadcast [2, 1] with [5, 3]: 2 and 5 differ">

tensor([
  [1, 2],
  [3, 4],
]).div(ones([3]));
// error: ShapeError<"div: cannot broadcast [2, 2] with [3]: 2 and 3 differ">

zeros([2, 3])
  .sum(0)
  .add(zeros([2]));
// error: ShapeError<"add: cannot broadcast [3] with [2]: 3 and 2 differ">

export const wrong: Tensor<readonly [2, 2]> = zeros([2, 3]).matmul(zeros([3, 4]));
// error: Type '4' is not assignable to type '2'

atan2(zeros([2, 3]), zeros([2]));
// error: ShapeError<"atan2: cannot broadcast [2, 3] with [2]: 3 and 2 differ">

logicalOr(zeros([2, 3]), zeros([2]));
// error: ShapeError<"logicalOr: cannot broadcast [2, 3] with [2]: 3 and 2 differ">

outer(zeros([2]), zeros([2, 3]));
// error: ShapeError<"outer: expected two vectors, got shapes [2] and [2, 3]">

inverse(zeros([2, 3]));
// error: ShapeError<"inverse: expected square matrices, got shape [2, 3]">

det(zeros([3]));
// error: ShapeError<"det: expected square matrices, got shape [3]">

export const ofAnyLengths = <N extends number, M extends number>(a: Tensor<readonly [N]>, b: Tensor<readonly [M]>) =>
  a.add(b);
// error: is not assignable to parameter of type 'number | (Tensor<readonly [M]> & Operand<"add", readonly [N], readonly [M]>)'

export const rowsOf = <S extends Shape>(x: Tensor<S>) => x.toArray();
export const text: string = zeros([2, 3]).toArray()[0]![0]!;
// error: Type 'number' is not assignable to type 'string'

export const scaled: Tensor<readonly [4, 2, 3]> = zeros([2, 3]).mul(2);
// error: Source has 2 element(s) but target requires 3
