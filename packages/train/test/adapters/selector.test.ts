/** Parameters chosen by their paths. */

import { Random } from '@tapegrad/core';
import { BatchNorm1d, crossEntropy, Dense, ReLU, Sequential, TransformerEncoder } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { freeze, type Selector, selectParameters, supervised, Trainer } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';
import { batchesOf } from '../trainer/runs.ts';

const random = new Random(1);
const encoder = new TransformerEncoder(2, 4, 2, { random });
const paths = [...encoder.namedParameters().keys()];
const names = (selector: Selector) => {
  const selected = new Set(selectParameters(encoder, selector));
  return [...encoder.namedParameters()].filter(([, parameter]) => selected.has(parameter)).map(([path]) => path);
};

describe('a selector', () => {
  test.each<[Selector, (path: string) => boolean]>([
    ['**', () => true],
    ['layers.0.**', (path) => path.startsWith('layers.0.')],
    ['**.bias', (path) => path.endsWith('.bias')],
    ['layers.*.norm?.weight', () => false],
    ['layers.*.norm*.weight', (path) => /^layers\.\d\.norm\d\.weight$/.test(path)],
    ['**.selfAttention.**', (path) => path.includes('.selfAttention.')],
    ['layers.{0,1}.linear1.weight', (path) => path.endsWith('linear1.weight')],
    ['**.{query,value}.weight', (path) => /\.(query|value)\.weight$/.test(path)],
    [['**.linear1.*', '**.linear2.*'], (path) => path.includes('.linear')],
    [/norm/g, (path) => path.includes('norm')],
    [(path) => path.length < 22, (path) => path.length < 22],
    [(_, parameter) => parameter.rank === 1, (path) => !path.endsWith('weight') || path.includes('norm')],
  ])('%s', (selector, expected) => {
    const wanted = paths.filter(expected);
    if (wanted.length === 0)
      expect(() => names(selector)).toThrow('selects no parameter of the model, which has layers.0');
    else expect(names(selector)).toEqual(wanted);
  });

  test('does not take a name for a part of another', () => {
    const model = new Sequential(new Dense(2, 2), new ReLU());
    expect(() => selectParameters(model, 'weight')).toThrow(
      'selectParameters: weight selects no parameter of the model',
    );
    expect(() => selectParameters(model, '0')).toThrow('selects no parameter');
    expect(selectParameters(model, '0.**')).toHaveLength(2);
  });

  test.each(['', '{a', 'a}', 3, [3]])('%j is none', (selector) => {
    expect(() => selectParameters(encoder, selector as never)).toThrow(/is not a pattern|expected a pattern/);
  });
});

test('freeze gives the others, which alone are trained', async () => {
  const model = new Sequential(
    new Dense(3, 4, { random }),
    new BatchNorm1d(4),
    new ReLU(),
    new Dense(4, 2, { random }),
  );
  const before = model.state();
  const optimizer = new SGD(freeze(model, '{0,1}.**'), { learningRate: 0.1 });
  await new Trainer({
    model,
    optimizer,
    loss: supervised(model, crossEntropy),
    train: batchesOf(20, 1),
    epochs: 2,
  }).fit();
  const after = model.state();
  const changed = Object.keys(before).filter(
    (path) => !Object.is(String(before[path]!.data), String(after[path]!.data)),
  );
  expect(changed).toEqual(['3.weight', '3.bias']);
  expect(() => freeze(model, '**')).toThrow('freeze: the selector chooses every parameter');
  expect(() => freeze(model, 'body.**')).toThrow('freeze: body.** selects no parameter');
});
