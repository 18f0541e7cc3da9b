/** Results read or computed from a variable keep their elements when it changes later. */

import {
  Buffer,
  checkpoint,
  defineOp,
  grad,
  jvp,
  noGrad,
  Parameter,
  parameter,
  stopGradient,
  type Tensor,
  tensor,
  type Variable,
  vjp,
  vmap,
} from '@tapegrad/core';
import { isFloat } from '@tapegrad/core/extend';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';
import { operatorCases } from '../operators/operators.ts';

const spoil = (variable: Variable): void => variable.update((elements) => elements.fill(7));

describeEach(() => {
  test.each(operatorCases.map((operator) => [operator.name, operator] as const))('the result of %s', (_, operator) => {
    const inputs = operator.inputs().map((x) => (isFloat(x.dtype) ? new Parameter(x) : new Buffer(x)));
    const y = operator.run(...inputs);
    const before = y.toArray();
    for (const input of inputs) spoil(input);
    expect(y.toArray()).toEqual(before);
  });
});

describe('what shows a parameter by another way than an operator', () => {
  const same = defineOp({ name: 'same', forward: (x: Tensor) => x, vjp: (g) => g });
  const vector = () => tensor([5, 6], { requiresGrad: true });

  const ways: { readonly [way: string]: (w: Parameter<readonly [2]>) => Tensor } = {
    'a view of a view': (w) => w.flip(0).reshape([2, 1]).slice(0, 1),
    'where nothing is recorded': (w) => noGrad(() => w.reshape([2, 1])),
    detach: (w) => w.detach(),
    'a view, detached': (w) => w.flip(0).detach(),
    stopGradient,
    'an operation of its own': (w) => same(w),
    'a checkpoint': (w) => checkpoint(() => w.reshape([1, 2]))(),
    'the value of vjp': (w) => vjp((x: Tensor) => x, w)[0],
    'the value of jvp': (w) => jvp((x: Tensor) => x.flip(0), [w], [tensor([1, 1])])[0],
    'a tangent': (w) => jvp((x: Tensor) => x.flip(0), [vector()], [w])[1],
    'a cotangent': (w) => vjp((x: Tensor) => x.flip(0), vector())[1](w)[0]!,
    'a gradient of a seed': (w) => {
      const x = vector();
      return x.flip(0).backward({ seed: w }).of(x);
    },
    'what vmap passes': (w) => vmap((x: Tensor) => x.reshape([1]))(w),
    'what grad passes': (w) => {
      let seen: Tensor | undefined;
      grad((x: Tensor) => {
        seen = x.flip(0);
        return x.sum();
      })(w);
      return seen!;
    },
  };

  test.each(Object.entries(ways))('%s', (_, show) => {
    const w = parameter(tensor([1, 2]));
    const shown = show(w);
    const before = shown.toArray();
    w.assign(tensor([3, 4]));
    expect(shown.toArray()).toEqual(before);
    expect(w.toArray()).toEqual([3, 4]);
  });

  test('its data', () => {
    const w = parameter(tensor([1, 2]));
    const { data } = w;
    w.assign(tensor([3, 4]));
    w.assign(tensor([5, 6]));
    expect([...data]).toEqual([1, 2]);
    expect([...w.data]).toEqual([5, 6]);
  });
});

test('a sweep through a view from before the change has its old elements', () => {
  const w = parameter(tensor([2, 3]));
  const x = tensor([1, 1], { requiresGrad: true });
  const loss = x.mul(w.flip(0)).sum();
  w.assign(tensor([10, 10]));
  expect(loss.backward().of(x).toArray()).toEqual([3, 2]);
});

test('memory that no view shows is changed in place', () => {
  const w = parameter(tensor([1, 2]));
  const { data } = w.array;
  w.mul(w).sum().backward();
  w.assign(tensor([3, 4]));
  expect(w.array.data).toBe(data);
});
