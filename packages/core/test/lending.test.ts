import { noGrad, parameter, Random, registerHook, type Tensor, tensor, withGradients } from '@tapegrad/core';
import { allocate } from '@tapegrad/kernels';
import { expect, test } from 'vitest';

const length = 5000;
const start = (): Tensor<[number]> => parameter(new Random(1).normal([length]));
const lossOf = (w: Tensor): Tensor => w.mul(w).tanh().sum();

test('gives what the function returns, of the gradients of backward', () => {
  const w = start();
  const expected = lossOf(w).backward().of(w).toArray();
  expect(withGradients(lossOf(w), (gradients) => gradients.of(w).toArray())).toEqual(expected);
});

test('the memory of the gradients is given out again, that of backward is not', () => {
  const w = start();
  const givenOut = () => Array.from({ length: 50 }, () => allocate('float32', length).buffer);
  const lent = withGradients(lossOf(w), (gradients) => gradients.of(w).data.buffer);
  expect(givenOut()).toContain(lent);
  const kept = lossOf(w).backward().of(w).data.buffer;
  expect(givenOut()).not.toContain(kept);
});

test('what is computed from gradients is not touched', () => {
  const w = start();
  const kept = withGradients(lossOf(w), (gradients) => gradients.of(w).mul(2));
  const expected = [...kept.data];
  for (let i = 0; i < 5; i++) withGradients(lossOf(w), () => {});
  expect([...kept.data]).toEqual(expected);
});

test('a gradient that a hook was given is not touched', () => {
  const w = start();
  let seen: Tensor | undefined;
  const remove = registerHook(w, (cotangent) => {
    seen = cotangent;
    return undefined;
  });
  withGradients(lossOf(w), () => {});
  remove();
  const expected = [...seen!.data];
  for (let i = 0; i < 5; i++) withGradients(lossOf(w.mul(2)), () => {});
  expect([...seen!.data]).toEqual(expected);
});

test('one gradient that two tensors share is taken back once', () => {
  const [a, b] = [start(), start()];
  const seed = new Random(2).normal([length]);
  const y = a.add(b).tanh();
  const expected = y.backward({ seed, retainGraph: true }).of(a).toArray();
  for (let i = 0; i < 5; i++) {
    withGradients(y, (gradients) => expect(gradients.of(b).toArray()).toEqual(expected), { seed, retainGraph: true });
  }
  expect(seed.data).toEqual(new Random(2).normal([length]).data);
});

test('a seed that is itself a gradient is not touched', () => {
  const [a, b] = [start(), start()];
  const seed = new Random(2).normal([length]);
  const expected = [...seed.data];
  withGradients(a.add(b), (gradients) => expect([...gradients.of(a).data]).toEqual(expected), { seed });
  for (let i = 0; i < 5; i++) withGradients(lossOf(a), () => {});
  expect([...seed.data]).toEqual(expected);
});

test('where the function throws, so does the call, and the gradients stay', () => {
  const w = start();
  let kept: Tensor | undefined;
  const failing = () =>
    withGradients(lossOf(w), (gradients) => {
      kept = gradients.of(w);
      throw new Error('no more');
    });
  expect(failing).toThrow('no more');
  const expected = lossOf(w).backward().of(w).toArray();
  for (let i = 0; i < 5; i++) noGrad(() => lossOf(w));
  expect(kept!.toArray()).toEqual(expected);
});

test('what is no tensor, and what has no gradient, is refused', () => {
  expect(() => withGradients(3 as never, () => {})).toThrow('withGradients: expected a tensor, got number');
  expect(() => withGradients(tensor(3), () => {})).toThrow(
    'backward: the tensor was computed from nothing that requires',
  );
});
