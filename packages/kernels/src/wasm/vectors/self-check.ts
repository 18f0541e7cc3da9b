/** Compares the bits of representative kernels with vectors of 256 and of 128 bits, on awkward inputs. */

import { NdArray } from '../../arrays/array.ts';
import { type Data, type FloatDType, forEachFloat, newData } from '../../arrays/dtype.ts';
import { sizeOf } from '../../arrays/shape.ts';
import { createBare, type WasmKernels } from '../../wasm.ts';
import { windowedExtension } from '../windowed/extension.ts';

/** Makes an array from consecutive numbers of a list, beginning at index `start`. */
type Make = (shape: readonly number[], start: number) => NdArray;
type Run = (k: WasmKernels, finite: Make, awkward: Make) => Data;

/** Numbers for which kernels have failed before: zeros of both signs, subnormals, huge numbers, infinities and NaN. */
const AWKWARD = [
  0,
  -0,
  1e-45,
  -1e-40,
  3e38,
  -3e38,
  1e-20,
  Number.POSITIVE_INFINITY,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
];
/** Every 41st element is an awkward number. */
const AWKWARD_PERIOD = 41;
const LENGTH = 1 << 13;

/** Makes arrays of numbers with many magnitudes and both signs; includes awkward numbers unless `onlyFinite` is set. */
function arraysOf(dtype: FloatDType, onlyFinite: boolean): Make {
  const data = newData(dtype, LENGTH);
  let state = 1;
  for (let i = 0; i < LENGTH; i++) {
    state = (Math.imul(state, 48_271) + 11) >>> 0;
    data[i] = ((state >>> 8) - (1 << 23)) / (1 << (state & 31));
  }
  for (let i = 0; !onlyFinite && i < LENGTH; i += AWKWARD_PERIOD)
    data[i] = AWKWARD[(i / AWKWARD_PERIOD) % AWKWARD.length]!;
  return (shape, start) => new NdArray(data.subarray(start, start + sizeOf(shape)), dtype, shape);
}

const SAME = { size: 3, stride: 1, dilation: 1, padding: [1, 1] } as const;
const CONVOLUTION = { windows: [SAME, SAME], groups: 1 };
const LABELS = new NdArray(
  Int32Array.from({ length: 9 }, (_, i) => 5 * i),
  'int32',
  [9],
);

/**
 * Calls of representative kernels. The lengths are not multiples of the block sizes, so that rows, columns, vectors and
 * pairs of vectors are left over.
 */
const CHECKS: { readonly [kernel: string]: Run } = {
  matmul: (k, finite) => k.matmul(finite([45, 70], 0), finite([70, 59], 1)).data,
  affine: (k, finite) => k.affine(finite([23, 300], 0), finite([300, 23], 2), finite([23], 3)).data,
  exp: (k, _, awkward) => k.exp(awkward([131], 0)).data,
  tanh: (k, _, awkward) => k.tanh(awkward([131], 5)).data,
  conv: (k, finite) => k.conv(finite([2, 5, 9, 21], 0), finite([13, 5, 3, 3], 1), CONVOLUTION).data,
  convWeight: (k, finite) => k.convWeight(finite([2, 5, 9, 21], 0), finite([2, 13, 9, 21], 1), CONVOLUTION).data,
  log: (k, _, awkward) => k.log(awkward([131], 3)).data,
  crossEntropy: (k, finite) => k.crossEntropy(finite([9, 53], 0), LABELS).data,
  crossEntropyGrad: (k, finite) => k.crossEntropyGrad(finite([9], 7), finite([9, 53], 0), LABELS).data,
  activationGrad: (k, _, awkward) => k.activationGrad(awkward([131], 0), awkward([131], 20), 'tanh').data,
  div: (k, _, awkward) => k.div(awkward([131], 0), awkward([131], 20)).data,
  sum: (k, finite) => k.sum(finite([5, 131], 0), [1]).data,
  max: (k, _, awkward) => k.max(awkward([131, 5], 0), [0]).data,
  changeInPlace: (k, _, awkward) => {
    const [w, g] = [awkward([131], 0).data.slice(), awkward([131], 11).data.slice()];
    k.changeInPlace((by, x) => ({ w: by.sub(x.w, by.div(x.g, by.sqrt(by.abs(x.w)))) }), { w, g }, {});
    return w;
  },
};

/** Returns the results of all kernels. They run twice, since an engine optimizes a kernel after its first run. */
function results(): [kernel: string, data: Data][] {
  const kernels = createBare('setVectors', { threads: 1 });
  kernels.engine.register(windowedExtension);
  const inputs = forEachFloat((dtype) => [arraysOf(dtype, true), arraysOf(dtype, false)] as const);
  const run = () =>
    (['float32', 'float64'] as const).flatMap((dtype) =>
      Object.entries(CHECKS).map(([kernel, check]): [string, Data] => [
        `${kernel} of ${dtype}`,
        check(kernels, ...inputs(dtype)),
      ]),
    );
  run();
  return run();
}

/** Returns the name of the first kernel whose results change when `wide` runs it, or undefined if there is none. */
export function findDifference(wide: <R>(run: () => R) => R): string | undefined {
  const expected = results();
  const actual = wide(results);
  return expected.find(([, data], i) => !areSame(data, actual[i]![1]))?.[0];
}

/** Compares elements. NaN equals NaN whatever its bits, which WebAssembly doesn't specify. */
const areSame = (x: Data, y: Data): boolean => x.every((element, i) => Object.is(element, y[i]));
