/** Random numbers drawn while `vmap` runs a function of one example on a batch. */

import {
  ArgumentError,
  checkpoint,
  grad,
  hessian,
  jacobian,
  Random,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from '@tapegrad/core';
import { describe, expect, test } from 'vitest';

type Draw = (random: Random) => Tensor;

const draws: readonly (readonly [name: string, draw: Draw])[] = [
  ['uniform', (random) => random.uniform([6])],
  ['normal', (random) => random.normal([6])],
  ['bernoulli', (random) => random.bernoulli([6], 0.5)],
  ['integers', (random) => random.integers([6], 0, 1000)],
  ['permutation', (random) => random.permutation(6)],
];

const rowsOf = (x: Tensor): string[] => Array.from({ length: x.shape[0]! }, (_, i) => String(x.index(i).data));

describe.each(draws)('%s', (name, draw) => {
  const run = (options: { readonly randomness?: 'error' | 'same' | 'different' }, random = new Random(3)): Tensor =>
    vmap((x: Tensor) => draw(random).add(x.cast(draw(new Random(0)).dtype)), options)(zeros([4]));

  test('is an error unless vmap says what it is to be, and draws nothing then', () => {
    const random = new Random(3);
    const { state } = random;
    for (const options of [{}, { randomness: 'error' } as const]) {
      const call = () => vmap((x: Tensor) => draw(random).add(x as never), options)(zeros([4]));
      expect(call).toThrow(ArgumentError);
      expect(call).toThrow(
        `${name}: a random draw inside vmap; say whether it is the same for all examples, vmap(f, { randomness: 'same' }), ` +
          "or another for each, { randomness: 'different' }",
      );
    }
    expect(random.state).toEqual(state);
  });

  test('is one for all examples, or another for each', () => {
    const same = vmap((x: Tensor) => [draw(new Random(3)), x], { randomness: 'same', outAxes: [0, 0] })(zeros([4]));
    expect(rowsOf((same as unknown as [Tensor])[0])).toEqual(new Array(4).fill(String(draw(new Random(3)).data)));
    const different = vmap((x: Tensor) => [draw(new Random(3)), x], { randomness: 'different', outAxes: [0, 0] })(
      zeros([4]),
    );
    const rows = rowsOf((different as unknown as [Tensor])[0]);
    expect(new Set(rows).size).toBe(4);
    expect(rows[0]).toBe(String(draw(new Random(3)).data));
    if (name === 'permutation') for (const row of rows) expect(row.split(',').toSorted().join()).toBe('0,1,2,3,4,5');
    expect(() => run({ randomness: 'each' as never })).toThrow(
      "vmap: unknown randomness 'each', expected 'error', 'same' or 'different'",
    );
  });

  test('nests: each level has its own say', () => {
    const nested = (outer: 'same' | 'different', inner: 'same' | 'different'): string[] => {
      const random = new Random(5);
      const f = vmap(
        (row: Tensor) => vmap((x: Tensor) => draw(random).cast('float32').add(x.mul(0)), { randomness: inner })(row),
        { randomness: outer },
      );
      const y = f(zeros([3, 2])) as Tensor;
      return [0, 1, 2].flatMap((i) => rowsOf(y.index(i)));
    };
    const patterns = (rows: readonly string[]): number[] => rows.map((row) => rows.indexOf(row));
    expect(patterns(nested('same', 'same'))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(patterns(nested('different', 'same'))).toEqual([0, 0, 2, 2, 4, 4]);
    expect(patterns(nested('same', 'different'))).toEqual([0, 1, 0, 1, 0, 1]);
    expect(patterns(nested('different', 'different'))).toEqual([0, 1, 2, 3, 4, 5]);
    const inner = vmap((x: Tensor) => draw(new Random(1)).cast('float32').add(x), { randomness: 'same' });
    expect(() => vmap((row: Tensor) => inner(row))(zeros([3, 2]))).toThrow(`${name}: a random draw inside vmap`);
  });
});

test('a draw that is a number is one for all, or an error', () => {
  const f = (random: Random) => (x: Tensor) => x.add(random.next());
  expect(() => vmap(f(new Random(1)))(zeros([2]))).toThrow('next: a random draw inside vmap');
  expect(
    vmap(f(new Random(1)), { randomness: 'same' })(zeros([2]))
      .index(1)
      .item(),
  ).toBeCloseTo(new Random(1).next(), 6);
  expect(() => vmap(f(new Random(1)), { randomness: 'different' })(zeros([2]))).toThrow(
    "next: a number can't differ between the examples of vmap; draw a tensor",
  );
});

test('there may be no example', () => {
  const y = vmap((x: Tensor) => x.add(new Random(1).normal([2])), { randomness: 'different' })(zeros([0, 2]));
  expect(y.shape).toEqual([0, 2]);
});

describe('the transforms', () => {
  const noisy = (random: Random) => (x: Tensor) =>
    x
      .mul(random.normal([3], { dtype: 'float64' }))
      .sin()
      .sum();
  const x = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { dtype: 'float64' },
  );

  test('each example’s gradient is that of its own draw', () => {
    const together = vmap(grad(noisy(new Random(2))), { randomness: 'different' })(x) as Tensor;
    const random = new Random(2);
    const drawn = random.normal([2, 3], { dtype: 'float64' });
    const expected = x.mul(drawn).cos().mul(drawn);
    expect(together.toArray()).toEqual(expected.toArray());
  });

  test('a checkpoint draws the same once more', () => {
    const direct = vmap(grad(noisy(new Random(2))), { randomness: 'different' })(x) as Tensor;
    const random = new Random(2);
    const again = vmap(grad(checkpoint(noisy(random)) as never), { randomness: 'different' })(x as never) as Tensor;
    expect(again.toArray()).toEqual(direct.toArray());
    const outside = checkpoint(noisy(new Random(2)))(x.index(0));
    expect(outside.item()).toBe(noisy(new Random(2))(x.index(0)).item());
  });

  test('Jacobians and Hessians draw once, outside of their directions', () => {
    for (const wrap of [
      (f: (v: Tensor) => Tensor) => f,
      (f: (v: Tensor) => Tensor) => checkpoint(f as never) as typeof f,
    ]) {
      const row = x.index(0);
      const f = wrap(noisy(new Random(2)));
      const slopes = grad(noisy(new Random(2)))(row as never) as Tensor;
      expect((jacobian(wrap(noisy(new Random(2))))(row) as Tensor).toArray()).toEqual(slopes.toArray());
      const second = hessian(f as never)(row as never) as Tensor;
      expect(second.shape).toEqual([3, 3]);
    }
  });
});
