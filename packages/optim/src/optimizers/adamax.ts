import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { zerosLike } from '../state.ts';
import { checkMoments, defaultMoments, type MomentNumbers, type MomentOptions, momentNumbers } from './moments.ts';

/** The options of `Adamax`. */
export type AdamaxOptions = MomentOptions;

type AdamaxState = { readonly mean: Data; readonly largest: Data };

type AdamaxNumbers = MomentNumbers & { readonly rate: number };

const adamax: ElementFormula<AdamaxState & UpdateArrays, AdamaxNumbers> = (
  k,
  { w, gradient, mean, largest },
  numbers,
) => {
  const { l2, decayFactor, beta1, oneMinusBeta1, beta2, eps, rate } = numbers;
  const g = k.add(gradient, k.mul(l2, w));
  const m = k.add(k.mul(beta1, mean), k.mul(oneMinusBeta1, g));
  const u = k.maximum(k.mul(beta2, largest), k.add(k.abs(g), eps));
  return { mean: m, largest: u, w: k.sub(k.mul(decayFactor, w), k.mul(rate, k.div(m, u))) };
};

/**
 * A variant of Adam that divides by a running maximum of the gradient, which decays over time. With gradient g,
 * learning rate a and step number t:
 *
 *     m ← β1 m + (1 - β1) g
 *     u ← max(β2 u, |g| + ε)
 *     w ← w - a m / (1 - β1^t) / u
 *
 * (Kingma and Ba 2015, section 7.1; ε as in PyTorch). Weight decay c comes before these steps: g ← g + c w if it is of
 * kind `l2`, or w ← w - a c w if it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new Adamax([w], { learningRate: 0.1 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.9, -1.9]
 */
export class Adamax extends Optimizer<AdamaxOptions, AdamaxState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<AdamaxOptions>, options: AdamaxOptions) {
    super(trained, options, defaultMoments);
  }

  protected override checkOptions(options: Required<AdamaxOptions>, call: string): void {
    checkMoments(call, options);
  }

  protected override initState(elements: Data): AdamaxState {
    return { mean: zerosLike(elements), largest: zerosLike(elements) };
  }

  protected override update({ elements, gradient, state, options, step }: Update<AdamaxOptions, AdamaxState>): void {
    const rate = options.learningRate / (1 - options.beta1 ** step);
    changeInPlace(adamax, { w: elements, gradient, ...state }, { ...momentNumbers(options, step), rate });
  }
}
