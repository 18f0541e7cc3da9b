/** Interceptors: the calls they see, their order, and the results they can replace. */

import { ones, type Tensor, tensor } from '@tapegrad/core';
import { kernels } from '@tapegrad/core/extend';
import { type Interceptor, intercept } from '@tapegrad/core/tape';
import { expect, test } from 'vitest';

/** Records each primitive under a name, and lets it run. */
const listing =
  (seen: string[], name: string): Interceptor<Tensor> =>
  (call) => {
    seen.push(`${name} ${call.op}`);
    return call.run();
  };

test('sees primitives of every number of inputs, with their plain data', () => {
  const seen: unknown[] = [];
  const x = ones([2]);
  intercept<Tensor, void>(
    (call) => {
      seen.push([call.op, call.inputs.length, call.attributes]);
      return call.run();
    },
    () => {
      kernels.full({ shape: [], value: 1, dtype: 'float32' });
      x.neg();
      x.add(x);
      x.equal(x).where(x, 0);
      kernels.concat([x, x, x], 0);
    },
  );
  expect(seen).toEqual([
    ['full', 0, { shape: [], value: 1, dtype: 'float32' }],
    ['neg', 1, undefined],
    ['add', 2, undefined],
    ['equal', 2, undefined],
    ['where', 3, undefined],
    ['concat', 3, 0],
  ]);
});

test('the innermost sees a call first, and what it runs goes on to the next', () => {
  const seen: string[] = [];
  const squares: Interceptor<Tensor> = (call) => {
    seen.push(`inner ${call.op}`);
    return kernels.mul(call.run(), call.run([call.inputs[0]!.mul(2)]));
  };
  const y = intercept(listing(seen, 'outer'), () => {
    const inner = intercept(squares, () => tensor(3).neg());
    return inner.exp();
  });
  expect(seen).toEqual(['inner neg', 'outer neg', 'outer mul', 'outer neg', 'outer mul', 'outer exp']);
  expect(y.item()).toBeCloseTo(Math.exp(18), -2);
});

test('is removed again, even where the body or the interceptor throws', () => {
  const seen: string[] = [];
  const fail = () => {
    throw new Error('on purpose');
  };
  expect(() => intercept(listing(seen, 'body'), fail)).toThrow('on purpose');
  expect(() => intercept(fail, () => ones([2]).neg())).toThrow('on purpose');
  ones([2]).exp();
  expect(seen).toEqual([]);
});

test('what runs is recorded', () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = intercept(listing([], 'any'), () => x.mul(x).sum());
  expect(y.backward().of(x).toArray()).toEqual([2, 4]);
});
