import { setTimeout as pause } from 'node:timers/promises';
import {
  abstract,
  type Convolution,
  type FloatDType,
  filled,
  type Kernels,
  NdArray,
  newData,
  plain,
  type Shape,
  sizeOf,
  type Window,
} from '@tapegrad/kernels';
import { casesOf, checkCase, inputsOf } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';
import { bestTile, type TileName } from '../../src/wasm/matmul/microkernel.ts';
import { Heap } from '../../src/wasm/memory/heap.ts';
import { WorkerPool } from '../../src/wasm/threads/worker-pool.ts';
import { Convolutions } from '../../src/wasm/windowed/convolution.ts';
import { Pooling } from '../../src/wasm/windowed/pooling.ts';

const { relaxedSimd: relaxed, threads: shared } = features();
const tiles: readonly TileName[] = relaxed ? ['plain', 'relaxed', 'recent'] : ['plain'];
const forms = ['conv', 'convInput', 'convWeight'] as const;

/** Integers, whose products and sums are exact. */
function wholeNumbers(shape: Shape, dtype: FloatDType): NdArray {
  let seed = 1;
  const data = newData(dtype, sizeOf(shape)).map(() => {
    seed = (seed * 48271) % 2147483647;
    return (seed % 9) - 4;
  });
  return new NdArray(data, dtype, shape);
}

const isServed = (windows: readonly Window[], x: Shape): boolean =>
  sizeOf(x) > 0 &&
  windows.length > 0 &&
  windows.length < 3 &&
  windows.every(({ padding }) => Math.min(...padding) >= 0);

describe.each(tiles)('with the tile %s', (tile) => {
  test.each(forms)('%s', (form) => {
    const made = (['float32', 'float64'] as const).map((dtype) => new Convolutions(new Heap(), dtype, tile));
    const of = (x: NdArray) => made[x.dtype === 'float32' ? 0 : 1]!;
    const kernels: Kernels<NdArray> = {
      ...plain,
      conv: (x, w, how) => of(x).conv(x, w, how, abstract.conv(x, w, how).shape),
      convInput: (y, w, how) => of(y).convInput(y, w, how, abstract.convInput(y, w, how).shape),
      convWeight: (x, y, how) => of(x).convWeight(x, y, how, abstract.convWeight(x, y, how).shape),
    };
    const served = casesOf(form).filter((c) => {
      const { windows } = c.attributes as Convolution;
      return (
        inputsOf(c).every(({ data }) => data.every(Number.isFinite)) &&
        c.inputs.every((x) => 'shape' in x && x.dtype !== 'int32' && isServed(windows, x.shape))
      );
    });
    expect(served.length).toBeGreaterThan(30);
    expect(served.map((c) => checkCase(kernels, c)).filter((complaint) => complaint !== undefined)).toEqual([]);
  });
});

const slide = (size: number, stride = 1, padding = 0): Window => ({
  size,
  stride,
  dilation: 1,
  padding: [padding, padding],
});

/**
 * The shapes of x and w: more images than are processed at a time, more rows than a band has, larger weights than a
 * block.
 */
const large: readonly (readonly [x: Shape, w: Shape, Convolution])[] = [
  [[90, 3, 30, 20], [5, 3, 3, 3], { windows: [slide(3, 1, 1), slide(3, 1, 1)], groups: 1 }],
  [[2, 2, 150, 90], [8, 1, 5, 4], { windows: [slide(5, 2, 2), slide(4)], groups: 2 }],
  [[2, 120, 5, 6], [130, 120, 3, 1], { windows: [slide(3, 1, 1), slide(1)], groups: 1 }],
  [[12, 6, 2000], [4, 6, 7], { windows: [slide(7, 3)], groups: 1 }],
  [[2, 3, 9001], [4, 3, 5], { windows: [slide(5, 2, 2)], groups: 1 }],
];

async function crewOf(threads: number): Promise<WorkerPool> {
  const pool = new WorkerPool(threads);
  while (!pool.isReady) await pause(1);
  return pool;
}

const bytesOf = ({ data }: NdArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** Computes the three forms of a convolution with `on`. */
function threeForms(
  on: Pick<Convolutions, 'conv' | 'convInput' | 'convWeight'>,
  x: NdArray,
  w: NdArray,
  y: NdArray,
  of: Convolution,
) {
  return [on.conv(x, w, of, y.shape), on.convInput(y, w, of, x.shape), on.convWeight(x, y, of, w.shape)].map(bytesOf);
}

describe.each(['float32', 'float64'] as const)('large convolutions of %s', (dtype) => {
  test.each(large)('%j %j', (xShape, wShape, of) => {
    const [x, w] = [wholeNumbers(xShape, dtype), wholeNumbers(wShape, dtype)];
    const y = wholeNumbers(abstract.conv(x, w, of).shape, dtype);
    const shape = xShape.slice(2);
    const expected = [plain.conv(x, w, of), plain.convInput(y, w, { ...of, shape }), plain.convWeight(x, y, of)];
    const tile = bestTile(relaxed);
    const alone = threeForms(new Convolutions(new Heap(), dtype, tile), x, w, y, of);
    expect(alone.map((bytes, i) => bytes.equals(bytesOf(expected[i]!)))).toEqual([true, true, true]);
  });
});

describe.runIf(shared)('bits do not depend on the threads', () => {
  test.each([2, 3])('%i threads', async (threads) => {
    const pool = await crewOf(threads);
    const fractions = (shape: Shape): NdArray => plain.div(wholeNumbers(shape, 'float32'), filled([], 7, 'float32'));
    const tile = bestTile(relaxed);
    const [alone, together] = [new Heap(), pool].map((by) => new Convolutions(by, 'float32', tile)) as [
      Convolutions,
      Convolutions,
    ];
    for (const [xShape, wShape, of] of large) {
      const [x, w] = [fractions(xShape), fractions(wShape)];
      const y = fractions(abstract.conv(x, w, of).shape);
      const expected = threeForms(alone, x, w, y, of);
      const actual = threeForms(together, x, w, y, of);
      expect(actual.map((bytes, i) => bytes.equals(expected[i]!))).toEqual([true, true, true]);
    }
    const by = fractions([40, 9, 30, 34]);
    for (const windows of [
      [slide(3, 2, 1), slide(2, 1)],
      [slide(2, 2), slide(2, 2)],
    ]) {
      const { shape } = abstract.maxPool(by, by, windows);
      const pooled = plain.maxPool(by, by, windows);
      const unpooled = plain.maxUnpool(pooled, by, windows);
      for (const where of [new Heap(), pool]) {
        const pooling = new Pooling(where, 'float32');
        expect(bytesOf(pooling.maxPool(by, by, windows, shape)).equals(bytesOf(pooled))).toBe(true);
        expect(bytesOf(pooling.maxUnpool(pooled, by, windows, by.shape)).equals(bytesOf(unpooled))).toBe(true);
      }
    }
    pool.close();
  });
});
