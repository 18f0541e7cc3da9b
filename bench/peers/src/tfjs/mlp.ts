import * as tf from '@tensorflow/tfjs';
import type { Build } from 'tapegrad-bench/protocol';
import { layerOf, oneHot, training } from './training.ts';

const activations = { relu: tf.relu, tanh: tf.tanh };
const losses = { crossEntropy: tf.losses.softmaxCrossEntropy, mse: tf.losses.meanSquaredError };

export const mlp: Build<'mlp'> = (spec, { layers: initial, x, y }) => {
  const outputs = spec.widths.at(-1)!;
  const layers = initial.map(layerOf);
  const makeBatch = () => ({
    x: tf.tensor2d(x, [spec.batch, spec.widths[0]!]),
    y: y instanceof Int32Array ? oneHot(y, outputs) : tf.tensor2d(y, [spec.batch, outputs]),
  });
  const forward = (input: tf.Tensor) =>
    layers.reduce((z, { weight, bias }, n) => {
      const a = tf.add(tf.matMul(z, weight), bias);
      return n < layers.length - 1 ? activations[spec.activation](a) : a;
    }, input);
  const kept = makeBatch();
  return training(
    (batch) => losses[spec.loss](batch.y, forward(batch.x)),
    spec.learningRate,
    spec.batches === 'kept' ? () => kept : makeBatch,
  );
};
