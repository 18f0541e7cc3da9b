/** What a trace can't follow is an error that names it, and leaves everything as it was. */

import { type Gradients, nonzero, ones, parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { expect, test, vi } from 'vitest';
import { compile, TraceError } from '../src/index.ts';

const x = tensor([1, 2]);

const refused: Readonly<Record<string, (x: Tensor<readonly [2]>) => unknown>> = {
  item: (x: Tensor) => x.sum().item(),
  toArray: (x) => x.toArray(),
  'data, element by element': (x) => x.data[0],
  toString: (x: Tensor) => `${x}`,
  'a branch': (x) => (x.sum().item() > 0 ? x : x.neg()),
  'a loop over elements': (x) => [...x.data],
};

test.each(Object.entries(refused))('%s reads elements', (_, f) => {
  expect(() => compile(f)(x)).toThrow(TraceError);
  expect(() => compile(f)(x)).toThrow(
    /^compile: the function reads elements of a float32 tensor of shape .* \(.*errors\.test\.ts:\d+:\d+\)/,
  );
});

test('a shape that depends on elements', () => {
  expect(() => compile((x: Tensor) => nonzero(x))(x)).toThrow(/reads elements/);
});

test('a number drawn in JavaScript, and the state of a generator', () => {
  const random = new Random(1);
  expect(() => compile((x: Tensor) => x.mul(random.next()))(x)).toThrow(/calls next .*draw a tensor/);
  const reset = compile(() => {
    random.state = new Random(2).state;
  });
  expect(reset).toThrow(/sets the state of a generator/);
});

test('elements that are written in JavaScript', () => {
  const w = parameter(tensor([1, 2]));
  expect(() => compile(() => w.update((elements) => elements.fill(0)))()).toThrow(/reads elements/);
  expect(w.toArray()).toEqual([1, 2]);
});

test('gradients as a result', () => {
  const w = parameter(tensor([1, 2]));
  expect(() => compile((): Gradients => w.sum().backward())()).toThrow(/returns gradients; expected tensors/);
});

test('a tensor that is kept from an earlier trace', () => {
  let kept: Tensor | undefined;
  const f = compile((x: Tensor) => {
    const sum = kept === undefined ? x : x.add(kept);
    kept = x;
    return sum;
  });
  f(tensor([1, 2]));
  expect(() => f(tensor([[1, 2]]))).toThrow(/a tensor of an earlier trace/);
  expect(() => kept!.toArray()).toThrow(/reads elements/);
});

test('a backward pass from outside', () => {
  const w = parameter(tensor([1, 2]));
  const y = compile((x: Tensor<readonly [2]>) => x.mul(w).sum())(x);
  expect(y.item()).toBe(5);
  expect(y.requiresGrad).toBe(true);
  expect(() => y.backward()).toThrow(/returned by a compiled function/);
  expect(() => y.mul(2).add(w.sum()).backward()).toThrow(/returned by a compiled function/);
});

test('an asynchronous function, and arguments of compile', () => {
  expect(() => compile(async (x: Tensor) => x)(x)).toThrow(/synchronous/);
  expect(() => compile(3 as never)).toThrow(/expected a function, got 3/);
  expect(() => (compile as (...args: unknown[]) => unknown)(() => x, {})).toThrow(/expected only a function/);
});

test('errors of operations are the same, when traced and later', () => {
  const loss = (scores: Tensor<readonly [2, 3]>, labels: Tensor<readonly [2]>) => crossEntropy(scores, labels);
  const compiled = compile(loss);
  const scores = ones([2, 3]);
  const [right, wrong] = [tensor([0, 2], { dtype: 'int32' }), tensor([0, 3], { dtype: 'int32' })];
  const message = /label 3 at index 1 is out of range/;
  expect(() => compiled(scores, wrong)).toThrow(message);
  expect(compiled(scores, right).item()).toBe(loss(scores, right).item());
  for (let i = 0; i < 4; i++) expect(() => compiled(scores, wrong)).toThrow(message);
  expect(compiled(scores, right).item()).toBe(loss(scores, right).item());
  expect(() => compile((a: Tensor, b: Tensor) => a.add(b as never))(ones([2]), ones([3]))).toThrow(/add/);
});

test('a call that fails changes nothing', () => {
  const w = parameter(tensor([1, 2]));
  const random = new Random(1);
  const optimizer = new SGD([w], { learningRate: 0.1, momentum: 0.9 });
  const step = compile((labels: Tensor<readonly [1]>) => {
    const noise = random.normal([2]);
    optimizer.minimize(() => w.mul(noise).sum());
    return crossEntropy(w.reshape([1, 2]), labels);
  });
  step(tensor([1], { dtype: 'int32' }));
  const before = JSON.stringify([w, optimizer.state(), random.state]);
  for (let i = 0; i < 4; i++) {
    // The last of these calls run the function itself, so what it does before it throws happens.
    const state = optimizer.state();
    const elements = w.mul(1);
    const draws = random.state;
    expect(() => step(tensor([7], { dtype: 'int32' }))).toThrow(/label 7/);
    optimizer.load(state);
    w.assign(elements);
    random.state = draws;
  }
  expect(JSON.stringify([w, optimizer.state(), random.state])).toBe(before);
});

test('a warning says which argument keeps changing', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    const f = compile(function scaled(x: Tensor) {
      return x.mul(2);
    });
    for (let n = 1; n < 12; n++) f(ones([n]));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/'scaled' was traced 9 times.*\[7\].*\[8\].*\[9\]/);
  } finally {
    warn.mockRestore();
  }
});
