import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkShare, type Defaults, type OptimizerOptions } from '../options.ts';
import { zerosLike } from '../state.ts';
import { checkDecay, type DecayOptions, decayFactors } from './decay.ts';

/** The options of `Lion`. */
export interface LionOptions extends OptimizerOptions, DecayOptions {
  /** The weight of the velocity in the direction of a step; the gradient has weight 1 - beta1. Defaults to 0.9. */
  readonly beta1?: number;
  /** The decay factor of the velocity. Defaults to 0.99. */
  readonly beta2?: number;
}

type LionState = { readonly velocity: Data };

type LionNumbers = Record<
  'l2' | 'decayFactor' | 'rate' | 'beta1' | 'oneMinusBeta1' | 'beta2' | 'oneMinusBeta2',
  number
>;

const lion: ElementFormula<LionState & UpdateArrays, LionNumbers> = (k, { w, gradient, velocity }, numbers) => {
  const { l2, decayFactor, rate, beta1, oneMinusBeta1, beta2, oneMinusBeta2 } = numbers;
  const g = k.add(gradient, k.mul(l2, w));
  const direction = k.sign(k.add(k.mul(beta1, velocity), k.mul(oneMinusBeta1, g)));
  return {
    velocity: k.add(k.mul(beta2, velocity), k.mul(oneMinusBeta2, g)),
    w: k.sub(k.mul(decayFactor, w), k.mul(rate, direction)),
  };
};

const defaults: Defaults<LionOptions> = { weightDecay: 0, decay: 'decoupled', beta1: 0.9, beta2: 0.99 };

/**
 * Steps along the sign of the momentum, so that every element changes by the same amount. With gradient g, velocity v
 * and learning rate a:
 *
 *     w ← w - a sign(β1 v + (1 - β1) g)
 *     v ← β2 v + (1 - β2) g
 *
 * (Chen et al. 2023, "Symbolic discovery of optimization algorithms"). Weight decay c comes before these steps: w ← w -
 * a c w if it is `decoupled`, the default, or g ← g + c w if it is of kind `l2`.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new Lion([w], { learningRate: 0.1 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.9, -1.9]
 */
export class Lion extends Optimizer<LionOptions, LionState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<LionOptions>, options: LionOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<LionOptions>, call: string): void {
    checkDecay(call, options);
    checkShare(call, 'beta1', options.beta1);
    checkShare(call, 'beta2', options.beta2);
  }

  protected override initState(elements: Data): LionState {
    return { velocity: zerosLike(elements) };
  }

  protected override update({ elements, gradient, state, options }: Update<LionOptions, LionState>): void {
    const { learningRate: rate, beta1, beta2 } = options;
    const numbers = {
      ...decayFactors(options),
      rate,
      beta1,
      oneMinusBeta1: 1 - beta1,
      beta2,
      oneMinusBeta2: 1 - beta2,
    };
    changeInPlace(lion, { w: elements, gradient, ...state }, numbers);
  }
}
