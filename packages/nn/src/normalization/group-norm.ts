/** Normalises each example separately, over groups of channels. */

import { checkFloat, sizeOf } from '@tapegrad/core/extend';
import { ArgumentError, type Parameter, type Shape, type Tensor } from '@tapegrad/core/lean';
import { checkCount, checkLayerOptions, checkOptions } from '../checks.ts';
import { channelsOf, checkChannels } from '../convolution/channels.ts';
import type { ChannelMap, Input, Output, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import {
  type AffineOptions,
  affineParameters,
  checkEps,
  checkParts,
  type NormOptions,
  normalized,
} from './norm-statistics.ts';

/** The options of `groupNorm`. */
export interface GroupNormFunctionOptions extends NormOptions {
  /**
   * The number of groups of channels. With 1, all channels are normalised together; with as many groups as channels,
   * each is normalised separately.
   */
  readonly groups: number;
}

function checkGroups(call: string, groups: number, channels: number): void {
  checkCount(call, 'the number of groups', groups);
  if (channels % groups === 0) return;
  throw new ArgumentError(`${call}: ${channels} channels can't be divided into ${groups} groups`);
}

/**
 * Computes (x - mean) / sqrt(variance + eps) weight + bias. The mean and the variance, sum (x - mean)^2 / n, are
 * computed for each example, over a group of adjacent channels and all axes after the channels (Wu and He 2018).
 *
 * @param x [batch, channels, ...]
 * @param weight [channels]
 * @param bias [channels]
 * @example
 * groupNorm(tensor([[1, 3, 10, 30]]), undefined, undefined, { groups: 2, eps: 0 }).toArray(); // [[-1, 1, -1, 1]]
 */
export function groupNorm<S extends Shape>(
  x: Tensor<S>,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  options: GroupNormFunctionOptions,
): Tensor<S> {
  checkFloat('groupNorm', x);
  checkOptions('groupNorm', options, ['groups', 'eps']);
  const { groups, eps = 1e-5 } = options ?? {};
  checkEps('groupNorm', eps);
  const channels = channelsOf('groupNorm', x);
  checkGroups('groupNorm', groups, channels);
  checkParts('groupNorm', x, [channels], { weight, bias });
  const inGroup = channels / groups;
  const grouped = (x as Tensor).reshape([x.shape[0]!, groups, inGroup, sizeOf(x.shape.slice(2))]);
  const each = (part: Tensor | undefined) => part?.reshape([groups, inGroup, 1]);
  const y = normalized(grouped, { axes: [2, 3], eps, weight: each(weight), bias: each(bias) });
  return y.reshape(x.shape) as Tensor<S>;
}

/**
 * A layer that normalises groups of channels of each example; see `groupNorm`.
 *
 * @example
 * new GroupNorm(4, 16).forward(zeros([8, 16, 28, 28])).shape; // [8, 16, 28, 28]
 */
export class GroupNorm<const C extends number = number> extends Module {
  declare readonly [shapes]: ChannelMap<C>;
  readonly groups: number;
  readonly channels: C;
  readonly eps: number;
  /** The factor for each channel, [channels]. */
  readonly weight: Parameter<readonly [C]> | undefined;
  /** The number added to each channel, [channels]. */
  readonly bias: Parameter<readonly [C]> | undefined;

  constructor(groups: number, channels: C, options: AffineOptions = {}) {
    super();
    checkLayerOptions('GroupNorm', options, ['eps', 'affine', 'bias', 'dtype']);
    const { eps = 1e-5 } = options;
    checkCount('GroupNorm', 'the number of channels', channels);
    checkGroups('GroupNorm', groups, channels);
    checkEps('GroupNorm', eps);
    this.groups = groups;
    this.channels = channels;
    this.eps = eps;
    const { weight, bias } = affineParameters([channels] as const, options);
    this.weight = weight;
    this.bias = bias;
  }

  /** Maps [batch, channels, ...] to the same shape. */
  forward<S extends Shape>(x: Input<ChannelMap<C>, S>): Output<ChannelMap<C>, S> {
    const t = x as unknown as Tensor;
    if (t.rank > 1) checkChannels('GroupNorm', t, this.channels);
    return groupNorm(t, this.weight, this.bias, { groups: this.groups, eps: this.eps }) as never;
  }

  protected override settings(): string {
    return `${this.groups}, ${this.channels}`;
  }
}
