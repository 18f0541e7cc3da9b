import { blockUntilReady, jit, numpy as np, valueAndGrad } from '@jax-js/jax';
import type { Build } from 'tapegrad-bench/protocol';
import { latest } from './latest.ts';
import { crossEntropy, oneHot } from './training.ts';

export const softmax: Build<'softmax'> = ({ rows, columns }, inputs) => {
  const logits = np.array(inputs.logits).reshape([rows, columns]);
  const target = oneHot(inputs.labels, columns);
  const both = jit((at: np.Array, of: np.Array) => valueAndGrad(crossEntropy)(at, of) as [np.Array, np.Array]);
  return latest(['loss', 'gradient'], () => blockUntilReady(both(logits.ref, target.ref)));
};
