/**
 * Losses at probabilities 0 and 1, logits of ±Infinity and huge differences: values and gradients are the limits, if
 * they exist, on every interpreter and in both dtypes.
 */

import { type FloatDType, full, grad, hessian, type Tensor, tensor } from '@tapegrad/core';
import {
  binaryCrossEntropy,
  cosineEmbedding,
  crossEntropy,
  ctc,
  gaussianNll,
  hinge,
  huber,
  klDivergence,
  l1,
  mse,
  multiLabelMargin,
  multiMargin,
  nll,
  poissonNll,
  sigmoidFocal,
  smoothL1,
  softmaxFocal,
  tripletMargin,
} from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';

const { exp, log1p, abs, max, sign } = Math;
const Inf = Number.POSITIVE_INFINITY;

const dtypes = ['float64', 'float32'] as const;
const int = (...values: number[]): Tensor<readonly [number]> => tensor(Int32Array.from(values));

const softplus = (x: number): number => max(x, 0) + log1p(exp(-abs(x)));
const sigmoid = (x: number): number => 1 / (1 + exp(-x));
/** A product that is 0 if either factor is 0, even if the other is infinite or NaN. */
const times = (...factors: number[]): number => (factors.includes(0) ? 0 : factors.reduce((a, b) => a * b, 1));

/** An elementwise loss in tapegrad, its formula in extended numbers, and its slope with respect to the prediction. */
interface Elementwise {
  readonly name: string;
  readonly loss: (p: Tensor, t: Tensor) => Tensor;
  readonly value: (p: number, t: number) => number;
  readonly slope: (p: number, t: number) => number;
  readonly targets: readonly number[];
  readonly predictions?: readonly number[];
}

const none = { reduction: 'none' } as const;
const logits = [-Inf, -1e20, -800, -90, -1, 0, 1, 90, 800, 1e20, Inf];
const probabilities = [0, 0.25, 1];
const logProbabilities = [-Inf, -1e20, -800, -1, 0];

const entropy = (x: number, t: number, w = 1): number => times(w * t, softplus(-x)) + times(1 - t, softplus(x));
const entropySlope = (x: number, t: number, w = 1): number => -w * t * sigmoid(-x) + (1 - t) * sigmoid(x);

function focal(alpha: number, gamma: number): Elementwise {
  const share = (t: number) => t * alpha + (1 - t) * (1 - alpha);
  const missed = (x: number, t: number) => sigmoid(x) * (1 - t) + sigmoid(-x) * t;
  const power = (base: number, exponent: number) => (base === 0 && exponent > 0 ? 0 : base ** exponent);
  return {
    name: `sigmoidFocal, alpha ${alpha}, gamma ${gamma}`,
    loss: (x, t) => sigmoidFocal(x, t, { alpha, gamma, ...none }),
    value: (x, t) => times(share(t), entropy(x, t), power(missed(x, t), gamma)),
    slope: (x, t) => {
      const m = missed(x, t);
      const ofMissed = (1 - 2 * t) * sigmoid(x) * sigmoid(-x);
      const discount = gamma === 0 || m === 0 ? 0 : times(gamma * m ** (gamma - 1), ofMissed, entropy(x, t));
      return times(share(t), entropySlope(x, t) * power(m, gamma) + discount);
    },
    targets: probabilities,
  };
}

function near(delta: number): Pick<Elementwise, 'value' | 'slope'> {
  return {
    value: (p, t) => (abs(p - t) < delta ? (p - t) ** 2 / 2 : delta * (abs(p - t) - delta / 2)),
    slope: (p, t) => max(-delta, Math.min(delta, p - t)),
  };
}

const elementwise: readonly Elementwise[] = [
  {
    name: 'binaryCrossEntropy',
    loss: (x, t) => binaryCrossEntropy(x, t, none),
    value: entropy,
    slope: entropySlope,
    targets: probabilities,
  },
  ...[0, 3].map(
    (posWeight): Elementwise => ({
      name: `binaryCrossEntropy, posWeight ${posWeight}`,
      loss: (x, t) => binaryCrossEntropy(x, t, { posWeight, ...none }),
      value: (x, t) => entropy(x, t, posWeight),
      slope: (x, t) => entropySlope(x, t, posWeight),
      targets: probabilities,
    }),
  ),
  ...[0, 0.25, 1].flatMap((alpha) => [0, 0.5, 1, 2].map((gamma) => focal(alpha, gamma))),
  {
    name: 'hinge',
    loss: (p, t) => hinge(p, t, none),
    value: (p, t) => max(0, 1 - t * p),
    slope: (p, t) => (1 - t * p > 0 ? -t : 0),
    targets: [-1, 1],
  },
  {
    name: 'klDivergence',
    loss: (x, t) => klDivergence(x, t, none),
    value: (x, t) => times(t, Math.log(t) - x),
    slope: (_, t) => -t,
    targets: probabilities,
    predictions: logProbabilities,
  },
  {
    name: 'klDivergence of logarithms',
    loss: (x, t) => klDivergence(x, t, { logTarget: true, ...none }),
    value: (x, t) => times(exp(t), t - x),
    slope: (_, t) => -exp(t),
    targets: logProbabilities,
    predictions: logProbabilities,
  },
  {
    name: 'poissonNll of logarithms',
    loss: (p, t) => poissonNll(p, t, none),
    value: (p, t) => (p === Inf ? Inf : exp(p) - times(t, p)),
    slope: (p, t) => exp(p) - t,
    targets: [0, 1, 5],
  },
  {
    name: 'poissonNll of rates',
    loss: (p, t) => poissonNll(p, t, { logInput: false, eps: 0, ...none }),
    value: (p, t) => (p === Inf ? Inf : p - times(t, Math.log(p))),
    slope: (p, t) => 1 - times(t, 1 / p),
    targets: [0, 1, 5],
    predictions: [0, 1e-20, 1, 1e20, Inf],
  },
  { name: 'huber', loss: (p, t) => huber(p, t, none), ...near(1), targets: [0, 2] },
  { name: 'huber, delta 3', loss: (p, t) => huber(p, t, { delta: 3, ...none }), ...near(3), targets: [0, 2] },
  {
    name: 'smoothL1, beta 0.5',
    loss: (p, t) => smoothL1(p, t, { beta: 0.5, ...none }),
    value: (p, t) => near(0.5).value(p, t) / 0.5,
    slope: (p, t) => near(0.5).slope(p, t) / 0.5,
    targets: [0, 2],
  },
  {
    name: 'l1',
    loss: (p, t) => l1(p, t, none),
    value: (p, t) => abs(p - t),
    slope: (p, t) => sign(p - t),
    targets: [0, 2],
  },
  {
    name: 'mse',
    loss: (p, t) => mse(p, t, none),
    value: (p, t) => (p - t) ** 2,
    slope: (p, t) => 2 * (p - t),
    targets: [0],
  },
  {
    name: 'gaussianNll',
    loss: (p, t) => gaussianNll(p, t, full(p.shape, 4, { dtype: p.dtype }), none),
    value: (p, t) => (Math.log(4) + ((p - t) / 4) * (p - t)) / 2,
    slope: (p, t) => (p - t) / 4,
    targets: [0],
  },
];

/** Returns whether a number is correct for its dtype; Infinity, if the exact number is too large for it. */
function isClose(actual: number, expected: number, dtype: FloatDType): boolean {
  const rounded = dtype === 'float32' ? Math.fround(expected) : expected;
  const tolerance = dtype === 'float32' ? 3e-6 : 1e-13;
  return Object.is(actual, rounded) || abs(actual - rounded) <= tolerance * max(1e-30, abs(rounded));
}

const atLimits = (loss: Elementwise): [number, number][] =>
  loss.targets.flatMap((t) => (loss.predictions ?? logits).map((p): [number, number] => [p, t]));

describeEach(() => {
  describe.each(elementwise.map((loss) => [loss.name, loss] as const))('%s', (_, loss) => {
    test.each(dtypes)('has the values and slopes of its limits in %s', (dtype) => {
      const pairs = atLimits(loss);
      const [p, t] = [0, 1].map((i) => tensor(Float64Array.from(pairs, (pair) => pair[i]!)).cast(dtype) as Tensor);
      const x = tensor(p!.data, { requiresGrad: true });
      const y = loss.loss(x, t!);
      const slopes = y.sum().backward().of(x);
      const wrong = pairs.flatMap(([a, b], i) => {
        const expected = [loss.value(a, b), loss.slope(a, b)] as const;
        const found = [y.data[i]!, slopes.data[i]!] as const;
        return isClose(found[0], expected[0], dtype) && isClose(found[1], expected[1], dtype)
          ? []
          : [{ prediction: a, target: b, expected, found }];
      });
      expect(wrong).toEqual([]);
    });

    test('has no NaN in its second derivatives where its slopes are finite', () => {
      const pairs = atLimits(loss).filter(([p, t]) => Number.isFinite(loss.slope(p, t)));
      const [p, t] = [0, 1].map((i) => tensor(Float64Array.from(pairs, (pair) => pair[i]!)));
      const x = tensor(p!.data, { requiresGrad: true });
      const slopes = loss.loss(x, t!).sum().backward({ createGraph: true }).of(x);
      if (!slopes.requiresGrad) return;
      const gradients = slopes.sum().backward({ wanted: [x] });
      if (gradients.has(x)) expect(gradients.of(x).data.some(Number.isNaN)).toBe(false);
    });
  });

  describe.each(dtypes)('%s', (dtype) => {
    const floats = (...values: (readonly number[])[]): Tensor =>
      tensor(Float64Array.from(values.flat()), {
        shape: [values.length, values[0]!.length],
        dtype,
        requiresGrad: true,
      });
    const row = (...values: number[]): Tensor => tensor(Float64Array.from(values), { dtype });
    const both = (loss: Tensor, x: Tensor): number[] => [loss.item(), ...loss.backward().of(x).data];
    const expectClose = (actual: readonly number[], expected: readonly number[]): void => {
      if (!expected.every((number, i) => isClose(actual[i]!, number, dtype) || abs(actual[i]! - number) < 1e-7)) {
        expect(actual).toEqual(expected);
      }
    };

    test('crossEntropy of a class of probability 0 and logit -Infinity', () => {
      const x = floats([-Inf, 1, 2]);
      const t = tensor([[0, 0.5, 0.5]], { dtype });
      const [p1, p2] = [sigmoid(-1), sigmoid(1)];
      const expected = [0.8132616875182228, 0, p1 - 0.5, p2 - 0.5];
      expectClose(both(crossEntropy(x, t), x), expected);
      expectClose(both(crossEntropy(x, t, { weight: row(1, 1, 1) }), x), expected);
      const deep = floats([-Inf, 1, 2], [-Inf, 1, 2]).reshape([2, 3, 1]);
      const deepTargets = tensor(
        [
          [[0], [0.5], [0.5]],
          [[0], [0.5], [0.5]],
        ],
        { dtype },
      );
      expectClose([crossEntropy(deep, deepTargets).item()], [0.8132616875182228]);
    });

    test('crossEntropy of a class of weight 0 and logit -Infinity', () => {
      const x = floats([-Inf, 1, 2], [0, 0, -Inf]);
      const weight = row(0, 1, 2);
      const labels = int(0, 1);
      // The first row's label has weight 0.
      const expected = [Math.log(2), 0, 0, 0, 0.5, -0.5, 0];
      expectClose(both(crossEntropy(x, labels, { weight, reduction: 'sum' }), x), expected);
      expectClose(both(softmaxFocal(x, labels, { weight, gamma: 0, reduction: 'sum' }), x), expected);
      const shares = tensor(
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
        { dtype },
      );
      expectClose(both(crossEntropy(x, shares, { weight, reduction: 'sum' }), x), expected);
      const logs = floats([-Inf, -1, -2], [-1, -1, -Inf]);
      expectClose(both(nll(logs, labels, { weight, reduction: 'sum' }), logs), [1, 0, 0, 0, 0, -1, 0]);
    });

    test('crossEntropy that is smoothed evenly leaves the label out', () => {
      const x = floats([0, 0, -Inf]);
      // The mean over all classes is infinite.
      expect(crossEntropy(x, int(0), { labelSmoothing: 1 }).item()).toBe(Inf);
      const weighted = crossEntropy(x, int(0), { labelSmoothing: 1, weight: row(1, 1, 0), reduction: 'sum' });
      expectClose(both(weighted, x), [(2 * Math.log(2)) / 3, 0, 0, 0]);
    });

    test('what an ignored row holds does not matter', () => {
      for (const harmful of [
        [Number.NaN, 0],
        [Inf, 0],
        [Inf, Inf],
        [-Inf, -Inf],
        [-Inf, 0],
        [0, -Inf],
      ]) {
        for (const loss of [crossEntropy, nll, softmaxFocal]) {
          const x = floats([1, 1], harmful);
          const alone = floats([1, 1]);
          const expected = both(loss(alone, int(1)), alone);
          expect(both(loss(x, int(1, -1), { ignoreIndex: -1 }), x)).toEqual([...expected, 0, 0]);
        }
      }
    });

    test('softmaxFocal of an impossible label rises as the logit does', () => {
      const x = floats([-Inf, 0]);
      for (const gamma of [0, 0.5, 1, 2]) expectClose(both(softmaxFocal(x, int(0), { gamma }), x), [Inf, -1, 1]);
    });

    test('multiMargin and multiLabelMargin of infinite scores', () => {
      const x = floats([Inf, 0, 1]);
      expect(both(multiMargin(x, int(0)), x)).toEqual([0, 0, 0, 0]);
      expect(both(multiMargin(x, int(0), { power: 2 }), x)).toEqual([0, 0, 0, 0]);
      expectClose(both(multiMargin(x, int(1)), x), [Inf, 1 / 3, -2 / 3, 1 / 3]);
      const never = { weight: row(1, 0, 1) };
      expect(both(multiMargin(x, int(1), never), x)).toEqual([0, 0, 0, 0]);
      const lists = tensor([[0, -1, -1]], { dtype: 'int32' });
      expect(both(multiLabelMargin(x, lists), x)).toEqual([0, 0, 0, 0]);
    });

    test('klDivergence has gradients in its targets', () => {
      const x = row(-Inf, -1, -1);
      const t = tensor(Float64Array.from([-Inf, -Inf, 0]), { dtype, requiresGrad: true });
      const loss = klDivergence(x, t, { logTarget: true, reduction: 'sum' });
      expectClose(both(loss, t), [1, 0, 0, 2]);
      expectClose(
        [klDivergence(row(Math.log(0.5), Math.log(0.5)), row(-Inf, 0), { logTarget: true, reduction: 'sum' }).item()],
        [Math.LN2],
      );
    });

    test('ctc of targets that no path can produce has no gradient', () => {
      const targets = tensor([[1, 1]], { dtype: 'int32' });
      const shape = [1, 2, 2] as const;
      for (const [options, expected] of [
        [{}, Inf],
        [{ zeroInfinity: true }, 0],
      ] as const) {
        const x = tensor(new Float64Array(4), { shape, dtype, requiresGrad: true });
        expect(both(ctc(x, targets, [2], [2], options), x)).toEqual([expected, 0, 0, 0, 0]);
      }
      // One label has probability 0 in all steps.
      const x = tensor(Float64Array.from([0, -Inf, 0, -Inf]), { shape, dtype, requiresGrad: true });
      expect(both(ctc(x, tensor([[1]], { dtype: 'int32' }), [2], [1]), x)).toEqual([Inf, 0, 0, 0, 0]);
    });

    test('gaussianNll of an error whose square alone overflows', () => {
      const large = dtype === 'float32' ? 1e25 : 1e200;
      const x = floats([large]);
      const loss = gaussianNll(x, tensor([[0]], { dtype }), tensor(Float64Array.of(large), { shape: [1, 1], dtype }));
      expectClose(both(loss, x), [large / 2, 1]);
    });

    test('cosineEmbedding of vectors of every length', () => {
      for (const length of dtype === 'float32' ? [1e-30, 1e-3, 1, 1e10, 1e30, 8e37] : [1e-200, 1e-3, 1, 1e100, 1e200]) {
        const loss = (t: number) =>
          cosineEmbedding(floats([3 * length, 4 * length]), floats([length, 0]), row(t)).item();
        // Short vectors count as shorter yet.
        const short = (x: number) => x / Math.hypot(x, 1e-6);
        const expected = 0.6 * short(5 * length) * short(length);
        expectClose([loss(1), loss(-1)], [1 - expected, expected]);
      }
      const zero = floats([0, 0]);
      expect(both(cosineEmbedding(zero, floats([1, 2]), row(1)), zero)[0]).toBe(1);
      expect(both(cosineEmbedding(zero, floats([0, 0]), row(1)), zero)).toEqual([1, 0, 0]);
    });

    test('cosineEmbedding of multiples is not negative', () => {
      for (let i = 1; i < 200; i++) {
        const x = [Math.sin(i), Math.cos(3 * i), i / 7];
        const y = x.map((element) => element * Math.exp(Math.sin(5 * i)));
        expect(cosineEmbedding(floats(x), floats(y), row(1)).item()).toBeGreaterThanOrEqual(0);
      }
    });
  });

  test('losses exactly at their margin have derivative 0', () => {
    const slopes = (loss: (x: Tensor) => Tensor, x: Tensor): number[] => {
      expect(loss(x).item()).toBe(0);
      return [...(grad(loss)(x) as Tensor).abs().data];
    };
    const [origin, beside] = [tensor([[0, 0]]), tensor([[1, 0]])];
    expect(slopes((x) => cosineEmbedding(x, tensor([[0, 1]]), tensor([-1])), beside)).toEqual([0, 0]);
    expect(slopes((x) => tripletMargin(x, beside, tensor([[0, 2]]), { eps: 0 }), origin)).toEqual([0, 0]);
    expect(slopes((x) => hinge(x, tensor([1])), tensor([1]))).toEqual([0]);
  });

  test('huber and smoothL1 have second derivatives where both are equal', () => {
    const zero = full([4], 0, { dtype: 'float64' });
    const x = tensor(Float64Array.from([0, 0.5, 1, 2]));
    const diagonal = (loss: (p: Tensor) => Tensor): number[] =>
      [...(hessian(loss)(x) as Tensor).data].filter((_, i) => i % 5 === 0);
    expect(diagonal((p) => huber(p, zero, { reduction: 'sum' }))).toEqual([1, 1, 0, 0]);
    expect(diagonal((p) => smoothL1(p, zero, { reduction: 'sum' }))).toEqual([1, 1, 0, 0]);
    expect(diagonal((p) => smoothL1(p, zero, { beta: 2, reduction: 'sum' }))).toEqual([0.5, 0.5, 0.5, 0]);
    expect(grad((p: Tensor) => huber(p, zero, { delta: Inf, reduction: 'sum' }))(x).toArray()).toEqual([0, 0.5, 1, 2]);
  });
});
