import { ArgumentError, DTypeError, ones, Random, ShapeError, type Tensor, zeros } from '@tapegrad/core';
import { rotary, SinusoidalEncoding, sinusoidal } from '@tapegrad/nn';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, expectTypeOf, test } from 'vitest';

const random = new Random(3);
const dtype = 'float64';
const largest = (x: Tensor) => x.abs().max().item();

describe('sinusoidal', () => {
  test('is the sine, and the cosine, of positions over wavelengths', () => {
    const encoded = sinusoidal(50, 7, { base: 100, offset: 3, dtype });
    expectTypeOf(encoded).toEqualTypeOf<Tensor<readonly [50, 7]>>();
    const rows = encoded.toArray() as number[][];
    for (const [p, i] of [
      [0, 0],
      [0, 6],
      [12, 3],
      [49, 6],
      [20, 5],
    ] as const) {
      const angle = (p + 3) / 100 ** ((2 * Math.floor(i / 2)) / 7);
      expect(rows[p]![i]).toBeCloseTo(i % 2 === 0 ? Math.sin(angle) : Math.cos(angle), 14);
    }
  });

  test('turns by a rotation from any position to one that is as far away', () => {
    const all = sinusoidal(30, 8, { dtype });
    const products = (start: number) => all.slice(0, start, start + 5).matmul(all.index(start) as never) as Tensor;
    expect(largest(products(0).sub(products(25)))).toBeLessThan(1e-13);
  });

  test('is added by its layer', () => {
    const layer = new SinusoidalEncoding();
    const x = random.normal([2, 5, 6]);
    expect(layer.forward(x).toArray()).toEqual(x.add(sinusoidal(5, 6)).toArray());
    const late = layer.forward(x.slice(1, 3), { offset: 3 });
    expect(late.toArray()).toEqual(layer.forward(x).slice(1, 3).toArray());
  });
});

describe.each(['adjacent', 'halves'] as const)('rotary of %s', (pairs) => {
  const x = random.normal([2, 5, 6], { dtype });

  test('turns each pair by its angle', () => {
    const y = rotary(x, { pairs, base: 50, offset: 2 });
    expectTypeOf(y).toEqualTypeOf<Tensor<readonly [2, 5, 6]>>();
    const [from, to] = [x, y].map((t) => t.toArray() as number[][][]);
    for (let p = 0; p < 5; p++) {
      for (let i = 0; i < 3; i++) {
        const [first, second] = pairs === 'adjacent' ? [2 * i, 2 * i + 1] : [i, 3 + i];
        const angle = (p + 2) / 50 ** ((2 * i) / 6);
        const [a, b] = [from![1]![p]![first!]!, from![1]![p]![second!]!];
        expect(to![1]![p]![first!]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 14);
        expect(to![1]![p]![second!]).toBeCloseTo(a * Math.sin(angle) + b * Math.cos(angle), 14);
      }
    }
  });

  test('keeps lengths, and has its gradient', () => {
    const lengths = (t: Tensor) => t.norm(-1) as Tensor;
    expect(largest(lengths(rotary(x, { pairs })).sub(lengths(x)))).toBeLessThan(1e-14);
    expect(gradcheck((t) => rotary(t, { pairs }), [x]).passed).toBe(true);
  });
});

test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
  ['no dimension', () => sinusoidal(3, 0), ArgumentError, 'sinusoidal: expected a length and a dimension, got 3 and 0'],
  ['a base', () => sinusoidal(3, 2, { base: 0 }), ArgumentError, 'sinusoidal: the base is 0'],
  ['half an offset', () => rotary(ones([3, 2]), { offset: 0.5 }), ArgumentError, 'rotary: the offset is 0.5'],
  ['an odd dimension', () => rotary(ones([3, 5])), ShapeError, 'rotary: expected an even number of features, got 5'],
  ['other pairs', () => rotary(ones([3, 2]), { pairs: 'all' as never }), ArgumentError, "rotary: unknown pairs 'all'"],
  ['a vector', () => rotary(ones([4])), ShapeError, 'rotary: expected [..., length, dim], got shape [4]'],
  ['integers', () => new SinusoidalEncoding().forward(zeros([2, 2], { dtype: 'int32' })), DTypeError, 'got int32'],
])('refuses %s', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});
