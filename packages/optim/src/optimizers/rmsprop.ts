import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkFlag, checkNotNegative, checkShare, type Defaults, type OptimizerOptions } from '../options.ts';
import { zerosLike } from '../state.ts';
import { checkDecay, type DecayOptions, decayFactors, noDecay } from './decay.ts';

/** The options of `RMSprop`. */
export interface RMSpropOptions extends OptimizerOptions, DecayOptions {
  /** The decay factor of the running mean of squares. Defaults to 0.99. */
  readonly alpha?: number;
  /** The number added to the divisor to keep it above 0. Defaults to 1e-8. */
  readonly eps?: number;
  /** The decay factor of the velocity. Defaults to 0. */
  readonly momentum?: number;
  /** Whether to divide by the standard deviation of the gradients, instead of their root mean square. Defaults to false. */
  readonly centered?: boolean;
}

type RMSpropState = { readonly square: Data; readonly mean?: Data; readonly velocity?: Data };

type RMSpropNumbers = Record<
  'l2' | 'decayFactor' | 'alpha' | 'oneMinusAlpha' | 'eps' | 'momentum' | 'rate' | 'zero',
  number
>;

const rmsprop: ElementFormula<RMSpropState & UpdateArrays, RMSpropNumbers> = (k, arrays, numbers) => {
  const { w, gradient, square, mean, velocity } = arrays;
  const { l2, decayFactor, alpha, oneMinusAlpha, eps, momentum, rate, zero } = numbers;
  const g = k.add(gradient, k.mul(l2, w));
  const v = k.add(k.mul(alpha, square), k.mul(oneMinusAlpha, k.mul(g, g)));
  const m = mean && k.add(k.mul(alpha, mean), k.mul(oneMinusAlpha, g));
  // The variance of a constant gradient may be negative because of rounding.
  const variance = m === undefined ? v : k.maximum(zero, k.sub(v, k.mul(m, m)));
  const step = k.div(g, k.add(k.sqrt(variance), eps));
  const b = velocity === undefined ? step : k.add(k.mul(momentum, velocity), step);
  return {
    square: v,
    ...(m !== undefined && { mean: m }),
    ...(velocity !== undefined && { velocity: b }),
    w: k.sub(k.mul(decayFactor, w), k.mul(rate, b)),
  };
};

const defaults: Defaults<RMSpropOptions> = { ...noDecay, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false };

/**
 * Steps along the gradient, divided by the root of the running mean of its square. With gradient g, learning rate a and
 * momentum μ:
 *
 *     v ← α v + (1 - α) g²
 *     m ← α m + (1 - α) g                  if `centered`, else m = 0
 *     b ← μ b + g / (√(v - m²) + ε)
 *     w ← w - a b
 *
 * (Tieleman and Hinton 2012, lecture 6e of "Neural networks for machine learning"; centered: Graves 2013; the position
 * of ε is PyTorch's). Weight decay c comes before these steps: g ← g + c w if it is of kind `l2`, or w ← w - a c w if
 * it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new RMSprop([w], { learningRate: 0.1, alpha: 0.75 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.8, -1.8]
 */
export class RMSprop extends Optimizer<RMSpropOptions, RMSpropState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<RMSpropOptions>, options: RMSpropOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<RMSpropOptions>, call: string): void {
    checkDecay(call, options);
    checkShare(call, 'alpha', options.alpha);
    checkNotNegative(call, 'eps', options.eps);
    checkNotNegative(call, 'momentum', options.momentum);
    checkFlag(call, 'centered', options.centered);
  }

  protected override initState(elements: Data, { centered, momentum }: Required<RMSpropOptions>): RMSpropState {
    return {
      square: zerosLike(elements),
      ...(centered && { mean: zerosLike(elements) }),
      ...(momentum > 0 && { velocity: zerosLike(elements) }),
    };
  }

  protected override update({ elements, gradient, state, options }: Update<RMSpropOptions, RMSpropState>): void {
    const { learningRate: rate, alpha, eps, momentum } = options;
    changeInPlace(
      rmsprop,
      { w: elements, gradient, ...state },
      { ...decayFactors(options), alpha, oneMinusAlpha: 1 - alpha, eps, momentum, rate, zero: 0 },
    );
  }
}
