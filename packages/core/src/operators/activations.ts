/** The functions that networks put between their layers, beside `relu`, `tanh`, `sigmoid` and `softplus`. */

import { ArgumentError, type Shape } from '@tapegrad/kernels';
import { checkFloat, checkTensor, type Tensor } from '../tensor.ts';

/** x where x > 0, f(x) elsewhere; f sees 0 in place of the others, where it could overflow. */
function belowZero<S extends Shape>(x: Tensor, f: (x: Tensor) => Tensor): Tensor<S> {
  const positive = x.greater(0);
  return positive.where(x, f(positive.where(0, x))) as Tensor<S>;
}

/**
 * x where x > 0, `slope` x elsewhere; with derivative `slope` at 0.
 *
 * @example
 * leakyRelu(tensor([-1, 0, 2]), 0.1).toArray(); // [-0.1, 0, 2]
 */
export const leakyRelu = <S extends Shape>(x: Tensor<S>, slope = 0.01): Tensor<S> =>
  checkFloat('leakyRelu', x)
    .greater(0)
    .where(x as Tensor, (x as Tensor).mul(slope)) as Tensor<S>;

/**
 * x where x > 0, alpha (e^x - 1) elsewhere, with the derivatives of the latter at 0 (Clevert, Unterthiner, Hochreiter 2016).
 *
 * @example
 * elu(tensor([-1, 0, 2])).toArray(); // [-0.6321206, 0, 2]
 */
export const elu = <S extends Shape>(x: Tensor<S>, alpha = 1): Tensor<S> =>
  belowZero(checkFloat('elu', x), (t) => t.expm1().mul(alpha));

// The fixed point of mean 0 and variance 1, of Klambauer, Unterthiner, Mayr, Hochreiter 2017.
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/**
 * The exponential linear unit with the alpha and the scale that keep mean 0 and variance 1 from layer to layer:
 * scale x where x > 0, scale alpha (e^x - 1) elsewhere (Klambauer, Unterthiner, Mayr, Hochreiter 2017).
 *
 * @example
 * selu(tensor([-1, 0, 2])).toArray(); // [-1.1113307, 0, 2.101402]
 */
export const selu = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  elu<Shape>(checkFloat('selu', x), SELU_ALPHA).mul(SELU_SCALE) as Tensor<S>;

/**
 * x sigmoid(x), also called swish (Elfwing, Uchibe, Doya 2018).
 *
 * @example
 * silu(tensor([-1, 0, 1])).toArray(); // [-0.2689414, 0, 0.7310586]
 */
export const silu = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  checkFloat('silu', x).mul((x as Tensor).sigmoid()) as Tensor<S>;

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
  const t = checkFloat('gelu', x);
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

/**
 * x kept from `low` to `high`, with derivative 0 at these two, unlike that of `clamp`.
 *
 * @example
 * hardtanh(tensor([-2, 0.5, 3])).toArray(); // [-1, 0.5, 1]
 */
export function hardtanh<S extends Shape>(x: Tensor<S>, low = -1, high = 1): Tensor<S> {
  if (!(low < high)) throw new ArgumentError(`hardtanh: expected bounds in ascending order, got ${low} and ${high}`);
  const t = checkTensor('hardtanh', x);
  return t.lessEqual(low).where(low, t.greaterEqual(high).where(high, t)) as Tensor<S>;
}
