/** Residual, parallel and bilinear layers, and the links found in them. */

import { ArgumentError, Random, ShapeError, type Tensor, zeros } from '@tapegrad/core';
import { Bilinear, bilinear, Dense, mse, Parallel, ReLU, Residual, Sequential, Tanh } from '@tapegrad/nn';
import { compare, links } from '@tapegrad/verify';
import { describe, expect, expectTypeOf, test } from 'vitest';

const random = new Random(6);
const options = { random, dtype: 'float64' } as const;
const x = random.normal([5, 4], { dtype: 'float64' });

describe('Residual', () => {
  const block = new Residual(new Dense(4, 8, options), new Tanh(), new Dense(8, 4, options));

  test('adds what it is given', () => {
    expectTypeOf(block.forward(zeros([2, 4], { dtype: 'float64' }))).toEqualTypeOf<Tensor<readonly [2, 4]>>();
    expect(compare('y', block.forward(x), x.add(block.body.forward(x))).passed).toBe(true);
    expect([...block.namedParameters().keys()]).toEqual([
      'body.0.weight',
      'body.0.bias',
      'body.2.weight',
      'body.2.bias',
    ]);
    expect(String(block)).toBe('Residual(3 layers)');
  });

  test('stands in a sequence', () => {
    const model = new Sequential(block, new ReLU(), new Dense(4, 3, options));
    expectTypeOf(model.forward(x)).toEqualTypeOf<Tensor<readonly [5, 3]>>();
    expect(links(model.forward(x).sum())).toHaveLength(3);
  });

  test('refuses layers that change the shape', () => {
    const wrong = new Residual(new Dense(4, 1, options));
    const run = () => wrong.forward(x as never);
    expect(run).toThrow(ShapeError);
    expect(run).toThrow('Residual: expected layers that keep the shape, but [5, 4] became [5, 1]');
  });
});

describe('Parallel', () => {
  const branches = [new Dense(4, 3, options), new Dense(4, 3, options)] as const;
  const [a, b] = branches.map((layer): Tensor => layer.forward(x));

  test('puts results one after the other, or adds them up', () => {
    expect(new Parallel(branches).forward(x).slice(1, 3).toArray()).toEqual(b!.toArray());
    expect(new Parallel(branches, { axis: 0 }).forward(x).slice(0, 0, 5).toArray()).toEqual(a!.toArray());
    expect(new Parallel(branches, { merge: 'sum' }).forward(x).toArray()).toEqual(a!.add(b!).toArray());
    expect([...new Parallel(branches).namedParameters().keys()]).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
    expect(String(new Parallel(branches))).toBe('Parallel(2 branches, concat)');
  });

  test('refuses what it can not merge', () => {
    expect(() => new Parallel([])).toThrow('Parallel: expected at least one layer, got none');
    expect(() => new Parallel(branches, { merge: 'mean' as never })).toThrow(ArgumentError);
    const unlike = new Parallel([new Dense(4, 1, options), branches[0]], { merge: 'sum' });
    expect(() => unlike.forward(x)).toThrow('Parallel: expected results of equal shapes to add, got [5, 1] and [5, 3]');
  });
});

describe('bilinear', () => {
  const layer = new Bilinear(4, 2, 3, options);
  const y = random.normal([5, 2], { dtype: 'float64' });

  test('is a product with its weight, whose link is read off it', () => {
    expectTypeOf(layer.forward(x, y)).toEqualTypeOf<Tensor<readonly [5, 3]>>();
    const loss = mse(layer.forward(x, y), zeros([5, 3], { dtype: 'float64' }));
    layer.parameters();
    const [link] = links(loss);
    expect(link!.weight).toBe(layer.weight);
    expect(link!.delta.shape).toEqual([5, 3]);
    expect(compare('dW', link!.weightGradient, loss.backward().of(layer.weight)).passed).toBe(true);
    expect(String(layer)).toBe('Bilinear(4, 2, 3)');
  });

  test.each([
    [
      'a matrix as weight',
      () => bilinear(x, y, zeros([4, 2])),
      'expected a weight of shape [out, in1, in2], got [4, 2]',
    ],
    ['another width', () => bilinear(y, y, layer.weight), 'bilinear: expected inputs [..., 4] and [..., 2]'],
    [
      'two batches',
      () => bilinear(x, y.slice(0, 1), layer.weight),
      'alike before the last axis, got [5, 4] and [4, 2]',
    ],
    ['a bias', () => bilinear(x, y, layer.weight, zeros([4])), 'bilinear: expected a bias of shape [3], got [4]'],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(message);
  });

  test('refuses to be without features', () => {
    expect(() => new Bilinear(4, 0, 3)).toThrow('Bilinear: in2Features is 0');
  });
});
