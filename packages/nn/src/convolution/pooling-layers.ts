/** Pooling layers: maxima and means of windows. */

import type { Shape, Tensor } from '@tapegrad/core/lean';
import { checkLayerOptions, type Known } from '../checks.ts';
import type { Input, Output, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import { type PerAxis, perAxis, perAxisText } from './per-axis.ts';
import {
  type AvgPoolOptions,
  adaptiveAvgPool2d,
  avgPool,
  avgPoolOptions,
  globalAvgPool,
  type MaxPoolOptions,
  maxPool,
  maxPoolOptions,
} from './pooling.ts';
import type { PooledMap, PoolingMap, ResizedMap } from './window-shapes.ts';

/** The base of pooling layers, which have a kernel size and the options of pooling. */
abstract class Pooling<Rank extends 1 | 2, K extends PerAxis, O, Options> extends Module {
  declare readonly [shapes]: PoolingMap<Rank, K, O>;
  readonly kernel: K;
  readonly options: O;

  constructor(kernel: K, options: Known<O, Options> = {} as never) {
    super();
    checkLayerOptions<MaxPoolOptions & AvgPoolOptions>(this.constructor.name, options as never, this.optionNames());
    perAxis(this.constructor.name, 'a kernel', kernel, this.axes(), 1);
    this.kernel = kernel;
    this.options = options;
  }

  /** The number of axes that the windows slide over. */
  protected abstract axes(): Rank;

  protected abstract optionNames(): readonly (keyof MaxPoolOptions | keyof AvgPoolOptions)[];

  /** Maps [..., ...spatial] to [..., ...spatial'], where windows determine the new spatial lengths. */
  forward<S extends Shape>(x: Input<PoolingMap<Rank, K, O>, S>): Output<PoolingMap<Rank, K, O>, S> {
    return this.pool(x as unknown as Tensor) as never;
  }

  protected abstract pool(x: Tensor): Tensor;

  protected override settings(): string {
    return perAxisText(this.kernel);
  }
}

/**
 * A layer that computes the maximum of each window of sequences; see `maxPool1d`.
 *
 * @example
 * new MaxPool1d(2).forward(zeros([4, 8, 100])).shape; // [4, 8, 50]
 */
export class MaxPool1d<const K extends PerAxis = PerAxis, const O extends MaxPoolOptions = object> extends Pooling<
  1,
  K,
  O,
  MaxPoolOptions
> {
  protected override axes(): 1 {
    return 1;
  }

  protected override optionNames(): typeof maxPoolOptions {
    return maxPoolOptions;
  }

  protected override pool(x: Tensor): Tensor {
    return maxPool(1, x, this.kernel, this.options);
  }
}

/**
 * A layer that computes the maximum of each window of images; see `maxPool2d`.
 *
 * @example
 * new MaxPool2d(2).forward(zeros([8, 16, 28, 28])).shape; // [8, 16, 14, 14]
 */
export class MaxPool2d<const K extends PerAxis = PerAxis, const O extends MaxPoolOptions = object> extends Pooling<
  2,
  K,
  O,
  MaxPoolOptions
> {
  protected override axes(): 2 {
    return 2;
  }

  protected override optionNames(): typeof maxPoolOptions {
    return maxPoolOptions;
  }

  protected override pool(x: Tensor): Tensor {
    return maxPool(2, x, this.kernel, this.options);
  }
}

/**
 * A layer that computes the mean of each window of sequences; see `avgPool1d`.
 *
 * @example
 * new AvgPool1d(4).forward(zeros([4, 8, 100])).shape; // [4, 8, 25]
 */
export class AvgPool1d<const K extends PerAxis = PerAxis, const O extends AvgPoolOptions = object> extends Pooling<
  1,
  K,
  O,
  AvgPoolOptions
> {
  protected override axes(): 1 {
    return 1;
  }

  protected override optionNames(): typeof avgPoolOptions {
    return avgPoolOptions;
  }

  protected override pool(x: Tensor): Tensor {
    return avgPool(1, x, this.kernel, this.options);
  }
}

/**
 * A layer that computes the mean of each window of images; see `avgPool2d`.
 *
 * @example
 * new AvgPool2d([2, 1]).forward(zeros([8, 16, 28, 28])).shape; // [8, 16, 14, 28]
 */
export class AvgPool2d<const K extends PerAxis = PerAxis, const O extends AvgPoolOptions = object> extends Pooling<
  2,
  K,
  O,
  AvgPoolOptions
> {
  protected override axes(): 2 {
    return 2;
  }

  protected override optionNames(): typeof avgPoolOptions {
    return avgPoolOptions;
  }

  protected override pool(x: Tensor): Tensor {
    return avgPool(2, x, this.kernel, this.options);
  }
}

/**
 * A layer that averages windows, sized so that the result has a given height and width; see `adaptiveAvgPool2d`.
 *
 * @example
 * new AdaptiveAvgPool2d([5, 7]).forward(zeros([1, 64, 10, 9])).shape; // [1, 64, 5, 7]
 */
export class AdaptiveAvgPool2d<const P extends PerAxis = PerAxis> extends Module {
  declare readonly [shapes]: ResizedMap<P>;
  readonly size: P;

  constructor(size: P) {
    super();
    perAxis('AdaptiveAvgPool2d', 'a size', size, 2, 1);
    this.size = size;
  }

  forward<S extends Shape>(x: Input<ResizedMap<P>, S>): Output<ResizedMap<P>, S> {
    return adaptiveAvgPool2d(x as unknown as Tensor, this.size) as never;
  }

  protected override settings(): string {
    return perAxisText(this.size);
  }
}

/**
 * A layer that computes the mean of each channel; see `globalAvgPool`.
 *
 * @example
 * new GlobalAvgPool().forward(zeros([8, 64, 7, 7])).shape; // [8, 64]
 */
export class GlobalAvgPool extends Module {
  declare readonly [shapes]: PooledMap;

  forward<S extends Shape>(x: Input<PooledMap, S>): Output<PooledMap, S> {
    return globalAvgPool(x as unknown as Tensor) as never;
  }
}
