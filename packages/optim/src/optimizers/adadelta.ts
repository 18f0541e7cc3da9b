import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkNotNegative, checkShare, type Defaults, type OptimizerOptions } from '../options.ts';
import { zerosLike } from '../state.ts';
import { checkDecay, type DecayOptions, decayFactors, noDecay } from './decay.ts';

/** The options of `Adadelta`. */
export interface AdadeltaOptions extends OptimizerOptions, DecayOptions {
  /** The decay factor of the running means of squares. Defaults to 0.9. */
  readonly rho?: number;
  /** A number added to both running means, which keeps the divisor and the first step above 0. Defaults to 1e-6. */
  readonly eps?: number;
}

/** The running means of the squares of gradients and of the squares of steps. */
type AdadeltaState = { readonly square: Data; readonly stepSquare: Data };

type AdadeltaNumbers = Record<'l2' | 'decayFactor' | 'rate' | 'rho' | 'oneMinusRho' | 'eps', number>;

const adadelta: ElementFormula<AdadeltaState & UpdateArrays, AdadeltaNumbers> = (k, arrays, numbers) => {
  const { w, gradient, square, stepSquare } = arrays;
  const { l2, decayFactor, rate, rho, oneMinusRho, eps } = numbers;
  const g = k.add(gradient, k.mul(l2, w));
  const v = k.add(k.mul(rho, square), k.mul(oneMinusRho, k.mul(g, g)));
  const d = k.mul(k.sqrt(k.div(k.add(stepSquare, eps), k.add(v, eps))), g);
  return {
    square: v,
    stepSquare: k.add(k.mul(rho, stepSquare), k.mul(oneMinusRho, k.mul(d, d))),
    w: k.sub(k.mul(decayFactor, w), k.mul(rate, d)),
  };
};

const defaults: Defaults<AdadeltaOptions> = { ...noDecay, rho: 0.9, eps: 1e-6 };

/**
 * Steps along the gradient, with a step length estimated from previous steps, so that the learning rate can stay 1.
 * With gradient g and learning rate a:
 *
 *     v ← ρ v + (1 - ρ) g²
 *     d = √(u + ε) / √(v + ε) g
 *     u ← ρ u + (1 - ρ) d²
 *     w ← w - a d
 *
 * (Zeiler 2012, "ADADELTA: an adaptive learning rate method"). Weight decay c comes before these steps: g ← g + c w if
 * it is of kind `l2`, or w ← w - a c w if it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([1]));
 * const optimizer = new Adadelta([w], { learningRate: 1 });
 * for (let step = 0; step < 1000; step++) optimizer.step(w.mul(w).sum().backward());
 * Math.abs(w.item()) < 0.01; // true
 */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<AdadeltaOptions>, options: AdadeltaOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<AdadeltaOptions>, call: string): void {
    checkDecay(call, options);
    checkShare(call, 'rho', options.rho);
    checkNotNegative(call, 'eps', options.eps);
  }

  protected override initState(elements: Data): AdadeltaState {
    return { square: zerosLike(elements), stepSquare: zerosLike(elements) };
  }

  protected override update({ elements, gradient, state, options }: Update<AdadeltaOptions, AdadeltaState>): void {
    const { learningRate: rate, rho, eps } = options;
    const numbers = { ...decayFactors(options), rate, rho, oneMinusRho: 1 - rho, eps };
    changeInPlace(adadelta, { w: elements, gradient, ...state }, numbers);
  }
}
