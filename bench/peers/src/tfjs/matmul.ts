import * as tf from '@tensorflow/tfjs';
import type { Build } from 'tapegrad-bench/protocol';
import { latest } from './latest.ts';

export const matmul: Build<'matmul'> = ({ size, batch, transposed }, inputs) => {
  const a = tf.tensor3d(inputs.a, [batch, size, size]);
  const b = tf.tensor3d(inputs.b, [batch, size, size]);
  return latest(() => ({ product: tf.matMul(a, b, transposed === 'left', transposed === 'right') }));
};
