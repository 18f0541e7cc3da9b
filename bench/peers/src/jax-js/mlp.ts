import { nn, numpy as np } from '@jax-js/jax';
import type { Build } from 'tapegrad-bench/protocol';
import { crossEntropy, type Loss, oneHot, training } from './training.ts';

const activations = { relu: nn.relu, tanh: np.tanh };

const losses = {
  crossEntropy,
  mse: (out: np.Array, target: np.Array) => np.mean(np.square(out.sub(target))),
};

export const mlp: Build<'mlp'> = (spec, { layers, x, y }) => {
  const outputs = spec.widths.at(-1)!;
  const loss: Loss = (parameters, input, target) => {
    let z = input;
    parameters.forEach(({ weight, bias }, n) => {
      const a = np.matmul(z, weight).add(bias);
      z = n < parameters.length - 1 ? activations[spec.activation](a) : a;
    });
    return losses[spec.loss](z, target);
  };
  const makeBatch = () => ({
    x: np.array(x).reshape([spec.batch, spec.widths[0]!]),
    y: y instanceof Int32Array ? oneHot(y, outputs) : np.array(y).reshape([spec.batch, outputs]),
  });
  const kept = makeBatch();
  // `.ref` adds a reference, since a step consumes its arguments. For a streamed batch, this reference is never
  // released.
  const batch = () => {
    const source = spec.batches === 'kept' ? kept : makeBatch();
    return { x: source.x.ref, y: source.y.ref };
  };
  return training(layers, loss, spec.learningRate, batch);
};
