/** A program that uses every package, with shapes that the compiler must infer. */

import * as core from '@tapegrad/core';
import { toNdarray } from '@tapegrad/kernels/ndarray';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';

const random = new core.Random(42);
const model = new nn.Sequential(new nn.Dense(2, 8, { random }), new nn.ReLU(), new nn.Dense(8, 2, { random }));
const optimizer = new optim.SGD(model.parameters(), { learningRate: 0.5 });
const x = core.tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const y = core.tensor([0, 1, 1, 0], { dtype: 'int32' });
for (let step = 0; step < 200; step++) optimizer.step(nn.crossEntropy(model.forward(x), y).backward());

export const shape: readonly [4, 5] = core.ones([4, 3]).matmul(core.ones([3, 5])).shape;

export const view = toNdarray(core.ones([2]).detach().array);

// @ts-expect-error The inner lengths differ.
core.ones([4, 3]).matmul(core.ones([4, 5]));
