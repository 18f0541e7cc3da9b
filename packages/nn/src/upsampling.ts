/** Images of more elements, or fewer. */

import { ArgumentError, checkFloat, type Shape, type Tensor, tensor } from '@tapegrad/core';
import type { Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';
import { checkMaps, type PerAxis, perAxis } from './spatial.ts';
import type { ResizedMap, ScaledMap } from './window-shapes.ts';

interface ModeOptions {
  /** The nearest element, unless given, or the straight line between neighbours. */
  readonly mode?: 'nearest' | 'bilinear';
  /** For `bilinear`: whether the corners keep their values, or elements are squares that are cut up; false unless given. */
  readonly alignCorners?: boolean;
}

/** The height and width of the result, or how many times those of the input they are. */
export type UpsampleOptions = ModeOptions &
  ({ readonly size: PerAxis; readonly scale?: never } | { readonly scale: PerAxis; readonly size?: never });

/** An axis: its length, that of the result, and the step in it that one of the result is. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

function axesOf({ shape }: Tensor, { size, scale }: UpsampleOptions): readonly [Axis, Axis] {
  const lengths = shape.slice(2);
  if ((size === undefined) === (scale === undefined)) {
    throw new ArgumentError('upsample: expected either a size or a scale');
  }
  if (size !== undefined) {
    const to = perAxis('upsample', 'a size', size, 2, 1);
    return lengths.map((from, i) => ({ from, to: to[i]!, step: from / to[i]! })) as unknown as readonly [Axis, Axis];
  }
  const factors = typeof scale === 'number' ? [scale, scale] : (scale as readonly number[]);
  return lengths.map((from, i) => {
    const factor = factors[i]!;
    const to = Math.floor(from * factor);
    if (factors.length === 2 && factor > 0 && to > 0 && Number.isFinite(to)) return { from, to, step: 1 / factor };
    throw new ArgumentError(`upsample: expected a scale above 0, or 2 of them, that leave an element, got ${factors}`);
  }) as unknown as readonly [Axis, Axis];
}

const nearest = ({ from, to, step }: Axis): Tensor =>
  tensor(
    Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor(i * step))),
    { dtype: 'int32' },
  );

/** [to, from]: the weights of the two neighbours of each place. */
function interpolation({ from, to, step }: Axis, alignCorners: boolean, dtype: Tensor['dtype']): Tensor {
  const weights = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const place = alignCorners ? (to > 1 ? (i * (from - 1)) / (to - 1) : 0) : Math.max(0, (i + 0.5) * step - 0.5);
    const left = Math.min(from - 1, Math.floor(place));
    const share = left + 1 < from ? place - left : 0;
    weights[i * from + left] = 1 - share;
    if (share > 0) weights[i * from + left + 1] = share;
  }
  return tensor(weights, { shape: [to, from], dtype });
}

type UpsampleMap<O> = O extends { readonly size: infer P extends PerAxis }
  ? ResizedMap<P>
  : O extends { readonly scale: infer P extends PerAxis }
    ? ScaledMap<P>
    : ScaledMap<PerAxis>;

/**
 * Images with more elements, or fewer: each the nearest of the input, or on the straight lines between its neighbours.
 *
 * @param x [batch, channels, height, width]
 * @example
 * const x = tensor([[[[1, 2]]]]);
 * upsample(x, { size: [1, 4] }).toArray(); // [[[[1, 1, 2, 2]]]]
 * upsample(x, { size: [1, 3], mode: 'bilinear', alignCorners: true }).toArray(); // [[[[1, 1.5, 2]]]]
 */
export function upsample<S extends Shape, const O extends UpsampleOptions>(
  x: Tensor<S>,
  options: O,
): Output<UpsampleMap<O>, S> {
  const t = x as Tensor;
  checkMaps('upsample', t, 2);
  const [down, across] = axesOf(t, options);
  const { mode = 'nearest', alignCorners = false } = options;
  if (mode === 'nearest') return t.take(nearest(down), 2).take(nearest(across), 3) as never;
  checkFloat('upsample', t);
  const rows = interpolation(down, alignCorners, t.dtype).matmul(t);
  return rows.matmul(interpolation(across, alignCorners, t.dtype).transpose()) as never;
}

/**
 * Images with more elements: see `upsample`.
 *
 * @example
 * new Upsample({ scale: 2 }).forward(zeros([1, 16, 7, 7])).shape; // [1, 16, 14, 14]
 */
export class Upsample<const O extends UpsampleOptions = UpsampleOptions> extends Module {
  declare readonly [shapes]: UpsampleMap<O>;
  readonly options: O;

  constructor(options: O) {
    super();
    this.options = options;
  }

  forward<S extends Shape>(x: Input<UpsampleMap<O>, S>): Output<UpsampleMap<O>, S> {
    return upsample(x as unknown as Tensor, this.options) as never;
  }

  protected override settings(): string {
    const { size, scale, mode = 'nearest' } = this.options;
    return `${size === undefined ? `scale ${scale}` : `size ${size}`}, ${mode}`;
  }
}
