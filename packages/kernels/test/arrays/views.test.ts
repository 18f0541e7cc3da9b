import { contiguous, isContiguous, NdArray, plain, rowMajor } from '@tapegrad/kernels';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forEachRun } from '../../src/arrays/iterate.ts';
import { reshapeView } from '../../src/arrays/views.ts';
import * as any from '../arbitraries.ts';

const anyArray = any.shapes().chain((shape) => any.arrays(shape));

/** Returns the offset of each element in the data, in row-major order, by the definition of strides. */
function placesOf(x: NdArray): number[] {
  return x.shape.reduce(
    (places, length, axis) => places.flatMap((place) => Array.from({ length }, (_, i) => place + i * x.stride[axis]!)),
    [x.offset],
  );
}

test('a walk visits every element of every operand once, in row-major order', () => {
  const pairs = any.shapes().chain((shape) => fc.tuple(any.arrays(shape), any.arrays(shape)));
  fc.assert(
    fc.property(pairs, (operands) => {
      const visited: number[][] = [[], []];
      forEachRun(operands[0].shape, operands, (length, offsets, steps) => {
        for (let i = 0; i < length; i++) {
          visited.forEach((places, operand) => {
            places.push(offsets[operand]! + i * steps[operand]!);
          });
        }
      });
      expect(visited).toEqual(operands.map(placesOf));
    }),
  );
});

test('a walk takes contiguous operands in one run, whatever their rank', () => {
  const runs: number[] = [];
  const x = new NdArray(new Float32Array(120), 'float32', [2, 3, 4, 5]);
  forEachRun(x.shape, [x, x], (length) => runs.push(length));
  expect(runs).toEqual([120]);
});

const reshaping = anyArray.chain((x) => any.reshapes(x.shape).map((shape) => ({ x, shape })));

test('a reshaped view reads what a reshaped copy does', () => {
  fc.assert(
    fc.property(reshaping, ({ x, shape }) => {
      const view = reshapeView(x, shape);
      if (view === undefined) return;
      expect(view.data).toBe(x.data);
      expect(placesOf(view)).toEqual(placesOf(x));
    }),
  );
});

test('a reshape copies only where no strides would do', () => {
  fc.assert(
    fc.property(reshaping, ({ x, shape }) => {
      fc.pre(x.size > 0 && reshapeView(x, shape) === undefined);
      const places = placesOf(x);
      // These are the only possible strides of a view: the distances from the first element to the next along each
      // axis.
      const steps = rowMajor(shape).map((step, axis) => (shape[axis] === 1 ? 0 : places[step]! - places[0]!));
      expect(placesOf(new NdArray(x.data, x.dtype, shape, steps, x.offset))).not.toEqual(places);
    }),
  );
});

test('an array is contiguous where its elements lie in order', () => {
  fc.assert(
    fc.property(anyArray, (x) => {
      const inOrder = placesOf(x).every((place, i) => place === x.offset + i);
      expect(isContiguous(x)).toBe(inOrder);
      expect(contiguous(x) === x).toBe(inOrder);
    }),
  );
});

const x = new NdArray(new Float32Array(24), 'float32', [2, 3, 4]);
const windows = [{ size: 2, stride: 1, dilation: 1, padding: [0, 0] }] as const;

test.each([
  ['reshape', plain.reshape(x, [6, 4])],
  ['permute', plain.permute(x, [2, 0, 1])],
  ['broadcastTo', plain.broadcastTo(x, [5, 2, 3, 4])],
  ['slice', plain.slice(x, { starts: [1, 2, 3], sizes: [2, 2, 2], steps: [-1, -1, -3] })],
  ['unfold without padding', plain.unfold(x, windows)],
  ['stopGradient', plain.stopGradient(x)],
  ['cast to the same dtype', plain.cast(x, 'float32')],
])('%s copies nothing', (_, view) => {
  expect(view.data).toBe(x.data);
});
