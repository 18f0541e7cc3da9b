/** What the training programs share. */

import * as tf from '@tensorflow/tfjs';
import type { Labels, LayerInputs } from 'tapegrad-bench/inputs';
import type { Program } from 'tapegrad-bench/protocol';

export interface Layer {
  readonly weight: tf.Variable;
  readonly bias: tf.Variable;
}

export function layerOf({ weight, weightShape, bias }: LayerInputs): Layer {
  return { weight: tf.variable(tf.tensor(weight, [...weightShape])), bias: tf.variable(tf.tensor(bias)) };
}

/** Labels as rows of zeros with a one, [labels, classes]. */
export function oneHot(labels: Labels, classes: number): tf.Tensor {
  return tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
}

/** Steps of SGD; `batch` is called once a step, and what it gives is not released here. */
export function training<Batch>(loss: (batch: Batch) => tf.Tensor, learningRate: number, batch: () => Batch): Program {
  const optimizer = tf.train.sgd(learningRate);
  let last = Number.NaN;
  return {
    step() {
      const of = batch();
      const value = optimizer.minimize(() => loss(of) as tf.Scalar, true)!;
      last = value.dataSync()[0]!;
      value.dispose();
    },
    read: () => ({ loss: [last] }),
  };
}
