/**
 * Activations where they are nearly flat, where exponentials overflow, at infinities and at NaN: compares values,
 * slopes and second derivatives with data/make_activations.py, in units in the last place.
 */

import { elu, type FloatDType, gelu, hardtanh, leakyRelu, selu, silu, type Tensor, tensor } from '@tapegrad/core';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';
import stored from '../data/activations.json' with { type: 'json' };
import { operatorsIn } from './operators.ts';

type Activation = (x: Tensor) => Tensor;
type Derivatives = readonly [values: readonly number[], slopes: readonly number[], curvatures: readonly number[]];

const Inf = Number.POSITIVE_INFINITY;
const dtypes = ['float32', 'float64'] as const;
const epsilon = { float32: 2 ** -23, float64: 2 ** -52 } as const;
const least = { float32: 2 ** -126, float64: 2 ** -1022 } as const;

const activations: { readonly [name in keyof typeof stored]: Activation } = {
  elu: (x) => elu(x),
  'elu, alpha 0.7': (x) => elu(x, 0.7),
  selu: (x) => selu(x),
  silu: (x) => silu(x),
  gelu: (x) => gelu(x),
  'gelu, tanh': (x) => gelu(x, { approximate: 'tanh' }),
};

/** The value, the slope and the second derivative of an elementwise function; 0 where the slope is constant. */
function derivativesOf(f: Activation, arguments_: readonly number[], dtype: FloatDType): Derivatives {
  const x: Tensor = tensor(Float64Array.from(arguments_), { dtype, requiresGrad: true });
  const y = f(x);
  const slopes = y.sum().backward({ createGraph: true }).of(x);
  const second = slopes.requiresGrad ? slopes.sum().backward({ wanted: [x] }) : undefined;
  const curvatures = second?.has(x) ? [...second.of(x).data] : arguments_.map(() => 0);
  return [[...y.data], [...slopes.data], curvatures];
}

/** Without the sign of a zero. */
const unsigned = (list: readonly number[]): readonly number[] => list.map((number) => number + 0);

describeEach(() => {
  describe.each(dtypes)('%s', (dtype) => {
    describe.each(Object.keys(activations) as (keyof typeof stored)[])('%s', (name) => {
      test('has its digits, and its derivatives theirs, however small they are', () => {
        const rows = stored[name] as readonly (readonly number[])[];
        const found = derivativesOf(
          activations[name],
          rows.map(([x]) => x!),
          dtype,
        );
        const wrong = rows.flatMap(([x, ...expected]) =>
          expected.flatMap((number, order) => {
            const actual = found[order]![rows.findIndex(([other]) => other === x)]!;
            // The relative error of an exponential is the absolute error of its exponent, which here contains the
            // argument's cube.
            const units = 12 + 6 * Math.min(1000, Math.abs(Math.log(Math.abs(number) || 1)));
            // The slope of a sigmoid that is nearly 1 has no digits beyond those of 1, and it is multiplied by x.
            const scale = name === 'silu' && x! > 0 ? Math.max(1, x!) : Math.abs(number);
            const allowed = Math.max(units * epsilon[dtype] * scale, least[dtype]);
            return Math.abs(actual - number) <= allowed ? [] : [{ x, order, number, actual }];
          }),
        );
        expect(wrong).toEqual([]);
      });

      test('has its limits at infinities, and NaN at NaN', () => {
        const [values, slopes, curvatures] = derivativesOf(activations[name], [Inf, -Inf], dtype);
        const [, [right], [, left]] = derivativesOf(activations[name], [1e20, -1e20], dtype) as [
          [],
          [number],
          number[],
        ];
        expect(values[0]).toBe(Inf);
        expect(values[1]).toBe(derivativesOf(activations[name], [-1e20], dtype)[0][0]! + 0);
        expect(unsigned(slopes)).toEqual([right, 0]);
        expect(unsigned(curvatures)).toEqual([0, left! + 0]);
        const [ofNaN] = derivativesOf(activations[name], [Number.NaN], dtype);
        expect(ofNaN).toEqual([Number.NaN]);
      });
    });

    const awkward = [-Inf, -1e20, -0, 0, 1e20, Inf].map(dtype === 'float32' ? Math.fround : Number);
    const [large, small] = [awkward[4]!, awkward[1]!];

    test('leakyRelu, of a slope of 0, too', () => {
      const [values, slopes] = derivativesOf((x) => leakyRelu(x, 0.5), awkward, dtype);
      expect(unsigned(values)).toEqual([-Inf, small / 2, 0, 0, large, Inf]);
      expect(slopes).toEqual([0.5, 0.5, 0.5, 0.5, 1, 1]);
      const [flat, ofFlat] = derivativesOf((x) => leakyRelu(x, 0), awkward, dtype);
      expect(unsigned(flat)).toEqual([0, 0, 0, 0, large, Inf]);
      expect(ofFlat).toEqual([0, 0, 0, 0, 1, 1]);
    });

    test('hardtanh, whose slope at NaN is 1', () => {
      const [values, slopes] = derivativesOf((x) => hardtanh(x), [...awkward, Number.NaN], dtype);
      expect(unsigned(values)).toEqual([-1, -1, 0, 0, 1, 1, Number.NaN]);
      expect(slopes).toEqual([0, 0, 1, 1, 0, 0, 1]);
    });

    test('relu, sigmoid, tanh and softplus', () => {
      expect(derivativesOf((x) => x.relu(), awkward, dtype).slice(0, 2)).toEqual([
        [0, 0, 0, 0, large, Inf],
        [0, 0, 0, 0, 1, 1],
      ]);
      expect(derivativesOf((x) => x.sigmoid(), awkward, dtype).map(unsigned)).toEqual([
        [0, 0, 0.5, 0.5, 1, 1],
        [0, 0, 0.25, 0.25, 0, 0],
        [0, 0, 0, 0, 0, 0],
      ]);
      expect(derivativesOf((x) => x.tanh(), awkward, dtype).map(unsigned)).toEqual([
        [-1, -1, 0, 0, 1, 1],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
      ]);
      const [values, slopes, curvatures] = derivativesOf((x) => x.softplus(), awkward, dtype);
      const log2 = dtype === 'float32' ? Math.fround(Math.LN2) : Math.LN2;
      expect(values).toEqual([0, 0, log2, log2, large, Inf]);
      expect([slopes, curvatures].map(unsigned)).toEqual([
        [0, 0, 0.5, 0.5, 1, 1],
        [0, 0, 0.25, 0.25, 0, 0],
      ]);
    });
  });

  test('the slopes of values that are rounded to 1 are 0', () => {
    expect(derivativesOf((x) => x.sigmoid(), [17.5, 37.5], 'float32')[1]).toEqual([0, 0]);
    expect(derivativesOf((x) => x.sigmoid(), [17.5, 37.5], 'float64')[1]).toEqual([expect.closeTo(2.51e-8, 10), 0]);
    expect(derivativesOf((x) => x.tanh(), [-9.5, 9.5], 'float32')[1]).toEqual([0, 0]);
    expect(derivativesOf((x) => x.tanh(), [9.5, 19.5], 'float64')[1]).toEqual([expect.closeTo(2.24e-8, 10), 0]);
  });

  test('an activation is shaped by finite numbers', () => {
    const x = tensor([1]);
    expect(() => leakyRelu(x, Inf)).toThrow('leakyRelu: the slope is Infinity, expected a finite number');
    expect(() => elu(x, Number.NaN)).toThrow('elu: alpha is NaN, expected a finite number');
  });
});

test('every activation is among them', () => {
  const tried = new Set([...Object.keys(activations).map((name) => name.split(',')[0]), 'leakyRelu', 'hardtanh']);
  expect(operatorsIn('activations.ts').filter((name) => !tried.has(name))).toEqual([]);
});
