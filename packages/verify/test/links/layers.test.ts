/** Layers found in the tapes of programs without nn, and delta_l compared with central differences on A_l. */

import { concat, einsum, ones, parameter, type Tensor, tensor, unfold, zeros } from '@tapegrad/core';
import { kernels as k } from '@tapegrad/core/extend';
import { type Link, links } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import {
  B,
  b,
  type Case,
  column,
  expectEqual,
  expectLinks,
  expectTrue,
  given,
  normal,
  project,
  random,
  squared,
  testEach,
  u,
  vector,
  W,
  w,
  weight,
  x,
  y,
} from './expected.ts';

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
    ['a bias that stretches the product, and so is none', () => project(x.matmul(w).add(weight('c', 5, 1, 2)).tanh()), { a: [4, 2], b: undefined, out: undefined, transition: 'unknown' }],
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
      { name: 'stem', transition: 'unknown', a: [4, 3], out: undefined },
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
      { name: 'stem', transition: 'unknown', a: [4, 3], out: undefined },
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
    const found = expectLinks(squared(layer('head', mixed, 2)), [
      ...['q', 'k', 'v'].map((name) => ({ name, transition: 'unknown', a: [4, 3], out: undefined })),
      { name: 'head', transition: 'identity', a: [4, 2] },
    ]);
    const untold = "'matmul' combines its pre-activation with another computed or trainable tensor";
    expect(found.map((link) => link.untold)).toEqual([untold, untold, untold, undefined]);
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
