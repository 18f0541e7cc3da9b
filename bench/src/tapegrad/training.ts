import type { Parameter, Tensor } from '@tapegrad/core/lean';
import { SGD } from '@tapegrad/optim/lean';
import type { ReadyCase } from '../protocol.ts';

/** Returns a program of SGD steps on `loss`, which each step evaluates and reads as a number. */
export function training(parameters: readonly Parameter[], loss: () => Tensor, learningRate: number): ReadyCase {
  const optimizer = new SGD(parameters, { learningRate });
  let last = Number.NaN;
  return {
    step() {
      last = optimizer.minimize(loss).item();
    },
    read: () => ({ loss: [last] }),
  };
}
