/** L1 to L3: losses with their values and gradients. */

import { concat, type Random, type Tensor, tensor } from '@tapegrad/core';
import { binaryCrossEntropy, crossEntropy, hinge, huber, l1, mse } from '@tapegrad/nn';
import { classes, normal, softmaxLast, together } from './data.ts';
import type { Row } from './row.ts';

const POINTS = 7;

/** Returns predictions h and targets y for a regression, n x 1. The first prediction is exact. */
function regression(random: Random) {
  const y = normal(random, [POINTS, 1]);
  const h = concat([y.slice(0, 0, 1), normal(random, [POINTS - 1, 1])], 0);
  return { h, y };
}

/** Returns logits x, and targets 0 and 1. */
function twoClasses(random: Random) {
  const x = normal(random, [POINTS, 1]);
  return { x, t: random.bernoulli([POINTS, 1], 0.5, { dtype: 'float64' }) };
}

/** Returns predictions p and targets -1 and 1. The first two predictions are at the kink and on the wrong side. */
function margins(random: Random) {
  const t = random.bernoulli([POINTS, 1], 0.5, { dtype: 'float64' }).mul(2).sub(1);
  const p = concat([t.slice(0, 0, 1), t.slice(0, 1, 2).neg(), normal(random, [POINTS - 2, 1])], 0);
  return { p, t };
}

/** Returns the framework's value of a loss, and its gradient with respect to the predictions. */
function valueAndGradient(loss: (p: Tensor) => Tensor, at: Tensor): Tensor {
  const p = tensor(at.data, { shape: at.shape, requiresGrad: true });
  const value = loss(p);
  return together(value.detach(), value.backward().of(p));
}

const indicator = (condition: Tensor): Tensor => condition.cast('float64');

export const losses: readonly Row[] = [
  {
    id: 'L1',
    claim: 'mean squared error (1/n) sum_i (h(x_i) - y_i)^2, with gradient 2 (h - y) / n',
    formula: (random) => {
      const { h, y } = regression(random);
      const n = POINTS;
      return together(h.sub(y).pow(2).sum().div(n), h.sub(y).mul(2).div(n));
    },
    equals: (random) => {
      const { h, y } = regression(random);
      return valueAndGradient((p) => mse(p, y), h);
    },
    expect: 'holds',
  },
  {
    id: 'L1 shapes',
    claim: 'predictions n x 1 against targets n are an error, never an n x n broadcast',
    formula: (random) => {
      const { h, y } = regression(random);
      return mse(h, y.reshape([POINTS]));
    },
    expect: { throws: 'mse: predictions of shape [7, 1] and targets of shape [7] differ' },
  },
  {
    id: 'L2',
    claim: 'cross-entropy -(1/n) sum_i log p_i[y_i], p = softmax(a_L), with gradient (P - Y) / n',
    formula: (random) => {
      const [n, c] = [POINTS, 4];
      const a = normal(random, [n, c]);
      const labels = random.integers([n], 0, c);
      const P = a.softmax(1);
      const Y = tensor(
        Array.from(labels.data, (label) => Array.from({ length: c }, (_, j) => (j === label ? 1 : 0))),
        { dtype: 'float64' },
      );
      const picked = P.gather(labels.reshape([n, 1]), 1);
      return together(picked.log().sum().neg().div(n), P.sub(Y).div(n));
    },
    equals: (random) => {
      const a = normal(random, [POINTS, 4]);
      const labels = random.integers([POINTS], 0, 4);
      return valueAndGradient((logits) => crossEntropy(logits, labels), a);
    },
    expect: 'holds',
  },
  {
    id: 'L2 link',
    claim: 'with softmax inside, dL/dA_L = (P - Y) / n',
    on: classes,
    options: softmaxLast,
    formula: ({ Z, Y, n, L }) => Z[L].sub(Y).div(n),
    equals: 'delta_L',
    expect: 'holds',
  },
  {
    id: 'L3 two classes',
    claim:
      'binary cross-entropy on logits, -(1/n) sum t log s(x) + (1 - t) log(1 - s(x)), with gradient (s(x) - t) / n',
    formula: (random) => {
      const { x, t } = twoClasses(random);
      const p = x.sigmoid();
      const value = t
        .mul(p.log())
        .add(t.neg().add(1).mul(p.neg().add(1).log()))
        .mean()
        .neg();
      return together(value, p.sub(t).div(POINTS));
    },
    equals: (random) => {
      const { x, t } = twoClasses(random);
      return valueAndGradient((logits) => binaryCrossEntropy(logits, t), x);
    },
    expect: 'holds',
  },
  {
    id: 'L3 hinge',
    claim: 'hinge (1/n) sum max(0, 1 - t p), with gradient -t [t p < 1] / n, 0 at the kink',
    formula: (random) => {
      const { p, t } = margins(random);
      const margin = p.mul(t);
      return together(
        margin.neg().add(1).maximum(0).mean(),
        t
          .neg()
          .mul(indicator(margin.less(1)))
          .div(POINTS),
      );
    },
    equals: (random) => {
      const { p, t } = margins(random);
      return valueAndGradient((predictions) => hinge(predictions, t), p);
    },
    expect: 'holds',
  },
  {
    id: 'L3 absolute',
    claim: 'absolute error (1/n) sum |p - t|, with gradient sign(p - t) / n, 0 where they are equal',
    formula: (random) => {
      const { h, y } = regression(random);
      const d = h.sub(y);
      const sign = indicator(d.greater(0)).sub(indicator(d.less(0)));
      return together(d.mul(sign).mean(), sign.div(POINTS));
    },
    equals: (random) => {
      const { h, y } = regression(random);
      return valueAndGradient((p) => l1(p, y), h);
    },
    expect: 'holds',
  },
  {
    id: 'L3 Huber',
    claim: 'Huber: d^2 / 2 where |d| <= 1 and |d| - 1/2 beyond, with gradient d held between -1 and 1, over n',
    formula: (random) => {
      const { h, y } = regression(random);
      const d = h.sub(y);
      const value = d.abs().lessEqual(1).where(d.pow(2).div(2), d.abs().sub(0.5));
      return together(value.mean(), d.maximum(-1).minimum(1).div(POINTS));
    },
    equals: (random) => {
      const { h, y } = regression(random);
      return valueAndGradient((p) => huber(p, y), h);
    },
    expect: 'holds',
  },
];
