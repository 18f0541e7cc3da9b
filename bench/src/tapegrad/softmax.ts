import { tensor, withGradients } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import type { Build } from '../protocol.ts';

export const softmax: Build<'softmax'> = ({ rows, columns }, inputs) => {
  const logits = tensor(inputs.logits, { shape: [rows, columns], requiresGrad: true });
  const labels = tensor(inputs.labels);
  const evaluate = () => crossEntropy(logits, labels);
  return {
    step() {
      withGradients(evaluate, (gradients) => gradients.of(logits));
    },
    read() {
      const loss = evaluate();
      // The gradients of the timed step can't be read any more, so they are computed again.
      return { loss: loss.data, gradient: loss.backward().of(logits).data };
    },
  };
};
