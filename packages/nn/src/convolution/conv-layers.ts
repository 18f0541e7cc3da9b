/** Convolution layers. */

import { sizeOf } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type FloatDType,
  type Parameter,
  type Random,
  type Shape,
  type Tensor,
} from '@tapegrad/core/lean';
import { checkCount, checkLayerOptions, type Known } from '../checks.ts';
import { defaultRandom, type Initializer, uniform } from '../init.ts';
import { initialized } from '../initialized.ts';
import type { Input, Output, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import {
  type ConvolutionOptions,
  convolutionOptions,
  convolve,
  convolveTransposed,
  type TransposedConvolutionOptions,
  transposedConvolutionOptions,
} from './convolution.ts';
import { type PerAxis, perAxis, perAxisText } from './per-axis.ts';
import type { ConvolutionMap, TransposedMap } from './window-shapes.ts';

interface WeightOptions {
  /** Whether to add a bias. Defaults to true. */
  readonly bias?: boolean;
  /**
   * The initialiser of the weight. The default draws uniformly between -1/sqrt(n) and 1/sqrt(n), as in PyTorch, where n
   * is the number of elements of weight[0].
   */
  readonly init?: Initializer;
  /** The initialiser of the bias. Has the same default as `init`. */
  readonly biasInit?: Initializer;
  /** The generator that the initialisers draw from. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/** The options of convolution layers. */
export interface ConvOptions extends ConvolutionOptions, WeightOptions {}

/** The options of transposed convolutions. */
export interface ConvTransposeOptions extends TransposedConvolutionOptions, WeightOptions {}

/** The base of convolution layers: input and output channels, a weight that slides over one or two axes, and a bias. */
abstract class SlidingWeight<
  In extends number,
  Out extends number,
  Options extends ConvOptions | ConvTransposeOptions,
> extends Module {
  readonly inChannels: In;
  readonly outChannels: Out;
  readonly kernelSize: readonly number[];
  readonly options: Options;
  readonly weight: Parameter;
  /** The bias, [out]. */
  readonly bias: Parameter<readonly [Out]> | undefined;

  /** @param channels The lengths of the first two axes of the weight. */
  constructor(
    inChannels: In,
    outChannels: Out,
    kernelSize: PerAxis,
    options: Options,
    channels: readonly [number, number],
  ) {
    super();
    const { name } = this.constructor;
    checkLayerOptions<ConvOptions & ConvTransposeOptions>(name, options as never, this.optionNames());
    const { bias = true, groups = 1, random = defaultRandom, dtype = 'float32' } = options;
    checkCount(name, 'the number of channels of the input', inChannels);
    checkCount(name, 'the number of channels of the result', outChannels);
    if (!(Number.isInteger(groups) && groups > 0 && inChannels % groups === 0 && outChannels % groups === 0)) {
      throw new ArgumentError(
        `${name}: expected groups that divide ${inChannels} channels of the input and ${outChannels} of the result, got ${groups}`,
      );
    }
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = perAxis(name, 'a kernel size', kernelSize, this.axes(), 1);
    this.options = options;
    const shape = [...channels, ...this.kernelSize];
    const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
    const usual = uniform({ low: -bound, high: bound });
    const { init = usual, biasInit = usual } = options;
    this.weight = initialized(name, 'weight', shape, { init, random, dtype });
    const biasOrigin = { option: 'biasInit', init: biasInit, random, dtype };
    this.bias = bias ? initialized(name, 'bias', [outChannels], biasOrigin) : undefined;
  }

  /** The number of axes that the weight slides over. */
  protected abstract axes(): 1 | 2;

  protected abstract optionNames(): readonly (keyof ConvOptions | keyof ConvTransposeOptions)[];

  protected override settings(): string {
    const { stride = 1, padding = 0, groups = 1 } = this.options;
    const named = Object.entries({ stride: [stride, 1], padding: [padding, 0], groups: [groups, 1] } as const);
    const given = named.flatMap(([name, [value, usual]]) =>
      value === usual ? [] : [`, ${name} ${perAxisText(value)}`],
    );
    const { kernelSize: sizes } = this;
    const kernel = perAxisText(new Set(sizes).size === 1 ? sizes[0]! : sizes);
    return `${this.inChannels}, ${this.outChannels}, ${kernel}${given.join('')}`;
  }
}

const ofGroup = (channels: number, options: ConvOptions | ConvTransposeOptions | null): number =>
  channels / (options?.groups ?? 1);

const weightOptions = ['bias', 'init', 'biasInit', 'random', 'dtype'] as const;

abstract class Convolution<
  Rank extends 1 | 2,
  In extends number,
  Out extends number,
  K extends PerAxis,
  O extends ConvOptions,
> extends SlidingWeight<In, Out, O> {
  declare readonly [shapes]: ConvolutionMap<Rank, In, Out, K, O>;

  constructor(inChannels: In, outChannels: Out, kernelSize: K, options: Known<O, ConvOptions> = {} as never) {
    super(inChannels, outChannels, kernelSize, options, [outChannels, ofGroup(inChannels, options)]);
  }

  protected override optionNames(): readonly (keyof ConvOptions)[] {
    return [...convolutionOptions, ...weightOptions];
  }

  /** Maps [batch, in, ...spatial] to [batch, out, ...spatial'], where windows determine the new spatial lengths. */
  forward<S extends Shape>(
    x: Input<ConvolutionMap<Rank, In, Out, K, O>, S>,
  ): Output<ConvolutionMap<Rank, In, Out, K, O>, S> {
    return convolve(this.axes(), x as unknown as Tensor, this.weight, this.bias, this.options) as never;
  }
}

abstract class TransposedConvolution<
  Rank extends 1 | 2,
  In extends number,
  Out extends number,
  K extends PerAxis,
  O extends ConvTransposeOptions,
> extends SlidingWeight<In, Out, O> {
  declare readonly [shapes]: TransposedMap<Rank, In, Out, K, O>;

  constructor(inChannels: In, outChannels: Out, kernelSize: K, options: Known<O, ConvTransposeOptions> = {} as never) {
    super(inChannels, outChannels, kernelSize, options, [inChannels, ofGroup(outChannels, options)]);
  }

  protected override optionNames(): readonly (keyof ConvTransposeOptions)[] {
    return [...transposedConvolutionOptions, ...weightOptions];
  }

  /** The axis of the weight along which the outputs of a group lie. */
  get outputAxis(): number {
    return 1;
  }

  /** Maps [batch, in, ...spatial] to [batch, out, ...spatial'], where windows determine the new spatial lengths. */
  forward<S extends Shape>(
    x: Input<TransposedMap<Rank, In, Out, K, O>, S>,
  ): Output<TransposedMap<Rank, In, Out, K, O>, S> {
    return convolveTransposed(this.axes(), x as unknown as Tensor, this.weight, this.bias, this.options) as never;
  }
}

/**
 * A layer that convolves sequences; see `conv1d`. Its weight is [out, in / groups, kernel], as in PyTorch.
 *
 * @example
 * const layer = new Conv1d(2, 8, 5, { padding: 'same', random: new Random(1) });
 * layer.forward(zeros([4, 2, 100])).shape; // [4, 8, 100]
 */
export class Conv1d<
  const In extends number = number,
  const Out extends number = number,
  const K extends PerAxis = PerAxis,
  const O extends ConvOptions = object,
> extends Convolution<1, In, Out, K, O> {
  protected override axes(): 1 {
    return 1;
  }
}

/**
 * A layer that convolves images; see `conv2d`. Its weight is [out, in / groups, height, width], as in PyTorch.
 *
 * @example
 * const layer = new Conv2d(3, 16, 3, { padding: 'same', random: new Random(1) });
 * layer.forward(zeros([8, 3, 28, 28])).shape; // [8, 16, 28, 28]
 * layer.weight.shape; // [16, 3, 3, 3]
 */
export class Conv2d<
  const In extends number = number,
  const Out extends number = number,
  const K extends PerAxis = PerAxis,
  const O extends ConvOptions = object,
> extends Convolution<2, In, Out, K, O> {
  protected override axes(): 2 {
    return 2;
  }
}

/**
 * A layer that computes transposed convolutions of sequences; see `convTranspose1d`. Its weight is [in, out / groups,
 * kernel], as in PyTorch.
 *
 * @example
 * const layer = new ConvTranspose1d(8, 4, 2, { stride: 2, random: new Random(1) });
 * layer.forward(zeros([1, 8, 50])).shape; // [1, 4, 100]
 */
export class ConvTranspose1d<
  const In extends number = number,
  const Out extends number = number,
  const K extends PerAxis = PerAxis,
  const O extends ConvTransposeOptions = object,
> extends TransposedConvolution<1, In, Out, K, O> {
  protected override axes(): 1 {
    return 1;
  }
}

/**
 * A layer that computes transposed convolutions of images; see `convTranspose2d`. Its weight is [in, out / groups,
 * height, width], as in PyTorch.
 *
 * @example
 * const layer = new ConvTranspose2d(16, 3, 2, { stride: 2, random: new Random(1) });
 * layer.forward(zeros([8, 16, 7, 7])).shape; // [8, 3, 14, 14]
 */
export class ConvTranspose2d<
  const In extends number = number,
  const Out extends number = number,
  const K extends PerAxis = PerAxis,
  const O extends ConvTransposeOptions = object,
> extends TransposedConvolution<2, In, Out, K, O> {
  protected override axes(): 2 {
    return 2;
  }
}
