/** A small network with a custom operation between its layers, and a curve to fit. */

import { linspace, type Random, type Tensor } from '@tapegrad/core';
import { Dense, init, Module, mse } from '@tapegrad/nn';
import { Adam } from '@tapegrad/optim';

export class Network extends Module {
  readonly first: Dense<1, 16>;
  readonly second: Dense<16, 1>;
  readonly #activation: (x: Tensor) => Tensor;

  constructor(activation: (x: Tensor) => Tensor, random: Random) {
    super();
    // Makes the activation's input 0 for an input of 0, initially.
    this.first = new Dense(1, 16, { random, biasInit: init.zeros() });
    this.second = new Dense(16, 1, { random });
    this.#activation = activation;
  }

  forward(x: Tensor<readonly [number, 1]>): Tensor<readonly [number, 1]> {
    const hidden = this.#activation(this.first.forward(x)) as Tensor<readonly [number, 16]>;
    return this.second.forward(hidden);
  }
}

/** 41 points from -2 to 2, the middle one of which is 0. */
const inputs = linspace(-2, 2, 41).reshape([41, 1]);
const targets = inputs.mul(2).sin();

/** Takes a training step. Returns the loss before it. */
export type TrainingStep = () => number;

export function trainer(network: Network): TrainingStep {
  const optimizer = new Adam(network.parameters(), { learningRate: 0.02 });
  return () => {
    const loss = mse(network.forward(inputs), targets);
    optimizer.step(loss.backward());
    return loss.item();
  };
}
