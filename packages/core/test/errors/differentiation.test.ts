/** Invalid calls of functions that differentiate, and the state that an invalid call must not change. */

import {
  ArgumentError,
  DTypeError,
  noGrad,
  ones,
  parameter,
  Random,
  ShapeError,
  TapeError,
  zeros,
} from '@tapegrad/core';
import { setInterpreter } from '@tapegrad/core/extend';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { float, int, testBadCalls, untyped, weight } from './bad-calls.ts';

describe('differentiation', () =>
  testBadCalls([
    ['item: expected a tensor of one element, got shape [2]', ShapeError, () => float(2).item()],
    [
      'backward: the tensor does not depend on a tensor that requires a gradient, or recording was off',
      TapeError,
      () => float(2).sum().backward(),
    ],
    [
      'backward: the tensor does not depend on a tensor that requires a gradient, or recording was off',
      TapeError,
      () => noGrad(() => weight().sum()).backward(),
    ],
    [
      'backward: expected a loss of one element, got shape [2]; reduce it, or pass { seed } of its shape',
      ShapeError,
      () => weight().mul(2).backward(),
    ],
    [
      'backward: expected a seed of shape [2], got [3]',
      ShapeError,
      () =>
        weight()
          .mul(2)
          .backward({ seed: float(3) }),
    ],
    [
      'backward: expected a float32 seed, got int32',
      DTypeError,
      () =>
        weight()
          .mul(2)
          .backward({ seed: int(2) }),
    ],
    [
      'backward: expected a tensor, got 1',
      ArgumentError,
      () =>
        weight()
          .mul(2)
          .backward({ seed: untyped(1) }),
    ],
    [
      'backward: a wanted tensor of shape [2] does not require a gradient',
      TapeError,
      () =>
        weight()
          .sum()
          .backward({ wanted: [float(2)] }),
    ],
    [
      "backward: expected a tensor, got 'w'",
      ArgumentError,
      () =>
        weight()
          .sum()
          .backward({ wanted: [untyped('w')] }),
    ],
    [
      "gradients: there is none for 'weight': the loss does not depend on it, or it was not wanted",
      TapeError,
      () => weight().sum().backward().of(weight()),
    ],
    [
      'gradients: there is none for a tensor of shape [3]: the loss does not depend on it, or it was not wanted',
      TapeError,
      () =>
        weight()
          .sum()
          .backward()
          .of(ones([3], { requiresGrad: true })),
    ],
    [
      'gradients: there is none for a tensor of shape [2]: it does not require one',
      TapeError,
      () => weight().sum().backward().of(float(2)),
    ],
    ['noGrad: expected a function that is synchronous', ArgumentError, () => noGrad(async () => 1)],
    ['setInterpreter: the interpreter lacks full, neg, abs', ArgumentError, () => setInterpreter(untyped({}))],
    [
      "setInterpreter: expected an object with every primitive, got 'wasm'",
      ArgumentError,
      () => setInterpreter(untyped('wasm')),
    ],
    ['gradcheck: expected at least one input', ArgumentError, () => gradcheck(() => zeros([]), [])],
    ['gradcheck: input 0, [2], is float32; expected float64', DTypeError, () => gradcheck((x) => x, [float(2)])],
    [
      'gradcheck: the function returned int32; expected float64',
      DTypeError,
      () => gradcheck((x) => x.argmax(0), [zeros([2], { dtype: 'float64' })]),
    ],
    [
      'gradcheck: expected a step and a tolerance above 0, got undefined and 0',
      ArgumentError,
      () => gradcheck((x) => x, [zeros([2], { dtype: 'float64' })], { tolerance: 0 }),
    ],
    [
      'gradcheck: expected a step and a tolerance above 0, got NaN and undefined',
      ArgumentError,
      () => gradcheck((x) => x, [zeros([2], { dtype: 'float64' })], { step: Number.NaN }),
    ],
  ]));

describe('what a bad call leaves as it was', () => {
  const attempt = (call: () => unknown): void => expect(call).toThrow();

  test('a parameter', () => {
    const w = parameter(ones([2]));
    attempt(() => w.assign(untyped(zeros([3]))));
    expect(w.toArray()).toEqual([1, 1]);
  });

  test('the state of a generator', () => {
    const random = new Random(1);
    const before = random.state;
    attempt(() => random.uniform([-1]));
    attempt(() => random.bernoulli([2], Number.NaN));
    attempt(() => Object.assign(random, { state: [0, 0, 0, 0] }));
    expect(random.state).toEqual(before);
  });

  test('the interpreter', () => {
    attempt(() => setInterpreter(untyped({})));
    expect(ones([2]).sum().item()).toBe(2);
  });

  test('the tape of a loss that was asked for a gradient in a wrong way', () => {
    const w = weight();
    const y = w.mul(w);
    attempt(() => y.backward());
    attempt(() => y.backward({ seed: int(2) }));
    attempt(() => y.backward({ seed: ones([2]), wanted: [ones([2])] }));
    expect(
      y
        .backward({ seed: ones([2]) })
        .of(w)
        .toArray(),
    ).toEqual([0, 0]);
  });
});
