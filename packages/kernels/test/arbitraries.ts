/** Random arrays of any shape and strides, and matching random arguments of the primitives. */

import {
  type DType,
  NdArray,
  newData,
  type Shape,
  type Slice,
  sizeOf,
  type Window,
  windowPositions,
} from '@tapegrad/kernels';
import fc from 'fast-check';

export const shapes = ({ minRank = 0, maxRank = 4, minLength = 0 } = {}): fc.Arbitrary<Shape> =>
  fc.array(fc.integer({ min: minLength, max: 5 }), { minLength: minRank, maxLength: maxRank });

export const permutations = (rank: number): fc.Arbitrary<number[]> => {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return fc.shuffledSubarray(axes, { minLength: rank });
};

/** A tuple of the arbitraries that `of` returns for the entries of a list. */
export const forEach = <T, R>(list: readonly T[], of: (entry: T, i: number) => fc.Arbitrary<R>): fc.Arbitrary<R[]> =>
  fc.tuple(...list.map(of));

/**
 * An array whose axes are stored in any order, backwards or with gaps, or repeat one entry. Its elements are small
 * integers, so that their sums and products are exact.
 */
export const arrays = (shape: Shape, dtype: DType = 'float64'): fc.Arbitrary<NdArray> =>
  fc
    .record({
      order: permutations(shape.length),
      steps: forEach(shape, () => fc.constantFrom(1, 1, 1, 2, 3, -1, -2, 0)),
      before: fc.integer({ min: 0, max: 3 }),
      numbers: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 12 }),
    })
    .map(({ order, steps, before, numbers }) => {
      const stride = shape.map(() => 0);
      let extent = 1;
      let offset = before;
      for (const axis of order) {
        const reach = Math.max(0, shape[axis]! - 1) * extent;
        stride[axis] = steps[axis]! * extent;
        if (steps[axis]! < 0) offset -= steps[axis]! * reach;
        extent += Math.abs(steps[axis]!) * reach;
      }
      const data = newData(dtype, before + extent);
      data.forEach((_, i) => {
        const value = numbers[i % numbers.length]!;
        data[i] = dtype === 'bool' ? value & 1 : value;
      });
      return new NdArray(data, dtype, shape, stride, offset);
    });

/** A range of an axis: a start, a size and a step that stay within it. */
const parts = (length: number): fc.Arbitrary<{ start: number; size: number; step: number }> =>
  length === 0
    ? fc.constant({ start: 0, size: 0, step: 1 })
    : fc
        .record({ start: fc.integer({ min: 0, max: length - 1 }), step: fc.constantFrom(1, 2, 3, -1, -2) })
        .chain(({ start, step }) => {
          const most = Math.floor((step > 0 ? length - 1 - start : start) / Math.abs(step)) + 1;
          return fc.integer({ min: 0, max: most }).map((size) => ({ start, size, step }));
        });

export const slices = (shape: Shape): fc.Arbitrary<Slice> =>
  forEach(shape, parts).map((list) => ({
    starts: list.map(({ start }) => start),
    sizes: list.map(({ size }) => size),
    steps: list.map(({ step }) => step),
  }));

/** A window that fits an axis, with padding if necessary. */
const windowOn = (length: number): fc.Arbitrary<Window> =>
  fc
    .record({
      size: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 5 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      padding: fc.tuple(fc.integer({ min: -1, max: 4 }), fc.integer({ min: -1, max: 4 })),
    })
    .map((window) => (windowPositions(length, window) > 0 ? window : { ...window, padding: [3, 3] }));

export const windows = (shape: Shape, count: number): fc.Arbitrary<Window[]> =>
  forEach(shape.slice(shape.length - count), windowOn);

/** int32 indices into an axis of a length, in an array of any shape; none where the axis is empty. */
export const indices = (length: number): fc.Arbitrary<NdArray> =>
  shapes({ maxRank: 2 }).chain((shape) => {
    const fitting = length === 0 ? [0, ...shape] : shape;
    const size = sizeOf(fitting);
    return fc
      .array(fc.integer({ min: 0, max: Math.max(0, length - 1) }), { minLength: size, maxLength: size })
      .map((list) => new NdArray(Int32Array.from(list), 'int32', fitting));
  });

/** A shape that broadcasts to another: without some leading axes, and with some axes of length 1. */
export const broadcastable = (shape: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: shape.length }),
      forEach(shape, () => fc.boolean()),
    )
    .map(([lead, kept]) => shape.map((length, axis) => (kept[axis] ? length : 1)).slice(lead));

/** A shape of the same size. */
export const reshapes = (shape: Shape): fc.Arbitrary<Shape> => {
  const size = sizeOf(shape);
  if (size === 0) return fc.constantFrom([0], [2, 0, 3], [...shape].reverse());
  const factors: number[] = [];
  let rest = size;
  for (let p = 2; rest > 1; p++) for (; rest % p === 0; rest /= p) factors.push(p);
  return fc
    .tuple(
      forEach(factors, () => fc.integer({ min: 0, max: 3 })),
      fc.integer({ min: 0, max: 2 }),
    )
    .map(([places, ones]) => {
      const lengths = [1, 1, 1, 1];
      factors.forEach((factor, i) => {
        lengths[places[i]!]! *= factor;
      });
      return [...lengths.filter((length) => length > 1), ...Array.from({ length: ones }, () => 1)];
    });
};
