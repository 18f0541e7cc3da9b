/**
 * Backpropagation by hand through a small multilayer perceptron with an embedding, batch normalisation and
 * cross-entropy, one elementary step at a time: each intermediate gradient is derived from the one after it, and
 * compared with the tape's.
 */

import { eye, type FloatDType, Random, type Tensor, tensor } from '@tapegrad/core';
import { compare } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const [points, context, vocabulary, features, hidden] = [16, 3, 11, 4, 9];
const epsilon = 1e-5;

/** The forward pass, with a name for every intermediate result, and the loss. */
function forward(dtype: FloatDType) {
  const random = new Random(2147483647);
  const weight = (std: number, ...shape: number[]): Tensor =>
    tensor(random.normal(shape, { std, dtype }).data, { shape, requiresGrad: true });
  const words = random.integers([points, context], 0, vocabulary);
  const labels = random.integers([points, 1], 0, vocabulary);

  const embedding = weight(1, vocabulary, features);
  const W1 = weight(0.5, context * features, hidden);
  const b1 = weight(0.1, hidden);
  const gain = weight(0.3, 1, hidden);
  const shift = weight(0.1, 1, hidden);
  const W2 = weight(0.5, hidden, vocabulary);
  const b2 = weight(0.1, vocabulary);

  const embedded = embedding.take(words);
  const joined = embedded.reshape([points, context * features]);
  const preNormal = joined.matmul(W1).add(b1);
  const mean = preNormal.sum(0, { keepDims: true }).div(points);
  const deviation = preNormal.sub(mean);
  const squares = deviation.mul(deviation);
  const variance = squares.sum(0, { keepDims: true }).div(points - 1);
  const inverseStd = variance.add(epsilon).pow(-0.5);
  const normal = deviation.mul(inverseStd);
  const preActivation = gain.mul(normal).add(shift);
  const h = preActivation.tanh();
  const logits = h.matmul(W2).add(b2);
  const maxima = logits.max(1, { keepDims: true });
  const shifted = logits.sub(maxima);
  const counts = shifted.exp();
  const sums = counts.sum(1, { keepDims: true });
  const inverseSums = sums.pow(-1);
  const probabilities = counts.mul(inverseSums);
  const logProbabilities = probabilities.log();
  const loss = logProbabilities.gather(labels, 1).mean().neg();

  const constants = { words, labels };
  // biome-ignore format: in the order of the forward pass
  const steps = {
    embedding, W1, b1, gain, shift, W2, b2, embedded, joined, preNormal, mean, deviation, squares, variance, inverseStd,
    normal, preActivation, h, logits, maxima, shifted, counts, sums, inverseSums, probabilities, logProbabilities,
  };
  return { loss, steps, constants };
}

type Network = ReturnType<typeof forward>;
type Steps = { readonly [Name in keyof Network['steps']]: Tensor };

const t = (x: Tensor): Tensor => x.transpose();
const byColumn = (x: Tensor): Tensor => x.sum(0, { keepDims: true });
const byRow = (x: Tensor): Tensor => x.sum(1, { keepDims: true });

/** One-hot encoding: a row for each index, with a 1 there and 0 elsewhere. */
const oneHot = (indices: Tensor, { dtype }: Tensor): Tensor =>
  eye(vocabulary, { dtype: dtype as FloatDType }).take(indices.reshape([indices.size]));

const constant = (steps: Steps): Steps =>
  Object.fromEntries(Object.entries(steps).map(([name, x]) => [name, x.detach()])) as unknown as Steps;

/** dL/dx for each intermediate result x, derived by hand from the gradients of the later ones. */
function backwardByHand({ steps, constants: { words, labels } }: Network): Steps {
  const s = constant(steps);

  // L = -(1/n) sum_i log p_i[y_i]
  const logProbabilities = oneHot(labels, s.logits).div(-points);
  const probabilities = logProbabilities.div(s.probabilities);
  // p = counts / sums, computed as counts * (1 / sums) with one reciprocal per row.
  const inverseSums = byRow(probabilities.mul(s.counts));
  const sums = inverseSums.div(s.sums.mul(s.sums)).neg();
  const counts = probabilities.mul(s.inverseSums).add(sums);
  const shifted = counts.mul(s.counts);
  // The largest logit of a row is subtracted from all of its logits: its gradient is 0, except for rounding.
  const maxima = byRow(shifted).neg();
  const logits = shifted.add(oneHot(s.logits.argmax(1), s.logits).mul(maxima));

  const h = logits.matmul(t(s.W2));
  const W2 = t(s.h).matmul(logits);
  const b2 = logits.sum(0);
  const preActivation = h.mul(s.h.mul(s.h).neg().add(1));

  // gain * normal + shift, with one gain and one shift per column
  const gain = byColumn(preActivation.mul(s.normal));
  const shift = byColumn(preActivation);
  const normal = preActivation.mul(s.gain);
  const inverseStd = byColumn(normal.mul(s.deviation));
  const variance = inverseStd.mul(s.inverseStd.pow(3)).div(-2);
  const squares = variance.div(points - 1).broadcastTo([points, hidden]);
  const deviation = normal.mul(s.inverseStd).add(squares.mul(s.deviation).mul(2));
  const mean = byColumn(deviation).neg();
  const preNormal = deviation.add(mean.div(points));

  const joined = preNormal.matmul(t(s.W1));
  const W1 = t(s.joined).matmul(preNormal);
  // Subtracting the mean cancels a bias, so the bias has gradient 0, except for rounding.
  const b1 = preNormal.sum(0);
  const embedded = joined.reshape([points, context, features]);
  // The gradient of a word is the sum of the gradients at all its positions.
  const embedding = t(oneHot(words, s.logits)).matmul(embedded.reshape([points * context, features]));

  // biome-ignore format: in the order of the forward pass
  return {
    embedding, W1, b1, gain, shift, W2, b2, embedded, joined, preNormal, mean, deviation, squares, variance, inverseStd,
    normal, preActivation, h, logits, maxima, shifted, counts, sums, inverseSums, probabilities, logProbabilities,
  };
}

/** Sums that cancel, with their terms: the rounding error is relative to the terms. */
const termsOf: { readonly [Name in keyof Steps]?: keyof Steps } = {
  maxima: 'shifted',
  mean: 'deviation',
  b1: 'preNormal',
};

const largest = (x: Tensor): number => x.abs().max().item();

describe.each(['float64', 'float32'] as const)('%s', (dtype) => {
  const network = forward(dtype);
  const { loss, steps } = network;
  const byHand = backwardByHand(network);
  const byTape = loss.backward({ wanted: Object.values(steps), retainGraph: true });
  const names = Object.keys(steps) as (keyof Steps)[];

  const verdictOn = (name: keyof Steps, gradient: Tensor) => {
    const expected = byTape.of(steps[name]);
    const terms = termsOf[name];
    const scale = Math.max(largest(expected), terms === undefined ? 0 : largest(byHand[terms]));
    return compare(`d${name}`, expected, gradient, { n: points, scale });
  };

  test.each(names)('%s', (name) => {
    const comparison = verdictOn(name, byHand[name]);
    expect(comparison.message).toMatch(/is equal (exactly|to rounding)/);
    expect(comparison.passed).toBe(true);
  });

  test('softmax and cross-entropy in one step: (P - Y) / n', () => {
    const { probabilities, logits } = constant(steps);
    const y = oneHot(network.constants.labels, logits);
    expect(verdictOn('logits', probabilities.sub(y).div(points))).toMatchObject({ passed: true });
    expect(verdictOn('logits', probabilities.sub(y))).toMatchObject({ verdict: 'factor', named: 'n' });
  });

  test('batch normalisation in one step', () => {
    const { gain, inverseStd, normal } = constant(steps);
    const g = byHand.preActivation;
    const bessel = points / (points - 1);
    const centred = (correction: number): Tensor =>
      g
        .mul(points)
        .sub(byColumn(g))
        .sub(normal.mul(byColumn(g.mul(normal))).mul(correction));
    const wholeStep = (correction: number): Tensor => gain.mul(inverseStd).div(points).mul(centred(correction));
    expect(verdictOn('preNormal', wholeStep(bessel))).toMatchObject({ passed: true });
    expect(verdictOn('preNormal', wholeStep(1))).toMatchObject({ verdict: 'different' });
  });

  test('what is forgotten on the way is found', () => {
    const { gain, deviation, inverseStd } = constant(steps);
    const ofNormal = byHand.preActivation.mul(gain).mul(inverseStd);
    expect(verdictOn('deviation', ofNormal)).toMatchObject({ verdict: 'different' });
    expect(verdictOn('deviation', ofNormal.add(byHand.squares.mul(deviation)))).toMatchObject({ verdict: 'different' });
    expect(verdictOn('preNormal', byHand.deviation)).toMatchObject({ verdict: 'different' });
    expect(verdictOn('variance', byHand.variance.mul(-2))).toMatchObject({ verdict: 'factor', named: '-2' });
    expect(verdictOn('W2', t(byHand.W2))).toMatchObject({ verdict: 'transposed' });
    expect(verdictOn('embedded', byHand.joined)).toMatchObject({ verdict: 'shapes' });
  });
});
