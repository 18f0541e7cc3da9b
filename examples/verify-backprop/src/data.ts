/** The networks on which formulas are tested, and helpers to compare several tensors at once. */

import { concat, type Random, type Shape, type Tensor } from '@tapegrad/core';
import { mlp, type Transition, type VerifyOptions } from '@tapegrad/verify';

/** The elementwise transitions. */
const ELEMENTWISE: readonly Transition[] = ['identity', 'relu', 'tanh', 'sigmoid', 'softplus', 'sin'];

/** A single point, with column vectors: a_l = W_l z_(l-1). */
export const point = mlp({ convention: 'columns', bias: false });
/** A batch with one point per row, A_l = Z_(l-1) W_l, and the mean squared error. */
export const batch = mlp({ bias: false });
/** The same network with biases. */
export const biased = mlp();
/** A batch with softmax as the last transition, and cross-entropy. */
export const classes = mlp({ loss: 'crossEntropy' });

export const onePoint: VerifyOptions = { transitions: ELEMENTWISE, batch: 1 };
export const manyPoints: VerifyOptions = { transitions: ELEMENTWISE };
export const softmaxLast: VerifyOptions = { transitions: ELEMENTWISE, lastTransitions: ['softmax'] };

/** Concatenates all elements of several tensors into one vector. */
export const together = (...tensors: readonly Tensor[]): Tensor =>
  concat(
    tensors.map((x) => x.reshape([x.size])),
    0,
  );

/** Returns normally distributed float64 numbers. */
export const normal = (random: Random, shape: Shape): Tensor => random.normal(shape, { dtype: 'float64' });
