/** Arrays in the memory shared with workers, which need not be copied. */

import { setTimeout as pause } from 'node:timers/promises';
import {
  Arena,
  allocate,
  arity,
  type Convolution,
  callPrimitive,
  contiguous,
  createWasm,
  type FloatDType,
  type Kernels,
  NdArray,
  type Primitive,
  primitives,
  type Shape,
  sizeOf,
  type WasmKernels,
  type Window,
} from '@tapegrad/kernels';
import { checkCase } from '@tapegrad/kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';
import { sampledCases } from '../sampled-cases.ts';

const alone = createWasm({ threads: 1 });
let together: WasmKernels;

/** An interpreter whose workers have started. */
async function helped(threads: number): Promise<WasmKernels> {
  const kernels = createWasm({ threads });
  const x = new NdArray(new Float32Array(640 ** 2).fill(1), 'float32', [640, 640]);
  for (let i = 0; i < 3; i++) kernels.matmul(x, x);
  await pause(200);
  return kernels;
}

const isResident = ({ data }: NdArray): boolean => data.buffer instanceof SharedArrayBuffer;

/** Copies an array with its strides into the arena. */
function lodged(x: NdArray): NdArray {
  const data = allocate(x.dtype, x.data.length);
  data.set(x.data);
  return new NdArray(data, x.dtype, x.shape, x.stride, x.offset);
}

/** A copy that outlives the arena. */
const copyOf = (x: NdArray): NdArray => {
  const { data, offset, size } = contiguous(x);
  return new NdArray(data.slice(offset, offset + size), x.dtype, x.shape);
};

const bytesOf = (x: NdArray): Buffer => {
  const { data } = copyOf(x);
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
};

/** Computes with all arrays, or some of them, in an arena. */
function inArena(
  kernels: Kernels<NdArray>,
  primitive: Primitive,
  operands: readonly NdArray[],
  attributes: unknown,
  isLodged: (place: number) => boolean = () => true,
): NdArray {
  const arena = new Arena(0);
  try {
    return arena.run(() => {
      const moved = new Map(operands.map((x, i) => [x, isLodged(i) ? lodged(x) : x]));
      return copyOf(
        callPrimitive(
          kernels,
          primitive,
          operands.map((x) => moved.get(x)!),
          attributes,
        ),
      );
    });
  } finally {
    arena.end();
  }
}

beforeAll(async () => {
  together = await helped(3);
});

afterAll(() => together.engine.setThreads(1));

describe.runIf(features().threads)('an array in the memory of workers', () => {
  test('is where an arena has its arrays, once there are workers', () => {
    new Arena().run(() => expect(isResident(together.add(line, line))).toBe(true));
    expect(isResident(together.add(line, line))).toBe(false);
  });

  describe('is computed with as any other', () => {
    const kernels = Object.fromEntries(
      primitives.map((primitive) => [
        primitive,
        (...args: readonly unknown[]) => {
          const count = arity[primitive];
          const [inputs, attributes] = count === 'variadic' ? args : [args.slice(0, count), args[count]];
          return inArena(together, primitive, inputs as NdArray[], attributes);
        },
      ]),
    ) as unknown as Kernels<NdArray>;

    test.each(primitives)('%s', (primitive) => {
      const complaints = sampledCases(primitive).flatMap((c) => checkCase(kernels, c) ?? []);
      expect(complaints).toEqual([]);
    });
  });

  describe('gives the bits of one thread', () => {
    const convolution = (size: number, how: Partial<Window> = {}, groups = 1): Convolution => {
      const window: Window = { size, stride: 1, dilation: 1, padding: [0, 0], ...how };
      return { windows: [window, window], groups };
    };
    const same = convolution(3, { padding: [1, 1] });
    const strided = convolution(3, { stride: 2, padding: [1, 1] });
    const squares: readonly Window[] = convolution(2, { stride: 2 }).windows;
    const overlapping: readonly Window[] = convolution(3, { stride: 2, padding: [1, 1] }).windows;

    // biome-ignore format: as few lines as can be
    const pairs: readonly (readonly Shape[])[] = [
      [[200_003], [200_003]], [[100_001], []], [[40, 1, 50], [1, 60, 1]],
      [[20, 16, 28, 28], [16, 1, 1]], [[3, 17, 13, 5], [17, 1, 1]],
      [[700, 257], [257]], [[257], [700, 257]], [[700, 256], [256]],
      [[1001, 57], [1001, 1]], [[1001, 1], [1001, 57]], [[1001, 1], [1001, 56]],
    ];
    type Call = readonly [primitive: Primitive, shapes: readonly Shape[], attributes?: unknown];
    // biome-ignore format: a line a call
    const calls: readonly Call[] = [
      ...(['relu', 'tanh', 'exp', 'neg', 'floor'] as const).map((name) => [name, [[300_001]]] as const),
      ...(['add', 'mul', 'maximum', 'less'] as const).flatMap((name) => pairs.map((shapes) => [name, shapes] as const)),
      ...(['relu', 'tanh', 'sigmoid'] as const).map((of) => ['activationGrad', [[99_999], [99_999]], of] as const),
      ...[[0], [1], [2], [0, 2], [0, 1, 2]].map((axes) => ['sum', [[70, 40, 33]], axes] as const),
      ['mean', [[300, 20_000]], [1]],
      ['max', [[300, 2000]], [1]],
      ['matmul', [[300, 257], [257, 130]]],
      ['matmul', [[5, 700], [700, 900]]],
      ['matmul', [[40, 90, 70], [40, 70, 50]]],
      ['matmul', [[900, 300], [300, 1]]],
      ['affine', [[300, 257], [257, 130], [130]]],
      ['conv', [[8, 3, 20, 24], [16, 3, 3, 3]], same],
      ['conv', [[8, 4, 21, 24], [6, 2, 3, 3]], { ...strided, groups: 2 }],
      ['conv', [[8, 16, 20, 24], [4, 16, 1, 1]], convolution(1)],
      ['convInput', [[8, 16, 20, 24], [16, 3, 3, 3]], { ...same, shape: [20, 24] }],
      ['convInput', [[8, 16, 11, 12], [16, 3, 3, 3]], { ...strided, shape: [21, 24] }],
      ['convInput', [[8, 16, 7, 8], [16, 3, 1, 1]], { ...convolution(1, { stride: 3 }), shape: [20, 23] }],
      ['convWeight', [[8, 3, 20, 24], [8, 16, 20, 24]], same],
      ['convWeight', [[8, 3, 21, 24], [8, 16, 11, 12]], strided],
      ['maxPool', [[8, 16, 20, 24], [8, 16, 20, 24]], squares],
      ['maxPool', [[8, 16, 21, 25], [8, 16, 21, 25]], overlapping],
      ['maxUnpool', [[8, 16, 10, 12], [8, 16, 20, 24]], squares],
      ['maxUnpool', [[8, 16, 11, 13], [8, 16, 21, 25]], overlapping],
    ];

    describe.each(['float32', 'float64'] as const)('%s', (dtype) => {
      test.each(calls.map(([primitive, shapes, attributes]) => ({ primitive, shapes, attributes })))(
        '$primitive of $shapes',
        ({ primitive, shapes, attributes }) => {
          const operands = shapes.map((shape, i) => numbers(shape, dtype, i + 1));
          const expected = callPrimitive(alone, primitive, operands, attributes);
          for (const isLodged of [() => true, (i: number) => i === 0, (i: number) => i === 1, () => false]) {
            const actual = inArena(together, primitive, operands, attributes, isLodged);
            expect(actual.shape).toEqual(expected.shape);
            expect(bytesOf(actual).equals(bytesOf(expected))).toBe(true);
          }
        },
      );

      test('of transposed operands', () => {
        const [a, b] = [numbers([257, 300], dtype, 1), numbers([130, 257], dtype, 2)];
        const turned = [a, b].map((x) => alone.permute(x, [1, 0]));
        const expected = alone.matmul(turned[0]!, turned[1]!);
        expect(bytesOf(inArena(together, 'matmul', turned, undefined)).equals(bytesOf(expected))).toBe(true);
      });
    });
  });
});

/** Pseudorandom numbers, some of them negative. */
function numbers(shape: Shape, dtype: FloatDType, seed: number): NdArray {
  const data = dtype === 'float32' ? new Float32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape));
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (state * 48271) % 2147483647;
    data[i] = state / 2147483647 - 0.5;
  }
  return new NdArray(data, dtype, shape);
}

const line = numbers([5000], 'float32', 1);
