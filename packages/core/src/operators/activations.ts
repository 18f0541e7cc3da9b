/** Activation functions. `relu`, `tanh`, `sigmoid` and `softplus` are methods of `Tensor` instead. */

import { ArgumentError, DTypeError, type Shape } from '@tapegrad/kernels';
import { checkFloat, checkTensor } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import type { Tensor } from '../tensor.ts';
import { areWithin, finiteRange } from '../tracing.ts';
import { erfc, expm1 } from './elementary.ts';

/** Throws unless a parameter of an activation is finite. */
function checkNumber(call: string, name: string, value: number): void {
  if (!Number.isFinite(value)) throw new ArgumentError(`${call}: ${name} is ${value}, expected a finite number`);
}

/** Returns x where x > 0 and f(x) elsewhere. `f` gets 0 in place of positive elements, where it could overflow. */
function belowZero<S extends Shape>(x: Tensor, f: (x: Tensor) => Tensor): Tensor<S> {
  const positive = x.greater(0);
  return positive.where(x, f(positive.where(0, x))) as Tensor<S>;
}

/**
 * Returns x where x > 0 and `slope` x elsewhere, with derivative `slope` at 0. The slope defaults to 0.01.
 *
 * @throws ArgumentError if the slope is not finite.
 * @example
 * leakyRelu(tensor([-1, 0, 2]), 0.1).toArray(); // [-0.1, 0, 2]
 */
export function leakyRelu<S extends Shape>(x: Tensor<S>, slope = 0.01, ...more: []): Tensor<S> {
  const t: Tensor = checkFloat('leakyRelu', x, more);
  checkNumber('leakyRelu', 'the slope', slope);
  // 0 times -Infinity would be NaN.
  if (slope === 0) return t.relu() as Tensor<S>;
  return t.greater(0).where(t, t.mul(slope)) as Tensor<S>;
}

/**
 * Returns x where x > 0 and alpha (e^x - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2016). At 0, derivatives of
 * every order are those of the second branch, alpha. PyTorch's second derivative at 0 is 0. Alpha defaults to 1.
 *
 * @throws ArgumentError if alpha is not finite.
 * @example
 * elu(tensor([-1, 0, 2])).toArray(); // [-0.6321206, 0, 2]
 */
export function elu<S extends Shape>(x: Tensor<S>, alpha = 1, ...more: []): Tensor<S> {
  checkNumber('elu', 'alpha', alpha);
  return belowZero(checkFloat('elu', x, more), (t) => expm1(t).mul(alpha));
}

// The constants for which mean 0 and variance 1 are a fixed point (Klambauer, Unterthiner, Mayr, Hochreiter 2017).
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/**
 * Computes the scaled exponential linear unit: scale x where x > 0, scale alpha (e^x - 1) elsewhere. Its constants are
 * chosen so that activations keep mean 0 and variance 1 from layer to layer (Klambauer, Unterthiner, Mayr, Hochreiter
 * 2017).
 *
 * @example
 * selu(tensor([-1, 0, 2])).toArray(); // [-1.1113307, 0, 2.101402]
 */
export const selu = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  elu<Shape>(checkFloat('selu', x, more), SELU_ALPHA).mul(SELU_SCALE) as Tensor<S>;

type Gate = (x: Tensor) => Tensor;

/**
 * Computes x gate(x) as max(x, 0) + n gate(n) with n = -|x|. The gate rises from 0 to 1, satisfies gate(x) + gate(-x) =
 * 1, and counts as 0 at `-far` and below. So infinity is never multiplied by 0, and the derivative keeps its precision
 * for large x.
 */
function gatedBelow(x: Tensor, far: number, gate: Gate): Tensor {
  // `abs` can't be used: its derivative at 0 is 0.
  const left = x.greater(0).where(x.neg(), x);
  const near = left.less(-far).where(-far, left);
  return near.mul(gate(near)).add(x.relu());
}

/** Computes x gate(x): as a plain product if all elements are finite, otherwise with `gatedBelow`. */
const gated = (x: Tensor, far: number, gate: Gate): Tensor =>
  areWithin(x.detach().sum().elements, finiteRange) ? x.mul(gate(x)) : gatedBelow(x, far, gate);

/**
 * Computes x sigmoid(x), also called swish (Elfwing, Uchibe, Doya 2018). The result at -Infinity is the limit 0
 * (PyTorch: NaN).
 *
 * @example
 * silu(tensor([-1, 0, 1])).toArray(); // [-0.2689414, 0, 0.7310586]
 */
export const silu = <S extends Shape>(x: Tensor<S>, ...more: []): Tensor<S> =>
  gated(checkFloat('silu', x, more), 800, (t) => t.sigmoid()) as Tensor<S>;

/** The options of `gelu`. */
export interface GeluOptions {
  /**
   * The formula: `none` for the exact definition, `tanh` for the approximation that some networks were trained with.
   * Defaults to `none`.
   */
  readonly approximate?: 'none' | 'tanh';
}

/**
 * Computes x times the probability that a standard normal variable is below x: x/2 erfc(-x / sqrt(2)). The
 * approximation is x sigmoid(sqrt(8/pi) (x + 0.044715 x^3)), which equals x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
 * (Hendrycks and Gimpel 2016). Both formulas keep full precision where the result is nearly 0, and give 0 at -Infinity.
 * PyTorch's results have an error of 6 % at -5, are 0 further left, and are NaN at -Infinity.
 *
 * @example
 * gelu(tensor([-1, 0, 1])).toArray(); // [-0.158655, 0, 0.841345]
 * gelu(tensor([-5])).item(); // -0.0000014332579
 */
export function gelu<S extends Shape>(x: Tensor<S>, options: GeluOptions = {}, ...more: []): Tensor<S> {
  const t = checkFloat('gelu', x, more);
  checkOptions('gelu', options, ['approximate']);
  const { approximate = 'none' } = options;
  switch (approximate) {
    case 'none':
      return gated(t, 40, (n) => erfc(n.mul(-Math.SQRT1_2)).mul(0.5)) as Tensor<S>;
    case 'tanh':
      return gatedBelow(t, 40, (n) =>
        n
          .mul(n.mul(n).mul(0.044715).add(1))
          .mul(Math.sqrt(8 / Math.PI))
          .sigmoid(),
      ) as Tensor<S>;
    default:
      throw new ArgumentError(`gelu: unknown approximation '${approximate}', expected 'none' or 'tanh'`);
  }
}

/**
 * Clamps x to [`low`, `high`], by default [-1, 1]. The derivative at the bounds is 0 (for `clamp` it is 1). NaN stays
 * NaN, with derivative 1.
 *
 * @example
 * hardtanh(tensor([-2, 0.5, 3])).toArray(); // [-1, 0.5, 1]
 */
export function hardtanh<S extends Shape>(x: Tensor<S>, low = -1, high = 1, ...more: []): Tensor<S> {
  if (!(low < high)) throw new ArgumentError(`hardtanh: expected bounds in ascending order, got ${low} and ${high}`);
  const t = checkTensor('hardtanh', x, more);
  if (t.dtype === 'bool') throw new DTypeError('hardtanh: expected numbers, got bool; cast it first');
  return t.lessEqual(low).where(low, t.greaterEqual(high).where(high, t)) as Tensor<S>;
}
