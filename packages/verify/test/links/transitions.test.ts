/** The transitions between layers, and the operations that belong to the loss. */

import { concat, type Tensor, tensor } from '@tapegrad/core';
import { type Link, links, verify } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { b, expectEqual, expectLinks, normal, squared, w, weight, x, y } from './expected.ts';

type TransitionCase = readonly [transition: string, s: (a: Tensor) => Tensor];

describe('transitions', () => {
  const leaky = (a: Tensor) => a.greater(0).where(a, a.mul(0.1));
  const shiftedSoftmax = (a: Tensor) => {
    const e = a.sub(a.max(1, { keepDims: true })).exp();
    return e.div(e.sum(1, { keepDims: true }));
  };
  const batchNorm = (a: Tensor) => a.sub(a.mean(0)).div(a.variance(0).add(1e-5).sqrt());
  const [scale, shift] = [weight('scale', 2), weight('shift', 2)];
  const mask = tensor(
    [
      [1, 0],
      [1, 1],
      [0, 1],
      [1, 1],
    ],
    { dtype: 'float64' },
  );
  const functions: readonly TransitionCase[] = [
    ['identity', (a) => a],
    ['relu', (a) => a.relu()],
    ['tanh', (a) => a.tanh()],
    ['sigmoid', (a) => a.sigmoid()],
    ['softplus', (a) => a.softplus()],
    ['sin', (a) => a.sin()],
    ['erf', (a) => a.erf()],
    ['exp', (a) => a.exp()],
    ['softmax', (a) => a.softmax(1)],
    ['logSoftmax', (a) => a.logSoftmax(1)],
    ['leakyRelu', leaky],
    ['silu', (a) => a.mul(a.sigmoid())],
    ['silu', (a) => a.sigmoid().mul(a)],
    ['mul → tanh', (a) => a.mul(2).tanh()],
    ['relu → relu', (a) => a.relu().relu()],
    ['tanh → mul → add → sin', (a) => a.tanh().mul(2).add(1).sin()],
    ['tanh → softmax', (a) => a.tanh().softmax(1)],
    ['softmax → tanh', (a) => a.softmax(1).tanh()],
    [
      'mean → sub → mean → neg → add → mean → neg → add → mul → sum → div → add → sqrt → div → relu',
      (a) => batchNorm(a).relu(),
    ],
    ['tanh → mul → add', (a) => a.tanh().mul(scale).add(shift)],
    ['take → sub → exp → sum → div', shiftedSoftmax],
    ['mul → where', (a) => a.greater(0).where(a, a.mul(scale))],
    ['relu → neg → relu → add', (a) => a.relu().add(a.neg().relu())],
  ];

  test.each(functions)('%s before the loss', (transition, s) => {
    const [link] = expectLinks(squared(s(x.matmul(w).add(b))), [{ a: [4, 2], out: [4, 2], transition }]) as [Link];
    expectEqual('Z', s(link.preActivation.detach()), link.output!);
  });

  test.each<TransitionCase>([
    ...functions,
    ['relu → mul', (a) => a.relu().mul(mask)],
    ['abs → add → log', (a) => a.abs().add(1).log()],
  ])('%s within a network', (transition, s) => {
    const hidden = s(x.matmul(w).add(b));
    const found = expectLinks(squared(hidden.matmul(weight('v', 2, 2))), [
      { a: [4, 2], out: [4, 2], transition },
      { z: [4, 2], a: [4, 2], transition: 'identity' },
    ]);
    expect(found[0]!.output).toBe(hidden);
    expect(found[1]!.input).toBe(hidden);
  });

  test('a change of shape on the way', () => {
    const hidden = normal(4, 1, 6)
      .matmul(weight('w', 6, 3))
      .relu()
      .reshape([4, 3]);
    const found = expectLinks(squared(hidden.matmul(weight('v', 3, 2))), [
      { a: [4, 1, 3], out: [4, 3], transition: 'relu' },
      { z: [4, 3], a: [4, 2], transition: 'identity' },
    ]);
    expect(found[1]!.input).toBe(hidden);
  });
});

describe('losses are no part of the last transition', () => {
  const p = (a: Tensor) => a.softmax(1);
  const oneHot = tensor(
    [
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ],
    { dtype: 'float64' },
  );
  const labels = tensor([[0], [1], [1], [0]], { dtype: 'int32' });
  const mixed = (a: Tensor) =>
    a
      .log()
      .mul(oneHot)
      .add(a.neg().add(1).log().mul(oneHot.neg().add(1)));
  const losses: readonly (readonly [name: string, transition: string, loss: (a: Tensor) => Tensor])[] = [
    ['squared error', 'identity', (a) => a.sub(y).mul(a.sub(y)).sum().div(4)],
    ['the power of two of an error', 'tanh', (a) => a.tanh().sub(y).pow(2).mean()],
    ['absolute error', 'identity', (a) => a.sub(y).abs().mean()],
    ['hinge', 'identity', (a) => a.mul(oneHot.mul(2).sub(1)).neg().add(1).relu().mean()],
    ['cross-entropy of probabilities', 'softmax', (a) => p(a).log().mul(oneHot).sum().neg().div(4)],
    ['cross-entropy by picking', 'softmax', (a) => p(a).log().gather(labels, 1).mean().neg()],
    ['negative log likelihood', 'logSoftmax', (a) => a.logSoftmax(1).gather(labels, 1).mean().neg()],
    [
      'cross-entropy from log sum exp',
      'identity',
      (a) =>
        a
          .logSumExp(1)
          .sub(a.gather(labels, 1).reshape([4]))
          .mean(),
    ],
    ['binary cross-entropy', 'sigmoid', (a) => mixed(a.sigmoid()).sum().neg()],
    ['a norm', 'relu', (a) => a.relu().norm()],
    ['a sum', 'sigmoid', (a) => a.sigmoid().sum()],
    ['a sum of squares', 'identity', (a) => a.mul(a).sum().mul(0.5)],
    ['a largest element', 'sin', (a) => a.sin().max()],
    ['the mean along an axis first', 'tanh', (a) => a.tanh().mean(1).mean()],
  ];

  test.each(losses)('%s', (_, transition, loss) => {
    expectLinks(loss(x.matmul(w).add(b)), [{ a: [4, 2], out: [4, 2], transition }]);
  });

  test('of one number', () => {
    const [one, target] = [normal(1, 3), tensor([[0.3]], { dtype: 'float64' })];
    const a = one.matmul(weight('w', 3, 1)).tanh();
    expectLinks(a.sub(target).pow(2).sum(), [{ a: [1, 1], out: [1, 1], transition: 'tanh' }]);
    expectLinks(a.mul(a).mean(), [{ a: [1, 1], out: [1, 1], transition: 'tanh' }]);
  });

  test('and none at all', () => {
    expectLinks(normal(1, 3).matmul(weight('w', 3, 1)), [{ a: [1, 1], out: [1, 1], transition: 'identity' }]);
  });
});

describe('gates', () => {
  const state = normal(4, 1).mul(2);
  const [wide, hidden] = [weight('wide', 3, 6), weight('hidden', 2, 2)];
  const cut = (a: Tensor): Tensor[] => [0, 2, 4].map((start) => a.slice(1, start, start + 2));
  const cell = (a: Tensor): Tensor => {
    const [i, c, o] = cut(a) as [Tensor, Tensor, Tensor];
    const kept = i.sigmoid().mul(c.tanh());
    return kept.add(state).tanh().mul(o.softmax(1)).matmul(hidden).add(kept);
  };

  test('have a transition each, and the slopes of each', () => {
    const gated = x.matmul(wide);
    const list = expectLinks(squared(cell(gated)), [
      { name: 'wide', a: [4, 6], out: undefined, transition: 'sigmoid | tanh | softmax' },
      { name: 'hidden', a: [4, 2], transition: 'add' },
    ]);
    const [{ parts, untold, preActivation }] = list as [Link];
    expect([parts!.axis, untold]).toEqual([1, undefined]);
    const [i, c, o] = cut(preActivation.detach()) as [Tensor, Tensor, Tensor];
    const expected = [i.sigmoid(), c.tanh(), o.softmax(1)];
    parts!.list.forEach((part, k) => {
      expectEqual('Z', expected[k]!, part.output);
    });
    const slope = (z: Tensor, k: number) => (k === 1 ? z.mul(z).neg().add(1) : z.mul(z.neg().add(1)));
    verify(
      { loss: squared(cell(x.matmul(wide))) },
      {
        dW2: (quantities) => {
          expectEqual("s'(A)", concat(expected.map(slope), 1), quantities.slope(1));
          expect(() => quantities.Z[1]).toThrow('the network has no Z[1]');
          return quantities.dW[2];
        },
      },
    );
  });

  test('that other results enter are no chain of operations', () => {
    const other = x.matmul(weight('other', 3, 6)).tanh();
    const [a, b, c] = cut(x.matmul(wide)) as [Tensor, Tensor, Tensor];
    const [p, q, r] = cut(other) as [Tensor, Tensor, Tensor];
    const update = a.add(p).sigmoid();
    const [, gated] = links(squared(update.mul(b.add(q).tanh()).add(c.mul(r)).matmul(hidden)));
    const found = gated!;
    expect([found.transition, found.output, found.parts]).toEqual(['unknown', undefined, undefined]);
    expect(found.untold).toBe("its pre-activation is used in several ways: 'slice'");
    verify(
      {
        loss: x
          .matmul(w)
          .matmul(x.matmul(weight('v', 3, 2)).transpose())
          .tanh()
          .sum(),
      },
      {
        dW1: ({ slope, dW }) => {
          expect(() => slope(1)).toThrow("the transition of w is unknown: 'matmul' combines its pre-activation with");
          return dW[1];
        },
      },
    );
  });
});
