/** The networks that formulas are tried on, and how several tensors are held against several at once. */

import { concat, type Random, type Shape, type Tensor } from '@tapegrad/core';
import { mlp, type Transition, type VerifyOptions } from '@tapegrad/verify';

/** s that act element by element. */
const ELEMENTWISE: readonly Transition[] = ['identity', 'relu', 'tanh', 'sigmoid', 'softplus', 'sin'];

/** One point, column vectors: a_l = W_l z_(l-1). */
export const point = mlp({ convention: 'columns', bias: false });
/** A batch, a point a row: A_l = Z_(l-1) W_l, and the mean squared error. */
export const batch = mlp({ bias: false });
/** The same with biases. */
export const biased = mlp();
/** A batch whose last transition is softmax, and the cross-entropy. */
export const classes = mlp({ loss: 'crossEntropy' });

export const onePoint: VerifyOptions = { transitions: ELEMENTWISE, batch: 1 };
export const manyPoints: VerifyOptions = { transitions: ELEMENTWISE };
export const softmaxLast: VerifyOptions = { transitions: ELEMENTWISE, lastTransitions: ['softmax'] };

/** All elements of several tensors, one after the other, as one vector. */
export const together = (...tensors: readonly Tensor[]): Tensor =>
  concat(
    tensors.map((x) => x.reshape([x.size])),
    0,
  );

/** Normally distributed numbers of float64. */
export const normal = (random: Random, shape: Shape): Tensor => random.normal(shape, { dtype: 'float64' });
