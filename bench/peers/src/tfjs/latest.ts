import * as tf from '@tensorflow/tfjs';
import type { Program } from 'tapegrad-bench/protocol';

/**
 * Returns a program that keeps the tensors of its last step and releases those of the step before. Both backends
 * compute eagerly.
 */
export function latest<Name extends string>(compute: () => Record<Name, tf.Tensor>): Program {
  let results: Record<string, tf.Tensor> = {};
  return {
    step() {
      tf.dispose(results);
      results = tf.tidy(compute);
    },
    read: () => Object.fromEntries(Object.entries(results).map(([name, result]) => [name, result.dataSync()])),
  };
}
