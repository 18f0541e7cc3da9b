import { noGrad, Random, tensor } from '@tapegrad/core';
import { CharacterTokenizer } from '@tapegrad/data';
import { describe, expect, test } from 'vitest';
import { AttentiveModel, type LanguageModel, RecurrentModel } from '../src/models.ts';
import { sample } from '../src/sampling.ts';

const vocabulary = new CharacterTokenizer().fit('abcde');
const shared = { size: 5, width: 8, layers: 2, dropout: 0.2 };
const models: [string, () => LanguageModel][] = [
  ['RecurrentModel', () => new RecurrentModel({ ...shared, random: new Random(1) })],
  ['AttentiveModel', () => new AttentiveModel({ ...shared, heads: 2, context: 8, random: new Random(1) })],
];
const row = (characters: readonly number[]) => tensor([[...characters]], { dtype: 'int32' }) as never;

describe.each(models)('%s', (_, make) => {
  const model = make();
  model.eval();
  const text = [0, 3, 1, 4, 2, 2];
  const scores = noGrad(() => model.forward(row(text)));

  test('scores every character of every place', () => {
    expect(scores.shape).toEqual([1, 6, 5]);
  });

  test('does not look ahead', () => {
    const other = noGrad(() => model.forward(row([...text.slice(0, 4), 0, 1])));
    expect([...other.slice(1, 0, 4).data]).toEqual([...scores.slice(1, 0, 4).data]);
    expect([...other.index(0, 4).data]).not.toEqual([...scores.index(0, 4).data]);
  });

  test.each([[[1, 1, 1, 1, 1, 1]], [[6]], [[2, 3, 1]]])('reads on in parts of %j as at once', (lengths) => {
    const read = model.reader();
    let start = 0;
    for (const length of lengths) {
      const given = noGrad(() => read(text.slice(start, start + length)));
      start += length;
      const wanted = scores.index(0, start - 1).data;
      given.data.forEach((score: number, i: number) => {
        expect(score).toBeCloseTo(wanted[i]!, 5);
      });
    }
  });

  test('writes the same for the same seed, at any length', () => {
    const write = (seed: number) =>
      sample(model, vocabulary, { prompt: 'ab', length: 30, temperature: 1, random: new Random(seed) });
    expect(write(1)).toMatch(/^[a-e]{30}$/);
    expect(write(1)).toBe(write(1));
    expect(write(1)).not.toBe(write(2));
  });

  test('writes the likeliest character where the temperature is near 0', () => {
    const written = sample(model, vocabulary, {
      prompt: 'adbecc',
      length: 1,
      temperature: 1e-4,
      random: new Random(1),
    });
    expect(written).toBe(vocabulary.characters[scores.index(0, -1).argmax(0).item()]);
  });
});
