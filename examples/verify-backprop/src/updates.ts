/** U1 to U6: steps of gradient descent, and regularization. */

import { ones, parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { Dropout, dropout } from '@tapegrad/nn';
import { SGD, type SGDOptions } from '@tapegrad/optim';
import { normal, together } from './data.ts';
import type { Row } from './row.ts';

const [POINTS, IN, OUT, STEPS] = [12, 4, 3, 5];
const [alpha, mu, lambda] = [0.1, 0.9, 0.05];

/** Creates a least-squares problem: data, initial weights, and the tape's gradient of a loss on some of its points. */
function problem(random: Random) {
  const [X, Y, W] = [normal(random, [POINTS, IN]), normal(random, [POINTS, OUT]), normal(random, [IN, OUT])];
  const lossOn = (x: Tensor, y: Tensor, w: Tensor): Tensor => x.matmul(w).sub(y).pow(2).sum().div(x.shape[0]);
  const gradient = (w: Tensor, x = X, y = Y, penalty = 0): Tensor => {
    const p = parameter(w);
    const loss = lossOn(x, y, p).add(
      p
        .mul(p)
        .sum()
        .mul(penalty / 2),
    );
    return loss.backward().of(p);
  };
  return { X, Y, W, lossOn, gradient };
}

/** Returns the weights after some steps of the framework's optimizer. */
function trained(random: Random, options: Partial<SGDOptions>, steps = STEPS): Tensor {
  const { X, Y, W, lossOn } = problem(random);
  const w = parameter(W);
  const optimizer = new SGD([w], { learningRate: alpha, ...options });
  for (let step = 0; step < steps; step++) optimizer.step(lossOn(X, Y, w).backward());
  return w.detach();
}

/** An update of weights w by a gradient g, with state v, which it may replace. */
type Update = (w: Tensor, g: Tensor, v: Tensor | undefined) => { readonly w: Tensor; readonly v?: Tensor };

/** Returns the weights after some steps computed by hand. */
function byHand(random: Random, update: Update, steps = STEPS): Tensor {
  const { W, gradient } = problem(random);
  let [w, v]: [Tensor, Tensor | undefined] = [W, undefined];
  for (let step = 0; step < steps; step++) ({ w, v = undefined } = update(w, gradient(w), v));
  return w;
}

/** Computes v <- mu v + g, starting with v = 0. */
const velocity = (v: Tensor | undefined, g: Tensor): Tensor => (v === undefined ? g : v.mul(mu).add(g));

/** Computes a step direction like Adam's: the gradient divided by its root mean square. */
const scaled = (g: Tensor, v: Tensor): Tensor => g.div(v.sqrt().add(1e-8));
const meanSquare = (v: Tensor | undefined, g: Tensor): Tensor => (v ?? g.mul(0)).mul(0.9).add(g.mul(g).mul(0.1));

const [P, UNITS] = [0.25, 6];

/** All masks of some units, each with its probability if a unit is kept with probability 1 - p. */
const masks = Array.from({ length: 2 ** UNITS }, (_, bits) => {
  const m = Array.from({ length: UNITS }, (_, i) => (bits >> i) & 1);
  const probability = m.reduce((product, kept) => product * (kept === 1 ? 1 - P : P), 1);
  return { m: tensor(m, { dtype: 'float64' }), probability };
});

/** Returns the remaining distance to the optimum after descent with steps alpha(t) on noisy gradients. */
function distanceLeft(random: Random, rate: (t: number) => number): number {
  let w = normal(random, [20]);
  for (let t = 0; t < 400; t++) w = w.sub(w.add(normal(random, [20])).mul(rate(t)));
  return w.norm().item();
}

/** Returns the loss after descent with the largest stable step, for features with these scales. */
function lossWithScales(random: Random, scales: readonly number[]): number {
  const X = normal(random, [40, 2]).mul(tensor([scales], { dtype: 'float64' }));
  const y = X.matmul(tensor([[1 / scales[0]], [-1 / scales[1]]], { dtype: 'float64' }));
  const w = parameter(tensor([[0], [0]], { dtype: 'float64' }));
  const optimizer = new SGD([w], { learningRate: 0.3 / Math.max(...scales) ** 2 });
  const loss = (): Tensor => X.matmul(w).sub(y).pow(2).mean();
  for (let step = 0; step < 60; step++) optimizer.step(loss().backward());
  return loss().item();
}

export const updates: readonly Row[] = [
  {
    id: 'U1',
    claim: 'W_l <- W_l - alpha dL/dW_l',
    formula: (random) => byHand(random, (w, g) => ({ w: w.sub(g.mul(alpha)) })),
    equals: (random) => trained(random, {}),
    expect: 'holds',
  },
  {
    id: 'U2',
    claim: 'the mean of the gradients of equal mini-batches over one pass is the full gradient',
    formula: (random) => {
      const { X, Y, W, gradient } = problem(random);
      const size = 3;
      const starts = Array.from({ length: POINTS / size }, (_, i) => i * size);
      const parts = starts.map((i) => gradient(W, X.slice(0, i, i + size), Y.slice(0, i, i + size)));
      return parts.reduce((sum, g) => sum.add(g)).div(parts.length);
    },
    equals: (random) => {
      const { W, gradient } = problem(random);
      return gradient(W);
    },
    expect: 'holds',
  },
  {
    id: 'U3',
    claim: 'momentum: v <- mu v + g, W <- W - alpha v',
    formula: (random) =>
      byHand(random, (w, g, before) => {
        const v = velocity(before, g);
        return { v, w: w.sub(v.mul(alpha)) };
      }),
    equals: (random) => trained(random, { momentum: mu }),
    expect: 'holds',
  },
  {
    id: 'U3 Nesterov',
    claim: 'Nesterov: v <- mu v + g, W <- W - alpha (g + mu v)',
    formula: (random) =>
      byHand(random, (w, g, before) => {
        const v = velocity(before, g);
        return { v, w: w.sub(g.add(v.mul(mu)).mul(alpha)) };
      }),
    equals: (random) => trained(random, { momentum: mu, nesterov: true }),
    expect: 'holds',
  },
  {
    id: 'U4',
    claim: 'adding (lambda/2) |W|^2 to the loss adds lambda W to the gradient',
    formula: (random) => {
      const { W, gradient } = problem(random);
      return gradient(W).add(W.mul(lambda));
    },
    equals: (random) => {
      const { X, Y, W, gradient } = problem(random);
      return gradient(W, X, Y, lambda);
    },
    expect: 'holds',
  },
  {
    id: 'U4 decoupled',
    claim: 'decoupled decay scales W by 1 - alpha lambda, with momentum: W <- (1 - alpha lambda) W - alpha v',
    formula: (random) =>
      byHand(random, (w, g, before) => {
        const v = velocity(before, g);
        return { v, w: w.mul(1 - alpha * lambda).sub(v.mul(alpha)) };
      }),
    equals: (random) => trained(random, { momentum: mu, weightDecay: lambda, decay: 'decoupled' }),
    expect: 'holds',
  },
  {
    id: 'U4 plain',
    claim: 'the penalty and the decoupled decay are one for plain gradient descent',
    formula: (random) => byHand(random, (w, g) => ({ w: w.mul(1 - alpha * lambda).sub(g.mul(alpha)) })),
    equals: (random) => trained(random, { weightDecay: lambda, decay: 'l2' }),
    expect: 'holds',
  },
  {
    id: 'U4 with momentum',
    claim: 'they are not with momentum',
    formula: (random) => trained(random, { momentum: mu, weightDecay: lambda, decay: 'decoupled' }),
    equals: (random) => trained(random, { momentum: mu, weightDecay: lambda, decay: 'l2' }),
    expect: 'differs',
  },
  {
    id: 'U4 with Adam',
    claim: 'nor where the gradient is scaled by its own size, as in Adam',
    formula: (random) =>
      byHand(random, (w, g, before) => {
        const v = meanSquare(before, g);
        return { v, w: w.mul(1 - alpha * lambda).sub(scaled(g, v).mul(alpha)) };
      }),
    equals: (random) =>
      byHand(random, (w, g, before) => {
        const penalized = g.add(w.mul(lambda));
        const v = meanSquare(before, penalized);
        return { v, w: w.sub(scaled(penalized, v).mul(alpha)) };
      }),
    expect: 'differs',
  },
  {
    id: 'U5',
    claim: 'inverted dropout, z * m / (1 - p), m ~ Bernoulli(1 - p): its expectation is z',
    formula: (random) => {
      const z = normal(random, [UNITS]);
      const terms = masks.map(({ m, probability }) =>
        z
          .mul(m)
          .div(1 - P)
          .mul(probability),
      );
      return terms.reduce((sum, term) => sum.add(term));
    },
    equals: (random) => normal(random, [UNITS]),
    expect: 'holds',
  },
  {
    id: 'U5 gradient',
    claim: 'value and gradient use the same mask: z * m / (1 - p) and m / (1 - p)',
    formula: (random) => {
      const z = normal(random, [UNITS]);
      const m = random.bernoulli([UNITS], 1 - P, { dtype: 'float64' });
      return together(z.mul(m).div(1 - P), m.div(1 - P));
    },
    equals: (random) => {
      const z = parameter(normal(random, [UNITS]));
      const value = dropout(z, P, random);
      return together(value.detach(), value.sum().backward().of(z));
    },
    expect: 'holds',
  },
  {
    id: 'U5 in evaluation',
    claim: 'dropout is off in evaluation',
    formula: (random) => normal(random, [UNITS]),
    equals: (random) => new Dropout(P, { random: new Random(0) }).eval().forward(normal(random, [UNITS])),
    expect: 'holds',
  },
  {
    id: 'U6',
    claim: 'on noisy gradients, a learning rate that falls over time comes nearer to the optimum',
    formula: (random) => [distanceLeft(random, () => alpha), distanceLeft(random, (t) => 1 / (10 + t))],
    expect: 'falls',
  },
  {
    id: 'U6 feature scaling',
    claim: 'descent gets further where features have one scale: the loss with scales 10 : 1, and 1 : 1',
    formula: (random) => [lossWithScales(random, [10, 1]), lossWithScales(random, [1, 1])],
    expect: 'falls',
  },
  {
    id: 'U6 random order',
    claim: 'a random order in every epoch visits each point once',
    formula: (random) => ones([POINTS]).scatterAdd(random.permutation(POINTS), POINTS),
    equals: () => ones([POINTS]),
    expect: 'holds',
  },
];
