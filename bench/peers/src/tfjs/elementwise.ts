import * as tf from '@tensorflow/tfjs';
import type { Build } from 'tapegrad-bench/protocol';
import { latest } from './latest.ts';

export const elementwise: Build<'elementwise'> = ({ backward }, inputs) => {
  const operands = [inputs.a, inputs.b, inputs.c, inputs.d].map((values) => tf.tensor1d(values));
  const y = (...[a, b, c, d]: tf.Tensor[]) => tf.mul(tf.tanh(tf.add(tf.mul(a!, b!), c!)), tf.sigmoid(d!));
  if (!backward) return latest(() => ({ y: y(...operands) }));
  const both = tf.valueAndGrads(y);
  return latest(() => {
    const { value, grads } = both(operands);
    return { y: value, da: grads[0]!, db: grads[1]!, dc: grads[2]!, dd: grads[3]! };
  });
};
