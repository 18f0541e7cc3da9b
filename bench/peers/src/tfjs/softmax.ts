import * as tf from '@tensorflow/tfjs';
import type { Build } from 'tapegrad-bench/protocol';
import { latest } from './latest.ts';
import { oneHot } from './training.ts';

export const softmax: Build<'softmax'> = ({ rows, columns }, inputs) => {
  const logits = tf.tensor2d(inputs.logits, [rows, columns]);
  const target = oneHot(inputs.labels, columns);
  const both = tf.valueAndGrad((at: tf.Tensor) => tf.losses.softmaxCrossEntropy(target, at));
  return latest(() => {
    const { value, grad } = both(logits);
    return { loss: value, gradient: grad };
  });
};
