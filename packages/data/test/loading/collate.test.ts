import { Random, type Tensor, tensor, zeros } from '@tapegrad/core';
import { collate, DataLoader, fromArray, padded } from '@tapegrad/data';
import { describe, expect, expectTypeOf, test } from 'vitest';

describe('collate', () => {
  test('stacks tensors of each dtype and shape, views too', () => {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      const x = tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { dtype },
      );
      const batch = collate([x.transpose(), x.transpose()]);
      expectTypeOf(batch).toEqualTypeOf<Tensor<readonly [number, 3, 2]>>();
      expect([batch.dtype, batch.shape]).toEqual([dtype, [2, 3, 2]]);
      expect(batch.index(1).toArray()).toEqual([
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
    }
    const masks = collate([tensor(true), tensor(false)]);
    expect([masks.dtype, masks.toArray()]).toEqual(['bool', [1, 0]]);
    expect(collate([zeros([0, 3]), zeros([0, 3])]).shape).toEqual([2, 0, 3]);
  });

  test('makes records, lists and numbers tensors', () => {
    const batch = collate([
      { x: [1, 2], z: { y: 1, flag: true }, text: 'a', pair: [tensor([1]), { n: 3 }] as const },
      { x: [3, 4], z: { y: 2, flag: false }, text: 'b', pair: [tensor([2]), { n: 4 }] as const },
    ]);
    expectTypeOf(batch.x).toEqualTypeOf<Tensor<readonly [number, number]>>();
    expectTypeOf(batch.z.flag).toEqualTypeOf<Tensor<readonly [number]>>();
    expectTypeOf(batch.text).toEqualTypeOf<readonly string[]>();
    expect(batch.x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(batch.z.y.dtype).toBe('float32');
    expect([batch.z.flag.dtype, batch.z.flag.toArray()]).toEqual(['bool', [1, 0]]);
    expect(batch.text).toEqual(['a', 'b']);
    expect(batch.pair[0].toArray()).toEqual([[1], [2]]);
    expect(batch.pair[1].n.toArray()).toEqual([3, 4]);
    expect(collate([new Int32Array([1, 2]), new Int32Array([3, 4])]).dtype).toBe('int32');
    expect(
      collate([
        [[1], [2]],
        [[3], [4]],
      ]).shape,
    ).toEqual([2, 2, 1]);
  });

  const rest = { x: tensor([1, 2]) };
  test.each([
    ['no examples', [], 'collate: expected one or more examples, got an array'],
    [
      'shapes that differ',
      [rest, { x: tensor([1]) }],
      'expected shape [2] as x of example 1, as x of example 0 has, got [1]; crop',
    ],
    [
      'dtypes that differ',
      [rest, { x: tensor(new Float64Array(2)) }],
      'expected float32 as x of example 1, got float64; cast',
    ],
    ['a missing value', [{ y: 1 }, { y: undefined }], 'expected a number as y of example 1, got undefined'],
    ['a first missing value', [{ y: null }], 'as y of example 0, got null; fill missing values first'],
    ['text among numbers', [1, '2'], "collate: expected a number as example 1, got '2'"],
    ['numbers among texts', ['a', 2], 'collate: expected text as example 1, got 2'],
    ['other fields', [{ a: 1 }, { b: 1 }], 'expected { a } as example 1, got { b }'],
    ['more fields', [{ a: 1 }, { a: 1, b: 1 }], 'expected { a } as example 1, got { a, b }'],
    ['lists of other lengths', [[rest], [rest, rest]], 'expected a list of 1 entries as example 1, got 2'],
    ['numbers of other lengths', [[1], [1, 2]], 'expected shape [1] as example 1, as example 0 has, got [2]'],
    ['a date', [new Date(0)], 'got an object; map it, or give { collate }'],
    ['bytes', [new Uint8Array(2)], 'got an object; map it, or give { collate }'],
    ['nothing among objects', [rest, null], 'expected { x } as example 1, got null'],
  ])('refuses %s', (_, examples, message) => {
    expect(() => collate(examples as readonly object[])).toThrow(message);
  });

  test('names examples by their indices in the dataset', () => {
    const dataset = fromArray([1, 2, 3, 'x', 4]) as never;
    expect(() => [...new DataLoader(dataset, { batchSize: 5, random: new Random(1) })]).toThrow('as example 3');
  });
});

describe('padded', () => {
  const examples = [
    { text: tensor([1, 2, 3], { dtype: 'int32' }), y: 0 },
    { text: tensor([4], { dtype: 'int32' }), y: 1 },
    { text: tensor(new Int32Array(0)), y: 2 },
  ];

  test('fills up to the longest, and tells the lengths', () => {
    const batch = padded({ text: -1 })(examples);
    expect(batch.text.toArray()).toEqual([
      [1, 2, 3],
      [4, -1, -1],
      [-1, -1, -1],
    ]);
    expect(batch.lengths.text.toArray()).toEqual([3, 1, 0]);
    expect([batch.text.dtype, batch.lengths.text.dtype]).toEqual(['int32', 'int32']);
    expect(batch.y.toArray()).toEqual([0, 1, 2]);
  });

  test('fills up to a length, along the first of several axes', () => {
    const [a, b] = [zeros([2, 3]).add(1), zeros([1, 3]).add(2)];
    const batch = padded(
      { x: 0, z: 9 },
      { length: 3 },
    )([
      { x: a, z: a },
      { x: b, z: b },
    ]);
    expectTypeOf(batch.x).toEqualTypeOf<Tensor<readonly [number, number, 3]>>();
    expect(batch.x.index(1).toArray()).toEqual([
      [2, 2, 2],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(batch.z.index(0).toArray()[2]).toEqual([9, 9, 9]);
  });

  test('serves a loader, which keeps the types', () => {
    const loader = new DataLoader(fromArray(examples), { batchSize: 2, collate: padded({ text: 0 }) });
    const shapes = Array.from(loader, ({ text, lengths }) => [text.shape, lengths.text.shape]);
    expect(shapes).toEqual([
      [[2, 3], [2]],
      [[1, 0], [1]],
    ]);
    for (const { y } of loader) expectTypeOf(y).toEqualTypeOf<Tensor<readonly [number]>>();
  });

  test.each([
    [
      'a sequence that is too long',
      () => padded({ text: 0 }, { length: 2 })(examples),
      'at most 2 steps as text of example 0, got 3',
    ],
    ['no parts', () => padded({}), 'padded: expected parts with their fill values'],
    [
      'a part that is missing',
      () => padded({ x: 0 })(examples as never),
      'expected a tensor as x of example 0, got undefined',
    ],
    [
      'a scalar',
      () => padded({ x: 0 })([{ x: tensor(1) }]),
      'padded: expected shape [steps] as x of example 0, got []',
    ],
    [
      'sequences of other things',
      () => padded({ x: 0 })([{ x: zeros([2, 3]) }, { x: zeros([2, 4]) }]),
      'padded: expected shape [steps, 3] as x of example 1, got [2, 4]',
    ],
    ['half a length', () => padded({ x: 0 }, { length: 0.5 }), 'padded: expected a length of 0 or more, got 0.5'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
