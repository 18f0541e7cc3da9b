import { resultOf } from '../abstract/shape-inference.ts';
import type { NdArray } from '../arrays/array.ts';
import { copyRun } from '../arrays/copy.ts';
import { forEachBroadcastRun } from '../arrays/iterate.ts';
import { emptyOf } from '../arrays/movement.ts';
import { type Activation, type Binary, type CommonKernels, mapEntries, type Unary } from '../primitives.ts';
import { sigmoid } from '../special.ts';

/**
 * A function of the first `n` elements of block x (for `OnBlocks`, of blocks x and y), which replaces them in x by its
 * results.
 */
export type OnBlock = (x: Float64Array, n: number) => void;
export type OnBlocks = (x: Float64Array, y: Float64Array, n: number) => void;

// One loop per function: an engine inlines a function called in a loop only if the loop always calls the same one.
const unary: { readonly [P in Unary & keyof CommonKernels<NdArray>]: OnBlock } = {
  neg(x, n) {
    for (let i = 0; i < n; i++) x[i] = -x[i]!;
  },
  abs(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.abs(x[i]!);
  },
  sign(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.sign(x[i]!);
  },
  exp(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.exp(x[i]!);
  },
  log(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.log(x[i]!);
  },
  sqrt(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.sqrt(x[i]!);
  },
  tanh(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.tanh(x[i]!);
  },
  sigmoid(x, n) {
    for (let i = 0; i < n; i++) x[i] = sigmoid(x[i]!);
  },
  relu(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.max(x[i]!, 0);
  },
};

const binary: { readonly [P in Binary & keyof CommonKernels<NdArray>]: OnBlocks } = {
  add(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! + y[i]!;
  },
  sub(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! - y[i]!;
  },
  mul(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! * y[i]!;
  },
  div(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! / y[i]!;
  },
  maximum(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = Math.max(x[i]!, y[i]!);
  },
  minimum(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = Math.min(x[i]!, y[i]!);
  },
  equal(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! === y[i]! ? 1 : 0;
  },
  less(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! < y[i]! ? 1 : 0;
  },
  lessEqual(x, y, n) {
    for (let i = 0; i < n; i++) x[i] = x[i]! <= y[i]! ? 1 : 0;
  },
};

const activationGrads: { readonly [A in Activation]: OnBlocks } = {
  relu(g, y, n) {
    for (let i = 0; i < n; i++) g[i] = y[i] === 0 ? 0 : g[i]!;
  },
  tanh(g, y, n) {
    for (let i = 0; i < n; i++) g[i] = g[i]! * (1 - y[i]! * y[i]!);
  },
  sigmoid(g, y, n) {
    for (let i = 0; i < n; i++) g[i] = g[i]! * (y[i]! * (1 - y[i]!));
  },
};

/** Multiplies int32 numbers, whose product can have more digits than a float64. */
const mulInt32: OnBlocks = (x, y, n) => {
  for (let i = 0; i < n; i++) x[i] = Math.imul(x[i]!, y[i]!);
};

// Operands of any dtype and strides are copied, a block at a time, to contiguous float64 numbers. Results are
// computed there and copied to the result array, which rounds them. So each function has one loop, over one kind of
// array, and the blocks stay in a first-level cache.
const blockLength = 1024;
const [first, second] = [new Float64Array(blockLength), new Float64Array(blockLength)];

/** Applies a function to the elements of an array, and writes the results to an array of the same shape. */
function mapBlocks(f: OnBlock, x: NdArray, out: NdArray): NdArray {
  forEachBroadcastRun(out, [x], (length, [o, p], [os, ps]) => {
    for (let done = 0; done < length; done += blockLength) {
      const n = Math.min(blockLength, length - done);
      copyRun(first, 0, 1, x.data, p! + done * ps!, ps!, n);
      f(first, n);
      copyRun(out.data, o! + done * os!, os!, first, 0, 1, n);
    }
  });
  return out;
}

/** Makes primitives from functions of blocks. */
export const unaryLoops = <P extends Unary>(table: { readonly [Name in P]: OnBlock }) =>
  mapEntries(table, (name, f) => (x: NdArray) => mapBlocks(f, x, emptyOf(resultOf[name](x))));

/**
 * Applies a function to the elements of two arrays, and writes the results to an array whose shape both broadcast to.
 */
export function mapBlockPairs(f: OnBlocks, x: NdArray, y: NdArray, out: NdArray): NdArray {
  forEachBroadcastRun(out, [x, y], (length, [o, p, q], [os, ps, qs]) => {
    for (let done = 0; done < length; done += blockLength) {
      const n = Math.min(blockLength, length - done);
      copyRun(first, 0, 1, x.data, p! + done * ps!, ps!, n);
      copyRun(second, 0, 1, y.data, q! + done * qs!, qs!, n);
      f(first, second, n);
      copyRun(out.data, o! + done * os!, os!, first, 0, 1, n);
    }
  });
  return out;
}

/** The elementwise primitives on one and two operands, and `activationGrad`. */
export const elementwise: Pick<
  CommonKernels<NdArray>,
  ((Unary | Binary) & keyof CommonKernels<NdArray>) | 'activationGrad'
> = {
  ...unaryLoops(unary),
  ...mapEntries(binary, (name, f) => (x: NdArray, y: NdArray) => {
    const exact = name === 'mul' && x.dtype === 'int32' ? mulInt32 : f;
    return mapBlockPairs(exact, x, y, emptyOf(resultOf[name](x, y)));
  }),
  activationGrad: (g, y, of) => mapBlockPairs(activationGrads[of], g, y, emptyOf(resultOf.activationGrad(g, y, of))),
};
