/** Compares in-place updates by a single vectorised loop with a sequence of primitives on other interpreters. */

import {
  ArgumentError,
  type ChangeInPlace,
  changeByPrimitives,
  createWasm,
  type ElementFormula,
  plain,
} from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';
import { describe, expect, test } from 'vitest';

const wasm = createWasm({ threads: 1 });

const specials = [0, -0, 1, -1, 1e-45, 5e-324, 1 / 3, 3.4e38, 1.7e308, Infinity, -Infinity, Number.NaN];

/** Numbers of many magnitudes, including special values. */
const values = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => specials[(i * seed + 3) % 29] ?? Math.sin(i * seed) * 10 ** ((i % 7) - 3));

type Pair = { x: Float64Array; y: Float64Array };
type Numbers = { a: number; b: number };

const axpby: ElementFormula<Pair, Numbers> = (k, { x, y }, { a, b }) => ({ y: k.add(k.mul(a, x), k.mul(b, y)) });

const everything: ElementFormula<Pair & { z?: Float64Array }, Numbers> = (k, { x, y, z }, { a, b }) => {
  const size = k.sqrt(k.abs(k.sub(x, k.mul(a, y))));
  const turned = k.div(k.maximum(size, b), k.sign(x));
  return { x: turned, y: size, ...(z !== undefined && { z: k.add(z, turned) }) };
};

const swap: ElementFormula<Pair, Numbers> = (_k, { x, y }) => ({ x: y, y: x });

const constant: ElementFormula<Pair, Numbers> = (_k, { x }, { a }) => ({ x: a, y: x });

describe.each([
  ['float32', Float32Array],
  ['float64', Float64Array],
] as const)('%s', (dtype, Floats) => {
  const run = <N extends 'x' | 'y' | 'z'>(
    change: ChangeInPlace,
    formula: unknown,
    names: readonly N[],
    length: number,
  ) => {
    const arrays = Object.fromEntries(names.map((name, i) => [name, Floats.from(values(length, 5 + 2 * i))]));
    change(formula as ElementFormula<object, Numbers>, arrays, { a: -0.1, b: 0.9 });
    return arrays;
  };

  test.each([
    ['a sum of multiples', axpby, ['x', 'y']],
    ['every primitive', everything, ['x', 'y']],
    ['an array more', everything, ['x', 'y', 'z']],
    ['nothing computed', swap, ['x', 'y']],
    ['a number', constant, ['x', 'y']],
  ] as const)('%s: the same bits', (_, formula, names) => {
    for (const length of [0, 1, 5, 8191, 8192, 8193, 20_000]) {
      const expected = run(changeByPrimitives(plain), formula, names, length);
      expect(run(wasm.changeInPlace, formula, names, length)).toEqual(expected);
      if (dtype === 'float64') expect(run(changeByPrimitives(reference), formula, names, length)).toEqual(expected);
    }
  });

  test('numbers and every intermediate result are rounded', () => {
    const [x, y] = [Floats.from(values(600, 7)), Floats.from(values(600, 5))];
    const round = (value: number): number => Floats.of(value)[0]!;
    const expected = x.map((value, i) => round(round(-0.1) * value) + round(round(0.9) * y[i]!));
    wasm.changeInPlace(axpby, { x, y }, { a: -0.1, b: 0.9 });
    expect(y).toEqual(expected);
  });

  test('numbers go by their names', () => {
    const [x, y] = [Floats.of(1), Floats.of(10)];
    wasm.changeInPlace(axpby, { x, y }, { a: 2, b: 3 });
    wasm.changeInPlace(axpby, { y, x }, { b: 3, a: 2 });
    expect(y[0]).toBe(98);
  });

  test('windows on shared memory change, and nothing beside them', () => {
    const memory = new Floats(2000).fill(1);
    const y = memory.subarray(1001, 1702);
    wasm.changeInPlace(axpby, { x: memory.subarray(3, 704), y }, { a: 2, b: 3 });
    expect(new Set(y)).toEqual(new Set([5]));
    expect([memory[1000], memory[1702], memory[703]]).toEqual([1, 1, 1]);
  });
});

test.each([
  [
    'of different lengths',
    { x: new Float32Array(6), y: new Float32Array(7) },
    'expected arrays that are alike, got x a Float32Array of 6 elements and y a Float32Array of 7 elements',
  ],
  ['of different dtypes', { x: new Float32Array(6), y: new Float64Array(6) }, 'and y a Float64Array of 6 elements'],
  ['of integers', { x: new Int32Array(6), y: new Int32Array(6) }, 'expected arrays of floats, got x a Int32Array'],
])('arrays %s are refused', (_, arrays, message) => {
  for (const change of [wasm.changeInPlace, changeByPrimitives(plain)]) {
    const run = () => change(axpby, arrays, { a: 1, b: 1 });
    expect(run).toThrow(ArgumentError);
    expect(run).toThrow(message);
  }
});
