/** Transition functions, and a layer for each: they keep the shape. */

import { ArgumentError, type Shape, type Tensor } from '@tapegrad/core';
import type { SameShape, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';

/**
 * x where x > 0, `slope` x elsewhere; with derivative `slope` at 0.
 *
 * @example
 * leakyRelu(tensor([-1, 0, 2]), 0.1).toArray(); // [-0.1, 0, 2]
 */
export const leakyRelu = <S extends Shape>(x: Tensor<S>, slope = 0.01): Tensor<S> =>
  x.greater(0).where(x, x.mul(slope)) as Tensor<S>;

export interface GeluOptions {
  /** `none`, unless given, for the definition; `tanh` for the approximation that some networks were trained with. */
  readonly approximate?: 'none' | 'tanh';
}

/**
 * x times the probability that a standard normal variable lies below x: x/2 (1 + erf(x / sqrt(2))); approximately
 * x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016).
 *
 * @example
 * gelu(tensor([-1, 0, 1])).toArray(); // [-0.158655, 0, 0.841345]
 */
export function gelu<S extends Shape>(x: Tensor<S>, { approximate = 'none' }: GeluOptions = {}): Tensor<S> {
  const t: Tensor = x;
  const half = t.mul(0.5);
  switch (approximate) {
    case 'none':
      return half.mul(t.mul(Math.SQRT1_2).erf().add(1)) as Tensor<S>;
    case 'tanh': {
      const inner = t.mul(t.mul(t).mul(0.044715).add(1)).mul(Math.sqrt(2 / Math.PI));
      return half.mul(inner.tanh().add(1)) as Tensor<S>;
    }
    default:
      throw new ArgumentError(`gelu: unknown approximation '${approximate}', expected 'none' or 'tanh'`);
  }
}

/** A layer that keeps the shape of its input. */
abstract class Activation extends Module {
  declare readonly [shapes]: SameShape;
  abstract forward<S extends Shape>(x: Tensor<S>): Tensor<S>;
}

/** x */
export class Identity extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x;
  }
}

/** max(x, 0), with derivative 0 at 0. */
export class ReLU extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x.relu();
  }
}

/** x where x > 0, `slope` x elsewhere; with derivative `slope` at 0. */
export class LeakyReLU extends Activation {
  readonly slope: number;

  constructor(slope = 0.01) {
    super();
    if (!Number.isFinite(slope)) throw new ArgumentError(`LeakyReLU: the slope is ${slope}, expected a finite number`);
    this.slope = slope;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return leakyRelu(x, this.slope);
  }

  protected override settings(): string {
    return String(this.slope);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x.tanh();
  }
}

/** 1 / (1 + e^-x) */
export class Sigmoid extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x.sigmoid();
  }
}

/** log(1 + e^x) */
export class Softplus extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x.softplus();
  }
}

/** e^x / sum e^x along an axis, the last one unless given. Not before `crossEntropy`, which takes logits. */
export class Softmax extends Activation {
  readonly axis: number;

  constructor(axis = -1) {
    super();
    if (!Number.isInteger(axis)) throw new ArgumentError(`Softmax: the axis is ${axis}, expected a whole number`);
    this.axis = axis;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x.softmax(this.axis);
  }

  protected override settings(): string {
    return String(this.axis);
  }
}

/** x times the probability that a standard normal variable lies below x; see `gelu`. */
export class GELU extends Activation {
  readonly approximate: 'none' | 'tanh';

  constructor({ approximate = 'none' }: GeluOptions = {}) {
    super();
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new ArgumentError(`GELU: unknown approximation '${approximate}', expected 'none' or 'tanh'`);
    }
    this.approximate = approximate;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return gelu(x, { approximate: this.approximate });
  }

  protected override settings(): string {
    return this.approximate === 'none' ? '' : this.approximate;
  }
}
