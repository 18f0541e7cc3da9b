/** The common parts of the training programs: a jitted SGD step, and the loss for labels. */

import { jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import type { Labels, LayerInputs } from 'tapegrad-bench/inputs';
import type { Program } from 'tapegrad-bench/protocol';

export type Layer = { weight: np.Array; bias: np.Array };
export type Loss = (layers: Layer[], x: np.Array, y: np.Array) => np.Array;

export function layerOf({ weight, weightShape, bias }: LayerInputs): Layer {
  return { weight: np.array(weight).reshape([...weightShape]), bias: np.array(bias) };
}

/** Returns labels as one-hot rows, [labels, classes]. */
export function oneHot(labels: Labels, classes: number): np.Array {
  return nn.oneHot(np.array(labels), classes);
}

/** Computes the mean over rows of -log p, with p the probability of the row's class. */
export function crossEntropy(logits: np.Array, target: np.Array): np.Array {
  const rows = logits.shape[0]!;
  return np.sum(nn.logSoftmax(logits, -1).mul(target)).mul(-1 / rows);
}

/** Returns a program of SGD steps. `batch` returns the arrays for a step, which the step consumes. */
export function training(
  initial: readonly LayerInputs[],
  loss: Loss,
  learningRate: number,
  batch: () => { x: np.Array; y: np.Array },
): Program {
  const update = jit((layers: Layer[], x: np.Array, y: np.Array) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(layers), x, y);
    const moved = layers.map(({ weight, bias }, n) => ({
      weight: weight.sub(gradients[n]!.weight.mul(learningRate)),
      bias: bias.sub(gradients[n]!.bias.mul(learningRate)),
    }));
    return [value, moved] as [np.Array, Layer[]];
  });
  let layers = initial.map(layerOf);
  let last = Number.NaN;
  return {
    step() {
      const { x, y } = batch();
      const [value, moved] = update(layers, x, y);
      layers = moved;
      last = value.item();
    },
    read: () => ({ loss: [last] }),
  };
}
