/** B1 to B9: the formulas of backpropagation, as printed and as corrected. */

import { type Random, type Tensor, tensor, zeros } from '@tapegrad/core';
import { batch, classes, manyPoints, normal, onePoint, point, softmaxLast, together } from './data.ts';
import { backwardProp } from './procedures.ts';
import type { Row } from './row.ts';

/** The outcome of a wrong index: shapes that don't fit if widths differ, and wrong numbers if they are equal. */
const wrongIndex = { unequalWidths: 'shapes', equalWidths: 'numbers' } as const;

/** Pre-activations, one of them 0. */
const preActivations = (random: Random): Tensor => together(normal(random, [8]), zeros([1], { dtype: 'float64' }));

/** Returns s'(a), from the tape. */
function slopeAt(s: (a: Tensor) => Tensor, a: Tensor): Tensor {
  const at = tensor(a.data, { requiresGrad: true });
  return s(at).sum().backward().of(at);
}

export const backward: readonly Row[] = [
  {
    id: 'B1',
    claim: 'dL/dz_L = 2 (z_L - y) for one point',
    on: point,
    options: onePoint,
    formula: ({ Z, Y, L }) => Z[L].sub(Y).mul(2),
    equals: 'dZ_L',
    expect: 'holds',
  },
  {
    id: 'B1 as printed',
    claim: 'dL/dZ_L = 2 (Z_L - Y) for the mean over n points: the factor 1/n is missing',
    on: batch,
    options: manyPoints,
    formula: ({ Z, Y, L }) => Z[L].sub(Y).mul(2),
    equals: 'dZ_L',
    expect: { factor: 'n' },
  },
  {
    id: 'B1 mended',
    claim: 'dL/dZ_L = 2 (Z_L - Y) / n',
    on: batch,
    options: manyPoints,
    formula: ({ Z, Y, L, n }) => Z[L].sub(Y).mul(2).div(n),
    equals: 'dZ_L',
    expect: 'holds',
  },
  {
    id: 'B2',
    claim: "delta_L = dL/dz_L * s_L'(a_L), where s_L acts element by element",
    on: batch,
    options: manyPoints,
    formula: ({ dZ, slope, L }) => dZ[L].mul(slope(L)),
    equals: 'delta_L',
    expect: 'holds',
  },
  {
    id: 'B2 for softmax',
    claim: "delta_L = dL/dz_L * s_L'(a_L) for softmax, whose Jacobian is not diagonal",
    on: classes,
    options: softmaxLast,
    formula: ({ dZ, slope, L }) => dZ[L].mul(slope(L)),
    equals: 'delta_L',
    expect: 'differs',
  },
  {
    id: 'B2 mended',
    claim: 'delta_L = p * (g - <g, p>) row by row, for p = softmax(a_L) and g = dL/dp',
    on: classes,
    options: softmaxLast,
    formula: ({ Z, dZ, L }) => {
      const [p, g] = [Z[L], dZ[L]];
      return p.mul(g.sub(g.mul(p).sum(1, { keepDims: true })));
    },
    equals: 'delta_L',
    expect: 'holds',
  },
  {
    id: 'B3',
    claim: 'dL/dW_L = delta_L z_(L-1)^T',
    on: point,
    options: onePoint,
    formula: ({ Z, delta, L }) => delta[L].matmul(Z[L - 1].transpose()),
    equals: 'dW_L',
    expect: 'holds',
  },
  {
    id: 'B4 as printed',
    claim: "delta_l = delta_(l+1) * W_(l+1) s_l'(a_l): a product element by element, W not transposed",
    on: point,
    options: onePoint,
    formula: ({ W, delta, slope }, l) => delta[l + 1].mul(W[l + 1].matmul(slope(l))),
    equals: 'delta_l',
    expect: wrongIndex,
  },
  {
    id: 'B4 mended',
    claim: "delta_l = (W_(l+1)^T delta_(l+1)) * s_l'(a_l)",
    on: point,
    options: onePoint,
    formula: ({ W, delta, slope }, l) =>
      W[l + 1]
        .transpose()
        .matmul(delta[l + 1])
        .mul(slope(l)),
    equals: 'delta_l',
    expect: 'holds',
  },
  {
    id: 'B5',
    claim: 'dL/dW_l = delta_l z_(l-1)^T for every l',
    on: point,
    options: onePoint,
    formula: ({ Z, delta }, l) => delta[l].matmul(Z[l - 1].transpose()),
    equals: 'dW_l',
    expect: 'holds',
  },
  {
    id: 'B5 as printed',
    claim: 'dL/dW_2 by way of a_3: the link of the layer after, delta_3 z_1^T',
    on: point,
    options: onePoint,
    formula: ({ Z, delta }) => delta[3].matmul(Z[1].transpose()),
    equals: 'dW2',
    expect: wrongIndex,
  },
  {
    id: 'B6',
    claim: 'a batch: dL/dW_l = Z_(l-1)^T delta_l',
    on: batch,
    options: manyPoints,
    formula: ({ Z, delta }, l) => Z[l - 1].transpose().matmul(delta[l]),
    equals: 'dW_l',
    expect: 'holds',
  },
  {
    id: 'B7 as printed',
    claim: "a batch: delta_l = (delta_(l+1) W_l^T) * s_l'(A_l), with W_l in place of W_(l+1)",
    on: batch,
    options: manyPoints,
    formula: ({ W, delta, slope }, l) => delta[l + 1].matmul(W[l].transpose()).mul(slope(l)),
    equals: 'delta_l',
    expect: wrongIndex,
  },
  {
    id: 'B7 mended',
    claim: "a batch: delta_l = (delta_(l+1) W_(l+1)^T) * s_l'(A_l)",
    on: batch,
    options: manyPoints,
    formula: ({ W, delta, slope }, l) => delta[l + 1].matmul(W[l + 1].transpose()).mul(slope(l)),
    equals: 'delta_l',
    expect: 'holds',
  },
  {
    id: 'B8 as printed',
    claim: 'the whole procedure BackwardProp, with W_l^T in delta_l',
    on: batch,
    options: manyPoints,
    formula: (network) => together(...backwardProp(network, (l) => l).slice(1)),
    equals: ({ dW }) => together(...dW.slice(1)),
    expect: wrongIndex,
  },
  {
    id: 'B8 mended',
    claim: 'the whole procedure BackwardProp, with W_(l+1)^T in delta_l: every dL/dW_l, for any depth, width and batch',
    on: batch,
    options: { ...manyPoints, depth: 7, width: 9, batch: 9 },
    formula: (network) => together(...backwardProp(network, (l) => l + 1).slice(1)),
    equals: ({ dW }) => together(...dW.slice(1)),
    expect: 'holds',
  },
  {
    id: 'B9 sigmoid',
    claim: "s' from s: z (1 - z) for z = sigmoid(a)",
    formula: (random) => {
      const z = preActivations(random).sigmoid();
      return z.mul(z.neg().add(1));
    },
    equals: (random) => slopeAt((a) => a.sigmoid(), preActivations(random)),
    expect: 'holds',
  },
  {
    id: 'B9 tanh',
    claim: "s' from s: 1 - z^2 for z = tanh(a)",
    formula: (random) => {
      const z = preActivations(random).tanh();
      return z.mul(z).neg().add(1);
    },
    equals: (random) => slopeAt((a) => a.tanh(), preActivations(random)),
    expect: 'holds',
  },
  {
    id: 'B9 relu',
    claim: "s' from s: [z > 0], which is [a > 0], for z = relu(a); 0 at 0",
    formula: (random) => {
      const z = preActivations(random).relu();
      return z.greater(0).cast('float64');
    },
    equals: (random) => slopeAt((a) => a.relu(), preActivations(random)),
    expect: 'holds',
  },
  {
    id: 'B9 in the network',
    claim: "keeping z, not a, is enough: delta_l with s_l' from z_l",
    on: batch,
    options: { ...manyPoints, transitions: ['tanh'] },
    formula: ({ Z, W, delta }, l) => delta[l + 1].matmul(W[l + 1].transpose()).mul(Z[l].mul(Z[l]).neg().add(1)),
    equals: 'delta_l',
    expect: 'holds',
  },
];
