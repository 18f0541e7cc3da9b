/** F1 to F4: the formulas of the forward pass. */

import { concat, ones, stack } from '@tapegrad/core';
import { batch, biased, manyPoints, onePoint, point, together } from './data.ts';
import { forwardPass, transitionsOf } from './procedures.ts';
import type { Row } from './row.ts';

export const forward: readonly Row[] = [
  {
    id: 'F1',
    claim: 'the chain a_1 = W_1 x, z_1 = s_1(a_1), …, a_4 = W_4 z_3, z_4 = s_4(a_4)',
    on: point,
    options: onePoint,
    formula: (network) => {
      const { X: x, W } = network;
      const s = transitionsOf(network);
      const a1 = W[1].matmul(x);
      const z1 = s[1](a1);
      const a2 = W[2].matmul(z1);
      const z2 = s[2](a2);
      const a3 = W[3].matmul(z2);
      const z3 = s[3](a3);
      const a4 = W[4].matmul(z3);
      const z4 = s[4](a4);
      return together(a1, z1, a2, z2, a3, z3, a4, z4);
    },
    equals: ({ A, Z }) => together(A[1], Z[1], A[2], Z[2], A[3], Z[3], A[4], Z[4]),
    expect: 'holds',
  },
  {
    id: 'F2',
    claim: 'h(x) = s_4(W_4 s_3(W_3 s_2(W_2 s_1(W_1 x))))',
    on: point,
    options: onePoint,
    formula: (network) => {
      const { X: x, W } = network;
      const s = transitionsOf(network);
      return s[4](W[4].matmul(s[3](W[3].matmul(s[2](W[2].matmul(s[1](W[1].matmul(x))))))));
    },
    equals: 'Z4',
    expect: 'holds',
  },
  {
    id: 'F3',
    claim: 'the batch procedure: Z_0 <- X; for l = 1..L: A_l <- Z_(l-1) W_l, Z_l <- s_l(A_l)',
    on: batch,
    options: manyPoints,
    formula: (network) => {
      const { A, Z } = forwardPass(network);
      return together(...A.slice(1), ...Z);
    },
    equals: ({ A, Z }) => together(...A.slice(1), ...Z),
    expect: 'holds',
  },
  {
    id: 'F3 by points',
    claim: 'row i of the batch is the chain on point i, with each W transposed',
    on: batch,
    options: manyPoints,
    formula: (network) => forwardPass(network).Z[network.L],
    equals: (network) => {
      const { X, W, L, n } = network;
      const s = transitionsOf(network);
      const chain = (i: number) => {
        let z = X.index(i);
        for (let l = 1; l <= L; l++) z = s[l](W[l].transpose().matmul(z));
        return z;
      };
      return stack(
        Array.from({ length: n }, (_, i) => chain(i)),
        0,
      );
    },
    expect: 'holds',
  },
  {
    id: 'F4',
    claim: 'absorbing the bias: [X, 1] [W; b] = X W + b',
    on: biased,
    options: manyPoints,
    formula: ({ X, W, b, n }) => {
      const X1 = concat([X, ones([n, 1], { dtype: 'float64' })], 1);
      const Wb = concat([W[1], b[1].reshape([1, -1])], 0);
      return X1.matmul(Wb);
    },
    equals: 'A1',
    expect: 'holds',
  },
  {
    id: 'F4 gradient',
    claim: 'dL/d[W; b] = [X, 1]^T delta_1 stacks dL/dW over dL/db',
    on: biased,
    options: manyPoints,
    formula: ({ X, delta, n }) => {
      const X1 = concat([X, ones([n, 1], { dtype: 'float64' })], 1);
      return X1.transpose().matmul(delta[1]);
    },
    equals: ({ dW, db }) => concat([dW[1], db[1].reshape([1, -1])], 0),
    expect: 'holds',
  },
];
