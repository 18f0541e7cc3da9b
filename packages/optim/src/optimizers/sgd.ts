import { changeInPlace, describeValue, type ElementFormula } from '@tapegrad/core/extend';
import { ArgumentError, type Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkFlag, checkNotNegative, type Defaults, type OptimizerOptions } from '../options.ts';
import { zerosLike } from '../state.ts';
import { checkDecay, type DecayOptions, decayFactors, noDecay } from './decay.ts';

/** The options of `SGD`. */
export interface SGDOptions extends OptimizerOptions, DecayOptions {
  /** The decay factor of the velocity. Defaults to 0. */
  readonly momentum?: number;
  /** The fraction of each gradient that is left out of the velocity, except of the first gradient. Defaults to 0. */
  readonly dampening?: number;
  /** Whether to use Nesterov's momentum, which steps along g + m v instead of v. Defaults to false. */
  readonly nesterov?: boolean;
}

const defaults: Defaults<SGDOptions> = { ...noDecay, momentum: 0, dampening: 0, nesterov: false };

/** The velocity. Without momentum, there is no state. */
type SGDState = { readonly velocity?: Data };

const plainDescent: ElementFormula<UpdateArrays, Record<'rate' | 'decayFactor', number>> = (k, arrays, numbers) => ({
  w: k.sub(k.mul(numbers.decayFactor, arrays.w), k.mul(numbers.rate, arrays.gradient)),
});

type MomentumNumbers = Record<'l2' | 'decayFactor' | 'momentum' | 'intake' | 'ofGradient' | 'ofVelocity', number>;

const momentumDescent: ElementFormula<Required<SGDState> & UpdateArrays, MomentumNumbers> = (k, arrays, numbers) => {
  const { w, gradient, velocity } = arrays;
  const g = k.add(gradient, k.mul(numbers.l2, w));
  const v = k.add(k.mul(numbers.momentum, velocity), k.mul(numbers.intake, g));
  const change = k.add(k.mul(numbers.ofGradient, g), k.mul(numbers.ofVelocity, v));
  return { velocity: v, w: k.sub(k.mul(numbers.decayFactor, w), change) };
};

/**
 * Stochastic gradient descent. With gradient g, learning rate a, weight decay c, momentum m and dampening d:
 *
 *     g ← g + c w                          decay 'l2': the gradient of a penalty c/2 |w|^2
 *     v ← m v + (1 - d) g                  v ← g at the first step
 *     w ← w - a v                          w - a (g + m v) with Nesterov's momentum
 *     w ← w - a c w                        decay 'decoupled', w as it was before the step
 *
 * Without momentum, v is g. The formulas are PyTorch's; except for the position of a, they are those of Sutskever et
 * al. (2013, "On the importance of initialization and momentum in deep learning"). The decoupled decay is that of SGDW
 * (Loshchilov and Hutter 2019).
 *
 * @example
 * const w = parameter(tensor([1, 2]));
 * const optimizer = new SGD([w], { learningRate: 0.1, momentum: 0.9 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.8, 1.6]
 */
export class SGD extends Optimizer<SGDOptions, SGDState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<SGDOptions>, options: SGDOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<SGDOptions>, call: string): void {
    const { momentum, dampening, nesterov } = options;
    checkDecay(call, options);
    checkNotNegative(call, 'momentum', momentum);
    checkFlag(call, 'nesterov', nesterov);
    if (!Number.isFinite(dampening)) {
      throw new ArgumentError(`${call}: dampening is ${describeValue(dampening)}, expected a finite number`);
    }
    if (nesterov && !(momentum > 0 && dampening === 0)) {
      throw new ArgumentError(`${call}: nesterov needs a momentum above 0 and no dampening`);
    }
  }

  protected override initState(elements: Data, { momentum }: Required<SGDOptions>): SGDState {
    return momentum === 0 ? {} : { velocity: zerosLike(elements) };
  }

  protected override update({ elements: w, gradient, state, options, step }: Update<SGDOptions, SGDState>): void {
    const { learningRate, momentum, dampening, nesterov, weightDecay } = options;
    if (state.velocity === undefined) {
      // Without momentum, both kinds of decay give the same result.
      changeInPlace(plainDescent, { w, gradient }, { rate: learningRate, decayFactor: 1 - learningRate * weightDecay });
      return;
    }
    changeInPlace(
      momentumDescent,
      { w, gradient, velocity: state.velocity },
      {
        ...decayFactors(options),
        momentum,
        intake: step === 1 ? 1 : 1 - dampening,
        ofGradient: nesterov ? learningRate : 0,
        ofVelocity: nesterov ? learningRate * momentum : learningRate,
      },
    );
  }
}
