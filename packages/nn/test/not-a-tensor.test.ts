/** In programs without types, every layer and every loss rejects an argument that is not a tensor, by name. */

import { ArgumentError, ones, Random, tensor } from '@tapegrad/core';
import * as nn from '@tapegrad/nn';
import { expect, test } from 'vitest';

const random = new Random(1);
const rows = [[1, 2]] as never;

const layers: readonly { forward(x: never): unknown }[] = [
  ...[new nn.ReLU(), new nn.LeakyReLU(), new nn.ELU(), new nn.SELU(), new nn.SiLU(), new nn.GELU(), new nn.Hardtanh()],
  ...[new nn.Tanh(), new nn.Sigmoid(), new nn.Softplus(), new nn.Softmax()],
  ...[
    new nn.InputShape([2]),
    new nn.Flatten(),
    new nn.Reshape([2]),
    new nn.PixelShuffle(1),
    new nn.Upsample({ scale: 2 }),
  ],
  ...[new nn.Dense(2, 2, { random }), new nn.Embedding(2, 2, { random })],
  ...[new nn.Conv1d(1, 1, 1, { random }), new nn.Conv2d(1, 1, 1, { random })],
  ...[new nn.ConvTranspose1d(1, 1, 1, { random }), new nn.ConvTranspose2d(1, 1, 1, { random })],
  ...[new nn.MaxPool1d(2), new nn.MaxPool2d(2), new nn.AvgPool1d(2), new nn.AvgPool2d(2)],
  ...[new nn.AdaptiveAvgPool2d(1), new nn.GlobalAvgPool()],
  ...[new nn.BatchNorm1d(2), new nn.BatchNorm2d(2), new nn.GroupNorm(1, 2), new nn.LayerNorm(2), new nn.RMSNorm(2)],
  ...[new nn.Dropout(0.5, { random }), new nn.Dropout1d(0.5, { random }), new nn.Dropout2d(0.5, { random })],
  ...[new nn.AlphaDropout(0.5, { random }), new nn.SinusoidalEncoding()],
  ...[new nn.RNNCell(2, 2, { random }), new nn.LSTMCell(2, 2, { random }), new nn.GRUCell(2, 2, { random })],
  ...[new nn.RNN(2, 2, { random }), new nn.LSTM(2, 2, { random }), new nn.GRU(2, 2, { random })],
  ...[new nn.MultiHeadAttention(2, 1, { random }), new nn.TransformerEncoderLayer(2, 1, { random })],
  ...[new nn.Sequential(new nn.Dense(2, 2, { random })), new nn.Residual(new nn.Dense(2, 2, { random }))],
];

test.each(layers.map((layer) => [layer.constructor.name, layer] as const))('%s', (_, layer) => {
  expect(() => layer.forward(rows)).toThrow(ArgumentError);
  expect(() => layer.forward(rows)).toThrow(/^\w+: expected a tensor, got an array( \(in layer [\w.]+, .*\))?$/);
});

const numbers = tensor([[0.5], [0.5]]);
const labels = tensor([0, 0], { dtype: 'int32' });

test.each<[name: string, loss: (p: never, t: never) => unknown, targets: unknown]>([
  ['mse', nn.mse, numbers],
  ['l1', nn.l1, numbers],
  ['huber', nn.huber, numbers],
  ['binaryCrossEntropy', nn.binaryCrossEntropy, numbers],
  ['crossEntropy', nn.crossEntropy, labels],
  ['nll', nn.nll, labels],
])('%s', (name, loss, targets) => {
  const message = `${name}: expected a tensor, got an array`;
  expect(() => loss([0.5, 0.5] as never, targets as never)).toThrow(message);
  expect(() => loss(ones([2, 1]) as never, [0, 0] as never)).toThrow(message);
});
