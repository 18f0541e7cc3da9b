import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { zerosLike } from '../state.ts';
import {
  checkMoments,
  defaultMoments,
  type MomentNumbers,
  type MomentOptions,
  type Moments,
  momentNumbers,
  nextMoments,
} from './moments.ts';

/** The options of `RAdam`. */
export type RAdamOptions = MomentOptions;

type RAdamNumbers = MomentNumbers & { readonly rate: number };

/** The update formula while the mean of squares is unreliable. */
const unrectified: ElementFormula<Moments & UpdateArrays, RAdamNumbers> = (k, arrays, numbers) => {
  const { m, v } = nextMoments(k, arrays, numbers);
  return { mean: m, square: v, w: k.sub(k.mul(numbers.decayFactor, arrays.w), k.mul(numbers.rate, m)) };
};

const rectified: ElementFormula<Moments & UpdateArrays, RAdamNumbers> = (k, arrays, numbers) => {
  const { m, v } = nextMoments(k, arrays, numbers);
  const direction = k.div(m, k.add(k.sqrt(v), numbers.eps));
  return { mean: m, square: v, w: k.sub(k.mul(numbers.decayFactor, arrays.w), k.mul(numbers.rate, direction)) };
};

/**
 * A variant of Adam that ignores the mean of squares during the first steps, while it is unreliable. With gradient g,
 * learning rate a and step number t:
 *
 *     m ← β1 m + (1 - β1) g
 *     v ← β2 v + (1 - β2) g²
 *     ρ∞ = 2 / (1 - β2) - 1,  ρ = ρ∞ - 2 t β2^t / (1 - β2^t)
 *     w ← w - a m / (1 - β1^t)                                     while ρ <= 5, then
 *     w ← w - a r m / (1 - β1^t) √(1 - β2^t) / (√v + ε)            with r² = (ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ)
 *
 * (Liu et al. 2020, "On the variance of the adaptive learning rate and beyond"). Weight decay c comes before these
 * steps: g ← g + c w if it is of kind `l2`, or w ← w - a c w if it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([3]));
 * const optimizer = new RAdam([w], { learningRate: 0.1 });
 * for (let step = 0; step < 200; step++) optimizer.step(w.mul(w).sum().backward());
 * Math.abs(w.item()) < 0.01; // true
 */
export class RAdam extends Optimizer<RAdamOptions, Moments> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<RAdamOptions>, options: RAdamOptions) {
    super(trained, options, defaultMoments);
  }

  protected override checkOptions(options: Required<RAdamOptions>, call: string): void {
    checkMoments(call, options);
  }

  protected override initState(elements: Data): Moments {
    return { mean: zerosLike(elements), square: zerosLike(elements) };
  }

  protected override update({ elements, gradient, state, options, step }: Update<RAdamOptions, Moments>): void {
    const numbers = momentNumbers(options, step);
    const rectification = rectify(options.beta2, step);
    const rate = options.learningRate / (1 - options.beta1 ** step);
    const arrays = { w: elements, gradient, ...state };
    if (rectification === 0) changeInPlace(unrectified, arrays, { ...numbers, rate });
    else changeInPlace(rectified, arrays, { ...numbers, rate: (rate * rectification) / numbers.scale });
  }
}

/** Returns the factor r of a step, or 0 if the mean of squares is still unreliable. */
function rectify(beta2: number, step: number): number {
  const most = 2 / (1 - beta2) - 1;
  const length = most - (2 * step * beta2 ** step) / (1 - beta2 ** step);
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
}
