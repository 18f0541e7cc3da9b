/** Convolutions as layers. */

import {
  ArgumentError,
  type FloatDType,
  type Parameter,
  parameter,
  type Random,
  type Shape,
  type Tensor,
} from '@tapegrad/core';
import { checkCount, type Known } from './checks.ts';
import {
  type ConvolutionOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  type TransposedConvolutionOptions,
} from './convolution.ts';
import { defaultRandom, type Initializer, uniform } from './init.ts';
import type { Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';
import { type PerAxis, perAxis } from './spatial.ts';
import type { ConvolutionMap, TransposedMap } from './window-shapes.ts';

interface WeightOptions {
  /** Whether to add a bias; true unless given. */
  readonly bias?: boolean;
  /** Of the weight; uniform between -1/sqrt(n) and 1/sqrt(n), n inputs to each output, unless given, as PyTorch's. */
  readonly init?: Initializer;
  /** Of the bias; likewise. */
  readonly biasInit?: Initializer;
  /** Where the initialisers take their numbers from; `init.defaultRandom` unless given. */
  readonly random?: Random;
  /** float32 unless given. */
  readonly dtype?: FloatDType;
}

export interface ConvOptions extends ConvolutionOptions, WeightOptions {}

export interface ConvTransposeOptions extends TransposedConvolutionOptions, WeightOptions {}

/** What a layer of `Options` is made of, for those who make it. */
interface Making {
  readonly axes: 1 | 2;
  /** The weight's channels. */
  readonly channels: readonly [number, number];
}

/** Channels in and out, a weight that slides, and a bias. */
abstract class Convolution<In extends number, Out extends number, Options extends ConvOptions> extends Module {
  readonly inChannels: In;
  readonly outChannels: Out;
  readonly kernelSize: readonly number[];
  readonly options: Options;
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter<readonly [Out]> | undefined;

  constructor(inChannels: In, outChannels: Out, kernelSize: PerAxis, options: Options, { axes, channels }: Making) {
    super();
    const { name } = this.constructor;
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
    this.kernelSize = perAxis(name, 'a kernel size', kernelSize, axes, 1);
    this.options = options;
    const shape = [...channels, ...this.kernelSize];
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((product, length) => product * length, 1));
    const usual = uniform({ low: -bound, high: bound });
    const { init = usual, biasInit = usual } = options;
    this.weight = parameter(init(shape, random, { dtype }), { name: 'weight' });
    this.bias = bias ? parameter(biasInit([outChannels], random, { dtype }), { name: 'bias' }) : undefined;
  }

  protected override settings(): string {
    const { stride = 1, padding = 0, groups = 1 } = this.options;
    const text = (value: PerAxis | string): string =>
      typeof value === 'object' ? `[${value.join(', ')}]` : `${value}`;
    const named = Object.entries({ stride: [stride, 1], padding: [padding, 0], groups: [groups, 1] } as const);
    const given = named.flatMap(([name, [value, usual]]) => (value === usual ? [] : [`, ${name} ${text(value)}`]));
    const { kernelSize: sizes } = this;
    const kernel = text(new Set(sizes).size === 1 ? sizes[0]! : sizes);
    return `${this.inChannels}, ${this.outChannels}, ${kernel}${given.join('')}`;
  }
}

const ofGroup = (channels: number, { groups = 1 }: ConvOptions): number => channels / groups;

/**
 * A convolution of sequences: see `conv1d`. Its weight is [out, in / groups, kernel], as PyTorch's.
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
> extends Convolution<In, Out, O> {
  declare readonly [shapes]: ConvolutionMap<1, In, Out, K, O>;

  constructor(inChannels: In, outChannels: Out, kernelSize: K, options: Known<O, ConvOptions> = {} as never) {
    const channels = [outChannels, ofGroup(inChannels, options)] as const;
    super(inChannels, outChannels, kernelSize, options, { axes: 1, channels });
  }

  /** [batch, in, length] to [batch, out, length'] */
  forward<S extends Shape>(x: Input<ConvolutionMap<1, In, Out, K, O>, S>): Output<ConvolutionMap<1, In, Out, K, O>, S> {
    return conv1d(x as unknown as Tensor, this.weight, this.bias, this.options as ConvolutionOptions) as never;
  }
}

/**
 * A convolution of images: see `conv2d`. Its weight is [out, in / groups, height, width], as PyTorch's.
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
> extends Convolution<In, Out, O> {
  declare readonly [shapes]: ConvolutionMap<2, In, Out, K, O>;

  constructor(inChannels: In, outChannels: Out, kernelSize: K, options: Known<O, ConvOptions> = {} as never) {
    const channels = [outChannels, ofGroup(inChannels, options)] as const;
    super(inChannels, outChannels, kernelSize, options, { axes: 2, channels });
  }

  /** [batch, in, height, width] to [batch, out, height', width'] */
  forward<S extends Shape>(x: Input<ConvolutionMap<2, In, Out, K, O>, S>): Output<ConvolutionMap<2, In, Out, K, O>, S> {
    return conv2d(x as unknown as Tensor, this.weight, this.bias, this.options as ConvolutionOptions) as never;
  }
}

/**
 * A transposed convolution of sequences: see `convTranspose1d`. Its weight is [in, out / groups, kernel], as PyTorch's.
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
> extends Convolution<In, Out, O> {
  declare readonly [shapes]: TransposedMap<1, In, Out, K, O>;

  constructor(inChannels: In, outChannels: Out, kernelSize: K, options: Known<O, ConvTransposeOptions> = {} as never) {
    const channels = [inChannels, ofGroup(outChannels, options)] as const;
    super(inChannels, outChannels, kernelSize, options, { axes: 1, channels });
  }

  /** [batch, in, length] to [batch, out, length'] */
  forward<S extends Shape>(x: Input<TransposedMap<1, In, Out, K, O>, S>): Output<TransposedMap<1, In, Out, K, O>, S> {
    return convTranspose1d(
      x as unknown as Tensor,
      this.weight,
      this.bias,
      this.options as TransposedConvolutionOptions,
    ) as never;
  }
}

/**
 * A transposed convolution of images: see `convTranspose2d`. Its weight is [in, out / groups, height, width], as PyTorch's.
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
> extends Convolution<In, Out, O> {
  declare readonly [shapes]: TransposedMap<2, In, Out, K, O>;

  constructor(inChannels: In, outChannels: Out, kernelSize: K, options: Known<O, ConvTransposeOptions> = {} as never) {
    const channels = [inChannels, ofGroup(outChannels, options)] as const;
    super(inChannels, outChannels, kernelSize, options, { axes: 2, channels });
  }

  /** [batch, in, height, width] to [batch, out, height', width'] */
  forward<S extends Shape>(x: Input<TransposedMap<2, In, Out, K, O>, S>): Output<TransposedMap<2, In, Out, K, O>, S> {
    return convTranspose2d(
      x as unknown as Tensor,
      this.weight,
      this.bias,
      this.options as TransposedConvolutionOptions,
    ) as never;
  }
}
