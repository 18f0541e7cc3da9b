/** Upsampling and adaptive pooling: the elements on which each result depends. */

import { jvp, ones, Random, type Tensor, tensor, vmap, zeros } from '@tapegrad/core';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d, Upsample, type UpsampleOptions, upsample } from '@tapegrad/nn';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';

type Resampler = (x: Tensor) => Tensor;

const resamplers: readonly (readonly [name: string, f: Resampler])[] = [
  ...(['nearest', 'bilinear'] as const).flatMap((mode) =>
    (
      [
        { scale: 2 },
        { scale: 1.5 },
        { scale: [0.5, 3] },
        { size: 7 },
        { size: [2, 9] },
        { size: 1 },
        { size: 4 },
      ] as const
    ).map((how) => [`${mode} ${JSON.stringify(how)}`, (x: Tensor) => upsample(x, { ...how, mode }) as Tensor] as const),
  ),
  ['aligned', (x) => upsample(x, { size: [7, 3], mode: 'bilinear', alignCorners: true })],
  ...([1, 2, 3, [4, 3], 6] as const).map(
    (size) => [`adaptive ${size}`, (x: Tensor) => adaptiveAvgPool2d(x, size) as Tensor] as const,
  ),
  ['average', (x) => avgPool2d(x, 2)],
  ['average, padded', (x) => avgPool2d(x, 3, { stride: 1, padding: 1 })],
  ['maximum', (x) => maxPool2d(x, 2)],
];

const at = (count: number, place: number, value: number, rest: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => (i === place ? value : rest));

describeEach(() => {
  describe.each(resamplers)('%s', (_, f) => {
    const shape = [1, 1, 4, 4] as const;
    const ofOnes = f(ones(shape, { dtype: 'float64' })).data;
    /** Finds, by differences, the entries of the result that depend on an entry of the input. */
    const touched = (place: number): boolean[] =>
      [...f(tensor(at(16, place, 1e3, 1), { shape })).data].map((value, i) => Math.abs(value - ofOnes[i]!) > 1e-6);

    test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
      'an entry of %d touches what depends on it',
      (bad) => {
        for (const place of [0, 5, 15]) {
          const found = [...f(tensor(at(16, place, bad, 1), { shape })).data];
          // The smallest element is never a maximum.
          if (found.every(Number.isFinite)) continue;
          expect(found.map((value) => !Number.isFinite(value))).toEqual(touched(place));
          expect(found.filter((value) => !Number.isFinite(value)).every((value) => Object.is(value, bad))).toBe(true);
        }
      },
    );

    test.each([Number.NaN, Number.POSITIVE_INFINITY])(
      'a cotangent of %d comes from what depends on its entry',
      (bad) => {
        const x = tensor(new Random(1).normal(shape, { dtype: 'float64' }).data, { shape, requiresGrad: true });
        const y = f(x);
        for (const place of [0, y.size - 1]) {
          const gradient = (value: number): number[] => {
            const seed = tensor(at(y.size, place, value, 0), { shape: y.shape });
            return [
              ...f(x)
                .backward({ seed, wanted: [x] })
                .of(x).data,
            ];
          };
          const reached = gradient(1).map((slope) => slope !== 0);
          expect(gradient(bad).map((slope) => !Number.isFinite(slope))).toEqual(reached);
        }
      },
    );
  });

  test('one NaN in a corner', () => {
    const x = tensor(at(16, 0, Number.NaN, 1), { shape: [1, 1, 4, 4] });
    const count = (y: Tensor): number => [...y.data].filter(Number.isNaN).length;
    expect(count(upsample(x, { scale: 2, mode: 'bilinear' }))).toBe(9);
    expect(count(upsample(x, { scale: 2 }))).toBe(4);
    expect(count(adaptiveAvgPool2d(x, 2))).toBe(1);
  });
});

const rows = (count: number): Tensor =>
  tensor(
    Float64Array.from({ length: count }, (_, i) => i),
    { shape: [1, 1, count, 1] },
  );

describe('places', () => {
  test('sizes divide an axis evenly', () => {
    const y = upsample(tensor([[[[1, 2]]]]), { size: [1, 98] });
    expect([...y.data].filter((value) => value === 1)).toHaveLength(49);
    for (const from of [1, 2, 3, 5, 7, 12, 49]) {
      for (let to = 1; to <= 200; to++) {
        const found = [...(upsample(rows(from), { size: [to, 1] }) as Tensor).data];
        const expected = Array.from({ length: to }, (_, i) => Number((BigInt(i) * BigInt(from)) / BigInt(to)));
        expect(found, `${from} to ${to}`).toEqual(expected);
      }
    }
  });

  test('a scale that is a rounded quotient gives integers', () => {
    for (const from of [3, 7, 11, 88, 100]) {
      for (let to = 1; to <= 150; to++) {
        const scale = to / from;
        const y = upsample(rows(from), { scale: [scale, 1] }) as Tensor;
        expect(y.shape[2], `${from} to ${to}`).toBe(to);
        expect(y.toArray()).toEqual((upsample(rows(from), { size: [to, 1] }) as Tensor).toArray());
      }
    }
    expect(upsample(zeros([1, 1, 1, 88]), { scale: [1, 120 / 88] }).shape).toEqual([1, 1, 1, 120]);
    expect(upsample(zeros([1, 1, 20, 1]), { scale: [1.15, 1] }).shape).toEqual([1, 1, 23, 1]);
  });

  test('an axis that keeps its length keeps its entries, as PyTorch’s', () => {
    for (const mode of ['nearest', 'bilinear'] as const) {
      expect([...upsample(rows(5), { scale: [1.15, 1], mode }).data]).toEqual([0, 1, 2, 3, 4]);
      const wider = upsample(rows(5), { scale: [1.15, 2], mode });
      expect([...wider.slice(3, 0, 1).data]).toEqual([0, 1, 2, 3, 4]);
    }
  });

  test('bilinear weights are exact', () => {
    for (const [from, to] of [
      [4, 8],
      [3, 9],
      [5, 7],
      [49, 98],
    ] as const) {
      const y = upsample(rows(from), { size: [to, 1], mode: 'bilinear' }) as Tensor;
      const expected = Array.from({ length: to }, (_, i) =>
        Math.min(from - 1, Math.max(0, ((2 * i + 1) * from - to) / (2 * to))),
      );
      expected.forEach((value, i) => {
        expect(y.data[i]).toBeCloseTo(value, 13);
      });
    }
  });

  test('long axes go another way to the same numbers', () => {
    const x = new Random(2).normal([1, 1, 130, 1], { dtype: 'float64' }) as Tensor;
    const long = upsample(x, { size: [200, 1], mode: 'bilinear' }) as Tensor;
    const shorter = x.slice(2, 0, 127);
    const same = upsample(shorter, { scale: [2, 1], mode: 'bilinear' }) as Tensor;
    const other = upsample(x, { scale: [2, 1], mode: 'bilinear' }) as Tensor;
    expect([...other.slice(2, 0, 250).data]).toEqual(
      [...same.slice(2, 0, 250).data].map((value) => expect.closeTo(value, 13)),
    );
    expect(long.shape).toEqual([1, 1, 200, 1]);
  });
});

test.each(resamplers.filter(([name]) => name !== 'maximum'))(
  '%s has its derivatives of every order, in every way',
  (_, f) => {
    const x = new Random(3).normal([2, 2, 4, 4], { dtype: 'float64' }) as Tensor;
    const curved = (t: Tensor): Tensor => f(t.mul(t)).sin();
    expect(gradcheck(curved, [x], { order: 2 }).passed).toBe(true);
    const tangent = new Random(4).normal([2, 2, 4, 4], { dtype: 'float64' }) as Tensor;
    expect(jvp(f, [x], [tangent])[1].toArray()).toEqual(f(tangent).toArray());
    const batch = new Random(5).normal([3, 1, 2, 4, 4], { dtype: 'float64' }) as Tensor;
    expect(vmap(f)(batch).toArray()).toEqual([0, 1, 2].map((i) => f(batch.index(i)).toArray()));
  },
);

test('options that are misspelt, or have no such value, are refused', () => {
  const x = ones([1, 1, 2, 2]);
  const wrong = (options: object) => () => upsample(x, options as UpsampleOptions);
  expect(wrong({ scale: 2, modes: 'bilinear' })).toThrow(
    "upsample: unknown option 'modes', expected { size, scale, mode, alignCorners }",
  );
  expect(wrong({ scale: 2, mode: 'cubic' })).toThrow(
    "upsample: unknown mode 'cubic', expected 'nearest' or 'bilinear'",
  );
  expect(() => new Upsample({ size: 2, scale: 2 } as never)).toThrow('Upsample: expected either a size or a scale');
  expect(() => new Upsample({ scales: 2 } as never)).toThrow("Upsample: unknown option 'scales'");
});
