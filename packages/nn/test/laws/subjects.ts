/** The required arguments of each class and function of the package, for tests of all of them. */

import { ones, Random, tensor, zeros } from '@tapegrad/core';
import * as nn from '@tapegrad/nn';

const random = new Random(1);
export const own = { random };
export const int32 = (values: readonly number[] | readonly (readonly number[])[]) => tensor(values, { dtype: 'int32' });

export type Callable = (...args: readonly unknown[]) => unknown;
export type Class = new (...args: readonly unknown[]) => nn.Module & { forward(...args: readonly unknown[]): unknown };

export const all = nn as unknown as Readonly<Record<string, unknown>>;
export const names = Object.keys(all).filter((name) => typeof all[name] === 'function');
export const isClass = (name: string): boolean => /^[A-Z]/.test(name);

/** The required arguments of each class, including options if they are required. */
export const made: Readonly<Record<string, readonly unknown[]>> = {
  AdaptiveAvgPool2d: [2],
  AlphaDropout: [0.5, own],
  AvgPool1d: [2],
  AvgPool2d: [2],
  BatchNorm1d: [2],
  BatchNorm2d: [2],
  Bilinear: [2, 2, 2],
  Conv1d: [2, 2, 2],
  Conv2d: [2, 2, 2],
  ConvTranspose1d: [2, 2, 2],
  ConvTranspose2d: [2, 2, 2],
  Dense: [2, 2],
  Dropout: [0.5, own],
  Dropout1d: [0.5, own],
  Dropout2d: [0.5, own],
  ELU: [],
  Embedding: [2, 2],
  Flatten: [],
  GELU: [],
  GRU: [2, 2],
  GRUCell: [2, 2],
  GlobalAvgPool: [],
  GroupNorm: [1, 2],
  Hardtanh: [],
  Identity: [],
  InputShape: [[2]],
  LSTM: [2, 2],
  LSTMCell: [2, 2],
  LayerNorm: [2],
  LeakyReLU: [],
  MaxPool1d: [2],
  MaxPool2d: [2],
  MultiHeadAttention: [2, 1],
  Parallel: [[new nn.Identity()]],
  PixelShuffle: [1],
  RMSNorm: [2],
  RNN: [2, 2],
  RNNCell: [2, 2],
  ReLU: [],
  Reshape: [[2]],
  Residual: [],
  SELU: [],
  Sequential: [],
  SiLU: [],
  Sigmoid: [],
  SinusoidalEncoding: [],
  Softmax: [],
  Softplus: [],
  SpectralNorm: [new nn.Dense(2, 2, own)],
  Tanh: [],
  TransformerDecoder: [1, 2, 1],
  TransformerDecoderLayer: [2, 1],
  TransformerEncoder: [1, 2, 1],
  TransformerEncoderLayer: [2, 1],
  Upsample: [{ scale: 2 }],
  WeightNorm: [new nn.Dense(2, 2, own)],
};

/** Classes that are not layers. */
export const others = ['KeyValueCache', 'Module'];

const cell = { weightIh: ones([3, 2]), weightHh: ones([3, 3]) };
const gated = (gates: number) => ({ weightIh: ones([3 * gates, 2]), weightHh: ones([3 * gates, 3]) });
export const rows = ones([2, 2]);
export const maps = ones([1, 2, 4]);
export const images = ones([1, 2, 4, 4]);
const classes = int32([0, 1]);

/** The required arguments of each function. */
export const called: Readonly<Record<string, readonly unknown[]>> = {
  adaptiveAvgPool2d: [images, 2],
  alphaDropout: [rows, 0.5, random],
  attentionWeights: [rows, rows],
  avgPool1d: [maps, 2],
  avgPool2d: [images, 2],
  batchNorm: [rows],
  bilinear: [rows, rows, ones([2, 2, 2])],
  binaryCrossEntropy: [rows, rows],
  conv1d: [maps, ones([2, 2, 1])],
  conv2d: [images, ones([2, 2, 1, 1])],
  convTranspose1d: [maps, ones([2, 2, 1])],
  convTranspose2d: [images, ones([2, 2, 1, 1])],
  cosineEmbedding: [rows, rows, ones([2])],
  crossEntropy: [rows, classes],
  ctc: [zeros([1, 4, 3]), int32([[1, 2]]), [4], [2]],
  dense: [rows, rows],
  dropout: [rows, 0.5, random],
  dropout1d: [maps, 0.5, random],
  dropout2d: [images, 0.5, random],
  embedding: [classes, rows],
  gaussianNll: [rows, rows, rows],
  globalAvgPool: [images],
  groupNorm: [rows, undefined, undefined, { groups: 1 }],
  gru: [ones([1, 2, 2]), [[gated(3)]]],
  gruCell: [rows, ones([2, 3]), gated(3)],
  hinge: [rows, rows],
  huber: [rows, rows],
  klDivergence: [rows, rows],
  l1: [rows, rows],
  layerNorm: [rows],
  lstm: [ones([1, 2, 2]), [[gated(4)]]],
  loadModule: [new nn.Dense(2, 2, own), nn.moduleState(new nn.Dense(2, 2, own))],
  lstmCell: [rows, [ones([2, 3]), ones([2, 3])], gated(4)],
  maxPool1d: [maps, 2],
  maxPool2d: [images, 2],
  moduleState: [new nn.Dense(2, 2, own)],
  mse: [rows, rows],
  multiLabelMargin: [
    rows,
    int32([
      [0, -1],
      [1, -1],
    ]),
  ],
  multiMargin: [rows, classes],
  nll: [rows, classes],
  pixelShuffle: [images, 1],
  poissonNll: [rows, rows],
  rmsNorm: [rows],
  rnn: [ones([1, 2, 2]), [[cell]]],
  rnnCell: [rows, ones([2, 3]), cell],
  rotary: [rows],
  scaledDotProductAttention: [rows, rows, rows],
  sigmoidFocal: [rows, rows],
  sinusoidal: [2, 2],
  smoothL1: [rows, rows],
  softmaxFocal: [rows, classes],
  summary: [new nn.Dense(2, 2, own)],
  tripletMargin: [rows, rows, rows],
  upsample: [images, { scale: 2 }],
  weightNorm: [rows, ones([1, 2]), 1],
  withTensors: [new nn.Dense(2, 2, own), {}, () => 0],
};
