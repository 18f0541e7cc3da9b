/**
 * Products whose partial products neither overflow nor underflow. A partial product is stored as m 2^(600 e), with m
 * far from the limits of float64. m is rounded to float64 at each step, and the product to the result's dtype at the
 * end.
 */

import { elementProductResultOf } from '../abstract/element-products.ts';
import { filled, type NdArray } from '../arrays/array.ts';
import { contiguous, copyRun } from '../arrays/copy.ts';
import type { Data } from '../arrays/dtype.ts';
import { forEachRun } from '../arrays/iterate.ts';
import { emptyOf } from '../arrays/movement.ts';
import { countAlong } from '../arrays/shape.ts';
import { broadcastView, permuteView } from '../arrays/views.ts';
import type { ElementProductKernels } from '../primitives.ts';
import { bySteps, excessSteps, isFarOut } from '../special.ts';
import { rounded } from './reductions.ts';

/** The exponent e of the last product computed: the number of factors 2^600 divided out of it. */
let carried = 0;

/** Multiplies m by a factor. Divides out a factor of 2^600 if needed to keep the product in range. */
function multiplyFar(m: number, factor: number): number {
  const own = excessSteps(factor);
  const product = m * bySteps(factor, -own);
  const more = excessSteps(product);
  carried = own + more;
  return bySteps(product, -more);
}

/** Returns whether the number is close enough to 1 that several such numbers can be multiplied without checking. */
function isNear(x: number): boolean {
  const size = Math.abs(x);
  return size >= 2 ** -120 && size < 2 ** 120;
}

// As in elementwise.ts, elements of any dtype and step are copied to contiguous float64 numbers, a block at a time.
const blockLength = 1024;
const block = new Float64Array(blockLength);

/** Multiplies m by the first `length` numbers of the block, eight at a time if they are near 1. */
function multiplyBlock(m: number, length: number): number {
  let product = m;
  let steps = 0;
  let i = 0;
  while (i < length) {
    if (i + 8 <= length) {
      const first = block[i]! * block[i + 1]!;
      const second = block[i + 2]! * block[i + 3]!;
      const third = block[i + 4]! * block[i + 5]!;
      const fourth = block[i + 6]! * block[i + 7]!;
      const next = product * (first * second * (third * fourth));
      if (isNear(first) && isNear(second) && isNear(third) && isNear(fourth) && !isFarOut(next)) {
        product = next;
        i += 8;
        continue;
      }
    }
    for (const end = Math.min(i + 8, length); i < end; i++) {
      const next = product * block[i]!;
      if (isFarOut(next)) {
        product = multiplyFar(product, block[i]!);
        steps += carried;
      } else product = next;
    }
  }
  carried = steps;
  return product;
}

/** Multiplies m by numbers that are `step` apart. */
function multiplyRun(m: number, data: Data, from: number, step: number, length: number): number {
  let product = m;
  let steps = 0;
  for (let done = 0; done < length; done += blockLength) {
    const count = Math.min(blockLength, length - done);
    copyRun(block, 0, 1, data, from + done * step, step, count);
    product = multiplyBlock(product, count);
    steps += carried;
  }
  carried = steps;
  return product;
}

/**
 * Replaces each of the first `length` numbers of the block by the product divided by that number. None of the numbers
 * may be 0.
 */
function divideByBlock(product: number, steps: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const x = block[i]!;
    if (steps === 0 && !isFarOut(x)) block[i] = product / x;
    else {
      const own = excessSteps(x);
      block[i] = bySteps(product / bySteps(x, -own), steps - own);
    }
  }
}

/** Writes, for each number of a row, the product of all others, using division if the product is finite and not 0. */
function multiplyOthers(out: Data, to: number, data: Data, from: number, length: number): void {
  const product = multiplyRun(1, data, from, 1, length);
  const steps = carried;
  if (product === 0 || !Number.isFinite(product)) {
    multiplyAround(out, to, data, from, length);
    return;
  }
  for (let done = 0; done < length; done += blockLength) {
    const count = Math.min(blockLength, length - done);
    copyRun(block, 0, 1, data, from + done, 1, count);
    divideByBlock(product, steps, count);
    copyRun(out, to + done, 1, block, 0, 1, count);
  }
}

/**
 * Writes the same results as `multiplyOthers` without division: for each number, the product of the numbers before it
 * times the product of the numbers after it.
 */
function multiplyAround(out: Data, to: number, data: Data, from: number, length: number): void {
  const [before, stepsBefore] = [new Float64Array(length), new Int32Array(length)];
  let [product, steps] = [1, 0];
  const take = (factor: number): void => {
    const next = product * factor;
    if (isFarOut(next)) {
      product = multiplyFar(product, factor);
      steps += carried;
    } else product = next;
  };
  for (let i = 0; i < length; i++) {
    before[i] = product;
    stepsBefore[i] = steps;
    take(data[from + i]!);
  }
  [product, steps] = [1, 0];
  for (let i = length - 1; i >= 0; i--) {
    out[to + i] = bySteps(before[i]! * product, stepsBefore[i]! + steps);
    take(data[from + i]!);
  }
}

/** Multiplies int32 elements, with wrapping. */
function multiplyIntegers(results: NdArray, x: NdArray): NdArray {
  const [to, from] = [results.data, x.data];
  forEachRun(x.shape, [broadcastView(results, x.shape), x], (length, [o, p], [os, ps]) => {
    for (let i = 0; i < length; i++) to[o! + i * os!] = Math.imul(to[o! + i * os!]!, from[p! + i * ps!]!);
  });
  return results;
}

/** The primitives that multiply elements along axes, as plain loops. */
export const elementProductLoops: ElementProductKernels<NdArray> = {
  prod(x, axes) {
    const { shape, dtype } = elementProductResultOf.prod(x, axes);
    if (dtype === 'int32') return multiplyIntegers(filled(shape, 1, dtype), x);
    const results = filled(shape, 1, 'float64');
    const [data, found] = [x.data, results.data];
    const steps = new Int32Array(found.length);
    forEachRun(x.shape, [broadcastView(results, x.shape), x], (length, [o, p], [os, ps]) => {
      const count = os === 0 ? length : 1;
      for (let done = 0; done < length; done += count) {
        const place = o! + done * os!;
        found[place] = multiplyRun(found[place]!, data, p! + done * ps!, ps!, count);
        steps[place]! += carried;
      }
    });
    steps.forEach((count, i) => {
      if (count !== 0) found[i] = bySteps(found[i]!, count);
    });
    return rounded(results, dtype);
  },

  prodOfOthers(x, axes) {
    const { dtype } = elementProductResultOf.prodOfOthers(x, axes);
    // The axes of the products come last.
    const order = Array.from(x.shape.keys()).sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)));
    const { data, offset, shape } = contiguous(permuteView(x, order));
    const out = emptyOf({ shape, dtype });
    const length = countAlong(x.shape, axes);
    for (let row = 0; row < x.size; row += length) {
      multiplyOthers(out.data, row, data, offset + row, length);
    }
    return permuteView(
      out,
      order.map((_, axis) => order.indexOf(axis)),
    );
  },
};
