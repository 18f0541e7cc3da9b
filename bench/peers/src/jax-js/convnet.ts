import { lax, nn, numpy as np } from '@jax-js/jax';
import type { Build } from 'tapegrad-bench/protocol';
import { crossEntropy, type Layer, type Loss, oneHot, training } from './training.ts';

function convolutionBlock(x: np.Array, { weight, bias }: Layer): np.Array {
  const channels = bias.shape[0]!;
  const a = lax.conv(x, weight, [1, 1], 'SAME').add(bias.reshape([channels, 1, 1]));
  return lax.reduceWindow(nn.relu(a), np.max, [2, 2], [2, 2]);
}

export const convnet: Build<'convnet'> = ({ batch, side, classes, learningRate }, inputs) => {
  const loss: Loss = (layers, input, target) => {
    const features = layers.slice(0, -1).reduce(convolutionBlock, input);
    const { weight, bias } = layers.at(-1)!;
    return crossEntropy(np.matmul(features.reshape([batch, -1]), weight).add(bias), target);
  };
  const x = np.array(inputs.x).reshape([batch, 1, side, side]);
  const y = oneHot(inputs.labels, classes);
  return training([...inputs.convolutions, inputs.dense], loss, learningRate, () => ({ x: x.ref, y: y.ref }));
};
