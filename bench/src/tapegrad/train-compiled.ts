import { compile } from '@tapegrad/compile';
import type { Tensor } from '@tapegrad/core/lean';
import { SGD } from '@tapegrad/optim/lean';
import { repeated, type Train } from './training.ts';

/** Takes SGD steps as a compiled program. */
export const trainCompiled: Train = ({ parameters, learningRate, batch, loss }) => {
  const optimizer = new SGD(parameters, { learningRate });
  const step = compile((x: Tensor, y: Tensor) => optimizer.minimize(() => loss(x, y)));
  return repeated(() => step(...batch()));
};
