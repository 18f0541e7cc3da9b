/**
 * Every layer, function and loss without an argument that it needs, or with something else in its place: an error that begins
 * with the word that was written, never one of the engine.
 */

import { ArgumentError, DTypeError, ones, Random, ShapeError, type Tensor, tensor, zeros } from '@tapegrad/core';
import * as nn from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const random = new Random(1);
const own = { random };
const int32 = (values: readonly number[] | readonly (readonly number[])[]) => tensor(values, { dtype: 'int32' });

type Callable = (...args: readonly unknown[]) => unknown;
type Class = new (...args: readonly unknown[]) => nn.Module & { forward(...args: readonly unknown[]): unknown };

const all = nn as unknown as Readonly<Record<string, unknown>>;
const names = Object.keys(all).filter((name) => typeof all[name] === 'function');
const isClass = (name: string): boolean => /^[A-Z]/.test(name);

/** What each class is made with, as far as it needs it; the options of some are needed, too. */
const made: Readonly<Record<string, readonly unknown[]>> = {
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

/** Classes that are no layers. */
const others = ['KeyValueCache', 'Module'];

const cell = { weightIh: ones([3, 2]), weightHh: ones([3, 3]) };
const gated = (gates: number) => ({ weightIh: ones([3 * gates, 2]), weightHh: ones([3 * gates, 3]) });
const rows = ones([2, 2]);
const maps = ones([1, 2, 4]);
const images = ones([1, 2, 4, 4]);
const classes = int32([0, 1]);

/** What each function is called with, as far as it needs it. */
const called: Readonly<Record<string, readonly unknown[]>> = {
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
  lstmCell: [rows, [ones([2, 3]), ones([2, 3])], gated(4)],
  maxPool1d: [maps, 2],
  maxPool2d: [images, 2],
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
  tripletMargin: [rows, rows, rows],
  upsample: [images, { scale: 2 }],
  weightNorm: [rows, ones([1, 2]), 1],
};

test('every class and function of the package is on trial', () => {
  expect(names.filter(isClass).toSorted()).toEqual([...Object.keys(made), ...others].toSorted());
  expect(names.filter((name) => !isClass(name)).toSorted()).toEqual(Object.keys(called).toSorted());
});

const ours = [ArgumentError, ShapeError, DTypeError];

/** Runs what has to throw one of our errors; gives its message. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(
      ours.some((kind) => error instanceof kind),
      String((error as Error).stack),
    ).toBe(true);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('a class without an argument that it needs', () => {
  const needing = Object.entries(made).filter(([, args]) => args.length > 0);

  test.each(needing)('%s', (name, args) => {
    const Class = all[name] as Class;
    expect(() => new Class(...args)).not.toThrow();
    args.forEach((_, i) => {
      const message = refusal(() => new Class(...args.slice(0, i)));
      expect(message.startsWith(`${name}: `), message).toBe(true);
      expect(message).not.toContain('is undefined');
      for (const wrong of [null, {}, 'x', Number.NaN]) {
        const other = refusal(() => new Class(...args.with(i, wrong)));
        expect(other.startsWith(`${name}: `), other).toBe(true);
      }
    });
  });
});

describe('a function without an argument that it needs', () => {
  test.each(Object.entries(called))('%s', (name, args) => {
    const run = all[name] as Callable;
    expect(() => run(...args)).not.toThrow();
    args.forEach((arg, i) => {
      if (arg === undefined) return;
      for (const message of [
        refusal(() => run(...args.slice(0, i))),
        ...[null, 'x', [[1]]].map((wrong) => refusal(() => run(...args.with(i, wrong)))),
      ]) {
        expect(message.startsWith(`${name}: `), message).toBe(true);
      }
    });
  });
});

describe('an input of another dtype is refused by the layer’s name, or its function’s', () => {
  const inputs: Readonly<Record<string, readonly Tensor[]>> = {
    Bilinear: [rows, rows],
    BatchNorm2d: [images],
    GRU: [ones([1, 2, 2])],
    GRUCell: [rows, ones([2, 2])],
    LSTM: [ones([1, 2, 2])],
    RNN: [ones([1, 2, 2])],
    RNNCell: [rows, ones([2, 2])],
    TransformerDecoder: [rows, rows],
    TransformerDecoderLayer: [rows, rows],
  };
  const windowed = /^(Conv|MaxPool|AvgPool|AdaptiveAvg|GlobalAvg|PixelShuffle|Upsample|Dropout[12])/;
  const inputOf = (name: string): readonly Tensor[] =>
    inputs[name] ?? (windowed.test(name) ? [name.endsWith('1d') ? maps : images] : [rows]);

  const layers = Object.keys(made).filter(
    (name) => !['LSTMCell', 'Embedding', 'Sequential', 'Residual'].includes(name),
  );

  test.each(layers)('%s', (name) => {
    const layer = new (all[name] as Class)(...made[name]!);
    const word = new RegExp(`^${name.replace(/(Cell|Layer)?$/, '')}`, 'i');
    const within = /^(Weight|Spectral)Norm$/.test(name) ? /^dense/ : word;
    for (const dtype of ['int32', 'float64', 'bool'] as const) {
      try {
        layer.forward(...inputOf(name).map((x) => x.cast(dtype)));
      } catch (error) {
        expect(error).toBeInstanceOf(DTypeError);
        expect((error as Error).message).toMatch(within);
        expect((error as Error).message).toContain(dtype);
      }
    }
  });

  test('an int32 input to a dense layer, deep in a model', () => {
    const model = new nn.Sequential(new nn.Sequential(new nn.Dense(2, 2, own)));
    expect(refusal(() => model.forward(int32([[1, 2]]) as never))).toBe(
      'dense: expected an input of float32, as the weight, got int32; cast one of them first (in layer 0.0, Dense(2, 2))',
    );
  });
});

test('a kernel that is missing is told', () => {
  expect(() => new nn.Conv2d(1, 16, undefined as never)).toThrow(
    'Conv2d: expected a kernel size as a whole number of at least 1, or 2 of them, got none',
  );
});
