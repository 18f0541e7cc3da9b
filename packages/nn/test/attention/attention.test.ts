/** Attention and transformer layers: PyTorch's values (data/make_attention.py), masks, caches, links, and errors. */

import {
  ArgumentError,
  DTypeError,
  noGrad,
  ones,
  Random,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core';
import {
  type AttendWithWeightsOptions,
  type AttentionOptions,
  attentionWeights,
  KeyValueCache,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  rotary,
  Sequential,
  scaledDotProductAttention,
  Tanh,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerOptions,
} from '@tapegrad/nn';
import { centralDifferences, gradcheck, links } from '@tapegrad/verify';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { describeStored } from '../stored.ts';

type Heads = MultiHeadAttentionOptions & AttendWithWeightsOptions;
const causal = true;

/** Multi-head attention whose inputs are options. */
const headsWith =
  (optionsOf: (...inputs: readonly Tensor[]) => AttendWithWeightsOptions) =>
  ([dim, heads]: [number, number], options: Heads) => {
    const layer = new MultiHeadAttention(dim, heads, options);
    const run = (x: Tensor, ...others: readonly Tensor[]) => layer.forward(x, optionsOf(...others));
    return { layer, run: run as (...inputs: readonly Tensor[]) => Tensor };
  };

const dtype = 'float64';
const random = new Random(9);
const largest = (x: Tensor) => x.abs().max().item();
const numbers = (...shape: readonly number[]): Tensor => random.normal(shape, { dtype });

describeStored(
  'attention.json',
  {
    attention: (_: [], { dtype: _dtype, ...options }: AttentionOptions & { dtype: string }) => ({
      layer: new Tanh(),
      run: (q, k, v, mask) =>
        scaledDotProductAttention(q!, k!, v!, mask === undefined ? options : { ...options, mask }),
    }),
    self: headsWith(() => ({})),
    causal: headsWith(() => ({ causal })),
    cross: headsWith((key, value) => (value === undefined ? { key: key! } : { key: key!, value })),
    padded: headsWith((key, keyPaddingMask) => ({ key: key!, keyPaddingMask: keyPaddingMask! })),
    masked: headsWith((key, mask) => ({ key: key!, mask: mask! })),
    both: headsWith((key, keyPaddingMask, mask) => ({ key: key!, keyPaddingMask: keyPaddingMask!, mask: mask! })),
    weights: ([dim, heads]: [number, number], { averageWeights = true, ...options }: Heads) => {
      const layer = new MultiHeadAttention(dim, heads, options);
      return {
        layer,
        run: (x, key, keyPaddingMask) => {
          const found = layer.forwardWithWeights(x!, { key: key!, keyPaddingMask: keyPaddingMask!, averageWeights });
          return [found.output, found.weights];
        },
      };
    },
    encoderLayer: ([dim, heads]: [number, number], options: TransformerOptions) => {
      const layer = new TransformerEncoderLayer(dim, heads, options);
      return { layer, run: (x) => layer.forward(x!) };
    },
    encoderLayerMasked: ([dim, heads]: [number, number], options: TransformerOptions) => {
      const layer = new TransformerEncoderLayer(dim, heads, options);
      return { layer, run: (x, keyPaddingMask) => layer.forward(x!, { causal, keyPaddingMask: keyPaddingMask! }) };
    },
    decoderLayer: ([dim, heads]: [number, number], options: TransformerOptions) => {
      const layer = new TransformerDecoderLayer(dim, heads, options);
      return { layer, run: (x, memory) => layer.forward(x!, memory!) };
    },
    decoderLayerMasked: ([dim, heads]: [number, number], options: TransformerOptions) => {
      const layer = new TransformerDecoderLayer(dim, heads, options);
      return {
        layer,
        run: (x, memory, mask) => layer.forward(x!, memory!, { causal, memoryKeyPaddingMask: mask! }),
      };
    },
    encoder: ([count, dim, heads]: [number, number, number], options: TransformerOptions) => {
      const layer = new TransformerEncoder(count, dim, heads, options);
      return { layer, run: (x) => layer.forward(x!, { causal }) };
    },
    decoder: ([count, dim, heads]: [number, number, number], options: TransformerOptions) => {
      const layer = new TransformerDecoder(count, dim, heads, options);
      return { layer, run: (x, memory) => layer.forward(x!, memory!, { causal }) };
    },
  },
  2e-5,
);

describe('a query that sees no key', () => {
  const [query, key, value] = [numbers(2, 3), numbers(4, 3), numbers(4, 5)];
  const sees = tensor([[false], [true]]).broadcastTo([2, 4]);
  const added = sees.where(zeros([], { dtype }), Number.NEGATIVE_INFINITY);

  test.each([
    ['bool', sees],
    ['float', added],
  ])('gives 0, has weights 0 and gradients 0, with a mask of %s', (_, mask) => {
    expect(largest(scaledDotProductAttention(query, key, value, { mask }).index(0))).toBe(0);
    expect(attentionWeights(query, key, { mask }).index(0).toArray()).toEqual([0, 0, 0, 0]);
    const q = tensor(query.data, { shape: [2, 3], requiresGrad: true });
    const gradient = scaledDotProductAttention(q, key, value, { mask }).sum().backward().of(q);
    expect(gradient.index(0).toArray()).toEqual([0, 0, 0]);
    expect(gradient.data.every(Number.isFinite)).toBe(true);
    const check = gradcheck((...x) => scaledDotProductAttention(x[0]!, x[1]!, x[2]!, { mask }), [query, key, value]);
    expect(check.passed).toBe(true);
  });

  test('is one of padding alone, or before all keys', () => {
    const layer = new MultiHeadAttention(4, 2, { random, dtype });
    const keyPaddingMask = tensor([[true, true, true]]);
    const y = layer.forward(numbers(1, 3, 4), { keyPaddingMask });
    expect(y.toArray()).toEqual([Array(3).fill(layer.output.bias!.toArray())]);
    const early = attentionWeights(numbers(3, 2), numbers(2, 2), { causal });
    expect(early.index(0).toArray()).toEqual([0, 0]);
    expect(early.index(1).toArray()).toEqual([1, 0]);
    expect(scaledDotProductAttention(query, zeros([0, 3], { dtype }), zeros([0, 5], { dtype })).toArray()).toEqual([
      [0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
  });
});

test('a sequence without a batch is a batch of one', () => {
  const attention = new MultiHeadAttention(4, 2, { random, dtype });
  const x = numbers(1, 3, 4);
  const padding = tensor([[false, true, false]]);
  const batched = attention.forwardWithWeights(x, { keyPaddingMask: padding });
  const single = attention.forwardWithWeights(x.index(0), { keyPaddingMask: padding.index(0) });
  expect(single.output.toArray()).toEqual(batched.output.index(0).toArray());
  expect(single.weights.toArray()).toEqual(batched.weights.index(0).toArray());
  expect(largest(single.weights.slice(1, 1, 2))).toBe(0);
});

test('the gradients of attention are those of central differences, to second order', () => {
  const inputs = [numbers(2, 3, 2), numbers(2, 3, 2), numbers(2, 3, 2)];
  const options = { causal, mask: numbers(3, 3) };
  const f = (...x: Tensor[]) => scaledDotProductAttention(x[0]!, x[1]!, x[2]!, options);
  expect(gradcheck(f, inputs, { order: 2 }).passed).toBe(true);
});

describe('dropout', () => {
  const [query, key] = [numbers(40, 3), numbers(50, 3)];

  test('drops weights, and keeps their expectation', () => {
    const kept = attentionWeights(query, key);
    const some = attentionWeights(query, key, { dropout: 0.5, random });
    const factors = [...some.div(kept).data].map((factor) => Math.round(1e6 * factor) / 1e6);
    expect([...new Set(factors)].toSorted()).toEqual([0, 2]);
    expect(Math.abs(some.sum().item() / 40 - 1)).toBeLessThan(0.2);
  });

  test('is off in evaluation', () => {
    const layer = new MultiHeadAttention(4, 2, { dropout: 0.5, random, dtype });
    const x = numbers(2, 3, 4);
    expect(layer.forward(x).toArray()).not.toEqual(layer.forward(x).toArray());
    layer.eval();
    expect(layer.forward(x).toArray()).toEqual(layer.forward(x).toArray());
    const encoder = new TransformerEncoderLayer(4, 2, { dropout: 0.5, random, dtype });
    expect(encoder.forward(x).toArray()).not.toEqual(encoder.forward(x).toArray());
    encoder.eval();
    expect(encoder.forward(x).toArray()).toEqual(encoder.forward(x).toArray());
  });
});

describe('a cache', () => {
  test.each([
    ['without positions', false],
    ['with rotary positions', true],
    ['with rotary positions of halves', { pairs: 'halves', base: 100 }],
  ] as const)('gives what the whole sequence gives, %s', (_, turn) => {
    const model = new TransformerEncoder(2, 4, 2, { normFirst: true, rotary: turn, random, dtype });
    const x = numbers(2, 5, 4);
    const whole = model.forward(x, { causal });
    const caches = model.caches();
    // One entry, then three at once, then one more.
    for (const [start, stop] of [
      [0, 1],
      [1, 4],
      [4, 5],
    ] as const) {
      const part = noGrad(() => model.forward(x.slice(1, start, stop), { causal, caches }));
      expect(largest(part.sub(whole.slice(1, start, stop)))).toBeLessThan(1e-14);
      expect(caches.map(({ length }) => length)).toEqual([stop, stop]);
    }
  });

  test('serves a decoder', () => {
    const model = new TransformerDecoder(2, 4, 2, { random, dtype });
    const [x, memory] = [numbers(1, 3, 4), numbers(1, 6, 4)];
    const caches = model.caches();
    const parts = [0, 1, 2].map((i) => model.forward(x.slice(1, i, i + 1), memory, { causal, caches }));
    const whole = model.forward(x, memory, { causal });
    for (const [i, part] of parts.entries()) expect(largest(part.sub(whole.slice(1, i, i + 1)))).toBeLessThan(1e-14);
  });

  test('is of self-attention, one for each layer', () => {
    const layer = new MultiHeadAttention(4, 2, { random, dtype });
    const x = numbers(1, 3, 4);
    expect(() => layer.forward(x, { key: numbers(1, 2, 4), cache: new KeyValueCache() })).toThrow(
      'MultiHeadAttention: a cache is only for self-attention, but a key was given',
    );
    const model = new TransformerEncoder(2, 4, 2, { random, dtype });
    expect(() => model.forward(x, { caches: [] })).toThrow(
      'TransformerEncoder: expected a cache for each of 2 layers, got 0',
    );
  });
});

test('rotary attention knows of positions how far apart they are alone', () => {
  const layer = new MultiHeadAttention(8, 2, { rotary: true, random, dtype });
  const x = numbers(1, 4, 8);
  const { weights } = layer.forwardWithWeights(x, { averageWeights: false });
  const heads = (y: Tensor) => (y.reshape([1, 4, 2, 4]) as Tensor).permute([0, 2, 1, 3]) as Tensor;
  const [q, k] = [layer.query, layer.key].map((dense): Tensor => heads(dense.forward(x)));
  for (const offset of [0, 100]) {
    const expected = attentionWeights(rotary(q!, { offset }), rotary(k!, { offset }));
    expect(weights.sub(expected).abs().max().item()).toBeLessThan(1e-13);
  }
});

describe('options of transformers', () => {
  const own = { random, dtype } as const;
  const x = numbers(2, 3, 4);

  test('a mask of the memory hides what padding of the memory hides', () => {
    const layer = new TransformerDecoderLayer(4, 2, own);
    const memory = numbers(2, 3, 4);
    const memoryMask = tensor([[true, false, true]]).broadcastTo([3, 3]);
    const memoryKeyPaddingMask = tensor([[false, true, false]]).broadcastTo([2, 3]);
    const masked = layer.forward(x, memory, { memoryMask });
    expect(masked.toArray()).toEqual(layer.forward(x, memory, { memoryKeyPaddingMask }).toArray());
    expect(masked.toArray()).not.toEqual(layer.forward(x, memory).toArray());
  });

  test('the last layer is followed by a normalisation where asked, or where each begins with one', () => {
    const normOf = (options: object) => new TransformerEncoder(1, 4, 1, { ...own, ...options }).norm;
    expect(normOf({})).toBeUndefined();
    expect(normOf({ finalNorm: true })).toBeDefined();
    expect(normOf({ normFirst: true })).toBeDefined();
    expect(normOf({ normFirst: true, finalNorm: false })).toBeUndefined();
  });

  test('any function may stand between the dense layers', () => {
    const [named, given] = (['relu', (y: Tensor) => y.relu()] as const).map(
      (activation) => new TransformerEncoderLayer(4, 2, { ...own, activation }),
    );
    given!.load(named!.state());
    expect(given!.forward(x).toArray()).toEqual(named!.forward(x).toArray());
    expect(named!.linear1.weight.shape).toEqual([4, 16]);
  });
});

test('links are read off the projections', () => {
  const model = new TransformerEncoderLayer(4, 2, { random, dtype });
  model.parameters();
  const loss = model
    .forward(numbers(2, 3, 4), { causal })
    .pow(3)
    .sum();
  const found = links(loss);
  expect(found.map(({ name, transition }) => `${name}: ${transition}`).toSorted()).toEqual([
    'linear1: relu',
    'linear2: add → normalize',
    'selfAttention.key: unknown',
    'selfAttention.output: add → normalize',
    'selfAttention.query: unknown',
    'selfAttention.value: unknown',
  ]);
  const gradients = loss.backward({ retainGraph: true });
  for (const { name, input, weight, preActivation, delta, weightGradient } of found) {
    const numeric = centralDifferences(loss, preActivation);
    const error = delta.sub(numeric).abs().max().item();
    expect(error, name).toBeLessThan(1e-7 * numeric.abs().max().item());
    expect(gradients.of(weight).sub(weightGradient).abs().max().item(), name).toBeLessThan(1e-12);
    const product = input
      .detach()
      .reshape([6, -1])
      .transpose()
      .matmul(delta.reshape([6, -1]) as never) as Tensor;
    expect(product.sub(weightGradient).abs().max().item(), name).toBeLessThan(1e-12);
  }
});

test('shapes are known', () => {
  const model = new Sequential(new TransformerEncoderLayer(8, 2, { random }), new MultiHeadAttention(8, 4, { random }));
  const n: number = 3;
  expectTypeOf(model.forward(zeros([2, n, 8]))).toEqualTypeOf<Tensor<readonly [2, number, 8]>>();
  expectTypeOf(scaledDotProductAttention(zeros([2, 3, 4]), zeros([2, 5, 4]), zeros([2, 5, 6]))).toEqualTypeOf<
    Tensor<readonly [2, 3, 6]>
  >();
  expect(model.forward(zeros([2, n, 8])).shape).toEqual([2, 3, 8]);
  expect(model.layers.map(String)).toEqual(['TransformerEncoderLayer(8, 2 heads)', 'MultiHeadAttention(8, 4 heads)']);
  expect(String(new TransformerDecoder(1, 4, 1, { random }))).toBe('TransformerDecoder(1 layer)');
});

test('weights start as PyTorch’s', () => {
  const { query, output } = new MultiHeadAttention(64, 4, { random });
  expect(largest(query.weight)).toBeLessThanOrEqual(Math.sqrt(6 / (4 * 64)));
  expect(largest(query.weight)).toBeGreaterThan(0.99 * Math.sqrt(6 / (4 * 64)));
  expect(largest(output.weight)).toBeLessThanOrEqual(1 / 8);
  expect([largest(query.bias!), largest(output.bias!)]).toEqual([0, 0]);
  const apart = new MultiHeadAttention(64, 4, { keyDim: 32, random });
  expect(largest(apart.key.weight)).toBeGreaterThan(0.95 * Math.sqrt(6 / 96));
});

const [x, layer] = [ones([2, 3, 4]), new MultiHeadAttention(4, 2, { random })];
test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
  [
    'a vector',
    () => attentionWeights(ones([3]), ones([3])),
    ShapeError,
    'expected [..., length, features], got shape [3]',
  ],
  [
    'integers',
    () => attentionWeights(ones([3, 2], { dtype: 'int32' }), x),
    DTypeError,
    'attentionWeights: expected float32',
  ],
  [
    'other features',
    () => attentionWeights(ones([3, 2]), ones([3, 4])),
    ShapeError,
    'queries have 2 features and keys 4',
  ],
  [
    'too few values',
    () => scaledDotProductAttention(x, x, ones([2, 2, 4])),
    ShapeError,
    'scaledDotProductAttention: expected a value for each of 3 keys, got 2',
  ],
  ['a scale', () => attentionWeights(x, x, { scale: Number.NaN }), ArgumentError, 'attentionWeights: the scale is NaN'],
  [
    'a mask that does not fit',
    () => attentionWeights(x, x, { mask: ones([3, 2]) }),
    ShapeError,
    "expected a mask that broadcasts to the scores' shape [2, 3, 3], got [3, 2]",
  ],
  ['a mask of more axes', () => attentionWeights(x, x, { mask: ones([2, 2, 3, 3]) }), ShapeError, 'got [2, 2, 3, 3]'],
  ['an int32 mask', () => attentionWeights(x, x, { mask: ones([3, 3], { dtype: 'int32' }) }), DTypeError, 'got int32'],
  ['dropout without a generator', () => attentionWeights(x, x, { dropout: 0.1 }), ArgumentError, 'expected { random }'],
  [
    'heads that do not divide',
    () => new MultiHeadAttention(6, 4),
    ArgumentError,
    "6 features can't be divided among 4",
  ],
  ['no heads', () => new MultiHeadAttention(6, 0), ArgumentError, 'the number of heads is 0'],
  [
    'a layer without',
    () => new MultiHeadAttention(4, 2, { dropout: 0.1 }),
    ArgumentError,
    'MultiHeadAttention: expected',
  ],
  [
    'one entry',
    () => layer.forward(ones([4])),
    ShapeError,
    'MultiHeadAttention: expected inputs [..., length, features]',
  ],
  [
    'a mask of three axes',
    () => layer.forward(x, { mask: ones([2, 3, 3]) }),
    ShapeError,
    'or one with 4 axes, got shape',
  ],
  ['padding of floats', () => layer.forward(x, { keyPaddingMask: ones([2, 3]) }), DTypeError, 'keyPaddingMask of bool'],
  [
    'padding of another shape',
    () => layer.forward(x, { keyPaddingMask: tensor([true, false, true]) }),
    ShapeError,
    'MultiHeadAttention: expected a keyPaddingMask of shape [2, 3], got [3]',
  ],
  [
    'an activation',
    () => new TransformerEncoderLayer(4, 2, { activation: 'tanh' as never }),
    ArgumentError,
    "TransformerEncoderLayer: unknown activation 'tanh'",
  ],
  ['no layers', () => new TransformerEncoder(0, 4, 2), ArgumentError, 'TransformerEncoder: the number of layers is 0'],
])('refuses %s', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
