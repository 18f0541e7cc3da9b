import { AnomalyError, detectAnomaly, linspace, Random, tensor } from '@tapegrad/core';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { carelessCubeRoot, softCubeRoot } from '../src/soft-cube-root.ts';
import { Network, trainer } from '../src/wave.ts';

describe('softCubeRoot', () => {
  const x = linspace(-30, 30, 61, { dtype: 'float64' });

  test('solves y + y^3 = x, as 2/√3 sinh(asinh(3√3/2 x) / 3) does', () => {
    const expected = x.data.map((a) => (2 / Math.sqrt(3)) * Math.sinh(Math.asinh(1.5 * Math.sqrt(3) * a) / 3));
    softCubeRoot(x).data.forEach((y, i) => {
      expect(y).toBeCloseTo(expected[i]!, 12);
    });
  });

  test('at what is not a number of the usual kind', () => {
    const y = softCubeRoot(tensor([0, -0, 1e-40, 1e300, Number.NaN], { dtype: 'float64' }));
    expect(y.toArray()).toEqual([0, -0, 1e-40, 1e100, Number.NaN]);
  });

  test('has the right gradient, to second order', () => {
    expect(gradcheck(softCubeRoot, [x], { order: 2 }).passed).toBe(true);
  });
});

test('a network learns with it', () => {
  const step = trainer(new Network(softCubeRoot, new Random(42)));
  const first = step();
  let last = first;
  for (let i = 0; i < 300; i++) last = step();
  expect(last).toBeLessThan(first / 20);
});

describe('the careless rule', () => {
  test('is right at all points but one', () => {
    expect(gradcheck(carelessCubeRoot, [tensor([-2, 0.5, 3], { dtype: 'float64' })]).passed).toBe(true);
    expect(gradcheck(carelessCubeRoot, [tensor([0], { dtype: 'float64' })]).passed).toBe(false);
  });

  test('is found out in training, with its layer and its line', () => {
    const step = trainer(new Network(carelessCubeRoot, new Random(42)));
    expect(() => detectAnomaly(step)).toThrow(AnomalyError);
    try {
      detectAnomaly(step);
    } catch (error) {
      expect(error).toMatchObject({ op: 'carelessCubeRoot', phase: 'backward', parameter: 'first.weight' });
      expect((error as AnomalyError).calledAt).toMatch(/wave\.ts:\d+:\d+$/);
    }
  });

  test('and the right one is not', () => {
    expect(detectAnomaly(trainer(new Network(softCubeRoot, new Random(42))))).toBeGreaterThan(0);
  });
});
