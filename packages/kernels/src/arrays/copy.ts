import { empty, isContiguous, type NdArray } from './array.ts';
import type { Data } from './dtype.ts';
import { forEachRun } from './iterate.ts';

// From this length on, a call of `set` is faster than a loop.
const worthACall = 32;

/** Copies `length` elements, converting numbers as a typed array does. */
export function copyRun(
  target: Data,
  to: number,
  toStep: number,
  source: Data,
  from: number,
  fromStep: number,
  length: number,
): void {
  if (toStep === 1 && fromStep === 1 && length >= worthACall) {
    target.set(source.subarray(from, from + length), to);
  } else {
    for (let i = 0; i < length; i++) target[to + i * toStep] = source[from + i * fromStep]!;
  }
}

/** Copies the elements of `x` into `out`, which has the same shape, converting numbers as a typed array does. */
export function assign(out: NdArray, x: NdArray): NdArray {
  forEachRun(out.shape, [out, x], (length, [to, from], [toStep, fromStep]) => {
    copyRun(out.data, to!, toStep!, x.data, from!, fromStep!, length);
  });
  return out;
}

/** Returns `x` itself if its elements are contiguous in row-major order, otherwise a copy in which they are. */
export const contiguous = (x: NdArray): NdArray => (isContiguous(x) ? x : assign(empty(x.shape, x.dtype), x));
