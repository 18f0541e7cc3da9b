/** Every layer, function, loss and initialiser, with a misspelt option, or with another value in place of the options. */

import { ArgumentError, ones, Random, zeros } from '@tapegrad/core';
import * as nn from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import { all, type Callable, type Class, called, isClass, made, names, own } from './subjects.ts';

/** The functions without options, and `loadModule`, whose state would be taken for its options. */
const plain: readonly string[] = [
  ...['AdaptiveAvgPool2d', 'ELU', 'Flatten', 'GlobalAvgPool', 'Hardtanh', 'Identity', 'InputShape', 'KeyValueCache'],
  ...['LeakyReLU', 'Module', 'PixelShuffle', 'ReLU', 'Reshape', 'Residual', 'SELU', 'Sequential', 'SiLU', 'Sigmoid'],
  ...['Softmax', 'Softplus', 'Tanh', 'adaptiveAvgPool2d', 'alphaDropout', 'bilinear', 'dense', 'dropout', 'dropout1d'],
  ...[
    'dropout2d',
    'globalAvgPool',
    'gruCell',
    'loadModule',
    'lstmCell',
    'moduleState',
    'pixelShuffle',
    'rnnCell',
    'weightNorm',
    'withTensors',
  ],
];

/** The optional arguments between the required ones and the options. */
const between: Readonly<Record<string, number>> = { batchNorm: 2, layerNorm: 2, rmsNorm: 1 };
for (const call of ['conv1d', 'conv2d', 'convTranspose1d', 'convTranspose2d']) Object.assign(between, { [call]: 1 });

/** The arguments before the options, and the required options. */
function splitAt(name: string): readonly [before: readonly unknown[], options: object] {
  const args = (isClass(name) ? made : called)[name]!;
  const last = args.at(-1);
  const isOptions = typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
  const before = isOptions ? args.slice(0, -1) : args;
  return [[...before, ...new Array<undefined>(between[name] ?? 0)], isOptions ? (last as object) : {}];
}

type Run = (options: unknown) => unknown;

const running = (name: string): readonly [run: Run, needed: object] => {
  const [before, needed] = splitAt(name);
  const subject = all[name];
  return isClass(name)
    ? [(options) => new (subject as Class)(...before, options), needed]
    : [(options) => (subject as Callable)(...before, options), needed];
};

const sequences = ones([1, 2, 2]);
const attended = ones([1, 2, 2]);

const layers = {
  GRU: new nn.GRU(2, 2, own),
  LSTM: new nn.LSTM(2, 2, own),
  MultiHeadAttention: new nn.MultiHeadAttention(2, 1, own),
  RNN: new nn.RNN(2, 2, own),
  SinusoidalEncoding: new nn.SinusoidalEncoding(),
  TransformerEncoder: new nn.TransformerEncoder(1, 2, 1, own),
  TransformerEncoderLayer: new nn.TransformerEncoderLayer(2, 1, own),
};
const decoders = {
  TransformerDecoder: new nn.TransformerDecoder(1, 2, 1, own),
  TransformerDecoderLayer: new nn.TransformerDecoderLayer(2, 1, own),
};

const trials: readonly (readonly [what: string, name: string, run: Run, needed: object])[] = [
  ...names.filter((name) => !plain.includes(name)).map((name) => [name, name, ...running(name)] as const),
  ...Object.entries(layers).map(
    ([name, layer]) =>
      [
        `${name}, forward`,
        name,
        ((options) => layer.forward(sequences as never, options as never)) as Run,
        {},
      ] as const,
  ),
  ...Object.entries(decoders).map(
    ([name, layer]) =>
      [
        `${name}, forward`,
        name,
        ((options) => layer.forward(attended as never, attended, options as never)) as Run,
        {},
      ] as const,
  ),
  [
    'MultiHeadAttention, forwardWithWeights',
    'MultiHeadAttention',
    (options) => layers.MultiHeadAttention.forwardWithWeights(attended as never, options as never),
    {},
  ],
  ...(['uniform', 'normal', 'kaimingUniform', 'kaimingNormal', 'xavierUniform', 'xavierNormal'] as const).map(
    (name) => [`init.${name}`, name, ((options) => nn.init[name](options as never)) as Run, {}] as const,
  ),
];

describe.each(trials)('%s', (_, name, run, needed) => {
  const refusal = (options: unknown): string => {
    try {
      run(options);
    } catch (error) {
      expect(error).toBeInstanceOf(ArgumentError);
      return (error as Error).message;
    }
    throw new Error('nothing was thrown');
  };

  test('refuses an option that it does not know, and tells which it knows', () => {
    expect(() => run({ ...needed })).not.toThrow();
    const message = refusal({ ...needed, misspelt: 1 });
    const start = `${name}: unknown option 'misspelt', expected { `;
    expect(message.startsWith(start), message).toBe(true);
    const known = message.slice(start.length, -' }'.length).split(', ');
    for (const option of known) {
      expect(() => run({ [option]: undefined, ...needed })).not.toThrow();
      expect(refusal({ ...needed, [`${option}s`]: 1 })).toContain(`unknown option '${option}s'`);
    }
    for (const option of Object.keys(needed)) expect(known).toContain(option);
  });

  test('refuses what is no object of options', () => {
    for (const wrong of [null, 0.1, 'sum', true, [1], zeros([2]), new Random(1), () => 1]) {
      const message = refusal(wrong);
      expect(message.startsWith(`${name}: expected options { `), message).toBe(true);
    }
  });
});

test.each(names.filter((name) => isClass(name) && !plain.includes(name)))('%s takes what all layers share', (name) => {
  const [run, needed] = running(name);
  expect(() => run({ ...needed, ...own, dtype: 'float32' })).not.toThrow();
});

test('an option of an option is refused, too', () => {
  expect(() => new nn.MultiHeadAttention(4, 2, { rotary: { bases: 10 } as never })).toThrow(
    "MultiHeadAttention: rotary: unknown option 'bases', expected { base, pairs }",
  );
});

test('what takes no options is known to take none', () => {
  expect(plain.filter((name) => !names.includes(name))).toEqual([]);
});
