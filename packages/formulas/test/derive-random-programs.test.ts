/** Formulas derived from random programs: their values compared with the tape's gradients. */

import { einsum, gelu, leakyRelu, parameter, Random, square, type Tensor, tensor } from '@tapegrad/core';
import { derive } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

const random = new Random(7);
const learnt = (...shape: number[]) => parameter(random.normal(shape, { dtype: 'float64' }));

/** Steps from a matrix [4, 3] to one of the same shape. */
const steps: readonly ((x: Tensor, w: Tensor, v: Tensor) => Tensor)[] = [
  (x, w) => x.matmul(w),
  (x, w) => x.matmul(w.transpose()).tanh(),
  (x, w) => x.matmul(w).softmax(1),
  (x) => x.sub(x.mean(0, { keepDims: true })),
  (x) => x.div(square(x).sum(1, { keepDims: true }).add(1).sqrt()),
  (x, _w, v) => x.mul(v).add(x.sigmoid()),
  (x, w) => x.add(x.matmul(w).relu()),
  (x) => x.transpose().matmul(x).softmax(-1).matmul(x.transpose()).transpose(),
  (x) => x.abs().add(0.5).log().mul(x),
  (x, w) => einsum('ij,jk,k->ij', x, w, w.sum(0)),
  (x) => x.reshape([2, 2, 3]).permute([1, 0, 2]).reshape([4, 3]).sin(),
  (x) => x.cumsum(0).mul(0.3),
  (x) => x.slice(1, 0, 2).exp().sum(1, { keepDims: true }).log().add(x),
  (x) => x.maximum(x.neg().mul(0.2)),
  (x) => x.max(1, { keepDims: true }).sub(x),
  (x) => leakyRelu(x, 0.1).add(gelu(x)),
  (x) => x.pow(2).add(1).pow(-0.5),
  (x, _w, v) => x.logSoftmax(1).mul(v),
  (x) => x.index(tensor([3, 0, 0, 1], { dtype: 'int32' })).add(x),
];

test('random programs: every formula equals what the tape gives', () => {
  const choice = new Random(11);
  for (let i = 0; i < 40; i++) {
    const chosen = Array.from({ length: 1 + (i % 4) }, () => steps[Math.floor(choice.next() * steps.length)]!);
    const [x, w, v] = [learnt(4, 3), learnt(3, 3), learnt(3)];
    const program = (): Tensor => square(chosen.reduce((at, step) => step(at, w, v), x as Tensor)).mean();
    const trial = derive(program, { names: { X: x, W: w, v } }).trial();
    const failed = trial.formulas.filter(({ holds }) => !holds);
    expect({ steps: chosen.map(String), failed }).toEqual({ steps: chosen.map(String), failed: [] });
  }
});
