/** Normalisation in the reference interpreter: sums over the elements of each group, in float64. */

import { abstract } from '../abstract.ts';
import type { NdArray } from '../arrays/array.ts';
import type { Shape } from '../arrays/shape.ts';
import type { ArrayLike, Normalization, NormalizationKernels } from '../primitives.ts';
import { build, get, type Nd, stretch, zeros } from './arrays.ts';
import { type Index, linesAlong } from './indices.ts';

/** The largest power of 2 not above the largest magnitude, so that no square overflows or vanishes. */
function scaleOf(values: readonly number[]): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest > 0 && largest < Infinity ? 2 ** Math.max(-1000, Math.floor(Math.log2(largest))) : 1;
}

/** Returns the sum, with the rounding error of each addition added at the end (Neumaier 1974). */
function sumOf(values: readonly number[]): number {
  let [sum, errors] = [0, 0];
  for (const value of values) {
    const next = sum + value;
    errors += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return Number.isFinite(sum + errors) ? sum + errors : sum;
}

/** Returns the mean. If the sum overflows, the numbers are divided first. */
function meanOf(values: readonly number[]): number {
  const mean = sumOf(values) / values.length;
  return Number.isFinite(mean) ? mean : values.reduce((sum, value) => sum + value / values.length, 0);
}

/** Returns the mean, and the differences between the values and the mean. */
function centered(values: readonly number[]): { mean: number; deviations: number[] } {
  const first = meanOf(values);
  const near = values.map((value) => value - first);
  const rest = meanOf(near);
  return { mean: first + rest, deviations: near.map((value) => value - rest) };
}

/** Returns the normalised values, and the factor that normalises them. */
function normalized(values: readonly number[], of: Normalization): { units: number[]; inverse: number } {
  const deviations = of.centered ? centered(values).deviations : [...values];
  const scale = scaleOf(deviations);
  const scaled = deviations.map((value) => value / scale);
  const inverse = 1 / Math.sqrt(meanOf(scaled.map((value) => value * value)) + of.eps / scale / scale);
  return { units: scaled.map((value) => value * inverse), inverse: inverse / scale };
}

/** Returns the index of the element that belongs to `index` in an array of `shape`, which is broadcast. */
const within = (shape: Shape, index: Index): number[] =>
  shape.map((length, i) => (length === 1 ? 0 : index[index.length - shape.length + i]!));

/** Makes the primitives from functions that convert arrays to float64 and back. */
export function normalizationBy(
  load: (x: NdArray) => Nd,
  store: (type: ArrayLike, x: Nd) => NdArray,
): NormalizationKernels<NdArray> {
  return {
    normalize(x, w, b, of) {
      const type = abstract.normalize(x, w, b, of);
      const [from, out] = [load(x), zeros(x.shape)];
      const [weight, bias] = [stretch(load(w), x.shape), stretch(load(b), x.shape)];
      for (const line of linesAlong(x.shape, of.axes)) {
        const { units } = normalized(
          line.map((index) => get(from, index)),
          of,
        );
        line.forEach((index, i) => {
          out.set(...index, units[i]! * get(weight, index) + get(bias, index));
        });
      }
      return store(type, out);
    },
    normalizeGrad(g, x, w, of) {
      const type = abstract.normalizeGrad(g, x, w, of);
      const [from, out] = [load(x), zeros(x.shape)];
      const [cotangent, weight] = [load(g), stretch(load(w), x.shape)];
      for (const line of linesAlong(x.shape, of.axes)) {
        const { units, inverse } = normalized(
          line.map((index) => get(from, index)),
          of,
        );
        const scaled = line.map((index) => get(cotangent, index) * get(weight, index));
        const along = meanOf(scaled.map((value, i) => value * units[i]!));
        const mean = of.centered ? meanOf(scaled) : 0;
        line.forEach((index, i) => {
          out.set(...index, inverse * (scaled[i]! - mean - units[i]! * along));
        });
      }
      return store(type, out);
    },
    normalizeWeightGrad(g, x, of) {
      const type = abstract.normalizeWeightGrad(g, x, of);
      const [from, cotangent] = [load(x), load(g)];
      const products = new Map<string, number[]>();
      for (const line of linesAlong(x.shape, of.axes)) {
        const { units } = normalized(
          line.map((index) => get(from, index)),
          of,
        );
        line.forEach((index, i) => {
          const place = within(of.shape, index).join();
          const list = products.get(place);
          const product = get(cotangent, index) * units[i]!;
          if (list === undefined) products.set(place, [product]);
          else list.push(product);
        });
      }
      return store(
        type,
        build(of.shape, (index) => sumOf(products.get(index.join()) ?? [])),
      );
    },
    moments(x, axes) {
      const type = abstract.moments(x, axes);
      const from = load(x);
      const out = build(type.shape, () => Number.NaN);
      for (const line of linesAlong(x.shape, axes)) {
        const { mean, deviations } = centered(line.map((index) => get(from, index)));
        if (line[0] === undefined) continue;
        const kept = within(type.shape.slice(1), line[0]);
        out.set(0, ...kept, mean);
        out.set(1, ...kept, meanOf(deviations.map((value) => value * value)));
      }
      return store(type, out);
    },
  };
}
