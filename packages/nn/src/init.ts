/**
 * Initialisers: each function here gives an `Initializer`, which makes the first elements of a parameter.
 *
 * The fans of a matrix [in, out] are its lengths; those of a convolution's weight [out, in, ...window] are its channels
 * times the size of the window.
 */

import {
  ArgumentError,
  type FloatDType,
  full,
  Random,
  type RandomOptions,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core';
import { formatShape, sizeOf } from '@tapegrad/core/extend';
import { checkOptions } from './checks.ts';

/**
 * Makes the first elements of a parameter, float32 unless the options say otherwise.
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
 * The generator of the modules that are handed none, of seed 0: a program that makes the same modules in the same order
 * gets the same numbers. To be independent of what else was made, hand over a generator of one's own.
 */
export const defaultRandom: Random = new Random(0);

/** Every element the same. */
export const constant =
  (value: number): Initializer =>
  (shape, _random, options) =>
    full(shape, value, options);

/** Every element 0. */
export const zeros = (): Initializer => constant(0);

/** Every element 1. */
export const ones = (): Initializer => constant(1);

/** Evenly spread from `low` up to `high`, which default to 0 and 1. */
export function uniform(range: { readonly low?: number; readonly high?: number } = {}): Initializer {
  checkOptions('uniform', range, ['low', 'high']);
  return (shape, random, options: RandomOptions = {}) => random.uniform(shape, { ...range, ...options });
}

/** Normally distributed; the mean defaults to 0 and the standard deviation to 1. */
export function normal(distribution: { readonly mean?: number; readonly std?: number } = {}): Initializer {
  checkOptions('normal', distribution, ['mean', 'std']);
  return (shape, random, options: RandomOptions = {}) => random.normal(shape, { ...distribution, ...options });
}

/** The transition functions whose gain is known. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu';

const gains: { readonly [N in Nonlinearity]: (slope: number) => number } = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.sqrt(2),
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope ** 2)),
};

/** By how much a transition function shrinks the standard deviation, to be made up for by the weights before it. */
export function gain(nonlinearity: Nonlinearity, slope = 0.01): number {
  if (!Object.hasOwn(gains, nonlinearity)) {
    const known = Object.keys(gains).join(', ');
    throw new ArgumentError(`gain: unknown nonlinearity '${nonlinearity}', expected one of ${known}`);
  }
  return gains[nonlinearity](slope);
}

/** The options of Kaiming initialisers. */
export interface KaimingOptions {
  /** What follows the weight. Defaults to `relu`. */
  readonly nonlinearity?: Nonlinearity;
  /** Of a leaky ReLU. Defaults to 0.01. */
  readonly slope?: number;
  /** Whether to keep the variance on the way forward (`fanIn`) or backward (`fanOut`). Defaults to `fanIn`. */
  readonly mode?: 'fanIn' | 'fanOut';
}

/** The options of Xavier initialisers. */
export interface XavierOptions {
  /** A factor on the standard deviation. Defaults to 1. */
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

/** The standard deviation of the elements of a weight, from its fans. */
type Deviation = (fans: Fans) => number;

/** Of an empty weight the fan may be 0, and the deviation is then of no element. */
const finite = (std: number): number => (Number.isFinite(std) ? std : 0);

/** Evenly spread with a standard deviation, so between its negative and positive multiple by sqrt(3). */
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

/** Uniform with standard deviation gain / sqrt(fan) (He et al. 2015, "Delving deep into rectifiers"). */
export const kaimingUniform = (options: KaimingOptions = {}): Initializer =>
  uniformOf('kaimingUniform', kaiming('kaimingUniform', options));

/** Normal with standard deviation gain / sqrt(fan) (He et al. 2015, "Delving deep into rectifiers"). */
export const kaimingNormal = (options: KaimingOptions = {}): Initializer =>
  normalOf('kaimingNormal', kaiming('kaimingNormal', options));

/** Uniform with standard deviation gain sqrt(2 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export const xavierUniform = (options: XavierOptions = {}): Initializer =>
  uniformOf('xavierUniform', xavier('xavierUniform', options));

/** Normal with standard deviation gain sqrt(2 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export const xavierNormal = (options: XavierOptions = {}): Initializer =>
  normalOf('xavierNormal', xavier('xavierNormal', options));
