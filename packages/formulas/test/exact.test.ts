/** Arithmetic modulo a prime, and equality tests that use it. */

import { callPrimitive, type Kernels, NdArray, type Primitive, plain } from '@tapegrad/kernels';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalExactly } from '../src/running/exact.ts';
import { Field, NoValue, primes } from '../src/running/field.ts';
import { elementsOf, Floats } from '../src/running/floats.ts';
import { Graph, type Node } from '../src/running/graph.ts';
import { type ModArray, modArray, modular } from '../src/running/modular.ts';
import { gradient } from '../src/running/sweep.ts';

const field = new Field(primes[0], 1);
const element = fc.integer({ min: 1, max: field.p - 1 });

test('primes are 2 q + 1 with q prime', () => {
  const isPrime = (n: number): boolean => {
    for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
    return true;
  };
  for (const p of primes) expect([p, p % 4, isPrime(p), isPrime((p - 1) / 2)]).toEqual([p, 3, true, true]);
});

describe('a field', () => {
  test('quotients, powers and roots', () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        expect(field.mul(field.div(a, b), b)).toBe(a);
        expect(field.add(field.sub(a, b), b)).toBe(a);
        expect(field.pow(a, 5)).toBe(field.mul(field.mul(field.mul(a, a), field.mul(a, a)), a));
        const root = field.sqrt(field.mul(a, a));
        expect([a, field.neg(a)]).toContain(root);
        expect(field.isSquare(root)).toBe(true);
      }),
    );
    expect(() => field.inverse(0)).toThrow(NoValue);
  });

  test('decimal numbers are what they say', () => {
    expect(field.mul(field.number(0.1), 10)).toBe(1);
    expect(field.add(field.number(-2.5), field.number(2.5))).toBe(0);
    expect(field.mul(field.number(1e-5), 100_000)).toBe(1);
  });

  test('functions keep what formulas use', () => {
    fc.assert(
      fc.property(element, (a) => {
        const opposite = field.neg(a);
        expect(field.mul(field.exp(a), field.exp(opposite))).toBe(1);
        expect(field.log(field.exp(a))).toBe(a);
        expect(field.add(field.sigmoid(a), field.sigmoid(opposite))).toBe(1);
        expect(field.add(field.tanh(a), field.tanh(opposite))).toBe(0);
        const [sin, cos] = field.sinCos(a);
        expect(field.add(field.mul(sin, sin), field.mul(cos, cos))).toBe(1);
        expect(field.add(field.log(a), field.log(field.inverse(a)))).toBe(0);
      }),
    );
  });
});

/** The same numbers for both interpreters. */
const both = (values: readonly number[], shape: readonly number[]): [ModArray, NdArray] => [
  modArray(
    shape,
    Float64Array.from(values, (value) => field.number(value)),
  ),
  new NdArray(Float64Array.from(values), 'float64', shape),
];

/** Calls of primitives on integers, with integer results. */
const calls: readonly (readonly [Primitive, readonly (readonly [readonly number[], readonly number[]])[], unknown?])[] =
  [
    ['neg', [[[1, -2], [2]]]],
    [
      'add',
      [
        [
          [1, -2, 3, 4],
          [2, 2],
        ],
        [
          [5, 7],
          [2, 1],
        ],
      ],
    ],
    [
      'sub',
      [
        [
          [1, -2, 3, 4],
          [2, 2],
        ],
        [
          [5, 7],
          [1, 2],
        ],
      ],
    ],
    [
      'mul',
      [
        [
          [1, -2, 3, 4],
          [2, 2],
        ],
        [[5], []],
      ],
    ],
    [
      'div',
      [
        [[6, -8], [2]],
        [[3, 4], [2]],
      ],
    ],
    [
      'pow',
      [
        [[2, -3], [2]],
        [[3], []],
      ],
    ],
    ['abs', [[[4, 9], [2]]]],
    [
      'sum',
      [
        [
          [1, 2, 3, 4, 5, 6],
          [2, 3],
        ],
      ],
      [0],
    ],
    [
      'mean',
      [
        [
          [1, 2, 3, 4, 5, 9],
          [2, 3],
        ],
      ],
      [1],
    ],
    [
      'permute',
      [
        [
          [1, 2, 3, 4, 5, 6],
          [2, 3],
        ],
      ],
      [1, 0],
    ],
    [
      'reshape',
      [
        [
          [1, 2, 3, 4, 5, 6],
          [2, 3],
        ],
      ],
      [3, 2],
    ],
    [
      'broadcastTo',
      [
        [
          [1, 2],
          [2, 1],
        ],
      ],
      [2, 3],
    ],
    [
      'slice',
      [
        [
          [1, 2, 3, 4, 5, 6],
          [2, 3],
        ],
      ],
      { starts: [1, 2], sizes: [1, 2], steps: [1, -1] },
    ],
    [
      'scatterSlice',
      [
        [
          [7, 8],
          [1, 2],
        ],
      ],
      { starts: [1, 0], sizes: [1, 2], steps: [1, 2], shape: [2, 3] },
    ],
    [
      'concat',
      [
        [
          [1, 2],
          [1, 2],
        ],
        [
          [3, 4, 5, 6],
          [2, 2],
        ],
      ],
      0,
    ],
    [
      'matmul',
      [
        [
          [1, 2, 3, 4, 5, 6],
          [2, 3],
        ],
        [
          [1, 0, -1, 2, 3, 1],
          [3, 2],
        ],
      ],
    ],
    [
      'affine',
      [
        [
          [1, 2],
          [1, 2],
        ],
        [
          [1, 2, 3, 4],
          [2, 2],
        ],
        [[5, 6], [2]],
      ],
    ],
    [
      'activationGrad',
      [
        [[2, 3], [2]],
        [[3, -1], [2]],
      ],
      'tanh',
    ],
    [
      'activationGrad',
      [
        [[2, 3], [2]],
        [[3, -1], [2]],
      ],
      'sigmoid',
    ],
  ];

for (const [op, operands, attributes] of calls) {
  test(`${op} ${attributes === undefined ? '' : `${JSON.stringify(attributes)} `}is what it is in float64`, () => {
    const pairs = operands.map(([values, shape]) => both(values, shape));
    const result = callPrimitive(
      modular(field),
      op,
      pairs.map(([x]) => x),
      attributes,
    );
    const expected = callPrimitive(
      plain,
      op,
      pairs.map(([, x]) => x),
      attributes,
    );
    expect(result.shape).toEqual(expected.shape);
    expect([...result.data]).toEqual(Array.from(elementsOf(expected), (value) => field.number(value)));
  });
}

describe('equality', () => {
  const graph = new Graph();
  const k: Kernels<Node> = graph.kernels;
  const x = graph.leaf('x@', [3, 3]);
  const one = k.full({ shape: [], value: 1, dtype: 'float64' });
  const transposed = k.permute(x, [1, 0]);

  test.each<[string, Node, Node, boolean]>([
    [
      '(x + 1)^2 = x^2 + 2 x + 1',
      k.mul(k.add(x, one), k.add(x, one)),
      k.add(k.add(k.mul(x, x), k.add(x, x)), one),
      true,
    ],
    ['(x + 1)^2 is not x^2 + 2 x', k.mul(k.add(x, one), k.add(x, one)), k.add(k.mul(x, x), k.add(x, x)), false],
    ['x x^-1 x = x', k.matmul(k.matmul(x, graph.inverse(x)), x), x, true],
    ['det x^T = det x', graph.det(transposed), graph.det(x), true],
    ['x is not x^T', x, transposed, false],
    ["s' = s - s^2", graph.apply(x, 's', 1), k.sub(k.sigmoid(x), k.mul(k.sigmoid(x), k.sigmoid(x))), false],
    ['1 - sigmoid(x) = sigmoid(-x)', k.sub(one, k.sigmoid(x)), k.sigmoid(k.neg(x)), true],
    [
      'd tanh = 1 - tanh^2',
      gradient(graph, k.sum(k.tanh(x), [0, 1]), x),
      k.sub(one, k.mul(k.tanh(x), k.tanh(x))),
      true,
    ],
  ])('%s', (_, a, b, isEqual) => {
    const found = equalExactly([[a, b]]);
    if (isEqual) expect(found).toMatchObject({ bits: expect.any(Number) });
    else expect(found).toBe(false);
    if (found) expect(found.bits).toBeGreaterThanOrEqual(50);
  });

  test('where signs matter, it is not told', () => {
    expect(
      equalExactly([[k.relu(x), k.maximum(x, k.full({ shape: [], value: 0, dtype: 'float64' }))]]),
    ).toBeUndefined();
  });

  test('a graph in float64: derivatives of any function', () => {
    const floats = new Floats((_, shape) => new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(0.3));
    const y = k.sum(graph.apply(x, 'f', 0), [0, 1]);
    expect(floats.elements(gradient(graph, y, x))).toEqual(floats.elements(graph.apply(x, 'f', 1)));
  });
});
