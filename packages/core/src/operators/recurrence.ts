/** A linear recurrence, s_i = a_i s_(i-1) + b_i, which includes running products and running sums. */

import { bySteps, type Data, excessSteps, isFarOut, NdArray, newData } from '@tapegrad/kernels';
import { defineOp } from '../autograd/define.ts';
import { zeros } from '../create.ts';
import { Tensor } from '../tensor.ts';
import { concat } from './method-functions.ts';
import { flip } from './selection.ts';

/**
 * Runs the recurrence along one line. The running value is stored as a number m and an exponent, so that it can become
 * finite again after an overflow.
 */
function runLine(sums: Data, a: Data, b: Data, from: number, length: number): void {
  let [m, steps] = [0, 0];
  for (let i = from; i < from + length; i++) {
    const [factor, term] = [i === from ? 0 : a[i]!, b[i]!];
    const product = m * factor;
    if (steps === 0 && !isFarOut(product)) m = product + term;
    else {
      const [ofSum, ofFactor] = [excessSteps(m), excessSteps(factor)];
      m = bySteps(m, -ofSum) * bySteps(factor, -ofFactor);
      const more = excessSteps(m);
      m = bySteps(m, -more);
      steps += ofSum + ofFactor + more;
      if (term !== 0 && (steps < 0 || m === 0)) {
        m = bySteps(m, steps);
        steps = 0;
      }
      m += bySteps(term, -steps);
    }
    sums[i] = steps === 0 ? m : bySteps(m, steps);
  }
}

/** Computes the running products of one line. Each is represented as m 2^(600 steps), as in `runLine`. */
function multiplyLine(products: Data, a: Data, from: number, length: number): void {
  const end = from + length;
  let m = 1;
  let i = from;
  // Most lines finish in this loop, without an overflow.
  for (; i < end; i++) {
    const product = m * a[i]!;
    if (isFarOut(product)) break;
    m = product;
    products[i] = m;
  }
  for (let steps = 0; i < end; i++) {
    const factor = a[i]!;
    const product = m * factor;
    if (m === 0 || !isFarOut(product)) m = product;
    else {
      const ofFactor = excessSteps(factor);
      m *= bySteps(factor, -ofFactor);
      const more = excessSteps(m);
      m = bySteps(m, -more);
      steps += ofFactor + more;
    }
    products[i] = steps === 0 ? m : bySteps(m, steps);
  }
}

/** Shifts the entries of the last axis by one and drops the last entry. The first entry of the result is a placeholder. */
const shifted = (x: Tensor): Tensor => concat([x.slice(-1, 0, 1), x.slice(-1, 0, -1)], -1);

/**
 * Computes s_i = a_i s_(i-1) + b_i along the last axis of float64 tensors, with s_0 = b_0. The gradient is the same
 * recurrence, run from the end. So derivatives of every order take one pass each.
 */
const recurrence: (a: Tensor, b: Tensor) => Tensor = defineOp<(a: Tensor, b: Tensor) => Tensor>({
  name: 'recurrence',
  batched: true,
  forward(a, b) {
    const [factors, terms] = [a.data, b.data];
    const [sums, length] = [newData('float64', a.size), a.shape.at(-1)!];
    for (let from = 0; from < a.size; from += length) runLine(sums, factors, terms, from, length);
    return new Tensor(new NdArray(sums, 'float64', a.shape));
  },
  vjp(g, s, a) {
    const cotangents = flip(recurrence(shifted(flip(a, -1)), flip(g, -1)), -1) as Tensor;
    const none = zeros([...a.shape.slice(0, -1), 1], { dtype: 'float64' });
    return [concat([none, cotangents.slice(-1, 1).mul(s.slice(-1, 0, -1))], -1) as Tensor, cotangents];
  },
});

/**
 * Computes the running products s_i = a_i s_(i-1) along the last axis, with s_0 = a_0, in float64. The gradient is that
 * of the recurrence without the terms b_i.
 */
export const runningProducts: (a: Tensor) => Tensor = defineOp<(a: Tensor) => Tensor>({
  name: 'runningProducts',
  batched: true,
  forward(a) {
    const products = newData(a.dtype, a.size);
    const [factors, length] = [a.data, a.shape.at(-1)!];
    for (let from = 0; from < a.size; from += length) multiplyLine(products, factors, from, length);
    return new Tensor(new NdArray(products, a.dtype, a.shape));
  },
  vjp(g, s, a) {
    const [factors, cotangent] = [a.cast('float64'), g.cast('float64')] as [Tensor, Tensor];
    // The products in float64, not as they were rounded to float32.
    const products = a.dtype === 'float64' ? s : runningProducts(factors);
    const slopes = flip(recurrence(shifted(flip(factors, -1)), flip(cotangent, -1)), -1) as Tensor;
    const others = slopes.slice(-1, 1).mul(products.slice(-1, 0, -1));
    return concat([slopes.slice(-1, 0, 1), others], -1).cast(a.dtype) as Tensor;
  },
});
