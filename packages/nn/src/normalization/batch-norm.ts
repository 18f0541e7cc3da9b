/** Batch normalisation: shifts and scales each channel to mean 0 and variance 1 over the batch. */

import {
  changeInPlace,
  checkFloat,
  type ElementFormula,
  formatShape,
  isRecomputing,
  normalizationKernels,
  type Scalar,
  sizeOf,
} from '@tapegrad/core/extend';
import {
  ArgumentError,
  type Buffer,
  buffer,
  type Data,
  div,
  ones,
  type Parameter,
  type Shape,
  ShapeError,
  type Tensor,
  zeros,
} from '@tapegrad/core/lean';
import { changeable, checkCount, checkInputDType, checkLayerOptions, checkOptions, checkUnbatched } from '../checks.ts';
import { byChannel, channelsOf, checkChannels } from '../convolution/channels.ts';
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

/** The options of `batchNorm`. */
export interface BatchNormFunctionOptions extends NormOptions {
  /** The means to use instead of the batch's own, [channels]. Requires `variance`. */
  readonly mean?: Tensor;
  /** The variances to use instead of the batch's own, [channels]. Requires `mean`. */
  readonly variance?: Tensor;
}

/** Updates a running average to kept × running + added × moment. */
const average: ElementFormula<{ running: Data; moment: Data }, Record<'kept' | 'added', number>> = (
  k,
  { running, moment },
  { kept, added },
) => ({ running: k.add(k.mul(kept, running), k.mul(added, moment)) });

/** Returns the number of elements that each channel has in a batch. */
const countOf = ({ shape }: Tensor): number => sizeOf(shape.toSpliced(1, 1));

/** Returns the axes over which a batch is normalised. Throws if a channel has only one element. */
function batchAxes(call: string, x: Tensor): number[] {
  if (countOf(x) >= 2) return x.shape.map((_, i) => i).filter((i) => i !== 1);
  throw new ArgumentError(
    `${call}: expected more than one element per channel for its statistics, got an input of shape ${formatShape(x.shape)}`,
  );
}

/** Normalises each channel by the statistics of the batch. */
function byBatch(call: string, x: Tensor, eps: number, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const each = (part: Tensor | undefined) => part && byChannel(part, x.rank);
  return normalized(x, { axes: batchAxes(call, x), eps, weight: each(weight), bias: each(bias) });
}

/**
 * Computes (x - mean) / sqrt(variance + eps) weight + bias. The mean and the variance, sum (x - mean)^2 / n, are taken
 * from the options. If the options have none, they are computed for each channel, over the batch and all axes after the
 * channels (Ioffe and Szegedy 2015).
 *
 * @param x [batch, channels, ...]
 * @param weight [channels]
 * @param bias [channels]
 * @throws ArgumentError if a channel has only one element, whose variance is meaningless.
 * @example
 * batchNorm(tensor([[1, 10], [3, 30]]), undefined, undefined, { eps: 0 }).toArray(); // [[-1, -1], [1, 1]]
 */
export function batchNorm<S extends Shape>(
  x: Tensor<S>,
  weight?: Tensor,
  bias?: Tensor,
  options: BatchNormFunctionOptions = {},
): Tensor<S> {
  checkOptions('batchNorm', options, ['mean', 'variance', 'eps']);
  const { mean, variance, eps = 1e-5 } = options;
  checkFloat('batchNorm', x);
  checkEps('batchNorm', eps);
  const channels = [channelsOf('batchNorm', x)];
  checkParts('batchNorm', x, channels, { weight, bias, mean, variance });
  if ((mean === undefined) !== (variance === undefined)) {
    throw new ArgumentError('batchNorm: expected both mean and variance, or neither');
  }
  if (mean === undefined || variance === undefined) {
    return byBatch('batchNorm', x, eps, weight, bias) as Tensor<S>;
  }
  const deviation = (x as Tensor).sub(byChannel(mean, x.rank));
  const inverse = div(1, byChannel(variance, x.rank).add(eps).sqrt());
  const y = deviation.mul(weight === undefined ? inverse : inverse.mul(byChannel(weight, x.rank)));
  return (bias === undefined ? y : y.add(byChannel(bias, x.rank))) as Tensor<S>;
}

/** The options of batch normalisation layers. */
export interface BatchNormOptions extends AffineOptions {
  /**
   * The weight of the newest batch in the running statistics. `cumulative` gives all batches the same weight. Defaults
   * to 0.1.
   */
  readonly momentum?: number | 'cumulative';
  /** Whether to keep running statistics for use in evaluation. Defaults to true. */
  readonly trackRunningStatistics?: boolean;
}

/**
 * The base of batch normalisation layers. While training, a batch is normalised by its own statistics. With m =
 * `momentum`, it also updates the running statistics:
 *
 *     running mean ← (1 - m) running mean + m mean
 *     running variance ← (1 - m) running variance + m variance n / (n - 1)
 *
 * Evaluation uses the running statistics. The running mean is rounded to its dtype. If the mean is 1e6 times as large
 * as the deviations, float32 has no digits left for the deviations.
 */
abstract class BatchNorm<C extends number> extends Module {
  declare readonly [shapes]: ChannelMap<C>;
  readonly channels: C;
  readonly eps: number;
  readonly momentum: number | 'cumulative';
  /** The factor for each channel, [channels]. */
  readonly weight: Parameter<readonly [C]> | undefined;
  /** The number added to each channel, [channels]. */
  readonly bias: Parameter<readonly [C]> | undefined;
  /** The running means, [channels], initially 0. */
  readonly runningMean: Buffer<readonly [C]> | undefined;
  /** The running variances, [channels], initially 1. */
  readonly runningVariance: Buffer<readonly [C]> | undefined;
  /** The number of batches that the running statistics include, int32. */
  readonly batchCount: Buffer<Scalar> | undefined;

  constructor(channels: C, options: BatchNormOptions = {}) {
    super();
    const { name } = this.constructor;
    checkLayerOptions(name, options, ['eps', 'momentum', 'affine', 'bias', 'trackRunningStatistics', 'dtype']);
    const { eps = 1e-5, momentum = 0.1, trackRunningStatistics = true, dtype = 'float32' } = options;
    checkCount(name, 'the number of channels', channels);
    checkEps(name, eps);
    if (momentum !== 'cumulative' && !(momentum >= 0 && momentum <= 1)) {
      throw new ArgumentError(`${name}: momentum is ${momentum}, expected a number from 0 to 1, or 'cumulative'`);
    }
    this.channels = channels;
    this.eps = eps;
    this.momentum = momentum;
    const { weight, bias } = affineParameters([channels] as const, options);
    this.weight = weight;
    this.bias = bias;
    if (!trackRunningStatistics) return;
    this.runningMean = buffer(zeros([channels], { dtype }), { name: 'runningMean' });
    this.runningVariance = buffer(ones([channels], { dtype }), { name: 'runningVariance' });
    this.batchCount = buffer(zeros([], { dtype: 'int32' }), { name: 'batchCount' });
  }

  /** The ranks that an input may have. */
  protected abstract get ranks(): readonly number[];

  /** Maps [batch, channels, ...] to the same shape. */
  forward<S extends Shape>(x: Input<ChannelMap<C>, S>): Output<ChannelMap<C>, S> {
    return this.#normalize(x as unknown as Tensor) as never;
  }

  #normalize(x: Tensor): Tensor {
    this.#checkInput(x);
    const { weight, bias, eps, runningMean: mean, runningVariance: variance } = this;
    if (!this.training && mean !== undefined && variance !== undefined) {
      return batchNorm(x, weight, bias, { mean, variance, eps });
    }
    const y = byBatch(this.constructor.name, x, eps, weight, bias);
    if (this.training && !isRecomputing()) this.#track(x);
    return y;
  }

  #checkInput(x: Tensor): void {
    const { name } = this.constructor;
    checkFloat(name, x);
    if (!this.ranks.includes(x.rank)) {
      const wanted = this.ranks.join(' or ');
      throw new ShapeError(`${name}: expected an input of ${wanted} axes, got shape ${formatShape(x.shape)}`);
    }
    checkChannels(name, x, this.channels);
    const own: Tensor | undefined = this.weight ?? this.runningMean;
    if (own !== undefined) checkInputDType(name, x, own);
  }

  #track(x: Tensor): void {
    const { momentum, channels } = this;
    if (this.runningMean === undefined || this.runningVariance === undefined || this.batchCount === undefined) return;
    const { name } = this.constructor;
    checkUnbatched(name, 'statistics', x, 'call eval(), or make the layer with { trackRunningStatistics: false }');
    const own = <V extends Tensor>(field: string, value: V) =>
      changeable(name, field, value, `call eval(), or replace it by a buffer: { ${field}: buffer(x) }`);
    const runningMean = own('runningMean', this.runningMean);
    const runningVariance = own('runningVariance', this.runningVariance);
    const batchCount = own('batchCount', this.batchCount);
    const count = countOf(x);
    const moments: Tensor = normalizationKernels().moments(x.detach(), batchAxes(name, x)).reshape([2, channels]);
    const [mean, variance] = [0, 1].map((row): Tensor => moments.slice(0, row, row + 1));
    batchCount.assign(batchCount.add(1));
    const follow = (running: Buffer<readonly [C]>, moment: Tensor, factor: number): void => {
      if (momentum === 'cumulative') {
        const old: Tensor = running;
        const share = div(1, batchCount.cast(moment.dtype)) as Tensor;
        const change = moment.reshape([channels]).mul(factor).sub(old).mul(share);
        running.assign(old.add(change) as Tensor<readonly [C]>);
      } else {
        const numbers = { kept: 1 - momentum, added: momentum * factor };
        running.update((elements) => changeInPlace(average, { running: elements, moment: moment.elements }, numbers));
      }
    };
    follow(runningMean, mean!, 1);
    follow(runningVariance, variance!, count / (count - 1));
  }

  protected override settings(): string {
    return String(this.channels);
  }
}

/**
 * A layer that applies batch normalisation to features, or to the channels of sequences.
 *
 * @example
 * const layer = new BatchNorm1d(2, { eps: 0 });
 * layer.forward(tensor([[1, 10], [3, 30]])).toArray(); // [[-1, -1], [1, 1]]
 * layer.runningMean?.toArray(); // [0.2, 2]
 */
export class BatchNorm1d<const C extends number = number> extends BatchNorm<C> {
  protected override get ranks(): readonly number[] {
    return [2, 3];
  }
}

/**
 * A layer that applies batch normalisation to the channels of images.
 *
 * @example
 * new BatchNorm2d(16).forward(zeros([8, 16, 28, 28])).shape; // [8, 16, 28, 28]
 */
export class BatchNorm2d<const C extends number = number> extends BatchNorm<C> {
  protected override get ranks(): readonly number[] {
    return [4];
  }
}
