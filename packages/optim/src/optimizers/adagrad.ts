import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkNotNegative, type Defaults, type OptimizerOptions } from '../options.ts';
import { zerosLike } from '../state.ts';
import { checkDecay, type DecayOptions, decayFactors, noDecay } from './decay.ts';

/** The options of `Adagrad`. */
export interface AdagradOptions extends OptimizerOptions, DecayOptions {
  /** The rate η at which the learning rate decreases. Defaults to 0. */
  readonly learningRateDecay?: number;
  /**
   * The initial sum of squares. Each group can set this option; in PyTorch, the optimizer's value applies to all
   * groups. Defaults to 0.
   */
  readonly initialAccumulatorValue?: number;
  /** The number added to the divisor to keep it above 0. Defaults to 1e-10. */
  readonly eps?: number;
}

type AdagradState = { readonly sum: Data };

type AdagradNumbers = Record<'l2' | 'decayFactor' | 'rate' | 'eps', number>;

const adagrad: ElementFormula<AdagradState & UpdateArrays, AdagradNumbers> = (k, { w, gradient, sum }, numbers) => {
  const g = k.add(gradient, k.mul(numbers.l2, w));
  const s = k.add(sum, k.mul(g, g));
  const direction = k.div(g, k.add(k.sqrt(s), numbers.eps));
  return { sum: s, w: k.sub(k.mul(numbers.decayFactor, w), k.mul(numbers.rate, direction)) };
};

const defaults: Defaults<AdagradOptions> = {
  ...noDecay,
  learningRateDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
};

/**
 * Steps along the gradient, divided by the root of the sum of all its squares so far. With gradient g, learning rate a,
 * decay η of the learning rate, and step number t:
 *
 *     s ← s + g²
 *     w ← w - a / (1 + (t - 1) η) g / (√s + ε)
 *
 * (Duchi et al. 2011, "Adaptive subgradient methods for online learning and stochastic optimization"). Weight decay c
 * comes before these steps: g ← g + c w if it is of kind `l2`, or w ← w - a c w if it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new Adagrad([w], { learningRate: 0.1 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.9, -1.9]
 */
export class Adagrad extends Optimizer<AdagradOptions, AdagradState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<AdagradOptions>, options: AdagradOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<AdagradOptions>, call: string): void {
    checkDecay(call, options);
    checkNotNegative(call, 'learningRateDecay', options.learningRateDecay);
    checkNotNegative(call, 'initialAccumulatorValue', options.initialAccumulatorValue);
    checkNotNegative(call, 'eps', options.eps);
  }

  protected override initState(elements: Data, options: Required<AdagradOptions>): AdagradState {
    return { sum: zerosLike(elements).fill(options.initialAccumulatorValue) };
  }

  protected override update({ elements, gradient, state, options, step }: Update<AdagradOptions, AdagradState>): void {
    const { learningRate, learningRateDecay, eps } = options;
    const rate = learningRate / (1 + (step - 1) * learningRateDecay);
    changeInPlace(adagrad, { w: elements, gradient, ...state }, { ...decayFactors(options), rate, eps });
  }
}
