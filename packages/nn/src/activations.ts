/** Activation functions, and a layer for each. All of them keep the shape of their input. */

import {
  ArgumentError,
  elu,
  type GeluOptions,
  gelu,
  hardtanh,
  leakyRelu,
  relu,
  type Shape,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  type Tensor,
  tanh,
} from '@tapegrad/core/lean';
import { checkLayerOptions, checkOption } from './checks.ts';
import type { SameShape, shapes } from './layer-shapes.ts';
import { Module } from './module/module.ts';

/** A layer that keeps the shape of its input. */
abstract class Activation extends Module {
  declare readonly [shapes]: SameShape;
  abstract forward<S extends Shape>(x: Tensor<S>): Tensor<S>;
}

/** A layer that returns its input unchanged. */
export class Identity extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return x;
  }
}

/** A layer that computes max(x, 0), with derivative 0 at 0. */
export class ReLU extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return relu(x);
  }
}

/** A layer that returns x where x > 0 and `slope` x elsewhere, with derivative `slope` at 0. */
export class LeakyReLU extends Activation {
  readonly slope: number;

  constructor(slope = 0.01) {
    super();
    checkOption('LeakyReLU', 'the slope', slope, Number.isFinite(slope), 'a finite number');
    this.slope = slope;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return leakyRelu(x, this.slope);
  }

  protected override settings(): string {
    return String(this.slope);
  }
}

/** A layer that returns x where x > 0 and alpha (e^x - 1) elsewhere. */
export class ELU extends Activation {
  readonly alpha: number;

  constructor(alpha = 1) {
    super();
    checkOption('ELU', 'alpha', alpha, Number.isFinite(alpha), 'a finite number');
    this.alpha = alpha;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return elu(x, this.alpha);
  }

  protected override settings(): string {
    return String(this.alpha);
  }
}

/**
 * A layer that computes the scaled exponential linear unit, whose constants keep mean 0 and variance 1 from layer to
 * layer; see `selu`.
 */
export class SELU extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return selu(x);
  }
}

/** A layer that computes x sigmoid(x), also called swish. */
export class SiLU extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return silu(x);
  }
}

/** A layer that clamps x to [low, high], with derivative 0 at both bounds. */
export class Hardtanh extends Activation {
  readonly low: number;
  readonly high: number;

  constructor(low = -1, high = 1) {
    super();
    if (!(low < high)) throw new ArgumentError(`Hardtanh: expected bounds in ascending order, got ${low} and ${high}`);
    this.low = low;
    this.high = high;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return hardtanh(x, this.low, this.high);
  }

  protected override settings(): string {
    return `${this.low}, ${this.high}`;
  }
}

/** A layer that computes the hyperbolic tangent. */
export class Tanh extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return tanh(x);
  }
}

/** A layer that computes the sigmoid, 1 / (1 + e^-x). */
export class Sigmoid extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return sigmoid(x);
  }
}

/** A layer that computes softplus, log(1 + e^x). */
export class Softplus extends Activation {
  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return softplus(x);
  }
}

/**
 * A layer that computes the softmax, e^x / sum e^x, along an axis. The axis defaults to the last. Don't use it before
 * `crossEntropy`, which expects logits.
 */
export class Softmax extends Activation {
  readonly axis: number;

  constructor(axis = -1) {
    super();
    checkOption('Softmax', 'the axis', axis, Number.isInteger(axis), 'an integer');
    this.axis = axis;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return softmax(x, this.axis);
  }

  protected override settings(): string {
    return String(this.axis);
  }
}

/** A layer that computes x times the probability that a standard normal variable is below x; see `gelu`. */
export class GELU extends Activation {
  readonly approximate: 'none' | 'tanh';

  constructor(options: GeluOptions = {}) {
    super();
    checkLayerOptions('GELU', options, ['approximate']);
    const { approximate = 'none' } = options;
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
