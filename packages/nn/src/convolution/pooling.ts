/** Pooling functions: maxima and means of windows. */

import { checkFloat, checkTensor, formatShape, sizeOf, type Window, windowedKernels } from '@tapegrad/core/extend';
import { ArgumentError, DTypeError, full, type Shape, ShapeError, type Tensor, tensor } from '@tapegrad/core/lean';
import { checkOptions, type Known } from '../checks.ts';
import type { Output } from '../layer-shapes.ts';
import { type PerAxis, perAxis, windowsOf } from './per-axis.ts';
import { resample, type Shares } from './resampling.ts';
import type { PooledMap, PoolingMap, ResizedMap } from './window-shapes.ts';

/** The options of pooling, which say how windows slide over the last axes. */
export interface PoolingOptions {
  /** Number of elements between the starts of consecutive windows. Defaults to the size of a window. */
  readonly stride?: PerAxis;
  /** Number of padding elements on each side, at most half a window. Defaults to 0. */
  readonly padding?: PerAxis;
  /** Whether the last window may extend past the end. Defaults to false. */
  readonly ceilMode?: boolean;
}

/** The options of max pooling. */
export interface MaxPoolOptions extends PoolingOptions {
  /** Distance between neighbouring elements of a window. Defaults to 1. */
  readonly dilation?: PerAxis;
}

/** The options of average pooling. */
export interface AvgPoolOptions extends PoolingOptions {
  /** Whether the mean counts padding elements, which are 0. Defaults to true. */
  readonly countIncludePad?: boolean;
}

export const maxPoolOptions = ['stride', 'padding', 'ceilMode', 'dilation'] as const;
export const avgPoolOptions = ['stride', 'padding', 'ceilMode', 'countIncludePad'] as const;

/** Returns the lengths of the last `axes` axes of an input. Throws unless the input also has a channel axis. */
function spatialShape(call: string, x: Tensor, axes: number): Shape {
  if (checkTensor(call, x).rank < axes + 1) {
    const wanted = axes === 1 ? '[..., channels, length]' : '[..., channels, height, width]';
    throw new ShapeError(`${call}: expected an input of shape ${wanted}, got ${formatShape(x.shape)}`);
  }
  return x.shape.slice(-axes);
}

/**
 * Implements `ceilMode`, which rounds the number of windows up: extends the padding at the end until the last window
 * fits. No window is added that would begin in the padding at the end.
 */
function reachingOver({ size, stride, dilation, padding: [before, after] }: Window, length: number): Window {
  const span = (size - 1) * dilation + 1;
  const positions = Math.ceil((length + before + after - span) / stride) + 1;
  const last = (positions - 1) * stride >= length + before ? positions - 2 : positions - 1;
  return { size, stride, dilation, padding: [before, Math.max(after, last * stride + span - length - before)] };
}

function poolingWindows(
  call: string,
  shape: Shape,
  kernel: PerAxis,
  { stride = kernel, padding = 0, dilation = 1, ceilMode = false }: MaxPoolOptions,
): Window[] {
  const windows = windowsOf(call, shape, { size: kernel, stride, padding, dilation });
  for (const {
    size,
    padding: [width],
  } of windows) {
    if (2 * width <= size) continue;
    throw new ArgumentError(`${call}: expected a padding of at most half a window of ${size}, got ${width}`);
  }
  return ceilMode ? windows.map((window, i) => reachingOver(window, shape[i]!)) : windows;
}

/** Computes `maxPool1d` or `maxPool2d`, depending on the number of spatial axes. */
export function maxPool(axes: 1 | 2, x: Tensor, kernel: PerAxis, options: MaxPoolOptions): Tensor {
  const call = `maxPool${axes}d`;
  if (checkTensor(call, x).dtype === 'bool') {
    throw new DTypeError(`${call}: expected numbers, got bool; cast it first`);
  }
  const windows = poolingWindows(call, spatialShape(call, x, axes), kernel, options);
  return windowedKernels().maxPool(x, x.detach(), windows);
}

/** Counts the elements of each window along an axis. Counts padding elements only if `padded` is set. */
function counts(
  { size, stride, padding: [before] }: Window,
  length: number,
  positions: number,
  padded: boolean,
): number[] {
  const [first, end] = padded ? [-before, length + before] : [0, length];
  return Array.from({ length: positions }, (_, i) => {
    const start = i * stride - before;
    return Math.min(start + size, end) - Math.max(start, first);
  });
}

/** Computes `avgPool1d` or `avgPool2d`, depending on the number of spatial axes. */
export function avgPool(axes: 1 | 2, x: Tensor, kernel: PerAxis, options: AvgPoolOptions): Tensor {
  const call = `avgPool${axes}d`;
  checkFloat(call, x);
  const shape = spatialShape(call, x, axes);
  const windows = poolingWindows(call, shape, kernel, options);
  const lead = x.shape.slice(0, -axes);
  const { dtype } = x;
  // Treats each plane as an image with one channel, so that the sums are a convolution with ones.
  const planes = x.reshape([sizeOf(lead), 1, ...shape]);
  const ones = full([1, 1, ...windows.map(({ size }) => size)], 1, { dtype });
  const sums = windowedKernels().conv(planes, ones, { windows, groups: 1 });
  const positions = sums.shape.slice(2);
  const perAxisCounts = windows.map((w, i) => counts(w, shape[i]!, positions[i]!, options.countIncludePad ?? true));
  const elements = perAxisCounts.reduce((all, own) => all.flatMap((count) => own.map((length) => count * length)), [1]);
  const isOne = new Set(elements).size === 1;
  const divisor = tensor(isOne ? elements.slice(0, 1) : elements, { shape: isOne ? [] : positions, dtype });
  return sums.div(divisor).reshape([...lead, ...positions]);
}

/**
 * Computes the maximum of each window over the last axis. The gradient goes to the first of tied elements. Padding is
 * never the maximum. A window with a NaN gives NaN.
 *
 * @param x [..., length]
 * @param kernel the number of elements of a window
 * @throws ShapeError if a window has only padding, and so no maximum. A dilation can cause this (PyTorch: -Infinity).
 * @example
 * maxPool1d(tensor([[1, 3, 2, 5, 4, 0]]), 2).toArray(); // [[3, 5, 4]]
 */
export function maxPool1d<S extends Shape, const K extends PerAxis, const O extends MaxPoolOptions = object>(
  x: Tensor<S>,
  kernel: K,
  options: Known<O, MaxPoolOptions> = {} as never,
): Output<PoolingMap<1, K, O>, S> {
  checkOptions<MaxPoolOptions>('maxPool1d', options, maxPoolOptions);
  return maxPool(1, x as Tensor, kernel, options) as never;
}

/**
 * Computes the maximum of each window over the last two axes: see `maxPool1d`.
 *
 * @param x [..., height, width]
 * @param kernel the height and width of a window
 * @example
 * maxPool2d(tensor([[[1, 2, 3], [4, 5, 6]]]), [2, 2], { stride: 1 }).toArray(); // [[[5, 6]]]
 */
export function maxPool2d<S extends Shape, const K extends PerAxis, const O extends MaxPoolOptions = object>(
  x: Tensor<S>,
  kernel: K,
  options: Known<O, MaxPoolOptions> = {} as never,
): Output<PoolingMap<2, K, O>, S> {
  checkOptions<MaxPoolOptions>('maxPool2d', options, maxPoolOptions);
  return maxPool(2, x as Tensor, kernel, options) as never;
}

/**
 * Computes the mean of each window over the last axis.
 *
 * @param x [..., length]
 * @param kernel the number of elements of a window
 * @example
 * avgPool1d(tensor([[1, 3, 2, 6, 4, 0]]), 2).toArray(); // [[2, 4, 2]]
 */
export function avgPool1d<S extends Shape, const K extends PerAxis, const O extends AvgPoolOptions = object>(
  x: Tensor<S>,
  kernel: K,
  options: Known<O, AvgPoolOptions> = {} as never,
): Output<PoolingMap<1, K, O>, S> {
  checkOptions<AvgPoolOptions>('avgPool1d', options, avgPoolOptions);
  return avgPool(1, x as Tensor, kernel, options) as never;
}

/**
 * Computes the mean of each window over the last two axes.
 *
 * @param x [..., height, width]
 * @param kernel the height and width of a window
 * @example
 * avgPool2d(tensor([[[1, 2], [3, 4]]]), 2).toArray(); // [[[2.5]]]
 */
export function avgPool2d<S extends Shape, const K extends PerAxis, const O extends AvgPoolOptions = object>(
  x: Tensor<S>,
  kernel: K,
  options: Known<O, AvgPoolOptions> = {} as never,
): Output<PoolingMap<2, K, O>, S> {
  checkOptions<AvgPoolOptions>('avgPool2d', options, avgPoolOptions);
  return avgPool(2, x as Tensor, kernel, options) as never;
}

/**
 * Returns shares that make entry i of the result the mean of input elements. They begin at `i * from / to`, rounded
 * down, and end before `(i + 1) * from / to`, rounded up.
 */
const averages = (from: number, to: number): Shares =>
  Array.from({ length: to }, (_, i) => {
    const [start, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    return Array.from({ length: end - start }, (_, j) => [start + j, 1 / (end - start)] as const);
  });

/**
 * Averages windows whose sizes are chosen so that the result has a given height and width. Along an axis, entry i of n
 * averages elements of the input. They begin at i length / n, rounded down, and end before (i + 1) length / n, rounded
 * up. An entry depends on no other elements.
 *
 * @param x [..., height, width]
 * @param size the height and width of the result
 * @example
 * adaptiveAvgPool2d(tensor([[[1, 2, 3, 4], [5, 6, 7, 8]]]), [1, 2]).toArray(); // [[[3.5, 5.5]]]
 */
export function adaptiveAvgPool2d<S extends Shape, const P extends PerAxis>(
  x: Tensor<S>,
  size: P,
): Output<ResizedMap<P>, S> {
  const t = x as Tensor;
  checkFloat('adaptiveAvgPool2d', t);
  const [height, width] = spatialShape('adaptiveAvgPool2d', t, 2) as readonly [number, number];
  const [down, across] = perAxis('adaptiveAvgPool2d', 'a size', size, 2, 1) as readonly [number, number];
  const rows = resample(t, { axis: -2, length: height, shares: averages(height, down) });
  return resample(rows, { axis: -1, length: width, shares: averages(width, across) }) as never;
}

/**
 * Computes the mean of each channel over all axes after the channel axis.
 *
 * @param x [batch, channels, ...]
 * @returns [batch, channels]
 * @example
 * globalAvgPool(tensor([[[[1, 2], [3, 6]]]])).toArray(); // [[3]]
 */
export function globalAvgPool<S extends Shape>(x: Tensor<S>): Output<PooledMap, S> {
  checkFloat('globalAvgPool', x as Tensor);
  if (x.rank < 3) {
    throw new ShapeError(
      `globalAvgPool: expected an input of shape [batch, channels, ...], got ${formatShape(x.shape)}`,
    );
  }
  return x.mean(x.shape.map((_, axis) => axis).slice(2)) as never;
}
