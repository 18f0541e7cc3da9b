/**
 * Normalises numbers with large means, and numbers whose squares overflow or underflow, in float32; compares the
 * results with float64.
 */

import { type FloatDType, ones, Random, type Shape, type Tensor, tensor, zeros } from '@tapegrad/core';
import {
  BatchNorm1d,
  BatchNorm2d,
  batchNorm,
  GroupNorm,
  groupNorm,
  LayerNorm,
  layerNorm,
  RMSNorm,
  rmsNorm,
} from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';

interface Normalizer {
  readonly name: string;
  readonly shape: Shape;
  /** The axes that are normalised over. */
  readonly axes: readonly number[];
  /** The normalisation as a function of its input, a weight and a bias. */
  run(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor;
  readonly affineShape: Shape;
}

const normalizers: readonly Normalizer[] = [
  {
    name: 'layerNorm',
    shape: [3, 1000],
    axes: [1],
    affineShape: [1000],
    run: (x, weight, bias, eps) => layerNorm(x, weight, bias, { eps }),
  },
  {
    name: 'layerNorm over two axes',
    shape: [3, 20, 50],
    axes: [1, 2],
    affineShape: [20, 50],
    run: (x, weight, bias, eps) => layerNorm(x, weight, bias, { eps }),
  },
  {
    name: 'rmsNorm',
    shape: [3, 1000],
    axes: [1],
    affineShape: [1000],
    run: (x, weight, _, eps) => rmsNorm(x, weight, { eps }),
  },
  {
    name: 'groupNorm',
    shape: [3, 4, 500],
    axes: [],
    affineShape: [4],
    run: (x, weight, bias, eps) => groupNorm(x, weight, bias, { groups: 2, eps }),
  },
  {
    name: 'batchNorm',
    shape: [1000, 3],
    axes: [0],
    affineShape: [3],
    run: (x, weight, bias, eps) => batchNorm(x, weight, bias, { eps }),
  },
  {
    name: 'batchNorm of images',
    shape: [10, 3, 10, 10],
    axes: [0, 2, 3],
    affineShape: [3],
    run: (x, weight, bias, eps) => batchNorm(x, weight, bias, { eps }),
  },
];

/** Returns the result, and the gradients of its products with other numbers. */
function results(
  { run, shape, affineShape }: Normalizer,
  data: Float32Array,
  eps: number,
  dtype: FloatDType,
): number[][] {
  const random = new Random(5);
  const made = (size: Shape): Tensor => {
    const values = random.uniform(size, { low: 0.5, high: 1.5 });
    return tensor(values.data, { shape: size, dtype, requiresGrad: true });
  };
  const x: Tensor = tensor(data, { shape, dtype, requiresGrad: true });
  const [weight, bias, cotangent] = [made(affineShape), made(affineShape), made(shape)];
  const y = run(x, weight!, bias!, eps);
  const gradients = y.mul(cotangent!.detach()).sum().backward();
  return [[...y.data], [...gradients.of(x).data], [...gradients.of(weight!).data]];
}

/** Returns the largest error, relative to the largest number. */
function deviation(actual: readonly number[], expected: readonly number[]): number {
  const largest = expected.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
  return actual.reduce((worst, number, i) => Math.max(worst, Math.abs(number - expected[i]!)), 0) / largest;
}

/** Returns numbers around a mean, rounded to float32. */
const around = (shape: Shape, mean: number, width: number): Float32Array =>
  Float32Array.from(new Random(7).normal(shape, { dtype: 'float64', std: width }).data, (number) => mean + number);

const ulp = 2 ** -23;

describeEach(() => {
  describe.each(normalizers.map((normalizer) => [normalizer.name, normalizer] as const))('%s', (name, normalizer) => {
    test.each([
      [1e4, 1e-2],
      [-1e4, 1e-2],
      [1e6, 1],
      [3e-5, 1e-9],
      [0, 1],
    ])('of numbers %d ± %d is within units in the last place', (mean, width) => {
      const data = around(normalizer.shape, mean, width);
      const [y, slopes, weights] = results(normalizer, data, 1e-20, 'float32');
      const [exact, exactSlopes, exactWeights] = results(normalizer, data, 1e-20, 'float64');
      expect(deviation(y!, exact!)).toBeLessThan(4 * ulp);
      // The gradient of rmsNorm along x is a difference of equal numbers.
      const conditioned = name === 'rmsNorm' && mean !== 0 ? 1e3 : 1;
      expect(deviation(slopes!, exactSlopes!)).toBeLessThan(20 * ulp * conditioned);
      expect(deviation(weights!, exactWeights!)).toBeLessThan(20 * ulp);
    });

    test('of numbers whose squares overflow, or vanish, is that of their multiples', () => {
      const data = around(normalizer.shape, 0, 1);
      const [y, slopes, weights] = results(normalizer, data, 0, 'float32');
      for (const exponent of [-140, -100, -70, -40, 40, 66, 100, 124]) {
        const scale = 2 ** exponent;
        const scaled = data.map((number) => number * scale);
        const [own, ownSlopes, ownWeights] = results(normalizer, scaled, 0, 'float32');
        // Subnormal numbers have lost digits already.
        const tolerance = exponent === -140 ? 1e-2 : 4 * ulp;
        expect(deviation(own!, y!)).toBeLessThan(tolerance);
        expect(deviation(ownWeights!, weights!)).toBeLessThan(10 * tolerance);
        if (exponent > -100) {
          const back = ownSlopes!.map((slope) => slope * scale);
          expect(deviation(back, slopes!)).toBeLessThan(exponent > 110 ? 1e-2 : 20 * ulp);
        }
      }
    });

    test('of rows of every size together is that of each by itself', () => {
      if (normalizer.axes.join() !== '1') return;
      const data = around(normalizer.shape, 0, 1);
      const length = data.length / 3;
      const mixed = data.map((number, i) => number * [1, 2 ** 100, 2 ** -40][Math.floor(i / length)]!);
      const [y] = results(normalizer, mixed, 0, 'float32');
      const [expected] = results(normalizer, data, 0, 'float32');
      expect(deviation(y!, expected!)).toBeLessThan(4 * ulp);
    });

    test('of a NaN or an infinity is NaN where they are', () => {
      if (normalizer.axes.join() !== '1') return;
      for (const harmful of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const data = around(normalizer.shape, 0, 1);
        data[3] = harmful;
        const [y] = results(normalizer, data, 1e-5, 'float32');
        const length = data.length / 3;
        if (name !== 'rmsNorm') expect(y!.slice(0, length).every(Number.isNaN)).toBe(true);
        expect(y!.slice(length).some(Number.isNaN)).toBe(false);
      }
    });
  });

  test('layers keep the digits of a large mean, too, and so do running statistics', () => {
    const random = new Random(3);
    const data = Float32Array.from(random.normal([4000], { dtype: 'float64' }).data, (number) => 1e4 + number / 100);
    const exact = Float64Array.from(data);
    const mean = exact.reduce((sum, number) => sum + number, 0) / 4000;
    const variance = exact.reduce((sum, number) => sum + (number - mean) ** 2, 0) / 4000;
    const expected = [...exact].map((number) => (number - mean) / Math.sqrt(variance + 1e-20));
    const options = { eps: 1e-20 };
    const layers: readonly (readonly [(x: Tensor) => Tensor, Shape])[] = [
      [(x) => new LayerNorm(4000, options).forward(x as never), [1, 4000]],
      [(x) => new GroupNorm(1, 4, options).forward(x as never), [1, 4, 1000]],
      [(x) => new BatchNorm1d(1, options).forward(x as never), [4000, 1]],
      [(x) => new BatchNorm2d(1, options).forward(x as never), [4, 1, 10, 100]],
    ];
    for (const [run, shape] of layers) {
      expect(deviation([...run(tensor(data, { shape })).data], expected)).toBeLessThan(4 * ulp);
    }
    const layer = new BatchNorm1d(1, { momentum: 1 });
    layer.forward(tensor(data, { shape: [4000, 1] }));
    expect(layer.runningMean!.item()).toBe(Math.fround(mean));
    expect(layer.runningVariance!.item() / ((variance * 4000) / 3999)).toBeCloseTo(1, 6);
    const square = Math.sqrt(exact.reduce((sum, number) => sum + number * number, 0) / 4000);
    const rms = new RMSNorm(4000).forward(tensor(data, { shape: [1, 4000] })) as Tensor;
    expect(
      deviation(
        [...rms.data],
        [...exact].map((number) => number / square),
      ),
    ).toBeLessThan(4 * ulp);
  });

  test('what is constant is normalised to the bias', () => {
    for (const value of [0, 1, 0.1, 1e4, 1e30, 1e-40]) {
      const x: Tensor = ones([2, 7]).mul(value);
      expect(layerNorm(x).toArray()).toEqual(zeros([2, 7]).toArray());
      expect(batchNorm(x).abs().max().item()).toBe(0);
    }
  });
});
