/** Calls of derive: named steps, a loss without its program, own operations, and errors. */

import { defineOp, parameter, Random, square, type Tensor } from '@tapegrad/core';
import { derive } from '@tapegrad/formulas';
import { expect, test } from 'vitest';

const dtype = 'float64';
const random = new Random(7);
const data = (...shape: number[]): Tensor => random.normal(shape, { dtype });
const learnt = (...shape: number[]) => parameter(data(...shape));

test('a step of the program can be named when it exists', () => {
  const [x, w] = [data(4, 3), learnt(3, 3)];
  let scores: Tensor | undefined;
  const program = (): Tensor => {
    scores = x.matmul(w);
    return square(scores).sum();
  };
  const derivation = derive(program, { names: () => ({ X: x, W: w, S: scores! }) });
  expect(derivation.text).toContain('S = X W\n');
  expect(derivation.of(w).text).toBe('dL/dW = X^T delta');
});

test('a loss alone is derived from its tape', () => {
  const [x, w, v] = [data(4, 3), learnt(3, 3), learnt(3, 2)];
  const loss = square(x.matmul(w).tanh().matmul(v).softmax(1)).mean();
  const derivation = derive(loss, { names: { X: x, W: w, V: v } });
  expect(derivation.of(w).text).toBe('dL/dW = X^T delta_1');
  expect(derivation.trial().holds).toBe(true);
});

test('an operation of which only its rule is known is called by its name', () => {
  const cube = defineOp<(x: Tensor) => Tensor>({
    name: 'cube',
    forward: (x) => x.mul(x).mul(x),
    vjp: (g, _y, x) => g.mul(x.mul(x)).mul(3),
  });
  const [x, w] = [data(4, 3), learnt(3, 3)];
  const derivation = derive(() => cube(x.matmul(w)).sum(), { names: { X: x, W: w } });
  expect(derivation.text).toContain('cube(A)');
  expect(derivation.text).toContain('cubeVjp(');
  expect(derivation.trial().holds).toBe(true);
});

test('a wrong call says what was wanted', () => {
  const [x, w] = [data(4, 3), learnt(3, 3)];
  expect(() => derive(() => x.matmul(w))).toThrow('derive: expected a loss, which is one number, got shape [4, 3]');
  expect(() => derive(() => x.sum())).toThrow('derive: the loss does not depend on a tensor that requires a gradient');
  const derivation = derive(() => x.matmul(w).sum(), { names: { X: x, W: w } });
  expect(() => derivation.of(x)).toThrow('the derived ones are dL/dW');
});
