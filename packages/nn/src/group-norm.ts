import { ArgumentError, formatShape, type Parameter, type Shape, ShapeError, type Tensor } from '@tapegrad/core';
import { checkCount, checkFloat } from './checks.ts';
import type { ChannelMap, Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';
import {
  type AffineOptions,
  affine,
  affineParameters,
  checkEps,
  checkShapes,
  inverseDeviation,
  momentsOf,
  type NormOptions,
} from './moments.ts';

export interface GroupNormFunctionOptions extends NormOptions {
  /** How many groups to divide the channels into; 1 for all together, as many as channels for each by itself. */
  readonly groups: number;
}

function checkGroups(call: string, groups: number, channels: number): void {
  checkCount(call, 'the number of groups', groups);
  if (channels % groups === 0) return;
  throw new ArgumentError(`${call}: ${channels} channels can't be divided into ${groups} groups`);
}

/**
 * (x - mean) / sqrt(variance + eps) weight + bias, with the mean and the variance sum (x - mean)^2 / n of each example over a
 * group of channels next to each other and all axes after the channels (Wu and He 2018).
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
  { groups, eps = 1e-5 }: GroupNormFunctionOptions,
): Tensor<S> {
  checkFloat('groupNorm', x);
  checkEps('groupNorm', eps);
  const [batch, channels, ...rest]: Shape = x.shape;
  if (batch === undefined || channels === undefined) {
    const got = formatShape(x.shape);
    throw new ShapeError(`groupNorm: expected an input of shape [batch, channels, ...], got ${got}`);
  }
  checkGroups('groupNorm', groups, channels);
  checkShapes('groupNorm', [channels], { weight, bias });
  const size = rest.reduce((product, length) => product * length, channels / groups);
  const { variance, deviation } = momentsOf((x as Tensor).reshape([batch, groups, size]), [2]);
  const y = deviation.mul(inverseDeviation(variance, eps)).reshape(x.shape);
  const byChannel = (v: Tensor | undefined) => v?.reshape([channels, ...rest.map(() => 1)]);
  return affine(y, byChannel(weight), byChannel(bias)) as Tensor<S>;
}

/**
 * Normalises groups of channels of each example; see `groupNorm`.
 *
 * @example
 * new GroupNorm(4, 16).forward(zeros([8, 16, 28, 28])).shape; // [8, 16, 28, 28]
 */
export class GroupNorm<const C extends number = number> extends Module {
  declare readonly [shapes]: ChannelMap<C>;
  readonly groups: number;
  readonly channels: C;
  readonly eps: number;
  /** [channels] */
  readonly weight: Parameter<readonly [C]> | undefined;
  /** [channels] */
  readonly bias: Parameter<readonly [C]> | undefined;

  constructor(groups: number, channels: C, options: AffineOptions = {}) {
    super();
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

  /** [batch, channels, ...], to the same shape. */
  forward<S extends Shape>(x: Input<ChannelMap<C>, S>): Output<ChannelMap<C>, S> {
    const t = x as unknown as Tensor;
    if (t.rank > 1 && t.shape[1] !== this.channels) {
      const receives = `receives ${t.shape[1]}, in an input of shape ${formatShape(t.shape)}`;
      throw new ShapeError(`GroupNorm: expects ${this.channels} channels but ${receives}`);
    }
    return groupNorm(t, this.weight, this.bias, { groups: this.groups, eps: this.eps }) as never;
  }

  protected override settings(): string {
    return `${this.groups}, ${this.channels}`;
  }
}
