/** Functions that compute convolutions and transposed convolutions of sequences and images. */

import { checkFloat, type Fitting, formatShape, type Of, type Window, windowedKernels } from '@tapegrad/core/extend';
import { ArgumentError, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkArgument, checkBias, checkInputDType, checkOptions, type Known } from '../checks.ts';
import { byChannel, checkChannels } from './channels.ts';
import { checkMaps, type PerAxis, perAxis, windowsOf } from './per-axis.ts';
import type { ByTransposedWeight, ByWeight } from './window-shapes.ts';

/** The options of a convolution, which say how the weight slides over the input. */
export interface ConvolutionOptions {
  /** Number of elements between the starts of consecutive windows. Defaults to 1. */
  readonly stride?: PerAxis;
  /**
   * Number of zeros added on each side. `same` adds as many zeros as are needed to keep the length; the stride must be
   * 1. If their total is odd, the end gets one more. `valid` adds no zeros. Defaults to 0.
   */
  readonly padding?: PerAxis | 'same' | 'valid';
  /** Distance between neighbouring elements of a window. Defaults to 1. */
  readonly dilation?: PerAxis;
  /** Number of channel groups that are convolved independently. Defaults to 1. */
  readonly groups?: number;
}

/** The options of a transposed convolution, which say how the weight slides over the result. */
export interface TransposedConvolutionOptions {
  /** Number of elements of the result between the starts of consecutive windows. Defaults to 1. */
  readonly stride?: PerAxis;
  /** Number of elements cut off the result on each side. Defaults to 0. */
  readonly padding?: PerAxis;
  /**
   * Number of elements added to the end of the result. It must be less than the larger of stride and dilation. Defaults
   * to 0.
   */
  readonly outputPadding?: PerAxis;
  readonly dilation?: PerAxis;
  readonly groups?: number;
}

export const convolutionOptions = ['stride', 'padding', 'dilation', 'groups'] as const;
export const transposedConvolutionOptions = ['stride', 'padding', 'outputPadding', 'dilation', 'groups'] as const;

function checkWeight(call: string, weight: Tensor, axes: number, wanted: string): void {
  if (weight.rank === axes + 2) return;
  throw new ShapeError(`${call}: expected a weight of shape ${wanted}, got ${formatShape(weight.shape)}`);
}

function checkGroups(call: string, groups: number, channels: number, what: string): void {
  if (Number.isInteger(groups) && groups > 0 && channels % groups === 0) return;
  throw new ArgumentError(`${call}: expected groups that divide the ${channels} ${what}, got ${groups}`);
}

/** Adds the bias, one number for each channel. */
function addBias(call: string, y: Tensor, bias: Tensor | undefined, weight: Tensor): Tensor {
  if (bias === undefined) return y;
  checkBias(call, bias, y.shape[1]!, weight);
  return y.add(byChannel(bias, y.rank));
}

/** Computes `conv1d` or `conv2d`, depending on the number of spatial axes. */
export function convolve(
  axes: 1 | 2,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionOptions,
): Tensor {
  const call = `conv${axes}d`;
  checkFloat(call, x);
  checkMaps(call, x, axes);
  checkArgument(call, 'the weight', weight);
  checkWeight(call, weight, axes, '[out, in / groups, ...kernel]');
  checkGroups(call, groups, weight.shape[0]!, 'channels of the result');
  checkChannels(call, x, weight.shape[1]! * groups);
  checkInputDType(call, x, weight);
  const windows = windowsOf(call, x.shape.slice(2), { size: weight.shape.slice(2), stride, padding, dilation });
  return addBias(call, windowedKernels().conv(x, weight, { windows, groups }), bias, weight);
}

/** Computes `convTranspose1d` or `convTranspose2d`, depending on the number of spatial axes. */
export function convolveTransposed(
  axes: 1 | 2,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 }: TransposedConvolutionOptions,
): Tensor {
  const call = `convTranspose${axes}d`;
  checkFloat(call, x);
  checkMaps(call, x, axes);
  checkArgument(call, 'the weight', weight);
  checkWeight(call, weight, axes, '[in, out / groups, ...kernel]');
  checkGroups(call, groups, weight.shape[0]!, 'channels of the input');
  checkChannels(call, x, weight.shape[0]!);
  checkInputDType(call, x, weight);
  const extra = perAxis(call, 'an output padding', outputPadding, axes, 0);
  const options = { size: weight.shape.slice(2), stride, padding, dilation };
  const plain = windowsOf(call, x.shape.slice(2), options);
  const windows = plain.map((window, i): Window => {
    const more = extra[i]!;
    if (more > 0 && more >= Math.max(window.stride, window.dilation)) {
      throw new ArgumentError(
        `${call}: expected an output padding smaller than the stride or the dilation, got ${more} for a stride of ` +
          `${window.stride} and a dilation of ${window.dilation}`,
      );
    }
    // Another window might begin in the output padding. If so, shrinks the end padding to prevent this.
    const [before, after] = window.padding;
    return more < window.stride ? window : { ...window, padding: [before, after - more] };
  });
  const shape = plain.map(({ size, stride: step, dilation: apart, padding: [before, after] }, i) => {
    return (x.shape[i + 2]! - 1) * step - before - after + (size - 1) * apart + 1 + extra[i]!;
  });
  if (shape.some((length) => length < 1)) {
    const got = `${formatShape(x.shape)} gives ${formatShape(shape)}`;
    throw new ShapeError(`${call}: the padding removes the whole result: an input of shape ${got}`);
  }
  return addBias(call, windowedKernels().convInput(x, weight, { windows, groups, shape }), bias, weight);
}

/**
 * Computes the convolution of sequences with a weight: y[n, o, i] = bias[o] + sum over c, j of weight[o, c, j] x[n, c,
 * stride i + dilation j - padding]. In mathematics this is called a cross-correlation. Padding zeros are multiplied
 * like other elements, so an infinite weight gives NaN there.
 *
 * @param x [batch, in, length]
 * @param weight [out, in / groups, kernel]
 * @param bias [out]
 * @returns [batch, out, (length + 2 padding - dilation (kernel - 1) - 1) / stride + 1], rounded down
 * @example
 * const x = tensor([[[1, 2, 3, 4]]]);
 * conv1d(x, tensor([[[1, 10]]])).toArray(); // [[[21, 32, 43]]]
 */
export function conv1d<S extends Shape, W extends Shape, const O extends ConvolutionOptions = object>(
  x: Tensor<S>,
  weight: Fitting<ByWeight<'conv1d', 1, S, W, O>, W>,
  bias?: Tensor,
  options: Known<O, ConvolutionOptions> = {} as never,
): Of<ByWeight<'conv1d', 1, S, W, O>> {
  checkOptions<ConvolutionOptions>('conv1d', options, convolutionOptions);
  return convolve(1, x as Tensor, weight as unknown as Tensor, bias, options) as never;
}

/**
 * Computes the convolution of images with a weight: see `conv1d`.
 *
 * @param x [batch, in, height, width]
 * @param weight [out, in / groups, kernel height, kernel width]
 * @param bias [out]
 * @example
 * conv2d(ones([1, 3, 8, 8]), ones([16, 3, 3, 3]), undefined, { padding: 'same' }).shape; // [1, 16, 8, 8]
 */
export function conv2d<S extends Shape, W extends Shape, const O extends ConvolutionOptions = object>(
  x: Tensor<S>,
  weight: Fitting<ByWeight<'conv2d', 2, S, W, O>, W>,
  bias?: Tensor,
  options: Known<O, ConvolutionOptions> = {} as never,
): Of<ByWeight<'conv2d', 2, S, W, O>> {
  checkOptions<ConvolutionOptions>('conv2d', options, convolutionOptions);
  return convolve(2, x as Tensor, weight as unknown as Tensor, bias, options) as never;
}

/**
 * Computes the adjoint of `conv1d` with respect to its input: each input element is multiplied by the weight, and the
 * products are added to the result.
 *
 * @param x [batch, in, length]
 * @param weight [in, out / groups, kernel]
 * @param bias [out]
 * @returns [batch, out, (length - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output padding]
 * @example
 * const x = tensor([[[1, 2, 3]]]);
 * convTranspose1d(x, tensor([[[1, 10]]]), undefined, { stride: 2 }).toArray(); // [[[1, 10, 2, 20, 3, 30]]]
 */
export function convTranspose1d<
  S extends Shape,
  W extends Shape,
  const O extends TransposedConvolutionOptions = object,
>(
  x: Tensor<S>,
  weight: Fitting<ByTransposedWeight<'convTranspose1d', 1, S, W, O>, W>,
  bias?: Tensor,
  options: Known<O, TransposedConvolutionOptions> = {} as never,
): Of<ByTransposedWeight<'convTranspose1d', 1, S, W, O>> {
  checkOptions<TransposedConvolutionOptions>('convTranspose1d', options, transposedConvolutionOptions);
  return convolveTransposed(1, x as Tensor, weight as unknown as Tensor, bias, options) as never;
}

/**
 * Computes the adjoint of `conv2d` with respect to its input: see `convTranspose1d`.
 *
 * @param x [batch, in, height, width]
 * @param weight [in, out / groups, kernel height, kernel width]
 * @param bias [out]
 * @example
 * convTranspose2d(ones([1, 16, 7, 7]), ones([16, 3, 2, 2]), undefined, { stride: 2 }).shape; // [1, 3, 14, 14]
 */
export function convTranspose2d<
  S extends Shape,
  W extends Shape,
  const O extends TransposedConvolutionOptions = object,
>(
  x: Tensor<S>,
  weight: Fitting<ByTransposedWeight<'convTranspose2d', 2, S, W, O>, W>,
  bias?: Tensor,
  options: Known<O, TransposedConvolutionOptions> = {} as never,
): Of<ByTransposedWeight<'convTranspose2d', 2, S, W, O>> {
  checkOptions<TransposedConvolutionOptions>('convTranspose2d', options, transposedConvolutionOptions);
  return convolveTransposed(2, x as Tensor, weight as unknown as Tensor, bias, options) as never;
}
