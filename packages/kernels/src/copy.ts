import { empty, isContiguous, type NdArray } from './array.ts';
import { forEachRun } from './iterate.ts';

/** Copies the elements of `x` into `out`, which has its shape; numbers are converted as a typed array does. */
export function assign(out: NdArray, x: NdArray): NdArray {
  const target = out.data;
  const source = x.data;
  forEachRun(out.shape, [out, x], (length, [to, from], [toStep, fromStep]) => {
    if (toStep === 1 && fromStep === 1 && length > 16) {
      target.set(source.subarray(from!, from! + length), to);
    } else {
      for (let i = 0; i < length; i++) target[to! + i * toStep!] = source[from! + i * fromStep!]!;
    }
  });
  return out;
}

/** `x` itself where its elements lie in row-major order one after the other, else a copy in which they do. */
export const contiguous = (x: NdArray): NdArray => (isContiguous(x) ? x : assign(empty(x.shape, x.dtype), x));
