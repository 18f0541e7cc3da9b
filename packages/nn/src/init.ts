/**
 * Initialisers: functions that return an `Initializer`, which creates the initial elements of a parameter.
 *
 * The fans of a weight are its numbers of inputs and outputs. For a matrix [in, out], these are the lengths of its
 * axes. For a convolution's weight [out, in, ...window], they are the numbers of channels, times the number of elements
 * of a window.
 */

import { formatShape, sizeOf } from '@tapegrad/core/extend';
import {
  ArgumentError,
  normal as drawNormal,
  type FloatDType,
  full,
  Random,
  type RandomOptions,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core/lean';
import { checkOptions } from './checks.ts';

/**
 * A function that creates the initial elements of a parameter of a given shape. The dtype defaults to float32.
 *
 * @example
 * const layer = new Dense(784, 256, { init: init.kaimingNormal({ nonlinearity: 'relu' }), biasInit: init.zeros() });
 * layer.bias?.abs().max().item(); // 0
 */
export type Initializer = <const S extends Shape>(
  shape: S,
  random: Random,
  options?: { readonly dtype?: FloatDType },
) => Tensor<S>;

/**
 * The default generator, seeded with 0, for modules that are created without a generator. A program that creates the
 * same modules in the same order gets the same numbers. Pass a generator of your own to make a module independent of
 * those created before it.
 */
export const defaultRandom: Random = new Random(0);

/** Returns an initialiser that sets every element to `value`. */
export const constant =
  (value: number): Initializer =>
  (shape, _random, options) =>
    full(shape, value, options);

/** Returns an initialiser that sets every element to 0. */
export const zeros = (): Initializer => constant(0);

/** Returns an initialiser that sets every element to 1. */
export const ones = (): Initializer => constant(1);

/** Returns an initialiser that draws uniformly from `low`, by default 0, up to but not including `high`, by default 1. */
export function uniform(range: { readonly low?: number; readonly high?: number } = {}): Initializer {
  checkOptions('uniform', range, ['low', 'high']);
  return (shape, random, options: RandomOptions = {}) => random.uniform(shape, { ...range, ...options });
}

/** Returns an initialiser that draws from a normal distribution. The mean defaults to 0 and the standard deviation to 1. */
export function normal(distribution: { readonly mean?: number; readonly std?: number } = {}): Initializer {
  checkOptions('normal', distribution, ['mean', 'std']);
  return (shape, random, options: RandomOptions = {}) => drawNormal(random, shape, { ...distribution, ...options });
}

/** The activation functions whose gain is known. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu';

const gains: { readonly [N in Nonlinearity]: (slope: number) => number } = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.sqrt(2),
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope ** 2)),
};

/**
 * Returns the factor by which to scale the weights before an activation function. It compensates for the decrease of
 * the standard deviation that the activation causes.
 */
export function gain(nonlinearity: Nonlinearity, slope = 0.01): number {
  if (!Object.hasOwn(gains, nonlinearity)) {
    const known = Object.keys(gains).join(', ');
    throw new ArgumentError(`gain: unknown nonlinearity '${nonlinearity}', expected one of ${known}`);
  }
  return gains[nonlinearity](slope);
}

/** The options of Kaiming initialisers. */
export interface KaimingOptions {
  /** The activation function after the weight. Defaults to `relu`. */
  readonly nonlinearity?: Nonlinearity;
  /** The slope of `leakyRelu` for negative inputs. Defaults to 0.01. */
  readonly slope?: number;
  /**
   * Whether to preserve the variance in the forward pass (`fanIn`) or in the backward pass (`fanOut`). Defaults to
   * `fanIn`.
   */
  readonly mode?: 'fanIn' | 'fanOut';
}

/** The options of Xavier initialisers. */
export interface XavierOptions {
  /** A factor by which the standard deviation is multiplied. Defaults to 1. */
  readonly gain?: number;
}

interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

function fansOf(call: string, shape: Shape): Fans {
  const [first, second, ...window] = shape;
  if (first === undefined || second === undefined) {
    throw new ShapeError(`${call}: expected a weight of two axes or more, got shape ${formatShape(shape)}`);
  }
  const size = sizeOf(window);
  return window.length === 0 ? { fanIn: first, fanOut: second } : { fanIn: second * size, fanOut: first * size };
}

/** Computes the standard deviation of the elements of a weight from its fans. */
type Deviation = (fans: Fans) => number;

/**
 * Replaces a standard deviation that isn't finite by 0. An empty weight may have a fan of 0, but has no elements that
 * need the deviation.
 */
const finite = (std: number): number => (Number.isFinite(std) ? std : 0);

/** Returns an initialiser that draws uniformly with standard deviation s, from -sqrt(3) s to sqrt(3) s. */
const uniformOf =
  (call: string, deviation: Deviation): Initializer =>
  (shape, random, options) => {
    const high = Math.sqrt(3) * finite(deviation(fansOf(call, shape)));
    return uniform({ low: -high, high })(shape, random, options);
  };

const normalOf =
  (call: string, deviation: Deviation): Initializer =>
  (shape, random, options) =>
    normal({ std: finite(deviation(fansOf(call, shape))) })(shape, random, options);

function kaiming(call: string, options: KaimingOptions): Deviation {
  checkOptions(call, options, ['nonlinearity', 'slope', 'mode']);
  const { nonlinearity = 'relu', slope, mode = 'fanIn' } = options;
  const factor = gain(nonlinearity, slope);
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    throw new ArgumentError(`${call}: unknown mode '${mode}', expected fanIn or fanOut`);
  }
  return (fans) => factor / Math.sqrt(fans[mode]);
}

function xavier(call: string, options: XavierOptions): Deviation {
  checkOptions(call, options, ['gain']);
  const { gain: factor = 1 } = options;
  return ({ fanIn, fanOut }) => factor * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Returns an initialiser that draws from a uniform distribution. Its standard deviation is `gain / sqrt(fan)` (He et
 * al. 2015, "Delving deep into rectifiers").
 */
export const kaimingUniform = (options: KaimingOptions = {}): Initializer =>
  uniformOf('kaimingUniform', kaiming('kaimingUniform', options));

/**
 * Returns an initialiser that draws from a normal distribution whose standard deviation is `gain / sqrt(fan)` (He et
 * al. 2015, "Delving deep into rectifiers").
 */
export const kaimingNormal = (options: KaimingOptions = {}): Initializer =>
  normalOf('kaimingNormal', kaiming('kaimingNormal', options));

/**
 * Returns an initialiser that draws from a uniform distribution. Its standard deviation is `gain * sqrt(2 / (fanIn +
 * fanOut))` (Glorot and Bengio 2010).
 */
export const xavierUniform = (options: XavierOptions = {}): Initializer =>
  uniformOf('xavierUniform', xavier('xavierUniform', options));

/**
 * Returns an initialiser that draws from a normal distribution whose standard deviation is `gain * sqrt(2 / (fanIn +
 * fanOut))` (Glorot and Bengio 2010).
 */
export const xavierNormal = (options: XavierOptions = {}): Initializer =>
  normalOf('xavierNormal', xavier('xavierNormal', options));
