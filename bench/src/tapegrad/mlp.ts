import { type Tensor, tensor } from '@tapegrad/core/lean';
import { crossEntropy, mse, ReLU, Sequential, Tanh } from '@tapegrad/nn/lean';
import type { Build } from '../protocol.ts';
import { denseOf } from './dense.ts';
import { type Train, train } from './training.ts';

const activations = { relu: ReLU, tanh: Tanh };
const losses = { crossEntropy, mse };

export const mlpWith =
  (trainBy: Train): Build<'mlp'> =>
  (spec, inputs) => {
    const layers = inputs.layers.map(denseOf);
    const Activation = activations[spec.activation];
    const model = new Sequential(...layers.flatMap((dense, n) => (n === 0 ? [dense] : [new Activation(), dense])));
    const outputs = spec.widths.at(-1)!;
    const makeBatch = (): readonly [Tensor, Tensor] => [
      tensor(inputs.x, { shape: [spec.batch, spec.widths[0]!] }),
      tensor(inputs.y, { shape: spec.loss === 'crossEntropy' ? [spec.batch] : [spec.batch, outputs] }),
    ];
    const kept = makeBatch();
    return trainBy({
      parameters: model.parameters(),
      learningRate: spec.learningRate,
      batch: spec.batches === 'kept' ? () => kept : makeBatch,
      loss: (x, y) => losses[spec.loss](model.forward(x), y as never),
    });
  };

export const mlp: Build<'mlp'> = mlpWith(train);
