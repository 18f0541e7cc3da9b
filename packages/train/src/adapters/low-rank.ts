/** Changes of a layer by a product of two small weights. */

import {
  ArgumentError,
  type FloatDType,
  type Parameter,
  type Random,
  type Shape,
  type Tensor,
  zeros,
} from '@tapegrad/core';
import { sizeOf } from '@tapegrad/core/extend';
import {
  Conv1d,
  Conv2d,
  type ConvOptions,
  ConvTranspose1d,
  ConvTranspose2d,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  Dense,
  type Module,
} from '@tapegrad/nn';

/** A layer that can be changed by a product of small weights. */
export type Adaptable = Dense | Conv1d | Conv2d | ConvTranspose1d | ConvTranspose2d;

/**
 * The change that the two small weights of an adapter make to one kind of layer: `down` maps the input to `rank`
 * features, and `up` maps these to the output.
 */
export interface LowRank {
  readonly downShape: Shape;
  readonly upShape: Shape;
  /** The number of elements of x that are summed to compute one of the `rank` features. */
  readonly fanIn: number;
  /** Computes the change of the layer's result. */
  apply(x: Tensor, down: Tensor, up: Tensor): Tensor;
  /** Computes the change of the layer's weight that has the same effect. */
  product(down: Tensor, up: Tensor): Tensor;
}

/** For a dense layer: adds x A B, where A is [in, rank] and B is [rank, out]. */
const ofDense = ({ inFeatures, outFeatures }: Dense, rank: number): LowRank => ({
  downShape: [inFeatures, rank],
  upShape: [rank, outFeatures],
  fanIn: inFeatures,
  apply: (x, down, up) => x.matmul(down).matmul(up),
  product: (down, up) => down.matmul(up),
});

/** Returns the block of each group of a weight, as a stack of matrices [groups, rows, columns]. */
const blocks = (weight: Tensor, groups: number, rows: number): Tensor => weight.reshape([groups, rows, -1]);

/**
 * For a convolution: adds a convolution with the layer's kernel size to `rank` channels for each group, followed by one
 * with a kernel of size 1.
 */
function ofConvolution(layer: Conv1d | Conv2d, rank: number): LowRank {
  const { inChannels, outChannels, kernelSize } = layer;
  const options = layer.options as ConvOptions;
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const conv = (kernelSize.length === 1 ? conv1d : conv2d) as (
    x: Tensor,
    weight: Tensor,
    bias: undefined,
    options: object,
  ) => Tensor;
  const ones = kernelSize.map(() => 1);
  const shape = [outChannels, inChannels / groups, ...kernelSize];
  return {
    downShape: [rank * groups, inChannels / groups, ...kernelSize],
    upShape: [outChannels, rank, ...ones],
    fanIn: sizeOf(shape.slice(1)),
    apply: (x, down, up) =>
      conv(conv(x, down, undefined, { stride, padding, dilation, groups }), up, undefined, { groups }),
    product: (down, up) =>
      blocks(up, groups, outChannels / groups)
        .matmul(blocks(down, groups, rank))
        .reshape(shape),
  };
}

/**
 * For a transposed convolution: adds a convolution with a kernel of size 1 to `rank` channels for each group, followed
 * by a transposed one with the layer's kernel size.
 */
function ofTransposed(layer: ConvTranspose1d | ConvTranspose2d, rank: number): LowRank {
  const { inChannels, outChannels, kernelSize } = layer;
  const options = layer.options as ConvTransposeOptions;
  const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
  type Convolve = (x: Tensor, weight: Tensor, bias: undefined, options: object) => Tensor;
  const [conv, transposed] = (
    kernelSize.length === 1 ? [conv1d, convTranspose1d] : [conv2d, convTranspose2d]
  ) as readonly [Convolve, Convolve];
  const ones = kernelSize.map(() => 1);
  return {
    downShape: [rank * groups, inChannels / groups, ...ones],
    upShape: [rank * groups, outChannels / groups, ...kernelSize],
    fanIn: inChannels / groups,
    apply: (x, down, up) =>
      transposed(conv(x, down, undefined, { groups }), up, undefined, {
        stride,
        padding,
        outputPadding,
        dilation,
        groups,
      }),
    product: (down, up) =>
      (blocks(down, groups, rank).transpose() as Tensor)
        .matmul(blocks(up, groups, rank))
        .reshape([inChannels, outChannels / groups, ...kernelSize]),
  };
}

/** Returns the change of a layer; undefined for layers that can't be changed. */
export function lowRankOf(layer: Module, rank: number): LowRank | undefined {
  if (layer instanceof Dense) return ofDense(layer, rank);
  if (layer instanceof Conv1d || layer instanceof Conv2d) return ofConvolution(layer, rank);
  if (layer instanceof ConvTranspose1d || layer instanceof ConvTranspose2d) return ofTransposed(layer, rank);
  return undefined;
}

/**
 * Returns the initial weights: `down` initialized as in PyTorch's layers, and `up` zero, so that the adapter changes
 * nothing at first.
 */
export function initialWeights(
  { downShape, upShape, fanIn }: LowRank,
  { dtype }: Parameter,
  random: Random,
): { readonly down: Tensor; readonly up: Tensor } {
  if (dtype !== 'float32' && dtype !== 'float64')
    throw new ArgumentError(`lora: a weight of ${dtype} can't be adapted`);
  const high = 1 / Math.sqrt(fanIn);
  const own: { readonly dtype: FloatDType } = { dtype };
  return { down: random.uniform(downShape, { low: -high, high, ...own }), up: zeros(upShape, own) };
}
