/** Axes of another length, each of whose entries is a mean of some of the input's. */

import { defineOp, type FloatDType, type Tensor, tensor, zeros } from '@tapegrad/core';

/** For each place of the result, the places that it is a mean of, with their shares. */
export type Shares = readonly (readonly (readonly [place: number, share: number])[])[];

export interface Resampling {
  /** Counted from the last one. */
  readonly axis: -1 | -2;
  /** The input's. */
  readonly length: number;
  readonly shares: Shares;
}

/** From this length on, a product with a matrix that is nearly all zeros takes longer than to take what is needed. */
const LONG = 128;

/** What goes the other way: each place with what takes it. */
function transposed({ axis, length, shares }: Resampling): Resampling {
  const takers = Array.from({ length }, (): [number, number][] => []);
  for (const [to, places] of shares.entries()) for (const [place, share] of places) takers[place]!.push([to, share]);
  return { axis, length: shares.length, shares: takers };
}

/** By a product with a matrix. */
function multiplied(x: Tensor, { axis, length, shares }: Resampling): Tensor {
  const weights = new Float64Array(shares.length * length);
  for (const [to, places] of shares.entries())
    for (const [place, share] of places) weights[to * length + place] = share;
  const matrix: Tensor = tensor(weights, { shape: [shares.length, length], dtype: x.dtype });
  return axis === -2 ? matrix.matmul(x) : x.matmul(matrix.transpose());
}

/** By taking what has a share: nothing else is looked at. */
function taken(x: Tensor, { axis, shares }: Resampling): Tensor {
  const along = axis === -1 ? [shares.length] : [shares.length, 1];
  const most = shares.reduce((count, { length }) => Math.max(count, length), 0);
  const terms = Array.from({ length: most }, (_, i): Tensor => {
    const places = Int32Array.from(shares, (row) => row[i]?.[0] ?? 0);
    const factors = Float64Array.from(shares, (row) => row[i]?.[1] ?? 0);
    const term = x.take(tensor(places), axis).mul(tensor(factors, { shape: along, dtype: x.dtype }) as Tensor);
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
 * An axis of another length. What has no share in an entry does not touch it, also where it is NaN or infinite: then a product
 * with the zeros of a matrix is none, and neither is it on the way back.
 */
export const resample: Resample = defineOp<Resample>({
  name: 'resample',
  batched: true,
  forward: (x, how) =>
    how.length < LONG && x.sum().elements.every(Number.isFinite) ? multiplied(x, how) : taken(x, how),
  vjp: (g, _y, _x, how) => resample(g, transposed(how)),
  jvp: ([tangent], _y, _x, how) => resample(tangent!, how),
});
