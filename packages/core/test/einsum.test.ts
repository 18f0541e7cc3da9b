/** Compares Einstein summation with loops over all labels, on random equations. */

import { einsum, type Shape, type Tensor, tensor } from '@tapegrad/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeEach } from '../../../test/interpreters.ts';
import { expectClose } from './close.ts';

interface Operand {
  readonly labels: readonly string[];
  readonly shape: Shape;
  readonly data: readonly number[];
}

const sizeOf = (shape: Shape): number => shape.reduce((size, length) => size * length, 1);

/** Returns every index of a shape, in row-major order. */
const indices = (shape: Shape): number[][] =>
  shape.reduce<number[][]>(
    (list, length) => list.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );

/** Returns the entry at an index; an axis of length 1 repeats its entry. */
const entry = ({ shape, data }: Operand, index: readonly number[]): number =>
  data[shape.reduce((place, length, axis) => place * length + (length === 1 ? 0 : index[axis]!), 0)]!;

/** For each entry of the output, the sum over all other labels of the product of the operands. */
function naive(operands: readonly Operand[], output: readonly string[]): { shape: Shape; data: number[] } {
  const lengths = new Map<string, number>();
  for (const { labels, shape } of operands) {
    labels.forEach((label, axis) => {
      if ((lengths.get(label) ?? 1) === 1) lengths.set(label, shape[axis]!);
    });
  }
  const summed = [...lengths.keys()].filter((label) => !output.includes(label));
  const lengthsOf = (labels: readonly string[]): number[] => labels.map((label) => lengths.get(label)!);
  const shape = lengthsOf(output);
  const data = indices(shape).map((place) =>
    indices(lengthsOf(summed)).reduce((sum, rest) => {
      const at = new Map([...output, ...summed].map((label, i) => [label, [...place, ...rest][i]!]));
      const product = operands.reduce(
        (p, x) =>
          p *
          entry(
            x,
            x.labels.map((label) => at.get(label)!),
          ),
        1,
      );
      return sum + product;
    }, 0),
  );
  return { shape, data };
}

interface Program {
  readonly equation: string;
  readonly operands: readonly Operand[];
  readonly output: readonly string[];
}

const letters = ['i', 'j', 'k', 'L'];
// The axes of an ellipsis, as letters that occur in no equation.
const hidden = ['1', '2'];

const length = fc.integer({ min: 0, max: 3 });
const entries = (shape: Shape) =>
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) });

/**
 * Draws an operand of some letters, sometimes with a repeated letter, sometimes with an ellipsis whose axes may be
 * missing or of length 1.
 */
const operand = (lengths: ReadonlyMap<string, number>) =>
  fc
    .record({
      letters: fc.array(fc.constantFrom(...letters), { maxLength: 3 }),
      ellipsis: fc.option(
        fc.record({
          at: fc.nat(3),
          rank: fc.nat(hidden.length),
          stretched: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
        }),
      ),
    })
    .chain(({ letters, ellipsis }) => {
      const at = Math.min(ellipsis?.at ?? 0, letters.length);
      const under = ellipsis === null ? [] : hidden.slice(hidden.length - ellipsis.rank);
      const labels = letters.toSpliced(at, 0, ...under);
      const shape = labels.map((label) =>
        hidden.includes(label) && ellipsis?.stretched[hidden.indexOf(label)] ? 1 : lengths.get(label)!,
      );
      const term = letters.toSpliced(at, 0, ...(ellipsis === null ? [] : ['...'])).join('');
      return entries(shape).map((data) => ({ term, labels, shape, data }));
    });

const program: fc.Arbitrary<Program> = fc
  .tuple(...[...letters, ...hidden].map((label) => fc.tuple(fc.constant(label), length)))
  .chain((lengths) => fc.array(operand(new Map(lengths)), { minLength: 1, maxLength: 3 }))
  .chain((operands) => {
    const labels = [...new Set(operands.flatMap((x) => x.labels))];
    const under = hidden.filter((label) => labels.includes(label));
    return fc
      .record({
        kept: fc.subarray(labels.filter((label) => letters.includes(label))),
        at: fc.nat(3),
        order: fc.boolean(),
        withEllipsis: fc.boolean(),
        spaced: fc.boolean(),
      })
      .map(({ kept, at, order, withEllipsis, spaced }) => {
        const named = order ? kept : kept.toReversed();
        const place = Math.min(at, named.length);
        const output = named.toSpliced(place, 0, ...(withEllipsis ? under : []));
        const term = named.toSpliced(place, 0, ...(withEllipsis ? ['...'] : [])).join('');
        const equation = `${operands.map((x) => x.term).join(',')}->${term}`;
        return { equation: spaced ? equation.replace(/,|->/g, ' $& ') : equation, operands, output };
      });
  });

const make = ({ shape, data }: Operand): Tensor => tensor(new Float64Array(data), { shape, requiresGrad: true });

describeEach(() => {
  test('any equation', () => {
    fc.assert(
      fc.property(program, ({ equation, operands, output }) => {
        const result = einsum(equation, ...operands.map(make));
        const expected = naive(operands, output);
        expect(result.shape).toEqual(expected.shape);
        expectClose(result, expected.data);
      }),
      { numRuns: 150 },
    );
  });

  // The sum is linear in each operand, so its change along u is exactly the product of the gradient with u.
  test('any gradient', () => {
    fc.assert(
      fc.property(program, fc.nat(2), ({ equation, operands, output }, which) => {
        const i = which % operands.length;
        const inputs = operands.map(make);
        const result = einsum(equation, ...inputs);
        const seed = result.detach().mul(0).add(2);
        const gradient = result.backward({ seed }).of(inputs[i]!);
        const u = operands[i]!.data.map((_, place) => (place % 3) - 1);
        const change = naive(operands.with(i, { ...operands[i]!, data: u }), output);
        expect([...gradient.data].reduce((sum, slope, place) => sum + slope * u[place]!, 0)).toBe(
          change.data.reduce((sum, value) => sum + 2 * value, 0),
        );
      }),
      { numRuns: 100 },
    );
  });
});

const matrix = tensor([
  [1, 2],
  [3, 4],
]);
const vector = tensor([10, 100]);

const known: readonly (readonly [equation: string, operands: readonly Tensor[], result: unknown])[] = [
  [
    'ij->ji',
    [matrix],
    [
      [1, 3],
      [2, 4],
    ],
  ],
  ['ij->', [matrix], 10],
  [
    'ij',
    [matrix],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  // Without an arrow, the output has the letters that occur once, in alphabetical order.
  [
    'ji',
    [matrix],
    [
      [1, 3],
      [2, 4],
    ],
  ],
  ['ii', [matrix], 5],
  [
    'ij,jk',
    [matrix, matrix],
    [
      [7, 10],
      [15, 22],
    ],
  ],
  ['ij,j', [matrix, vector], [210, 430]],
  ['ij, j -> i', [matrix, vector], [210, 430]],
  [
    'i,j->ij',
    [vector, vector],
    [
      [100, 1000],
      [1000, 10000],
    ],
  ],
  ['ii->i', [matrix], [1, 4]],
  [
    '...',
    [matrix],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    '...j->j...',
    [matrix],
    [
      [1, 3],
      [2, 4],
    ],
  ],
  ['i...,i...->...', [matrix, matrix], [10, 20]],
  ['->', [tensor(7)], 7],
  ['i,i,i->', [vector, vector, vector], 1_001_000],
];

test.each(known)('%s', (equation, operands, result) => {
  expect(einsum(equation, ...operands).toArray()).toEqual(result);
});

test('int32 stays int32', () => {
  const x = matrix.cast('int32');
  const product = einsum('ij,jk->ik', x, x);
  expect(product.dtype).toBe('int32');
  expect(product.toArray()).toEqual([
    [7, 10],
    [15, 22],
  ]);
});

test('more than nine axes under an ellipsis keep their order', () => {
  const shape = [1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 3];
  const x = tensor(
    Float64Array.from({ length: 6 }, (_, i) => i),
    { shape },
  );
  const y = einsum('...->...', x);
  expect(y.shape).toEqual(shape);
  expect(einsum('i...,...->...i', x, tensor(new Float64Array([1]))).shape).toEqual([...shape.slice(1), 1]);
});
