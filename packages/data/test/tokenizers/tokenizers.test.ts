import { tensor } from '@tapegrad/core';
import { CharacterTokenizer } from '@tapegrad/data';
import { PretrainedTokenizer } from '@tapegrad/data/tokenizers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('CharacterTokenizer', () => {
  const text = 'grüße, 👋 world';
  const tokenizer = new CharacterTokenizer().fit(text);

  test('encodes and decodes code points', () => {
    const encoded = tokenizer.encode('👋 grüße');
    expect(encoded.dtype).toBe('int32');
    expect(encoded.shape).toEqual([7]);
    expect(tokenizer.decode(encoded)).toBe('👋 grüße');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.encode('').shape).toEqual([0]);
    expect(tokenizer.size).toBe(new Set(text).size);
    expect(tokenizer.characters).toEqual([...new Set(text)].sort());
  });

  test('gives back what it encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (other) => {
        const own = new CharacterTokenizer().fit(other);
        expect(own.decode(own.encode(other))).toBe(other);
        expect(own.size).toBe(new Set(other).size);
      }),
    );
  });

  test('its vocabulary goes through JSON', () => {
    const loaded = new CharacterTokenizer().load(JSON.parse(JSON.stringify(tokenizer.state())));
    expect(loaded.encode(text).toArray()).toEqual(tokenizer.encode(text).toArray());
    expect(() => loaded.fit('abc')).toThrow('it is fitted already');
  });

  test('an unknown character stands for others', () => {
    const lenient = new CharacterTokenizer({ unknown: '?' }).fit('abc');
    expect(lenient.decode(lenient.encode('abx'))).toBe('ab?');
    expect(new CharacterTokenizer({ unknown: '?' }).load(lenient.state()).decode([0])).toBe('?');
  });

  test.each([
    ['use before it is fitted', () => new CharacterTokenizer().encode('a'), 'CharacterTokenizer: it is not fitted'],
    ['no text', () => new CharacterTokenizer().fit(''), "CharacterTokenizer.fit: expected text, got ''"],
    [
      'an unknown character',
      () => tokenizer.encode('grü!'),
      'CharacterTokenizer.encode: "!" at 3 is not in the training text; give { unknown }',
    ],
    ['a number of none', () => tokenizer.decode([0, 99]), 'got 99 at 1'],
    [
      'two unknown characters',
      () => new CharacterTokenizer({ unknown: '??' }),
      "expected one character as unknown, got '??'",
    ],
    [
      'a broken vocabulary',
      () => new CharacterTokenizer().load({ characters: ['a', 'a'] }),
      'CharacterTokenizer.load: expected a state',
    ],
    [
      'a vocabulary without it',
      () => new CharacterTokenizer({ unknown: '?' }).load({ characters: ['a'] }),
      'the unknown character "?"',
    ],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('PretrainedTokenizer', () => {
  // A small byte-pair tokenizer with the same parts as GPT-2's.
  const vocab = Object.fromEntries(
    ['l', 'o', 'w', 'e', 'r', 'Ġ', 'lo', 'low', 'er', 'Ġlow', 'Ġlower'].map((token, i) => [token, i]),
  );
  const json = {
    version: '1.0',
    added_tokens: [
      { id: 11, content: '<s>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
      { id: 12, content: '<pad>', special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [11], tokens: ['<s>'] } },
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      vocab,
      merges: ['l o', 'lo w', 'e r', 'Ġ low', 'Ġlow er'],
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
    },
  };
  const tokenizer = new PretrainedTokenizer(json, { pad_token: '<pad>' });

  test('encodes and decodes', () => {
    expect(tokenizer.encode('low lower').toArray()).toEqual([11, 7, 10]);
    expect(tokenizer.encode('low lower', { specialTokens: false }).toArray()).toEqual([7, 10]);
    expect(tokenizer.decode(tensor([11, 7, 10], { dtype: 'int32' }))).toBe('low lower');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.size).toBe(13);
    expect(tokenizer.idOf('low')).toBe(7);
    expect(tokenizer.idOf('high')).toBeUndefined();
  });

  test('makes batches of one length', () => {
    const { tokens, mask, lengths } = tokenizer.encodeBatch(['low lower', 'low']);
    expect(tokens.toArray()).toEqual([
      [11, 7, 10],
      [11, 7, 12],
    ]);
    expect([mask.dtype, mask.toArray()]).toEqual([
      'bool',
      [
        [1, 1, 1],
        [1, 1, 0],
      ],
    ]);
    expect(lengths.toArray()).toEqual([3, 2]);
    expect(tokenizer.encodeBatch(['low lower'], { length: 2 }).tokens.toArray()).toEqual([[11, 7]]);
    expect(tokenizer.encodeBatch(['low'], { length: 4, specialTokens: false }).tokens.toArray()).toEqual([
      [7, 12, 12, 12],
    ]);
    const padding = { ...json, padding: { pad_id: 12 } };
    expect(new PretrainedTokenizer(padding).encodeBatch(['low', 'lower']).tokens.toArray()[0]).toEqual([11, 7, 12]);
  });

  test.each([
    [
      'what is no tokenizer',
      () => new PretrainedTokenizer({}),
      'expected the contents of tokenizer.json, which has a model',
    ],
    [
      'a model of an unknown type',
      () => new PretrainedTokenizer({ model: { type: 'Magic' } }),
      "PretrainedTokenizer: this tokenizer can't be run",
    ],
    [
      'padding without a token',
      () => new PretrainedTokenizer(json).encodeBatch(['low', 'low low']),
      'the tokenizer has no padding token; give its config',
    ],
    ['no texts', () => tokenizer.encodeBatch([]), 'encodeBatch: expected a list of texts, got an array'],
    ['a number as text', () => tokenizer.encode(5 as never), 'encode: expected text, got 5'],
    ['a number of no token', () => tokenizer.decode([99]), 'decode: expected tokens from 0 to 12, got 99'],
    [
      'a length of 0',
      () => tokenizer.encodeBatch(['low'], { length: 0 }),
      'encodeBatch: expected a length of 1 or more, got 0',
    ],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
