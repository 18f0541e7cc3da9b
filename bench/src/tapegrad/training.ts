import type { Parameter, Tensor } from '@tapegrad/core/lean';
import { SGD } from '@tapegrad/optim/lean';
import type { ReadyCase } from '../protocol.ts';

/** What a training program consists of. */
export interface Training {
  readonly parameters: readonly Parameter[];
  readonly learningRate: number;
  /** Returns the batch of a step: examples and their labels. */
  readonly batch: () => readonly [x: Tensor, y: Tensor];
  readonly loss: (x: Tensor, y: Tensor) => Tensor;
}

/** Makes a program of training steps that each evaluate a loss and read it as a number. */
export type Train = (training: Training) => ReadyCase;

/** Makes a program of steps that return their loss. */
export function repeated(step: () => Tensor): ReadyCase {
  let last = Number.NaN;
  return {
    step() {
      last = step().item();
    },
    read: () => ({ loss: [last] }),
  };
}

/** Takes SGD steps eagerly. */
export const train: Train = ({ parameters, learningRate, batch, loss }) => {
  const optimizer = new SGD(parameters, { learningRate });
  return repeated(() => optimizer.minimize(() => loss(...batch())));
};
