/** Links read off the tapes of programs without nn: what the layers are, and delta_l against central differences on A_l. */

import {
  centralDifferences,
  compare,
  einsum,
  type Link,
  links,
  parameter,
  Random,
  type Shape,
  type Tensor,
  tensor,
} from '@tapegrad/core';
import { describe, expect, test } from 'vitest';

const random = new Random(11);
const normal = (...shape: number[]): Tensor => random.normal(shape, { dtype: 'float64' });
const weight = (name: string, ...shape: number[]): Tensor => parameter(normal(...shape), { name });
const given = (...shape: number[]): Tensor => tensor(normal(...shape).data, { shape, requiresGrad: true });

/** Sums with unlike weights, so that no element's share is like another's; neither is it like a loss's. */
const project = (y: Tensor): Tensor => y.mul(normal(...y.shape)).sum();

function expectEqual(name: string, expected: Tensor, actual: Tensor, scale?: number): void {
  const { passed, message } = compare(name, expected, actual, scale === undefined ? {} : { scale });
  expect(passed, message).toBe(true);
}

function expectNear(name: string, expected: Tensor, actual: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const size = expected.abs().max().item();
  const error = actual.sub(expected).abs().max().item();
  expect(error, name).toBeLessThan(1e-8 * size + 1e-10);
}

/** Each delta against differences on A_l; the gradients of the weights, summed over their uses, against the sweep's. */
function expectTrue(loss: Tensor, list: readonly Link[]): void {
  const gradients = loss.backward({ retainGraph: true });
  const sums = new Map<Tensor, Tensor>();
  const addTo = (x: Tensor, gradient: Tensor) => sums.set(x, sums.get(x)?.add(gradient) ?? gradient);
  for (const { name, preActivation, delta, weight, weightGradient, bias, biasGradient } of list) {
    expectNear(name, centralDifferences(loss, preActivation), delta);
    addTo(weight, weightGradient);
    if (bias !== undefined) addTo(bias, biasGradient!);
  }
  for (const [x, sum] of sums) if (gradients.has(x)) expectEqual('gradient', gradients.of(x), sum);
}

interface Expected {
  readonly name?: string;
  readonly transition: string;
  readonly z?: Shape;
  readonly w?: Shape;
  readonly a: Shape;
  readonly b?: Shape | undefined;
  readonly out?: Shape;
}

function expectLinks(loss: Tensor, expected: readonly Expected[]): Link[] {
  const found = links(loss);
  const described = found.map((link, i) => {
    const all = {
      name: link.name,
      transition: link.transition,
      z: link.input.shape,
      w: link.weight.shape,
      a: link.preActivation.shape,
      b: link.bias?.shape,
      out: link.output.shape,
    };
    return (
      expected[i] && Object.fromEntries(Object.keys(expected[i]).map((key) => [key, all[key as keyof typeof all]]))
    );
  });
  expect(described).toEqual(expected);
  expectTrue(loss, found);
  return found;
}

const x = normal(4, 3);
const y = normal(4, 2);
const squared = (h: Tensor): Tensor => h.sub(y).pow(2).sum().div(4);

describe('products', () => {
  const [w, b, u] = [weight('w', 3, 2), weight('b', 2), weight('u', 2, 3)];
  const column = weight('column', 2, 1);
  const [W, B] = [given(3, 2), given(2)];
  const vector = normal(3);

  const cases: readonly (readonly [name: string, loss: () => Tensor, expected: Expected])[] = [
    [
      'a batch, a point a row',
      () => squared(x.matmul(w).add(b)),
      { z: [4, 3], w: [3, 2], a: [4, 2], b: [2], transition: 'identity' },
    ],
    ['a bias on the left', () => squared(b.add(x.matmul(w))), { z: [4, 3], a: [4, 2], b: [2], transition: 'identity' }],
    ['a threshold', () => squared(x.matmul(w).sub(b)), { z: [4, 3], a: [4, 2], b: [2], transition: 'identity' }],
    ['no bias', () => squared(x.matmul(w)), { z: [4, 3], a: [4, 2], b: undefined, transition: 'identity' }],
    [
      'mere tensors that require gradients',
      () => squared(x.matmul(W).add(B)),
      { name: 'layer 1', w: [3, 2], b: [2], a: [4, 2], transition: 'identity' },
    ],
    [
      'a point a column',
      () => project(u.matmul(x.transpose()).add(column).tanh()),
      { name: 'u', z: [3, 4], w: [2, 3], a: [2, 4], b: [2, 1], transition: 'tanh' },
    ],
    [
      'one point',
      () => project(vector.matmul(w).add(b).relu()),
      { z: [3], w: [3, 2], a: [2], b: [2], transition: 'relu' },
    ],
    [
      'one point on the right',
      () => project(u.matmul(vector).add(b).relu()),
      { z: [3], w: [2, 3], a: [2], b: [2], transition: 'relu' },
    ],
    [
      'one point and no bias',
      () => project(u.matmul(vector).sigmoid()),
      { z: [3], a: [2], b: undefined, transition: 'sigmoid' },
    ],
    [
      'a vector of weights',
      () => project(x.matmul(weight('v', 3)).sin()),
      { z: [4, 3], w: [3], a: [4], transition: 'sin' },
    ],
    [
      'a transposed weight',
      () => squared(x.matmul(u.transpose()).add(b)),
      { name: 'u', z: [4, 3], w: [2, 3], a: [4, 2], b: [2], transition: 'identity' },
    ],
    [
      'a reshaped weight',
      () => squared(x.matmul(weight('flat', 6).reshape([3, 2]))),
      { name: 'flat', w: [6], a: [4, 2], transition: 'identity' },
    ],
    [
      'a part of a weight',
      () => squared(x.matmul(weight('wide', 3, 5).slice(1, 1, 3))),
      { w: [3, 2], a: [4, 2], transition: 'identity' },
    ],
    [
      'einsum',
      () => squared(einsum('ij,kj->ik', x, u).add(b)),
      { name: 'u', w: [2, 3], a: [4, 2], b: [2], transition: 'identity' },
    ],
    [
      'sequences',
      () => project(normal(2, 4, 3).matmul(w).add(b).softplus()),
      { z: [2, 4, 3], a: [2, 4, 2], b: [2], transition: 'softplus' },
    ],
    [
      'a weight for each of a batch',
      () => project(normal(2, 4, 3).matmul(weight('many', 2, 3, 5))),
      { w: [2, 3, 5], a: [2, 4, 5], transition: 'identity' },
    ],
    [
      'one weight for a batch of others',
      () => project(normal(2, 4, 3).matmul(weight('one', 1, 3, 5))),
      { w: [1, 3, 5], a: [2, 4, 5], transition: 'identity' },
    ],
    [
      'an input that requires a gradient',
      () => squared(given(4, 3).matmul(W)),
      { z: [4, 3], w: [3, 2], a: [4, 2], transition: 'identity' },
    ],
    [
      'such an input on the right',
      () => project(u.matmul(given(3, 4))),
      { name: 'u', z: [3, 4], w: [2, 3], a: [2, 4], transition: 'identity' },
    ],
  ];

  test.each(cases)('%s', (_, loss, expected) => {
    expectLinks(loss(), [expected]);
  });
});
