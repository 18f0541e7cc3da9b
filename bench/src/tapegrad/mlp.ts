import { tensor } from '@tapegrad/core/lean';
import { crossEntropy, mse, ReLU, Sequential, Tanh } from '@tapegrad/nn/lean';
import type { Build } from '../protocol.ts';
import { denseOf } from './dense.ts';
import { training } from './training.ts';

const activations = { relu: ReLU, tanh: Tanh };
const losses = { crossEntropy, mse };

export const mlp: Build<'mlp'> = (spec, inputs) => {
  const layers = inputs.layers.map(denseOf);
  const Activation = activations[spec.activation];
  const model = new Sequential(...layers.flatMap((dense, n) => (n === 0 ? [dense] : [new Activation(), dense])));
  const outputs = spec.widths.at(-1)!;
  const makeBatch = () => ({
    x: tensor(inputs.x, { shape: [spec.batch, spec.widths[0]!] }),
    y: tensor(inputs.y, { shape: spec.loss === 'crossEntropy' ? [spec.batch] : [spec.batch, outputs] }),
  });
  const kept = makeBatch();
  const batch = spec.batches === 'kept' ? () => kept : makeBatch;
  const loss = () => {
    const { x, y } = batch();
    return losses[spec.loss](model.forward(x), y);
  };
  return training(model.parameters(), loss, spec.learningRate);
};
