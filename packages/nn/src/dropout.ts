/** Random dropout of elements and channels while training. */

import { checkFloat, checkTensor, formatShape } from '@tapegrad/core/extend';
import { bernoulli, type Random, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkLayerOptions, checkProbability, checkRandom } from './checks.ts';
import type { SameShape, shapes } from './layer-shapes.ts';
import { Module } from './module/module.ts';

/** Draws a bool mask that keeps each element with probability 1 - p. */
const keptOf = (shape: Shape, p: number, random: Random): Tensor =>
  bernoulli(random, shape, 1 - p).greater(0) as Tensor;

/**
 * Draws a mask that broadcasts to x. Returns x / (1 - p) where the mask is true, and 0 elsewhere, even where x is
 * infinite.
 */
function masked<S extends Shape>(call: string, x: Tensor<S>, shape: Shape, p: number, random: Random): Tensor<S> {
  checkFloat(call, x);
  checkProbability(call, p);
  checkRandom(call, random);
  if (p === 0) return x.cast(x.dtype);
  const kept = keptOf(shape, p, random);
  return kept.where(p === 1 ? x : (x as Tensor).mul(1 / (1 - p)), 0) as Tensor<S>;
}

/**
 * Returns the shape of a mask with one element per channel. The input has an optional batch axis, a channel axis and
 * `spatial` more axes.
 */
function channelsOf(call: string, x: Tensor, spatial: number): Shape {
  const { shape } = checkTensor(call, x);
  const lead = shape.slice(0, -spatial);
  if (lead.length === 1 || lead.length === 2) return [...lead, ...Array.from({ length: spatial }, () => 1)];
  const [fewest, most] = [spatial + 1, spatial + 2];
  throw new ShapeError(`${call}: expected an input of ${fewest} or ${most} axes, got shape ${formatShape(shape)}`);
}

/**
 * Sets elements to 0 with probability p, which may be 1, and divides the others by 1 - p to keep the expectation.
 * Computes x m / (1 - p) with m ~ Bernoulli(1 - p), which is drawn again at each call (Srivastava et al. 2014, in the
 * inverted form).
 *
 * Inside `vmap`, the `randomness` option decides whether all examples share a mask.
 *
 * @throws ArgumentError if p is not a probability.
 * @example
 * dropout(ones([4]), 1, new Random(1)).toArray(); // [0, 0, 0, 0]
 */
export const dropout = <S extends Shape>(x: Tensor<S>, p: number, random: Random): Tensor<S> =>
  masked('dropout', x, checkTensor('dropout', x).shape, p, random);

/** Like `dropout`, but drops whole channels of an input [batch, channels, length] or [channels, length]. */
export const dropout1d = <S extends Shape>(x: Tensor<S>, p: number, random: Random): Tensor<S> =>
  masked('dropout1d', x, channelsOf('dropout1d', x, 1), p, random);

/**
 * Like `dropout`, but drops whole channels of an input [batch, channels, height, width] or [channels, height, width]
 * (Tompson et al. 2015).
 *
 * @example
 * const y = dropout2d(ones([2, 3, 4, 4]), 0.5, new Random(1));
 * y.max([2, 3]).equal(y.min([2, 3])).min().item(); // 1
 */
export const dropout2d = <S extends Shape>(x: Tensor<S>, p: number, random: Random): Tensor<S> =>
  masked('dropout2d', x, channelsOf('dropout2d', x, 2), p, random);

/** The limit of the scaled exponential linear unit at -Infinity: -scale alpha. */
const saturation = -1.7580993408473766;

/**
 * Applies dropout for networks of scaled exponential linear units (Klambauer et al. 2017). Sets elements to s = -1.758…
 * with probability p. Then scales and shifts all elements so that a standard normal input keeps mean 0 and variance 1.
 * Computes a (x m + s (1 - m)) + b with a = ((1 - p) (1 + p s^2))^(-1/2) and b = -a p s. If p is 1, all elements become
 * 0.
 */
export function alphaDropout<S extends Shape>(x: Tensor<S>, p: number, random: Random): Tensor<S> {
  checkFloat('alphaDropout', x);
  checkProbability('alphaDropout', p);
  checkRandom('alphaDropout', random);
  if (p === 0) return x.cast(x.dtype);
  const kept = keptOf(x.shape, p, random);
  if (p === 1) return kept.where(x as Tensor, 0) as Tensor<S>;
  const a = 1 / Math.sqrt((1 - p) * (1 + p * saturation ** 2));
  const b = -a * p * saturation;
  return kept.where((x as Tensor).mul(a).add(b), a * saturation + b) as Tensor<S>;
}

/** The options of dropout layers. */
export interface DropoutOptions {
  /** The generator that draws the masks. */
  readonly random: Random;
}

/** A layer that drops elements while training, and returns its input unchanged in evaluation. */
abstract class Dropping extends Module {
  declare readonly [shapes]: SameShape;
  /** The probability of dropping an element or a channel. */
  readonly p: number;
  readonly random: Random;

  constructor(p: number, options: DropoutOptions) {
    super();
    checkLayerOptions(this.constructor.name, options, ['random']);
    checkProbability(this.constructor.name, p);
    this.random = checkRandom(this.constructor.name, options?.random);
    this.p = p;
  }

  protected abstract drop<S extends Shape>(x: Tensor<S>): Tensor<S>;

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return this.training ? this.drop(x) : x;
  }

  protected override settings(): string {
    return String(this.p);
  }
}

/**
 * A layer that applies dropout while training, and returns its input unchanged in evaluation; see `dropout`.
 *
 * @example
 * const layer = new Dropout(0.5, { random: new Random(1) });
 * layer.forward(ones([8])).toArray(); // zeros and twos
 * layer.eval().forward(ones([8])).toArray(); // [1, 1, 1, 1, 1, 1, 1, 1]
 */
export class Dropout extends Dropping {
  protected override drop<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return dropout(x, this.p, this.random);
  }
}

/** A layer that drops whole channels of sequences while training; see `dropout1d`. */
export class Dropout1d extends Dropping {
  protected override drop<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return dropout1d(x, this.p, this.random);
  }
}

/** A layer that drops whole channels of images while training; see `dropout2d`. */
export class Dropout2d extends Dropping {
  protected override drop<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return dropout2d(x, this.p, this.random);
  }
}

/** A dropout layer for networks of scaled exponential linear units, active while training; see `alphaDropout`. */
export class AlphaDropout extends Dropping {
  protected override drop<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return alphaDropout(x, this.p, this.random);
  }
}
