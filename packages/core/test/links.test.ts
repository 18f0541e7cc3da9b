/** Links read off the tapes of programs without nn: what the layers are, and delta_l against central differences on A_l. */

import {
  ArgumentError,
  centralDifferences,
  compare,
  concat,
  einsum,
  type Kernels,
  kernels as k,
  type Link,
  links,
  type NdArray,
  noGrad,
  ones,
  parameter,
  Random,
  type Shape,
  ShapeError,
  setInterpreter,
  TapeError,
  type Tensor,
  tensor,
  unfold,
  zeros,
} from '@tapegrad/core';
import { plain, primitives } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';
import { restoreInterpreter } from './interpreters.ts';

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

type Case = readonly [name: string, loss: () => Tensor, ...expected: Expected[]];

const testEach = (cases: readonly Case[]): void =>
  test.each(cases.map((c) => [c[0], c] as const))('%s', (_, [, loss, ...expected]) => {
    expectLinks(loss(), expected);
  });

const [w, b, u, column] = [weight('w', 3, 2), weight('b', 2), weight('u', 2, 3), weight('column', 2, 1)];
const [W, B] = [given(3, 2), given(2)];
const vector = normal(3);

// biome-ignore format: a line a case
describe('products', () => {
  const cases: readonly Case[] = [
    ['a batch, a point a row', () => squared(x.matmul(w).add(b)), { z: [4, 3], w: [3, 2], a: [4, 2], b: [2], transition: 'identity' }],
    ['a bias on the left', () => squared(b.add(x.matmul(w))), { z: [4, 3], a: [4, 2], b: [2], transition: 'identity' }],
    ['a threshold', () => squared(x.matmul(w).sub(b)), { z: [4, 3], a: [4, 2], b: [2], transition: 'identity' }],
    ['no bias', () => squared(x.matmul(w)), { z: [4, 3], a: [4, 2], b: undefined, transition: 'identity' }],
    ['a product and a sum in one', () => squared(k.affine(x, w, b).tanh()), { z: [4, 3], w: [3, 2], a: [4, 2], b: [2], transition: 'tanh' }],
    ['in one, and a bias that is computed', () => squared(k.affine(x, w, b.exp()).tanh()), { w: [3, 2], a: [4, 2], b: undefined, transition: 'tanh' }],
    ['in one, and a bias that is held constant', () => squared(k.affine(x, w, normal(2)).tanh()), { w: [3, 2], a: [4, 2], b: undefined, transition: 'tanh' }],
    ['in one, of a transposed weight on a batch', () => project(k.affine(normal(5, 4, 3), u.transpose(), b).relu()), { name: 'u', z: [5, 4, 3], w: [2, 3], a: [5, 4, 2], b: [2], transition: 'relu' }],
    ['in one, and two that add up', () => squared(k.affine(x, w, b).add(k.affine(x, w, B)).tanh()), { a: [4, 2], b: [2], transition: 'tanh' }, { a: [4, 2], b: [2], transition: 'tanh' }],
    ['two biases', () => squared(x.matmul(w).add(b).add(weight('c', 4, 1))), { a: [4, 2], b: [2], transition: 'identity' }],
    ['a bias that stretches the product, and so is none', () => project(x.matmul(w).add(weight('c', 5, 1, 2)).tanh()), { a: [4, 2], b: undefined, out: [4, 2], transition: 'identity' }],
    ['mere tensors that require gradients', () => squared(x.matmul(W).add(B)), { name: 'layer 1', w: [3, 2], b: [2], a: [4, 2], transition: 'identity' }],
    ['a point a column', () => project(u.matmul(x.transpose()).add(column).tanh()), { name: 'u', z: [3, 4], w: [2, 3], a: [2, 4], b: [2, 1], transition: 'tanh' }],
    ['one point', () => project(vector.matmul(w).add(b).relu()), { z: [3], w: [3, 2], a: [2], b: [2], transition: 'relu' }],
    ['one point on the right', () => project(u.matmul(vector).add(b).relu()), { z: [3], w: [2, 3], a: [2], b: [2], transition: 'relu' }],
    ['one point and no bias', () => project(u.matmul(vector).sigmoid()), { z: [3], a: [2], b: undefined, transition: 'sigmoid' }],
    ['one point and a vector of weights', () => vector.matmul(weight('v', 3)).tanh(), { z: [3], w: [3], a: [], out: [], transition: 'tanh' }],
    ['a vector of weights', () => project(x.matmul(weight('v', 3)).sin()), { z: [4, 3], w: [3], a: [4], transition: 'sin' }],
    ['a vector of weights on a batch of one', () => project(normal(1, 3).matmul(weight('v', 3)).sin()), { z: [1, 3], w: [3], a: [1], transition: 'sin' }],
    ['a transposed weight', () => squared(x.matmul(u.transpose()).add(b)), { name: 'u', z: [4, 3], w: [2, 3], a: [4, 2], b: [2], transition: 'identity' }],
    ['a reshaped weight', () => squared(x.matmul(weight('flat', 6).reshape([3, 2]))), { name: 'flat', w: [6], a: [4, 2], transition: 'identity' }],
    ['a cast weight', () => squared(x.matmul(parameter(random.normal([3, 2]), { name: 'narrow' }).cast('float64'))), { name: 'narrow', w: [3, 2], a: [4, 2], transition: 'identity' }],
    ['a part of a weight', () => squared(x.matmul(weight('wide', 3, 5).slice(1, 1, 3))), { w: [3, 2], a: [4, 2], transition: 'identity' }],
    ['weights side by side', () => squared(x.matmul(concat([weight('v', 3, 1), weight('v', 3, 1)], 1))), { w: [3, 2], a: [4, 2], transition: 'identity' }],
    ['einsum', () => squared(einsum('ij,kj->ik', x, u).add(b)), { name: 'u', w: [2, 3], a: [4, 2], b: [2], transition: 'identity' }],
    ['sequences', () => project(normal(2, 4, 3).matmul(w).add(b).softplus()), { z: [2, 4, 3], a: [2, 4, 2], b: [2], transition: 'softplus' }],
    ['a weight for each of a batch', () => project(normal(2, 4, 3).matmul(weight('many', 2, 3, 5))), { w: [2, 3, 5], a: [2, 4, 5], transition: 'identity' }],
    ['one weight for a batch of others', () => project(normal(2, 4, 3).matmul(weight('one', 1, 3, 5))), { w: [1, 3, 5], a: [2, 4, 5], transition: 'identity' }],
    ['an input that requires a gradient', () => squared(given(4, 3).matmul(W)), { z: [4, 3], w: [3, 2], a: [4, 2], transition: 'identity' }],
    ['such an input on the right of a parameter', () => project(u.matmul(given(3, 4))), { name: 'u', z: [3, 4], w: [2, 3], a: [2, 4], transition: 'identity' }],
    ['sequences, made flat before the bias', () => project(normal(2, 4, 3).matmul(w).reshape([8, 2]).add(b).tanh()), { z: [2, 4, 3], a: [8, 2], b: [2], transition: 'tanh' }],
    ['a bias, and another after a change of shape', () => project(x.matmul(w).add(b).reshape([2, 2, 2]).permute([2, 0, 1]).add(weight('c', 2, 1)).tanh()), { z: [4, 3], a: [2, 2, 2], b: [2], transition: 'tanh' }],
    ['a column that is made a row', () => project(x.matmul(weight('w', 3, 1)).reshape([1, 4]).tanh()), { a: [4, 1], out: [1, 4], transition: 'tanh' }],
    ['a bias that the product is taken from', () => project(b.sub(x.matmul(w)).tanh()), { a: [4, 2], b: undefined, transition: 'sub → tanh' }],
    ['a recurrence on one point', () => project(vector.matmul(w).add(normal(2).matmul(weight('h', 2, 2))).add(b).tanh()), { name: 'w', z: [3], a: [2], b: [2], transition: 'tanh' }, { name: 'h', z: [2], a: [2], b: undefined, transition: 'tanh' }],
    ['a product that is taken twice', () => { const a = x.matmul(w); return project(a.add(b).mul(a)); }, { a: [4, 2], b: undefined, transition: 'add → mul' }],
    ['a convolution', () => project(weight('kernel', 2, 1, 3).reshape([2, 3]).matmul(unfold(normal(6), [{ size: 3, stride: 1, dilation: 1, padding: [0, 0] }])).add(column).relu()), { name: 'kernel', z: [3, 4], w: [2, 1, 3], a: [2, 4], b: [2, 1], transition: 'relu' }],
    ['products that are added up, as in a recurrence', () => project(x.matmul(w).add(y.matmul(weight('h', 2, 2))).add(b).tanh()), { name: 'w', a: [4, 2], b: [2], transition: 'tanh' }, { name: 'h', a: [4, 2], b: undefined, transition: 'tanh' }],
  ];

  testEach(cases);
});

describe('absorbed biases (F4)', () => {
  const one = (...shape: number[]): Tensor => ones(shape, { dtype: 'float64' });
  const row = weight('row', 1, 2);
  // biome-ignore format: a line a case
  const cases: readonly Case[] = [
    ['[X, 1] [W; b]', () => squared(concat([x, one(4, 1)], 1).matmul(concat([w, row], 0))), { z: [4, 3], w: [3, 2], b: [1, 2], a: [4, 2], transition: 'identity' }],
    ['[1, X] [b; W]', () => squared(concat([one(4, 1), x], 1).matmul(concat([b.reshape([1, 2]), w], 0))), { z: [4, 3], w: [3, 2], b: [2], a: [4, 2], transition: 'identity' }],
    ['[W, b] [X; 1]', () => project(concat([u, column], 1).matmul(concat([x.transpose(), one(1, 4)], 0))), { z: [3, 4], w: [2, 3], b: [2, 1], a: [2, 4], transition: 'identity' }],
    ['[X, 1] [W, b]^T', () => project(concat([x, one(4, 1)], 1).matmul(concat([u, column], 1).transpose())), { z: [4, 3], w: [2, 3], b: [2, 1], a: [4, 2], transition: 'identity' }],
    ['one point', () => project(concat([vector, one(1)], 0).matmul(concat([w, row], 0)).tanh()), { z: [3], w: [3, 2], b: [1, 2], a: [2], transition: 'tanh' }],
    ['one weight that holds both', () => squared(concat([x, one(4, 1)], 1).matmul(weight('both', 4, 2))), { z: [4, 4], w: [4, 2], b: undefined, a: [4, 2], transition: 'identity' }],
    ['one weight that holds both, within a network', () => squared(concat([x.matmul(W).relu(), one(4, 1)], 1).matmul(weight('both', 3, 2))), { a: [4, 2], out: [4, 3], transition: 'relu → concat' }, { z: [4, 3], w: [3, 2], b: undefined, a: [4, 2], transition: 'identity' }],
    ['no ones, and so no bias', () => squared(concat([x, zeros([4, 1], { dtype: 'float64' })], 1).matmul(concat([w, row], 0))), { z: [4, 4], w: [4, 2], b: undefined, a: [4, 2], transition: 'identity' }],
    ['one point within a network', () => project(concat([vector.matmul(W).relu(), one(1)], 0).matmul(concat([weight('v', 2, 2), row], 0))), { a: [2], out: [2], transition: 'relu' }, { name: 'v', z: [2], w: [2, 2], b: [1, 2], a: [2], transition: 'identity' }],
    ['two weights, one above the other, beside ones that are data', () => squared(concat([x, normal(4, 1), one(4, 1)], 1).matmul(concat([w, weight('v', 2, 2)], 0))), { z: [4, 5], w: [5, 2], b: undefined, a: [4, 2], transition: 'identity' }],
    ['within a network', () => squared(concat([x.matmul(W).relu(), one(4, 1)], 1).matmul(concat([weight('v', 2, 2), row], 0))), { a: [4, 2], out: [4, 2], transition: 'relu' }, { name: 'v', z: [4, 2], w: [2, 2], b: [1, 2], a: [4, 2], transition: 'identity' }],
  ];

  testEach(cases);

  test('the gradients are those of the parts', () => {
    const loss = squared(concat([x, one(4, 1)], 1).matmul(concat([w, row], 0)));
    const [link] = links(loss) as [Link];
    expectEqual('dW', x.transpose().matmul(link.delta), link.weightGradient);
    expectEqual('db', link.delta.sum(0, { keepDims: true }), link.biasGradient!);
    expectEqual('Z', x, link.input);
  });
});

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
    ['sum → div → sub → sum → div → sub → mul → sum → div → add → sqrt → div → relu', (a) => batchNorm(a).relu()],
    ['tanh → mul → add', (a) => a.tanh().mul(scale).add(shift)],
    ['take → sub → exp → sum → div', shiftedSoftmax],
    ['mul → where', (a) => a.greater(0).where(a, a.mul(scale))],
    ['relu → neg → relu → add', (a) => a.relu().add(a.neg().relu())],
  ];

  test.each(functions)('%s before the loss', (transition, s) => {
    const [link] = expectLinks(squared(s(x.matmul(w).add(b))), [{ a: [4, 2], out: [4, 2], transition }]) as [Link];
    expectEqual('Z', s(link.preActivation.detach()), link.output);
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

describe('structure', () => {
  const layer = (name: string, z: Tensor, width: number): Tensor =>
    z.matmul(weight(`${name}.weight`, z.shape.at(-1)!, width)).add(weight(`${name}.bias`, width));

  test('a branch: both layers take what the first one gives', () => {
    const z = layer('stem', x, 3).relu();
    const [left, right] = [layer('left', z, 2).tanh(), layer('right', z, 2).sigmoid()];
    const found = expectLinks(squared(left.add(right)), [
      { name: 'stem', transition: 'relu', a: [4, 3] },
      { name: 'left', transition: 'tanh → add', a: [4, 2] },
      { name: 'right', transition: 'sigmoid → add', a: [4, 2] },
    ]);
    expect(found.slice(1).map(({ input }) => input)).toEqual([z, z]);
  });

  test('branches that are put side by side keep their own outputs', () => {
    const [left, right] = [layer('left', x, 2).tanh(), layer('right', x, 3).sigmoid()];
    const found = expectLinks(squared(layer('head', concat([left, right], 1), 2)), [
      { name: 'left', transition: 'tanh', a: [4, 2] },
      { name: 'right', transition: 'sigmoid', a: [4, 3] },
      { name: 'head', transition: 'identity', a: [4, 2], z: [4, 5] },
    ]);
    expect(found.map(({ output }) => output).slice(0, 2)).toEqual([left, right]);
  });

  test('two transitions of one pre-activation', () => {
    const a = layer('stem', x, 3);
    expectLinks(squared(layer('head', concat([a.relu(), a.neg().relu()], 1), 2)), [
      { name: 'stem', transition: 'relu → neg → relu → concat', a: [4, 3], out: [4, 6] },
      { name: 'head', transition: 'identity', a: [4, 2] },
    ]);
    expectLinks(squared(layer('left', a.relu(), 2).add(layer('right', a.tanh(), 2).relu())), [
      { name: 'stem', transition: 'identity', a: [4, 3] },
      { name: 'left', transition: 'add', a: [4, 2] },
      { name: 'right', transition: 'relu → add', a: [4, 2] },
    ]);
  });

  test('a skip', () => {
    const first = layer('first', x, 3).relu();
    const second = layer('second', first, 3).add(first).relu();
    expectLinks(squared(layer('third', second, 2)), [
      { name: 'first', transition: 'relu', a: [4, 3] },
      { name: 'second', transition: 'add → relu', a: [4, 3] },
      { name: 'third', transition: 'identity', a: [4, 2] },
    ]);
  });

  test('a skip of what is a product alone, and so no part of the next sum', () => {
    const stem = x.matmul(weight('stem', 3, 3));
    const product = stem.tanh().matmul(weight('inner', 3, 3));
    const found = expectLinks(squared(layer('head', stem.add(product), 2)), [
      { name: 'stem', transition: 'identity', a: [4, 3] },
      { name: 'inner', transition: 'add', a: [4, 3] },
      { name: 'head', transition: 'identity', a: [4, 2] },
    ]);
    expect(found.slice(0, 2).map(({ preActivation }) => preActivation)).toEqual([stem, product]);
    expect(found[1]!.preActivation).toBe(product);
  });

  test('a single point: the vector that one layer gives is what the next one takes', () => {
    const hidden = vector.matmul(w).add(b).tanh();
    const [first, second] = links(project(hidden.matmul(weight('v', 2, 2))));
    expect([first!.input.shape, first!.output, second!.input]).toEqual([[3], hidden, hidden]);
    expect(second!.input).toBe(hidden);
  });

  test('skips around every layer of a long row', () => {
    let z: Tensor = layer('0', x, 3);
    for (let i = 1; i < 30; i++) z = z.add(layer(String(i), z.tanh(), 3).mul(0.3));
    const loss = project(z);
    const found = links(loss);
    expect(found).toHaveLength(30);
    expectTrue(loss, found);
  });

  test('attention: products of results are no layers, and end the transitions before them', () => {
    const [q, k, v] = [layer('q', x, 3), layer('k', x, 3), layer('v', x, 3)];
    const mixed = q
      .matmul(k.transpose())
      .mul(1 / Math.sqrt(3))
      .softmax(1)
      .matmul(v);
    expectLinks(squared(layer('head', mixed, 2)), [
      ...['q', 'k', 'v'].map((name) => ({ name, transition: 'identity', a: [4, 3], out: [4, 3] })),
      { name: 'head', transition: 'identity', a: [4, 2] },
    ]);
  });

  test('a weight of two layers has two links, whose gradients add up', () => {
    const shared = weight('shared', 3, 3);
    const found = expectLinks(project(x.matmul(shared).tanh().matmul(shared).relu().matmul(shared.transpose())), [
      { name: 'shared', transition: 'tanh', a: [4, 3] },
      { name: 'shared (2)', transition: 'relu', a: [4, 3] },
      { name: 'shared (3)', transition: 'identity', a: [4, 3] },
    ]);
    for (const [i, link] of found.entries()) {
      const gradient = link.input.transpose().matmul(link.delta).detach();
      expectEqual(link.name, i === 2 ? gradient.transpose() : gradient, link.weightGradient);
    }
  });

  test('a penalty on weights is no part of the links', () => {
    const [link] = links(squared(x.matmul(w)).add(w.mul(w).sum())) as [Link];
    expectEqual('dW', x.transpose().matmul(link.delta), link.weightGradient);
  });

  test('no layer at all', () => {
    expect(links(w.mul(w).sum())).toEqual([]);
  });
});

describe('weights that are computed', () => {
  const [x, w, b] = [normal(4, 3), weight('w', 3, 2), weight('b', 2)];
  const mask = tensor([1, 0, 1, 1, 0, 1], { shape: [3, 2], dtype: 'float64' });
  const computed: readonly (readonly [string, () => Tensor])[] = [
    ['scaled', () => w.mul(0.5)],
    ['masked', () => w.mul(mask)],
    ['of unit columns', () => w.div(w.norm(0, { keepDims: true }))],
    ['scaled by another parameter', () => weight('gain', 1, 2).mul(w)],
    ['standardised, and seen from the other side', () => w.transpose().sub(w.mean()).transpose()],
    ['divided by a product with itself', () => w.div(w.transpose().matmul(normal(3)).matmul(normal(2)))],
  ];

  test.each(computed)('%s', (_, make) => {
    const own = make();
    const loss = project(x.matmul(own).add(b).tanh());
    const [link, ...others] = expectLinks(loss, [{ name: 'w', transition: 'tanh', a: [4, 2], b: [2] }]);
    expect(others).toEqual([]);
    expect(link!.input).toBe(x);
    const gradient = loss.backward({ wanted: [link!.weight] }).of(link!.weight);
    expectEqual('dW', gradient, link!.weightGradient);
  });

  test('a parameter is preferred to what is computed of one', () => {
    const latent = weight('latent', 4, 3);
    const [link] = expectLinks(project(latent.tanh().matmul(w)), [{ name: 'w', transition: 'identity', a: [4, 2] }]);
    expect(link!.weight).toBe(w);
  });

  test('what is looked up is no weight, nor is what a layer of one example gives', () => {
    const rows = weight('table', 4, 3).take(tensor([0, 1, 3, 2], { dtype: 'int32' }), 0);
    expect(links(project(rows.tanh().matmul(rows.transpose())))).toEqual([]);
    const one = normal(1, 3)
      .matmul(w)
      .add(weight('bias', 1, 2))
      .tanh();
    expectLinks(project(one.matmul(one.transpose())), [{ name: 'w', transition: 'tanh', a: [1, 2] }]);
  });
});

describe('fifty layers', () => {
  const build = (points: number): Tensor => {
    let z: Tensor = normal(points, 3);
    for (let l = 1; l <= 50; l++) {
      const a = z
        .matmul(weight(`W${l}`, 3, 3))
        .add(weight(`b${l}`, 3))
        .mul(0.7);
      z = [a.tanh(), a.sin(), a.sigmoid(), a.softplus()][l % 4]!;
    }
    return project(z);
  };

  test('have links that central differences confirm', () => {
    const loss = build(2);
    const found = links(loss);
    expect(found.map(({ name }) => name)).toEqual(Array.from({ length: 50 }, (_, i) => `W${i + 1}`));
    expectTrue(loss, found);
  });
});

describe('names', () => {
  const twoLayers = (first: string | undefined, second: string | undefined): string[] => {
    const named = (name: string | undefined) => parameter(normal(3, 3), name === undefined ? {} : { name });
    return links(project(x.matmul(named(first)).relu().matmul(named(second)))).map(({ name }) => name);
  };

  test.each([
    ['the path of a module', ['encoder.0.weight', 'encoder.2.weight'], ['encoder.0', 'encoder.2']],
    ['names of weights', ['W1', 'gate.in'], ['W1', 'gate.in']],
    ['none', [undefined, undefined], ['layer 1', 'layer 2']],
    ['the name that a weight has before it is in a model', ['weight', 'weight'], ['layer 1', 'layer 2']],
    ['one alone', [undefined, 'head.weight'], ['layer 1', 'head']],
    ['two that are the same', ['w', 'w'], ['w', 'w (2)']],
  ] as const)('%s', (_, [first, second], expected) => {
    expect(twoLayers(first, second)).toEqual(expected);
  });

  test('of a weight that is seen in part', () => {
    const qkv = weight('attention.weight', 3, 6);
    const [q, k] = [0, 3].map((start) => x.matmul(qkv.slice(1, start, start + 3))) as [Tensor, Tensor];
    expect(links(project(q.matmul(k.transpose()))).map(({ name }) => name)).toEqual(['attention', 'attention (2)']);
  });
});

describe('the sweep', () => {
  const build = (width: number, depth: number): Tensor => {
    let z: Tensor = normal(width, width);
    for (let l = 1; l <= depth; l++)
      z = z
        .matmul(weight(`W${l}`, width, width))
        .add(weight(`b${l}`, width))
        .tanh();
    return z.sum();
  };
  const everything = (loss: Tensor) => loss.backward({ retainGraph: true });

  /** Runs a forward pass and then something else, with `before` called before every primitive of the latter. */
  function spying(loss: () => Tensor, run: (loss: Tensor) => unknown, before: (op: string) => void): void {
    setInterpreter(plain);
    const result = loss();
    const spied = primitives.map((op) => {
      const kernel = plain[op] as (...args: readonly unknown[]) => NdArray;
      const spy = (...args: readonly unknown[]): NdArray => {
        before(op);
        return kernel(...args);
      };
      return [op, spy];
    });
    setInterpreter(Object.fromEntries(spied) as Kernels<NdArray>);
    run(result);
    restoreInterpreter();
  }

  test('computes each product that a sweep computes, once', () => {
    const productsOf = (run: (loss: Tensor) => unknown): number => {
      let products = 0;
      spying(
        () => build(3, 6),
        run,
        (op) => {
          if (op === 'matmul') products++;
        },
      );
      return products;
    };
    expect(productsOf(everything)).toBe(2 * 6 - 1);
    expect(productsOf(links)).toBe(2 * 6 - 1);
  });

  test('takes no more than twice the memory of one that finds the gradients alone', () => {
    const peakOf = (run: (loss: Tensor) => unknown): number => {
      const inUse = () => {
        globalThis.gc!();
        return process.memoryUsage().arrayBuffers;
      };
      const before = inUse();
      let peak = 0;
      spying(
        () => build(128, 5),
        run,
        () => {
          peak = Math.max(peak, inUse() - before);
        },
      );
      return peak;
    };
    const plainPeak = peakOf(everything);
    expect(plainPeak).toBeGreaterThan(128 * 128 * 8 * 15);
    expect(peakOf(links)).toBeLessThan(2 * plainPeak);
  });

  test('leaves the tape as it was', () => {
    const loss = build(3, 2);
    const first = links(loss).map(({ delta }) => delta.toArray());
    expect(links(loss).map(({ delta }) => delta.toArray())).toEqual(first);
    expect(loss.backward().size).toBe(4);
  });

  test('is not recorded, and neither is what it gives', () => {
    for (const { delta, weightGradient, biasGradient } of links(build(3, 2))) {
      expect([delta, weightGradient, biasGradient!].map(({ requiresGrad }) => requiresGrad)).toEqual([
        false,
        false,
        false,
      ]);
    }
  });
});

describe('errors', () => {
  test('a loss that nothing can be learnt from', () => {
    const sentence = 'links: the loss was computed from nothing that requires a gradient';
    expect(() => links(x.sum())).toThrow(new TapeError(sentence));
    expect(() => links(noGrad(() => x.matmul(w).sum()))).toThrow(new TapeError(sentence));
  });

  test('a tape that is used up', () => {
    const loss = squared(x.matmul(w));
    loss.backward();
    expect(() => links(loss)).toThrow(TapeError);
  });

  test('no loss, but a tensor of several elements', () => {
    expect(() => links(x.matmul(w))).toThrow(ShapeError);
  });

  test('a weight that changed since', () => {
    const changed = parameter(normal(3, 2), { name: 'changed' });
    const loss = squared(x.matmul(changed).add(b));
    changed.assign(changed.detach().mul(2));
    expect(() => links(loss)).toThrow(/'changed' of 'matmul' changed after the forward pass/);
  });

  test('no tensor', () => {
    expect(() => links(1 as never)).toThrow(new ArgumentError('links: expected a tensor, got number'));
  });
});
