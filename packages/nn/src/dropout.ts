import { ArgumentError, DTypeError, isFloat, Random, type Shape, type Tensor } from '@tapegrad/core';
import type { SameShape, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';

function checkProbability(call: string, p: number): void {
  if (!(p >= 0 && p < 1)) {
    throw new ArgumentError(`${call}: the probability is ${p}, expected a number from 0 up to, not including, 1`);
  }
}

/**
 * Sets elements to 0 with probability p and divides the others by 1 - p, which keeps the expectation: x m / (1 - p) with
 * m ~ Bernoulli(1 - p), a new one at each call (Srivastava et al. 2014, in its inverted form).
 */
export function dropout<S extends Shape>(x: Tensor<S>, p: number, random: Random): Tensor<S> {
  checkProbability('dropout', p);
  const { dtype } = x;
  if (!isFloat(dtype)) throw new DTypeError(`dropout: expected float32 or float64, got ${dtype}`);
  if (p === 0) return x;
  const mask = random.bernoulli(x.shape, 1 - p, { dtype }) as Tensor;
  return (x as Tensor).mul(mask.mul(1 / (1 - p))) as Tensor<S>;
}

export interface DropoutOptions {
  /** Draws the masks. */
  readonly random: Random;
}

/**
 * Dropout while training, the identity in evaluation; see `dropout`.
 *
 * @example
 * const layer = new Dropout(0.5, { random: new Random(1) });
 * layer.forward(ones([8])).toArray(); // zeros and twos
 * layer.eval().forward(ones([8])).toArray(); // [1, 1, 1, 1, 1, 1, 1, 1]
 */
export class Dropout extends Module {
  declare readonly [shapes]: SameShape;
  /** The probability of an element to be dropped. */
  readonly p: number;
  readonly random: Random;

  constructor(p: number, options: DropoutOptions) {
    super();
    checkProbability('Dropout', p);
    if (!(options?.random instanceof Random)) {
      throw new ArgumentError(
        'Dropout: expected { random }, the generator to draw the masks; nothing is random without',
      );
    }
    this.p = p;
    this.random = options.random;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return this.training ? dropout(x, this.p, this.random) : x;
  }

  protected override settings(): string {
    return String(this.p);
  }
}
