import { tensor } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const softmax: Build<'softmax'> = ({ rows, columns }, inputs) => {
  const logits = tensor(inputs.logits, { shape: [rows, columns], requiresGrad: true });
  const labels = tensor(inputs.labels);
  return latest(() => {
    const loss = crossEntropy(logits, labels);
    return { loss, gradient: loss.backward().of(logits) };
  });
};
