import type { Parameter, Tensor } from '@tapegrad/core/lean';
import { SGD } from '@tapegrad/optim';
import type { Program } from '../protocol.ts';

/** Steps of SGD on `loss`, which is evaluated anew in each and read as a number. */
export function training(parameters: readonly Parameter[], loss: () => Tensor, learningRate: number): Program {
  const optimizer = new SGD(parameters, { learningRate });
  let last = Number.NaN;
  return {
    step() {
      last = optimizer.minimize(loss).item();
    },
    read: () => ({ loss: [last] }),
  };
}
