/** Modules with PyTorch's state dicts give PyTorch's outputs, and the reverse (data/modules/make.py). */

import { arange, cos, noGrad, Random, sin, type Tensor, tensor } from '@tapegrad/core';
import { decodeSafetensors, encodeSafetensors, loadState, type NamedArrays, stateDict } from '@tapegrad/files';
import * as nn from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import { checkOurs, type StoredArray, storedBytes, storedJson } from '../stored.ts';

class Tied extends nn.Module {
  readonly hiddenLayer = new nn.Dense(3, 3, { random: new Random(9) });
  readonly output = new nn.Dense(3, 3, { random: new Random(10) });

  constructor() {
    super();
    Reflect.set(this.output, 'weight', this.hiddenLayer.weight);
  }

  forward(x: Tensor): Tensor {
    return this.output.forward(this.hiddenLayer.forward(x as never).tanh() as never) as Tensor;
  }
}

const random = new Random(4);
const own = { random };
const narrow = { feedForward: 5, ...own };

type Case = readonly [module: nn.Module, shape: readonly number[] | number, run?: (x: Tensor) => Tensor];
const lstm = new nn.LSTM(3, 2, { numLayers: 2, bidirectional: true, ...own });
const lstmCell = new nn.LSTMCell(3, 2, own);
const other = new nn.MultiHeadAttention(4, 2, { keyDim: 4, valueDim: 3, ...own });
const decoder = new nn.TransformerDecoderLayer(4, 2, narrow);
const bilinear = new nn.Bilinear(3, 3, 2, own);
const rnn = new nn.RNN(3, 2, own);
const gru = new nn.GRU(3, 2, { bias: false, ...own });

const modules: Readonly<Record<string, Case>> = {
  linear: [new nn.Dense(3, 2, own), [4, 3]],
  square: [new nn.Dense(3, 3, { bias: false, ...own }), [4, 3]],
  sequential: [
    new nn.Sequential(
      new nn.Dense(3, 4, own),
      new nn.ReLU(),
      new nn.Sequential(new nn.Dense(4, 2, own), new nn.BatchNorm1d(2)),
    ),
    [4, 3],
  ],
  bilinear: [bilinear, [4, 3], (x) => bilinear.forward(x as never, cos(x) as never) as Tensor],
  conv1d: [new nn.Conv1d(2, 4, 3, { groups: 2, ...own }), [2, 2, 6]],
  conv2d: [new nn.Conv2d(2, 3, [2, 3], own), [2, 2, 5, 5]],
  convTranspose1d: [new nn.ConvTranspose1d(2, 4, 3, { stride: 2, ...own }), [2, 2, 4]],
  convTranspose2d: [new nn.ConvTranspose2d(2, 4, 2, { groups: 2, ...own }), [2, 2, 4, 4]],
  batchNorm1d: [new nn.BatchNorm1d(3), [4, 3]],
  batchNorm2d: [new nn.BatchNorm2d(2), [2, 2, 3, 3]],
  groupNorm: [new nn.GroupNorm(2, 4), [2, 4, 3]],
  layerNorm: [new nn.LayerNorm([2, 3]), [4, 2, 3]],
  rmsNorm: [new nn.RMSNorm(3, { eps: 1e-5 }), [4, 3]],
  embedding: [new nn.Embedding(5, 3, own), 5],
  rnn: [rnn, [2, 4, 3], (x) => rnn.forward(x as never).output as Tensor],
  lstm: [lstm, [2, 4, 3], (x) => lstm.forward(x as never).output as Tensor],
  gru: [gru, [2, 4, 3], (x) => gru.forward(x as never).output as Tensor],
  rnnCell: [new nn.RNNCell(3, 2, own), [4, 3]],
  lstmCell: [lstmCell, [4, 3], (x) => lstmCell.forward(x as never)[0] as Tensor],
  gruCell: [new nn.GRUCell(3, 2, own), [4, 3]],
  attention: [new nn.MultiHeadAttention(4, 2, own), [2, 3, 4]],
  attentionWithoutBias: [new nn.MultiHeadAttention(4, 2, { bias: false, ...own }), [2, 3, 4]],
  attentionOfOtherWidths: [
    other,
    [2, 3, 4],
    (x) => other.forward(x as never, { key: x, value: x.slice(2, 0, 3) as Tensor }) as Tensor,
  ],
  encoder: [new nn.TransformerEncoder(2, 4, 2, { ...narrow, finalNorm: true }), [2, 3, 4]],
  decoderLayer: [decoder, [2, 3, 4], (x) => decoder.forward(x as never, cos(x)) as Tensor],
  weightNorm: [new nn.WeightNorm(new nn.Dense(3, 2, own)), [4, 3]],
  weightNormConv: [new nn.WeightNorm(new nn.Conv1d(2, 3, 2, own)), [2, 2, 4]],
  weightNormOfOld: [new nn.WeightNorm(new nn.Dense(3, 2, own)), [4, 3]],
  spectralNorm: [new nn.SpectralNorm(new nn.Dense(3, 2, own), own), [4, 3]],
  spectralNormOfOld: [new nn.SpectralNorm(new nn.ConvTranspose1d(2, 3, 2, own), own), [2, 2, 4]],
  tied: [new Tied(), [4, 3]],
};

const inputOf = (shape: readonly number[] | number): Tensor => {
  if (typeof shape === 'number') return tensor(Int32Array.from({ length: shape }, (_, i) => i));
  return sin(arange(shape.reduce((product, length) => product * length, 1)) as Tensor).reshape(shape) as Tensor;
};

const outputOf = ([module, shape, run]: Case): Tensor => {
  module.eval();
  const forward = run ?? ((x) => (module as unknown as { forward(x: Tensor): Tensor }).forward(x));
  return noGrad(() => forward(inputOf(shape)));
};

/** The arrays of one module, by names without the module's prefix. */
const within = (arrays: NamedArrays, name: string): NamedArrays =>
  Object.fromEntries(
    Object.entries(arrays).flatMap(([key, array]) =>
      key.startsWith(`${name}.`) ? [[key.slice(name.length + 1), array]] : [],
    ),
  );

function checkClose(y: Tensor, { shape, data }: StoredArray): void {
  expect(y.shape).toEqual(shape);
  const worst = Math.max(...Array.from(y.data, (value, i) => Math.abs(value - Number(data[i]))));
  expect(worst).toBeLessThan(2e-6);
}

// Modules named `…OfOld` have PyTorch's old names of computed weights; we only write the new names.
const isOld = (name: string): boolean => name.endsWith('OfOld');
const ours: NamedArrays = Object.fromEntries(
  Object.entries(modules)
    .filter(([name]) => !isOld(name))
    .flatMap(([name, [module]]) => Object.entries(stateDict(module)).map(([key, array]) => [`${name}.${key}`, array])),
);
checkOurs('modules/ours.safetensors', encodeSafetensors(ours));
const before = Object.fromEntries(Object.entries(modules).map(([name, own]) => [name, outputOf(own)]));
const outcomes = storedJson<Readonly<Record<string, StoredArray>>>('modules/outcomes.json');
const theirs = decodeSafetensors(storedBytes('modules/torch.safetensors')).tensors;

describe.each(Object.keys(modules))('%s', (name) => {
  test.skipIf(isOld(name))('gives in PyTorch what it gives here', () => {
    checkClose(before[name]!, outcomes[`ours ${name}`]!);
  });

  test('gives here what it gives in PyTorch', () => {
    const own = modules[name]!;
    expect(loadState(own[0], within(theirs, name))).toEqual({ missing: [], unexpected: [] });
    checkClose(outputOf(own), outcomes[`theirs ${name}`]!);
    // A loaded file is written back unchanged.
    if (isOld(name)) return;
    const written = stateDict(own[0]);
    expect(Object.keys(written).sort()).toEqual(Object.keys(within(theirs, name)).sort());
    for (const [key, { data }] of Object.entries(within(theirs, name)))
      expect([...written[key]!.data]).toEqual([...data]);
  });
});
