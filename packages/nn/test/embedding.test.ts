import { ArgumentError, DTypeError, Random, type Shape, ShapeError, type Tensor, tensor, zeros } from '@tapegrad/core';
import { crossEntropy, Dense, dense, Embedding, embedding, Module, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, expectTypeOf, test } from 'vitest';

const random = new Random(4);
const words = tensor(
  [
    [1, 2, 2],
    [0, 2, 4],
  ],
  { dtype: 'int32' },
);

test('the shape of the indices, with the dimension after it', () => {
  const layer = new Embedding(5, 3, { random });
  const n: number = 2;
  expectTypeOf(layer.forward(words)).toEqualTypeOf<Tensor<readonly [2, 3, 3]>>();
  expectTypeOf(layer.forward(zeros([n, 7], { dtype: 'int32' }))).toEqualTypeOf<Tensor<readonly [number, 7, 3]>>();
  expectTypeOf(layer.forward(words as Tensor)).toEqualTypeOf<Tensor<readonly [...number[], 3]>>();
  expectTypeOf(embedding(words, zeros([5, 3]))).toEqualTypeOf<Tensor<readonly [2, 3, 3]>>();
  expectTypeOf(embedding(words, zeros([5, 3]) as Tensor).shape).toEqualTypeOf<Shape>();
  const model = new Sequential(layer, new Dense(3, 8, { random }));
  expectTypeOf(model.forward(words)).toEqualTypeOf<Tensor<readonly [2, 3, 8]>>();
  expect(model.forward(words).shape).toEqual([2, 3, 8]);
  expect(String(layer)).toBe('Embedding(5, 3)');
});

test('rows of normal numbers, from the generator that is handed over; that of padding is 0', () => {
  const make = () => new Embedding(400, 10, { paddingIndex: 7, random: new Random(1) }).weight;
  expect(make().toArray()).toEqual(make().toArray());
  expect(make().index(7).toArray()).toEqual(Array(10).fill(0));
  expect(make().variance().item()).toBeCloseTo(1, 1);
});

test('the gradient is that of central differences, to second order, but for the row of padding', () => {
  const weight = random.normal([5, 3], { dtype: 'float64' });
  expect(gradcheck((w) => embedding(words, w).tanh(), [weight], { order: 2 }).passed).toBe(true);
  const layer = new Embedding(5, 3, { paddingIndex: 2, random });
  const rows = layer.forward(words).pow(2).sum().backward().of(layer.weight).toArray() as number[][];
  expect(rows.map((row) => row.every((element) => element === 0))).toEqual([false, false, true, true, false]);
});

test('only rows that are looked up are shortened, and what was computed from them before can not be swept', () => {
  const layer = new Embedding(3, 2, { maxNorm: 1, random });
  layer.weight.assign(
    tensor([
      [3, 4],
      [6, 8],
      [0.6, 0],
    ]),
  );
  const before = layer.weight.mul(layer.weight).sum();
  layer.forward(tensor([2, 0], { dtype: 'int32' }));
  const expected = tensor([0.6, 0.8, 6, 8, 0.6, 0], { shape: [3, 2] });
  expect(layer.weight.sub(expected).abs().max().item()).toBeLessThan(1e-6);
  expect(() => before.backward()).toThrow('changed after the forward pass');
  const after = layer.forward(tensor([2], { dtype: 'int32' })).sum();
  layer.forward(tensor([2], { dtype: 'int32' }));
  expect(after.backward().has(layer.weight)).toBe(true);
});

describe('a weight that the embedding shares with the layer before the loss', () => {
  class Scores extends Module {
    readonly weight: Tensor;

    constructor(weight: Tensor) {
      super();
      this.weight = weight;
    }

    forward(x: Tensor): Tensor {
      return dense(x, this.weight.transpose());
    }
  }

  class Tied extends Module {
    readonly embedding = new Embedding(5, 3, { random, dtype: 'float64' });
    readonly scores = new Scores(this.embedding.weight);

    forward(indices: Tensor): Tensor {
      return this.scores.forward(this.embedding.forward(indices).tanh());
    }
  }
  const labels = tensor([2, 2, 4, 0, 1, 1], { dtype: 'int32' });
  const largest = (x: Tensor) => x.abs().max().item();
  const lossOf = (model: Tied) => crossEntropy(model.forward(words.reshape([6])), labels);

  test('is one parameter, counted and saved once', () => {
    const model = new Tied();
    expect([...model.namedParameters().keys()]).toEqual(['embedding.weight']);
    expect(model.parameterCount).toBe(15);
    const copy = new Tied();
    copy.load(model.state());
    expect(lossOf(copy).item()).toBe(lossOf(model).item());
  });

  test('has the sum of the gradients, and is updated once', () => {
    const model = new Tied();
    const { weight } = model.embedding;
    const gradient = lossOf(model).backward().of(weight);
    const read = embedding(words.reshape([6]), weight).tanh();
    const first = crossEntropy(dense(read, weight.detach().transpose()), labels).backward().of(weight);
    const second = crossEntropy(dense(read.detach(), weight.transpose()), labels).backward().of(weight);
    expect(largest(first.add(second).sub(gradient))).toBeLessThan(1e-15);
    const before = weight.detach();
    new SGD(model.parameters(), { learningRate: 1 }).step(lossOf(model).backward());
    expect(largest(weight.add(gradient).sub(before))).toBeLessThan(1e-15);
  });
});

test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
  [
    'an index that has no row',
    () => embedding(tensor([0, 5, 7], { dtype: 'int32' }), zeros([5, 3])),
    ArgumentError,
    'embedding: the index at position 1 is 5, expected one from 0 to 4: the weight has 5 rows',
  ],
  [
    'a negative index',
    () => embedding(tensor([-1], { dtype: 'int32' }), zeros([5, 3])),
    ArgumentError,
    'is -1, expected',
  ],
  [
    'an index without a row, before anything is shortened',
    () => new Embedding(2, 2, { maxNorm: 1 }).forward(tensor([2], { dtype: 'int32' })),
    ArgumentError,
    'embedding: the index at position 0 is 2',
  ],
  ['floats', () => embedding(zeros([2]), zeros([5, 3])), DTypeError, 'embedding: expected int32 indices, got float32'],
  [
    'a vector as weight',
    () => embedding(words, zeros([5])),
    ShapeError,
    'expected a weight of shape [count, dim], got [5]',
  ],
  ['no rows', () => new Embedding(0, 3), ArgumentError, 'Embedding: the number of rows is 0'],
  ['half a dimension', () => new Embedding(3, 0.5), ArgumentError, 'Embedding: the dimension is 0.5'],
  [
    'padding beyond',
    () => new Embedding(3, 1, { paddingIndex: 3 }),
    ArgumentError,
    'paddingIndex is 3, expected an index',
  ],
  ['no norm', () => new Embedding(3, 1, { maxNorm: 0 }), ArgumentError, 'Embedding: maxNorm is 0'],
])('refuses %s', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
