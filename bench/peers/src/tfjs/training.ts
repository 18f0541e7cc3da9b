/** The common parts of the training programs. */

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

/** Returns labels as one-hot rows, [labels, classes]. */
export function oneHot(labels: Labels, classes: number): tf.Tensor {
  return tf.oneHot(tf.tensor1d(labels, 'int32'), classes);
}

/** Returns a program of SGD steps. `batch` is called once per step, and its result isn't released here. */
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
