import { erf, erfc, sigmoid, softplus } from '@tapegrad/kernels';
import { ulpDistance } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';
import stored from './fixtures/special.json' with { type: 'json' };

const functions = { erf, erfc, sigmoid, softplus };
const names = Object.keys(functions) as readonly (keyof typeof functions)[];

describe.each(names)('%s', (name) => {
  const f = functions[name];

  const units = name === 'erfc' ? 4 : 2;
  test(`is within ${units} units in the last place`, () => {
    const off = stored[name].filter(([x, y]) => ulpDistance(f(x!), y!, 'float64') > units);
    expect(off).toEqual([]);
  });

  test('gives NaN for NaN', () => {
    expect(f(Number.NaN)).toBeNaN();
  });
});

test.each([
  ['erf', -0, -0],
  ['erf', Number.POSITIVE_INFINITY, 1],
  ['erf', Number.NEGATIVE_INFINITY, -1],
  ['erfc', Number.POSITIVE_INFINITY, 0],
  ['erfc', Number.NEGATIVE_INFINITY, 2],
  ['sigmoid', Number.POSITIVE_INFINITY, 1],
  ['sigmoid', Number.NEGATIVE_INFINITY, 0],
  ['sigmoid', -1000, 0],
  ['softplus', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ['softplus', Number.NEGATIVE_INFINITY, 0],
  ['softplus', Number.MAX_VALUE, Number.MAX_VALUE],
] as const)('%s(%d) is %d', (name, x, y) => {
  expect(functions[name](x)).toBe(y);
});

test('erf is odd, and has no step where its two forms meet', () => {
  const xs = Array.from({ length: 2001 }, (_, i) => 0.9 + i * 1e-4);
  expect(xs.filter((x) => erf(-x) !== -erf(x))).toEqual([]);
  expect(xs.filter((x) => erf(x + 1e-4) <= erf(x))).toEqual([]);
});
