/** Normalisation layers: PyTorch's values (data/make_normalization.py), and errors. */

import {
  ArgumentError,
  buffer,
  checkpoint,
  DTypeError,
  ones,
  Random,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core';
import {
  type AffineOptions,
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormOptions,
  batchNorm,
  GroupNorm,
  groupNorm,
  LayerNorm,
  layerNorm,
  type Module,
  RMSNorm,
  rmsNorm,
  Sequential,
} from '@tapegrad/nn';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { describeStored, type Subject } from '../stored.ts';

const layerOf = (layer: Module & { forward(x: Tensor): Tensor }): Subject => ({ layer, run: (x) => layer.forward(x!) });

describeStored(
  'normalization.json',
  {
    BatchNorm1d: ([channels]: [number], options: BatchNormOptions) => layerOf(new BatchNorm1d(channels, options)),
    BatchNorm2d: ([channels]: [number], options: BatchNormOptions) => layerOf(new BatchNorm2d(channels, options)),
    LayerNorm: ([features]: [number], options: AffineOptions) => layerOf(new LayerNorm(features, options)),
    RMSNorm: ([features]: [number], options: AffineOptions) => layerOf(new RMSNorm(features, options)),
    GroupNorm: ([groups, channels]: [number, number], options: AffineOptions) =>
      layerOf(new GroupNorm(groups, channels, options)),
  },
  1e-4,
);

describe('static shapes', () => {
  test('stay', () => {
    const n: number = 5;
    const model = new Sequential(new BatchNorm1d(4), new LayerNorm(4), new RMSNorm(4), new GroupNorm(2, 4));
    expectTypeOf(model.forward(zeros([3, 4]))).toEqualTypeOf<Tensor<readonly [3, 4]>>();
    expectTypeOf(model.forward(zeros([n, 4]))).toEqualTypeOf<Tensor<readonly [number, 4]>>();
    expectTypeOf(new BatchNorm2d(3).forward(zeros([2, 3, 4, 5]))).toEqualTypeOf<Tensor<readonly [2, 3, 4, 5]>>();
    expectTypeOf(new LayerNorm([3, 4]).forward(zeros([2, 3, 4]))).toEqualTypeOf<Tensor<readonly [2, 3, 4]>>();
    expectTypeOf(new LayerNorm([3, 4]).weight!.shape).toEqualTypeOf<readonly [3, 4]>();
    expectTypeOf(layerNorm(zeros([2, 3]))).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    expect(model.forward(zeros([3, 4])).shape).toEqual([3, 4]);
  });

  test('print', () => {
    const layers = [new BatchNorm1d(4), new LayerNorm([3, 4]), new RMSNorm(4), new GroupNorm(2, 4)];
    expect(layers.map(String)).toEqual(['BatchNorm1d(4)', 'LayerNorm(3, 4)', 'RMSNorm(4)', 'GroupNorm(2, 4)']);
  });
});

describe('running statistics', () => {
  const x = new Random(1).normal([8, 3]);

  test('change while training, and not in evaluation or by the function', () => {
    const layer = new BatchNorm1d(3);
    layer.eval().forward(x);
    batchNorm(x, layer.weight, layer.bias);
    expect(layer.runningMean!.toArray()).toEqual([0, 0, 0]);
    layer.train().forward(x);
    expect(layer.batchCount!.item()).toBe(1);
    expect(layer.runningMean!.toArray()).not.toEqual([0, 0, 0]);
  });

  test('go with the state', () => {
    const [layer, copy] = [new BatchNorm1d(3), new BatchNorm1d(3)];
    layer.forward(x);
    copy.load(structuredClone(layer.state()));
    expect(copy.eval().forward(x).toArray()).toEqual(layer.eval().forward(x).toArray());
    expect(Object.keys(layer.state())).toEqual(['weight', 'bias', 'runningMean', 'runningVariance', 'batchCount']);
  });

  test('that change between a forward pass in evaluation and its sweep are not needed for it', () => {
    const layer = new BatchNorm1d(3);
    const forward = () => layer.eval().forward(x.mul(layer.weight!)).sum();
    const expected = forward().backward().of(layer.weight!).toArray();
    const loss = forward();
    layer.train().forward(x);
    expect(loss.backward().of(layer.weight!).toArray()).toEqual(expected);
  });

  test('are updated once where a checkpoint runs a forward pass again', () => {
    const [layer, again] = [new BatchNorm1d(3), new BatchNorm1d(3)];
    layer.forward(x).sum().backward();
    checkpoint((z: Tensor) => again.forward(z))(x)
      .sum()
      .backward();
    expect(again.runningMean!.toArray()).toEqual(layer.runningMean!.toArray());
    expect(again.batchCount!.item()).toBe(1);
  });

  test('leave a sweep over a training pass alone', () => {
    const layer = new BatchNorm1d(3);
    const losses = [1, 2].map((factor) => layer.forward(x.mul(factor)).pow(2).sum());
    expect(losses.map((loss) => loss.backward().has(layer.weight!))).toEqual([true, true]);
  });

  test('are given to the function', () => {
    const options = { mean: tensor([1, 2]), variance: tensor([4, 9]), eps: 0 };
    expect(batchNorm(tensor([[3, 5]]), undefined, undefined, options).toArray()).toEqual([[1, 1]]);
    const weight = tensor([2, 1]);
    expect(batchNorm(tensor([[3, 5]]), weight, tensor([0, -1]), options).toArray()).toEqual([[2, 0]]);
  });
});

describe('refused', () => {
  const x: Tensor = zeros([4, 3]);
  test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
    [
      'one element a channel',
      () => new BatchNorm1d(3).forward(ones([1, 3])),
      ArgumentError,
      'more than one element per channel',
    ],
    ['one, by the function', () => batchNorm(ones([1, 3])), ArgumentError, 'batchNorm: expected more than one element'],
    ['images as features', () => new BatchNorm1d(3).forward(zeros([1, 3, 2, 2])), ShapeError, 'input of 2 or 3 axes'],
    [
      'features as images',
      () => new BatchNorm2d(3).forward(zeros([1, 3])),
      ShapeError,
      'BatchNorm2d: expected an input',
    ],
    ['no batch', () => batchNorm(zeros([3])), ShapeError, 'batchNorm: expected an input of shape [batch, channels'],
    [
      'other channels',
      () => new BatchNorm1d(5).forward(x),
      ShapeError,
      'BatchNorm1d: expects 5 channels but receives 3',
    ],
    ['a weight too long', () => batchNorm(x, ones([4])), ShapeError, 'expected a weight of shape [3], got [4]'],
    ['a mean alone', () => batchNorm(x, undefined, undefined, { mean: zeros([3]) }), ArgumentError, 'or neither'],
    [
      'a mean too short',
      () => batchNorm(x, undefined, undefined, { mean: zeros([2]), variance: ones([3]) }),
      ShapeError,
      'batchNorm: expected a mean of shape [3], got [2]',
    ],
    ['a momentum', () => new BatchNorm1d(3, { momentum: 2 }), ArgumentError, 'BatchNorm1d: momentum is 2'],
    ['no channels', () => new BatchNorm2d(0), ArgumentError, 'BatchNorm2d: the number of channels is 0'],
    ['integers', () => batchNorm(x.cast('int32')), DTypeError, 'batchNorm: expected float32 or float64, got int32'],
    ['eps', () => batchNorm(x, undefined, undefined, { eps: -1 }), ArgumentError, 'batchNorm: eps is -1'],
    ['other features', () => new LayerNorm(5).forward(x), ShapeError, 'layerNorm: expects 5 features but receives 3'],
    ['a scalar', () => layerNorm(zeros([])), ShapeError, 'layerNorm: expects last axes [] but receives [], in an'],
    ['other axes', () => new LayerNorm([2, 3]).forward(x), ShapeError, 'expects last axes [2, 3] but receives [4, 3]'],
    [
      'a bias',
      () => layerNorm(x, ones([3]), ones([2])),
      ShapeError,
      'layerNorm: expected a bias of shape [3], got [2]',
    ],
    ['no axes', () => new LayerNorm([]), ShapeError, 'LayerNorm: expected at least one axis'],
    ['a length', () => new RMSNorm(0), ArgumentError, 'RMSNorm: a normalised length is 0'],
    ['integers', () => layerNorm(x.cast('int32')), DTypeError, 'layerNorm: expected float32'],
    ['another width', () => rmsNorm(x, ones([4])), ShapeError, 'rmsNorm: expects 4 features but receives 3'],
    ['groups', () => new GroupNorm(4, 6), ArgumentError, "GroupNorm: 6 channels can't be divided into 4 groups"],
    ['no groups', () => groupNorm(x, undefined, undefined, { groups: 0 }), ArgumentError, 'the number of groups is 0'],
    [
      'other channels',
      () => new GroupNorm(2, 6).forward(x),
      ShapeError,
      'GroupNorm: expects 6 channels but receives 3',
    ],
    ['a vector', () => new GroupNorm(2, 6).forward(zeros([6])), ShapeError, 'groupNorm: expected an input of shape'],
    ['two dtypes', () => layerNorm(x, buffer(ones([3], { dtype: 'float64' }))), DTypeError, 'float64'],
  ])('%s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});

test('empty batches stay empty', () => {
  expect(new LayerNorm(3).forward(zeros([0, 3])).shape).toEqual([0, 3]);
  expect(new BatchNorm1d(3).eval().forward(zeros([0, 3])).shape).toEqual([0, 3]);
});
