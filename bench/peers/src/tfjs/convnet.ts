import * as tf from '@tensorflow/tfjs';
import type { LayerInputs } from 'tapegrad-bench/inputs';
import type { Build } from 'tapegrad-bench/protocol';
import { type Layer, layerOf, oneHot, training } from './training.ts';

/** Returns a convolution layer with its weight in TensorFlow.js's layout, [height, width, in, out]. */
function convolutionOf(inputs: LayerInputs): Layer {
  const { weight, bias } = layerOf(inputs);
  return { weight: tf.variable(tf.transpose(weight as tf.Tensor, [2, 3, 1, 0])), bias };
}

/** Returns the dense layer's weight with its rows reordered for flattened images whose channels come last. */
function denseOf(inputs: LayerInputs, channels: number): Layer {
  const { weight, bias } = layerOf(inputs);
  const [features, classes] = weight.shape as [number, number];
  const byChannel = tf.reshape(weight as tf.Tensor, [channels, features / channels, classes]);
  return { weight: tf.variable(tf.reshape(tf.transpose(byChannel, [1, 0, 2]), [features, classes])), bias };
}

export const convnet: Build<'convnet'> = ({ batch, side, channels, classes, learningRate }, inputs) => {
  const convolutions = inputs.convolutions.map(convolutionOf);
  const dense = denseOf(inputs.dense, channels.at(-1)!);
  const kept = { x: tf.tensor4d(inputs.x, [batch, side, side, 1]), y: oneHot(inputs.labels, classes) };
  const block = (x: tf.Tensor4D, { weight, bias }: Layer) =>
    tf.maxPool(tf.relu(tf.add(tf.conv2d(x, weight as tf.Tensor4D, 1, 'same'), bias)) as tf.Tensor4D, 2, 2, 'valid');
  const loss = ({ x, y }: typeof kept) => {
    const features = convolutions.reduce(block, x);
    const logits = tf.add(tf.matMul(tf.reshape(features, [batch, -1]), dense.weight), dense.bias);
    return tf.losses.softmaxCrossEntropy(y, logits);
  };
  return training(loss, learningRate, () => kept);
};
