import { parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { interpreter, setInterpreter } from '@tapegrad/core/extend';
import { plain } from '@tapegrad/kernels';
import { Dense, mse, Sequential, Tanh } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { expect, test } from 'vitest';
import { compile } from '../../src/index.ts';

test('5,000 steps leave memory flat', () => {
  const random = new Random(1);
  const model = new Sequential(new Dense(2, 16, { random }), new Tanh(), new Dense(16, 1, { random }));
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
  const step = compile((x: Tensor<readonly [32, 2]>, y: Tensor<readonly [32, 1]>) =>
    optimizer.minimize(() => mse(model.forward(x), y)),
  );
  const [x, y] = [random.normal([32, 2]), random.normal([32, 1])];
  const used = (): number => {
    globalThis.gc?.();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return heapUsed + external + arrayBuffers;
  };
  for (let i = 0; i < 500; i++) step(x, y);
  const before = used();
  for (let i = 0; i < 5000; i++) step(x, y);
  expect(used() - before).toBeLessThan(500_000);
});

test('views and elements read between calls keep their elements', () => {
  const w = parameter(tensor([1, 2, 3]));
  const optimizer = new SGD([w], { learningRate: 0.5 });
  const step = compile((x: Tensor<readonly [3]>) => optimizer.minimize(() => w.mul(x).sum()));
  const other = compile((x: Tensor<readonly [3]>) => w.mul(x));
  const x = tensor([2, 2, 2]);
  step(x);
  const elements = w.data;
  const view = w.reshape([3, 1]);
  step(x);
  expect([...elements]).toEqual([0, 1, 2]);
  expect(view.toArray()).toEqual([[0], [1], [2]]);
  const later = w.reshape([3, 1]);
  // Another program takes the parameter over, and the first one takes it back.
  expect(other(x).toArray()).toEqual([-2, 0, 2]);
  step(x);
  expect(later.toArray()).toEqual([[-1], [0], [1]]);
  expect(w.toArray()).toEqual([-2, -1, 0]);
});

test('a call that throws in a kernel stores nothing', () => {
  const w = parameter(tensor([1, 2]));
  const optimizer = new SGD([w], { learningRate: 1 });
  const step = compile((labels: Tensor<readonly [2]>) => optimizer.minimize(() => w.take(labels, 0).sum()));
  step(tensor([0, 1], { dtype: 'int32' }));
  expect(() => step(tensor([0, 5], { dtype: 'int32' }))).toThrow(/index 5 .* out of range/);
  expect(w.toArray()).toEqual([0, 1]);
});

test('another interpreter gets its own program', () => {
  const exponential = compile((x: Tensor<readonly [2]>) => x.exp());
  const x = tensor([0.3, 1.7]);
  exponential(x);
  const before = interpreter();
  try {
    setInterpreter(plain);
    expect(exponential(x).toArray()).toEqual(x.exp().toArray());
  } finally {
    setInterpreter(before);
  }
  expect(exponential(x).toArray()).toEqual(x.exp().toArray());
  expect(exponential.programs).toHaveLength(2);
});
