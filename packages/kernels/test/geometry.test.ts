/** Every position of a small window on a short axis, even entirely in the padding: all interpreters agree. */

import {
  ArgumentError,
  createWasm,
  type Kernels,
  NdArray,
  plain,
  type Shape,
  ShapeError,
  sizeOf,
  type Window,
  windowPositions,
} from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';
import { expect, test } from 'vitest';

const upTo = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Returns every window with at least one position on an axis of this length. */
function windowsOn(length: number): Window[] {
  const found = upTo(1, 3).flatMap((size) =>
    upTo(1, size === 1 ? 1 : 3).flatMap((dilation) =>
      upTo(1, 5).flatMap((stride) =>
        upTo(0, 3).flatMap((before) =>
          upTo(0, 3).map((after): Window => ({ size, stride, dilation, padding: [before, after] })),
        ),
      ),
    ),
  );
  return found.filter((window) => windowPositions(length, window) > 0);
}

/** Nonzero integers, so that sums are exact. */
const counted = (shape: Shape): NdArray =>
  new NdArray(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7) % 11) + 1),
    'float32',
    shape,
  );

type Run = (k: Kernels<NdArray>) => NdArray;

/** Returns primitives that use a window on the last axis, and other windows on the axes before it. */
function runsOf(length: number, window: Window, beside: readonly Window[], lead: Shape): Record<string, Run> {
  const windows = [...beside, window];
  const positions = [...beside.map((w) => windowPositions(3, w)), windowPositions(length, window)];
  const sizes = windows.map(({ size }) => size);
  const shape = [...lead, length];
  const [x, w, y] = [counted([1, 2, ...shape]), counted([3, 2, ...sizes]), counted([1, 3, ...positions])];
  const of = { windows, groups: 1 };
  return {
    conv: (k) => k.conv(x, w, of),
    convInput: (k) => k.convInput(y, w, { ...of, shape }),
    convWeight: (k) => k.convWeight(x, y, of),
    unfold: (k) => k.unfold(x, windows),
    fold: (k) => k.fold(counted([...sizes, ...positions]), { windows, shape }),
    maxPool: (k) => k.maxPool(x, x, windows),
    maxUnpool: (k) => k.maxUnpool(counted([1, 2, ...positions]), x, windows),
  };
}

/** Returns the elements, or the message of one of our errors. */
function outcomeOf(run: Run, k: Kernels<NdArray>): readonly number[] | string {
  try {
    return [...reference.stopGradient(run(k)).data];
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof ShapeError) return error.message;
    throw error;
  }
}

const others = { plain, wasm: createWasm() };
const single: Window = { size: 1, stride: 1, dilation: 1, padding: [0, 0] };

test.each([
  ['one axis', [], []],
  ['two axes', [single], [3]],
] as const)('along %s', (_, beside, lead) => {
  let count = 0;
  for (const length of upTo(1, 4)) {
    for (const window of windowsOn(length)) {
      for (const [name, run] of Object.entries(runsOf(length, window, beside, lead))) {
        const expected = outcomeOf(run, reference);
        for (const [interpreter, k] of Object.entries(others)) {
          const actual = outcomeOf(run, k);
          if (String(actual) !== String(expected)) {
            expect(actual, `${name} on ${interpreter}: ${length}, ${JSON.stringify(window)}`).toEqual(expected);
          }
        }
        count += 1;
      }
    }
  }
  expect(count).toBeGreaterThan(10_000);
});
