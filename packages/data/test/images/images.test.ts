import { Random, type Tensor, tensor } from '@tapegrad/core';
import { centerCrop, colorJitter, randomCrop, randomFlip, randomRotation, randomShift } from '@tapegrad/data';
import { describe, expect, expectTypeOf, test } from 'vitest';

const images = new Random(1).uniform([6, 3, 5, 4]);
const random = (seed = 1) => new Random(seed);

/** All random changes, with options that change something. */
const changes: Readonly<Record<string, (x: Tensor, random: Random) => Tensor>> = {
  randomCrop: (x, random) => randomCrop(x, [5, 4], { random, padding: 2 }),
  randomShift: (x, random) => randomShift(x, 3, { random }),
  randomFlip: (x, random) => randomFlip(x, { random }),
  'randomFlip, vertical': (x, random) => randomFlip(x, { random, direction: 'vertical' }),
  randomRotation: (x, random) => randomRotation(x, 40, { random }),
  colorJitter: (x, random) => colorJitter(x, { random, brightness: 0.5, contrast: 0.5, saturation: 0.5 }),
};

describe.each(Object.entries(changes))('%s', (name, change) => {
  test('depends on the seed alone, and leaves its input', () => {
    const before = [...images.data];
    const first = change(images, random()).toArray();
    expect(change(images, random()).toArray()).toEqual(first);
    expect(change(images, random(2)).toArray()).not.toEqual(first);
    expect([...images.data]).toEqual(before);
  });

  test('keeps shape and dtype, of an image as of a batch, of views, of none', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const result = change(images.cast(dtype), random());
      expect([result.shape, result.dtype]).toEqual([images.shape, dtype]);
    }
    const one = images.slice(0, 0, 1);
    expect(change(images.index(0), random()).toArray()).toEqual(change(one, random()).index(0).toArray());
    const view = images.permute([0, 1, 3, 2]).permute([0, 1, 3, 2]);
    expect(change(view, random()).toArray()).toEqual(change(images, random()).toArray());
    expect(change(images.slice(0, 0, 0), random()).shape).toEqual([0, 3, 5, 4]);
  });

  test('refuses other shapes, and no generator', () => {
    expect(() => change(tensor([[1]]), random())).toThrow(
      'expected shape [channels, height, width] or [n, channels, height',
    );
    expect(() => change(images, undefined as never)).toThrow(
      `${name.split(',')[0]}: expected { random }, a generator, got undefined`,
    );
  });
});

describe('crops', () => {
  const x = tensor(
    Float32Array.from({ length: 16 }, (_, i) => i),
    { shape: [1, 4, 4] },
  );

  test('centerCrop takes the middle, and tells the shape', () => {
    expect(centerCrop(x, [2, 2]).toArray()).toEqual([
      [
        [5, 6],
        [9, 10],
      ],
    ]);
    expectTypeOf(centerCrop(x, [2, 2])).toEqualTypeOf<Tensor<readonly [1, 2, 2]>>();
    expect(centerCrop(x, [4, 4]).toArray()).toEqual(x.toArray());
  });

  test('randomCrop takes every window equally often', () => {
    const seen = new Map<number, number>();
    const generator = random();
    for (let i = 0; i < 900; i++) {
      const window = randomCrop(x, [2, 2], { random: generator });
      const [[[corner, right], [below]]] = window.toArray() as [[[number, number], [number]]];
      expect([right, below]).toEqual([corner + 1, corner + 4]);
      seen.set(corner, (seen.get(corner) ?? 0) + 1);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 10]);
    expect(Math.min(...seen.values())).toBeGreaterThan(60);
  });

  test('padding and shifts bring in the fill value', () => {
    const padded = randomCrop(tensor([[[1]]]), [3, 3], { random: random(), padding: 1, fill: 7 });
    expect(padded.toArray()).toEqual([
      [
        [7, 7, 7],
        [7, 1, 7],
        [7, 7, 7],
      ],
    ]);
    for (let seed = 0; seed < 10; seed++) {
      const shifted = randomShift(x.add(1), 3, { random: random(seed), fill: -1 });
      const [down, right] = random(seed).integers([1, 2], -3, 4).data as unknown as [number, number];
      for (let row = 0; row < 4; row++) {
        for (let column = 0; column < 4; column++) {
          const [r, c] = [row - down, column - right];
          const expected = r >= 0 && c >= 0 && r < 4 && c < 4 ? 4 * r + c + 1 : -1;
          expect(shifted.index(0, row, column).item()).toBe(expected);
        }
      }
    }
    expect(randomShift(x, 0, { random: random() })).toBe(x);
  });

  test.each([
    [
      'a window that is too large',
      () => centerCrop(x, [5, 4]),
      'centerCrop: expected a size [height, width] of at most [4, 4], got [5, 4]',
    ],
    ['half a window', () => randomCrop(x, [1.5, 1], { random: random() }), 'got [1.5, 1]'],
    [
      'a shift beyond the image',
      () => randomShift(x, 4, { random: random() }),
      'randomShift: expected pixels from 0 to 3, got 4',
    ],
    [
      'a probability of 2',
      () => randomFlip(x, { random: random(), probability: 2 }),
      'expected a probability from 0 to 1, got 2',
    ],
    ['a diagonal', () => randomFlip(x, { random: random(), direction: 'diagonal' as never }), "got 'diagonal'"],
    ['a whole turn', () => randomRotation(x, 360, { random: random() }), 'expected degrees from 0 to 180, got 360'],
    [
      'integers',
      () => randomRotation(x.cast('int32'), 10, { random: random() }),
      'expected float32 or float64, got int32',
    ],
    [
      'light beyond 1',
      () => colorJitter(x, { random: random() }),
      'expected light from 0 to 1, got 2 at element 2; standardise',
    ],
    [
      'colours of grey',
      () => colorJitter(x, { random: random(), saturation: 1, max: 16 }),
      'saturation needs 3 channels (RGB), got 1',
    ],
    ['an unknown option', () => randomFlip(x, { random: random(), p: 1 } as never), "randomFlip: unknown option 'p'"],
  ])('and others refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

test('randomFlip mirrors as often as its probability says', () => {
  const x = tensor([
    [
      [1, 2],
      [3, 4],
    ],
  ]);
  expect(randomFlip(x, { random: random(), probability: 1 }).toArray()).toEqual([
    [
      [2, 1],
      [4, 3],
    ],
  ]);
  expect(randomFlip(x, { random: random(), probability: 1, direction: 'vertical' }).toArray()).toEqual([
    [
      [3, 4],
      [1, 2],
    ],
  ]);
  expect(randomFlip(x, { random: random(), probability: 0 }).toArray()).toEqual(x.toArray());
  const generator = random();
  const flipped = Array.from(
    { length: 1000 },
    () => randomFlip(x, { random: generator, probability: 0.3 }).data[0] === 2,
  );
  expect(Math.abs(flipped.filter(Boolean).length - 300)).toBeLessThan(75);
});

test('randomRotation turns about the centre', () => {
  const x = new Random(2).uniform([1, 9, 9], { dtype: 'float64' });
  // Draws the angle as randomRotation does: at most half a turn.
  const angle = (2 * random(3).next() - 1) * 180;
  const turned = randomRotation(x, 180, { random: random(3), fill: 0 });
  expect(turned.index(0, 4, 4).item()).toBeCloseTo(x.index(0, 4, 4).item(), 12);
  const [v, u] = [1, 2];
  const [cos, sin] = [Math.cos((angle / 180) * Math.PI), Math.sin((angle / 180) * Math.PI)];
  const [y, z] = [cos * v - sin * u + 4, sin * v + cos * u + 4];
  const [top, left] = [Math.floor(y), Math.floor(z)];
  const at = (r: number, c: number) => x.index(0, r, c).item();
  const above = (1 - (z - left)) * at(top, left) + (z - left) * at(top, left + 1);
  const below = (1 - (z - left)) * at(top + 1, left) + (z - left) * at(top + 1, left + 1);
  expect(turned.index(0, 4 + v, 4 + u).item()).toBeCloseTo((1 - (y - top)) * above + (y - top) * below, 12);
});

test('colorJitter keeps light in its range, and grey grey', () => {
  const jittered = colorJitter(images, { random: random(), brightness: 2, contrast: 2, saturation: 2 });
  expect(jittered.min().item()).toBeGreaterThanOrEqual(0);
  expect(jittered.max().item()).toBeLessThanOrEqual(1);
  const grey = images.slice(1, 0, 1).broadcastTo([6, 3, 5, 4]);
  const still = colorJitter(grey, { random: random(), saturation: 0.9 });
  expect(still.sub(grey).abs().max().item()).toBeLessThan(1e-6);
  expect(colorJitter(images, { random: random() }).toArray()).toEqual(images.toArray());
});
