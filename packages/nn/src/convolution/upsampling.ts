/** Resizes images by upsampling or downsampling. */

import { checkFloat, isFloat } from '@tapegrad/core/extend';
import { ArgumentError, type Shape, type Tensor, take, tensor } from '@tapegrad/core/lean';
import { checkLayerOptions, checkOptions, type Known } from '../checks.ts';
import type { Input, Output, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import { checkMaps, type PerAxis, perAxis } from './per-axis.ts';
import { resample, type Shares } from './resampling.ts';
import type { ResizedMap, ScaledMap } from './window-shapes.ts';

interface ModeOptions {
  /**
   * How to compute an element: `nearest` takes the nearest element, `bilinear` interpolates linearly between
   * neighbours. Defaults to `nearest`.
   */
  readonly mode?: 'nearest' | 'bilinear';
  /**
   * Whether `bilinear` aligns the centres of the corner elements of input and result, instead of their outer edges.
   * Defaults to false.
   */
  readonly alignCorners?: boolean;
}

/**
 * The options of `upsample`: either the size (height and width) of the result, or the scale by which to multiply the
 * input's size.
 */
export type UpsampleOptions = ModeOptions &
  ({ readonly size: PerAxis; readonly scale?: never } | { readonly scale: PerAxis; readonly size?: never });

/** Throws if an option is unknown or has an invalid value. */
function checkUpsampling(call: 'Upsample' | 'upsample', options: UpsampleOptions | undefined): void {
  const check = call === 'Upsample' ? checkLayerOptions : checkOptions;
  check(call, options, ['size', 'scale', 'mode', 'alignCorners']);
  const { size, scale, mode = 'nearest' }: Partial<UpsampleOptions> = options ?? {};
  if ((size === undefined) === (scale === undefined)) {
    throw new ArgumentError(`${call}: expected either a size or a scale`);
  }
  if (mode !== 'nearest' && mode !== 'bilinear') {
    throw new ArgumentError(`${call}: unknown mode '${mode}', expected 'nearest' or 'bilinear'`);
  }
}

/**
 * A spatial axis: its input length `from`, its result length `to`, and a function that maps the edge of a result
 * element to its position in the input.
 */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly place: (edge: number) => number;
}

/**
 * Returns the integer part of a number that was rounded. If only a rounding error separates the number from an integer,
 * returns that integer.
 */
function wholePart(rounded: number): number {
  const nearest = Math.round(rounded);
  return Math.abs(rounded - nearest) <= 4 * Number.EPSILON * Math.abs(rounded) ? nearest : Math.floor(rounded);
}

function axesOf({ shape }: Tensor, { size, scale }: UpsampleOptions): readonly [Axis, Axis] {
  const lengths = shape.slice(2);
  if (size !== undefined) {
    const sizes = perAxis('upsample', 'a size', size, 2, 1);
    return lengths.map((from, i): Axis => {
      const to = sizes[i]!;
      return { from, to, place: (edge) => (edge * from) / to };
    }) as unknown as readonly [Axis, Axis];
  }
  const factors = typeof scale === 'number' ? [scale, scale] : (scale as readonly number[]);
  return lengths.map((from, i): Axis => {
    const factor = factors[i]!;
    const to = wholePart(from * factor);
    if (factors.length === 2 && factor > 0 && to > 0 && Number.isFinite(to)) {
      return { from, to, place: (edge) => edge / factor };
    }
    throw new ArgumentError(`upsample: expected one or two scales above 0 that leave an element, got ${factors}`);
  }) as unknown as readonly [Axis, Axis];
}

const nearest = ({ from, to, place }: Axis): number[] =>
  Array.from({ length: to }, (_, i) => Math.min(from - 1, wholePart(place(i))));

/**
 * Returns the shares of the two neighbours of each position. A position that falls exactly on an element has only that
 * element.
 */
const neighbours = ({ from, to, place }: Axis, alignCorners: boolean): Shares =>
  Array.from({ length: to }, (_, i) => {
    // Passes the doubled position 2 i + 1 instead of i + 1/2, so that with a `size` the result is a quotient of
    // integers.
    const at = alignCorners ? (to > 1 ? (i * (from - 1)) / (to - 1) : 0) : Math.max(0, (place(2 * i + 1) - 1) / 2);
    const left = Math.min(from - 1, wholePart(at));
    const share = Math.max(0, at - left);
    return share === 0 || left === from - 1
      ? [[left, 1]]
      : ([
          [left, 1 - share],
          [left + 1, share],
        ] as const);
  });

type UpsampleMap<O> = O extends { readonly size: infer P extends PerAxis }
  ? ResizedMap<P>
  : O extends { readonly scale: infer P extends PerAxis }
    ? ScaledMap<P>
    : ScaledMap<PerAxis>;

/**
 * Resizes images. Each element of the result is the nearest element of the input, or is interpolated linearly between
 * neighbours. If an axis keeps its length, nothing is resampled along it, whatever the scale, as in PyTorch. NaN and
 * infinities affect only the elements that are computed from them.
 *
 * @param x [batch, channels, height, width]
 * @throws ArgumentError if an option is misspelled or out of range.
 * @example
 * const x = tensor([[[[1, 2]]]]);
 * upsample(x, { size: [1, 4] }).toArray(); // [[[[1, 1, 2, 2]]]]
 * upsample(x, { size: [1, 3], mode: 'bilinear', alignCorners: true }).toArray(); // [[[[1, 1.5, 2]]]]
 */
export function upsample<S extends Shape, const O extends UpsampleOptions>(
  x: Tensor<S>,
  options: Known<O, UpsampleOptions>,
): Output<UpsampleMap<O>, S> {
  const t = x as Tensor;
  checkUpsampling('upsample', options);
  checkMaps('upsample', t, 2);
  const { mode = 'nearest', alignCorners = false } = options;
  if (mode === 'bilinear') checkFloat('upsample', t);
  return axesOf(t, options).reduce<Tensor>((y, axis, i) => {
    if (axis.from === axis.to) return y;
    const along = i === 0 ? -2 : -1;
    if (mode === 'bilinear')
      return resample(y, { axis: along, length: axis.from, shares: neighbours(axis, alignCorners) });
    const places = nearest(axis);
    if (!isFloat(y.dtype)) return take(y, tensor(places, { dtype: 'int32' }), along);
    return resample(y, { axis: along, length: axis.from, shares: places.map((place) => [[place, 1]]) });
  }, t) as never;
}

/**
 * A layer that resizes images; see `upsample`.
 *
 * @example
 * new Upsample({ scale: 2 }).forward(zeros([1, 16, 7, 7])).shape; // [1, 16, 14, 14]
 */
export class Upsample<const O extends UpsampleOptions = UpsampleOptions> extends Module {
  declare readonly [shapes]: UpsampleMap<O>;
  readonly options: O;

  constructor(options: Known<O, UpsampleOptions>) {
    super();
    checkUpsampling('Upsample', options);
    this.options = options;
  }

  forward<S extends Shape>(x: Input<UpsampleMap<O>, S>): Output<UpsampleMap<O>, S> {
    return upsample<Shape, UpsampleOptions>(x as unknown as Tensor, this.options) as never;
  }

  protected override settings(): string {
    const { size, scale, mode = 'nearest' } = this.options;
    return `${size === undefined ? `scale ${scale}` : `size ${size}`}, ${mode}`;
  }
}
