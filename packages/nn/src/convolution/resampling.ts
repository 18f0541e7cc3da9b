/** Resamples an axis to another length: each entry of the result is a weighted sum of input entries. */

import { areWithin, finiteRange } from '@tapegrad/core/extend';
import { defineOp, type FloatDType, type Tensor, take, tensor, zeros } from '@tapegrad/core/lean';

/** For each entry of the result, a list of the input entries from which it is computed, with their weights. */
export type Shares = readonly (readonly (readonly [place: number, share: number])[])[];

export interface Resampling {
  /** The axis to resample, counted from the last. */
  readonly axis: -1 | -2;
  /** The length of that axis in the input. */
  readonly length: number;
  readonly shares: Shares;
}

/**
 * The length from which on a matrix product, whose matrix is mostly zeros, takes longer than gathering only the needed
 * entries.
 */
const LONG = 128;

/** Returns the transposed resampling, which lists for each input entry the result entries that use it. */
function transposed({ axis, length, shares }: Resampling): Resampling {
  const takers = Array.from({ length }, (): [number, number][] => []);
  for (const [to, places] of shares.entries()) for (const [place, share] of places) takers[place]!.push([to, share]);
  return { axis, length: shares.length, shares: takers };
}

/** Resamples with a matrix product. */
function multiplied(x: Tensor, { axis, length, shares }: Resampling): Tensor {
  const weights = new Float64Array(shares.length * length);
  for (const [to, places] of shares.entries())
    for (const [place, share] of places) weights[to * length + place] = share;
  const matrix: Tensor = tensor(weights, { shape: [shares.length, length], dtype: x.dtype });
  return axis === -2 ? matrix.matmul(x) : x.matmul(matrix.transpose());
}

/** Resamples by gathering entries. Only entries that have a share are read. */
function taken(x: Tensor, { axis, shares }: Resampling): Tensor {
  const along = axis === -1 ? [shares.length] : [shares.length, 1];
  const most = shares.reduce((count, { length }) => Math.max(count, length), 0);
  const terms = Array.from({ length: most }, (_, i): Tensor => {
    const places = Int32Array.from(shares, (row) => row[i]?.[0] ?? 0);
    const factors = Float64Array.from(shares, (row) => row[i]?.[1] ?? 0);
    const term = take(x, tensor(places), axis).mul(tensor(factors, { shape: along, dtype: x.dtype }) as Tensor);
    if (shares.every((row) => i < row.length)) return term;
    const has = tensor(
      Uint8Array.from(shares, (row) => Number(i < row.length)),
      { shape: along, dtype: 'bool' },
    );
    return has.where(term, 0);
  });
  if (terms.length === 0) return zeros(x.shape.with(axis, shares.length), { dtype: x.dtype as FloatDType });
  return terms.reduce((sum, term) => sum.add(term));
}

type Resample = (x: Tensor, how: Resampling) => Tensor;

/**
 * Resamples an axis to another length. NaN and infinities affect only the results that have a share of them. So if an
 * input contains any, the matrix product isn't used, which would multiply 0 by Infinity. The same holds for gradients.
 */
export const resample: Resample = defineOp<Resample>({
  name: 'resample',
  batched: true,
  forward: (x, how) =>
    how.length < LONG && areWithin(x.sum().elements, finiteRange) ? multiplied(x, how) : taken(x, how),
  vjp: (g, _y, _x, how) => resample(g, transposed(how)),
  jvp: ([tangent], _y, _x, how) => resample(tangent!, how),
});
