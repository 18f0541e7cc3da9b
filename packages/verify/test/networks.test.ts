/** The random networks on which formulas are tested, and the errors of `verify`. */

import { ArgumentError, Random, tensor } from '@tapegrad/core';
import { links, mlp, type NetworkPlan, type VerifyOptions, verify } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { byRows, columns, rows } from './network-formulas.ts';

describe('the networks', () => {
  const plansOf = (options: VerifyOptions): NetworkPlan[] => {
    const plans: NetworkPlan[] = [];
    verify(
      (plan, random) => {
        plans.push(plan);
        return rows(plan, random);
      },
      { dW1: byRows.dW1! },
      { differences: 0, ...options },
    );
    return plans;
  };

  test('are of all depths, batch sizes and transitions, half of them of equal widths', () => {
    const plans = plansOf({});
    const equal = plans.filter(({ widths }) => new Set(widths).size === 1);
    expect(equal).toHaveLength(20);
    expect([...new Set(plans.map(({ transitions }) => transitions.length))].sort()).toEqual([1, 2, 3, 4]);
    expect([...new Set(plans.map(({ batch }) => batch))].sort()).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(plans.flatMap(({ transitions }) => transitions)).size).toBe(6);
    expect(plans.every(({ widths, transitions }) => widths.length === transitions.length + 1)).toBe(true);
  });

  test('are the same every time, and others with another seed', () => {
    expect(plansOf({ seed: 3 })).toEqual(plansOf({ seed: 3 }));
    expect(plansOf({ seed: 3 })).not.toEqual(plansOf({ seed: 4 }));
  });

  test('have the transitions that are asked for', () => {
    const plans = plansOf({ transitions: ['relu'], lastTransitions: ['identity', 'softmax'] });
    expect(new Set(plans.flatMap(({ transitions }) => transitions.slice(0, -1)))).toEqual(new Set(['relu']));
    expect(new Set(plans.map(({ transitions }) => transitions.at(-1)))).toEqual(new Set(['identity', 'softmax']));
  });

  test('are read with the names that their parameters have', () => {
    const plan = { widths: [2, 3, 1], batch: 4, transitions: ['relu', 'sigmoid'] } as const;
    const { loss, X, Y, n } = columns(plan, new Random(1));
    expect([X!.shape, Y!.shape, n]).toEqual([[2, 4], [1, 4], 4]);
    expect(links(loss).map(({ name, weight, transition }) => [name, weight.shape, transition])).toEqual([
      ['W1', [3, 2], 'relu'],
      ['W2', [1, 3], 'sigmoid'],
    ]);
  });
});

describe('errors', () => {
  const dW1 = byRows.dW1!;
  const calls: readonly (readonly [sentence: string, call: () => unknown])[] = [
    [
      "verify: 'gradient' is not a quantity and a layer, as 'dW1', 'delta_L' or 'Z_l', nor one of W1, b1, X, Y, or its gradient, as 'dX'; say in `equals` what the formula 'gradient' equals",
      () => verify(rows, { gradient: dW1 }),
    ],
    [
      "verify: 'dV1' is not a quantity and a layer, as 'dW1', 'delta_L' or 'Z_l', nor one of W1, b1, X, Y, or its gradient, as 'dX'; say in `equals` what the formula 'first' equals",
      () => verify(rows, { first: { equals: 'dV1', formula: ({ dW }) => dW[1] } }),
    ],
    ['verify: networks is 0, expected an integer >= 1', () => verify(rows, { dW1 }, { networks: 0 })],
    ['verify: width is 1, expected an integer >= 2', () => verify(rows, { dW1 }, { width: 1 })],
    ['verify: depth is 1.5, expected an integer >= 1', () => verify(rows, { dW1 }, { depth: 1.5 })],
    ['verify: expected transitions to draw from, got none', () => verify(rows, { dW1 }, { transitions: [] })],
    [
      'verify: the loss was computed without a product with a parameter; return the tensors that formulas use next to it',
      () => verify({ loss: tensor(1, { requiresGrad: true }).mul(2) }, { dW1 }),
    ],
    [
      "mlp: crossEntropy needs softmax last; pass { lastTransitions: ['softmax'] } to verify",
      () => verify(mlp({ loss: 'crossEntropy' }), { dW1 }),
    ],
    ["mlp: unknown loss 'l1', expected 'mse', 'crossEntropy' or a function", () => mlp({ loss: 'l1' as never })],
    ["mlp: unknown convention 'both', expected 'rows' or 'columns'", () => mlp({ convention: 'both' as never })],
  ];

  test.each(calls)('%s', (sentence, call) => {
    expect(call).toThrow(new ArgumentError(sentence));
  });
});
