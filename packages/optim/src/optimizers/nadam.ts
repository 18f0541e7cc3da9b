import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkNotNegative, type Defaults } from '../options.ts';
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

/** The options of `NAdam`. */
export interface NAdamOptions extends MomentOptions {
  /** The rate ψ at which the momentum grows from β1 / 2 to β1. Defaults to 0.004. */
  readonly momentumDecay?: number;
}

/** The state of NAdam: the moments, and in `muProduct` the product μ_1 μ_2 … μ_t. */
type NAdamState = Moments & { readonly muProduct: Data };

type NAdamNumbers = MomentNumbers & { readonly ofMean: number; readonly ofGradient: number };

const nadam: ElementFormula<Moments & UpdateArrays, NAdamNumbers> = (k, arrays, numbers) => {
  const { g, m, v } = nextMoments(k, arrays, numbers);
  const ahead = k.add(k.mul(numbers.ofMean, m), k.mul(numbers.ofGradient, g));
  const change = k.div(ahead, k.add(k.mul(numbers.scale, k.sqrt(v)), numbers.eps));
  return { mean: m, square: v, w: k.sub(k.mul(numbers.decayFactor, arrays.w), change) };
};

const defaults: Defaults<NAdamOptions> = { ...defaultMoments, momentumDecay: 0.004 };

/**
 * Adam with Nesterov's momentum. With gradient g, learning rate a, momentum decay ψ and step number t:
 *
 *     μ_t = β1 (1 - 0.96^(t ψ) / 2)
 *     m ← β1 m + (1 - β1) g
 *     v ← β2 v + (1 - β2) g²
 *     n = μ_(t+1) m / (1 - μ_1 … μ_(t+1)) + (1 - μ_t) g / (1 - μ_1 … μ_t)
 *     w ← w - a n / (√(v / (1 - β2^t)) + ε)
 *
 * (Dozat 2016, "Incorporating Nesterov momentum into Adam"). Weight decay c comes before these steps: g ← g + c w if it
 * is of kind `l2`, or w ← w - a c w if it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([3]));
 * const optimizer = new NAdam([w], { learningRate: 0.1 });
 * for (let step = 0; step < 200; step++) optimizer.step(w.mul(w).sum().backward());
 * Math.abs(w.item()) < 0.01; // true
 */
export class NAdam extends Optimizer<NAdamOptions, NAdamState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<NAdamOptions>, options: NAdamOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<NAdamOptions>, call: string): void {
    checkMoments(call, options);
    checkNotNegative(call, 'momentumDecay', options.momentumDecay);
  }

  protected override initState(elements: Data): NAdamState {
    return { mean: zerosLike(elements), square: zerosLike(elements), muProduct: Float64Array.of(1) };
  }

  protected override update({ elements, gradient, state, options, step }: Update<NAdamOptions, NAdamState>): void {
    const { learningRate, beta1, momentumDecay } = options;
    const { mean, square, muProduct } = state;
    const mu = beta1 * (1 - 0.96 ** (step * momentumDecay) / 2);
    const nextMu = beta1 * (1 - 0.96 ** ((step + 1) * momentumDecay) / 2);
    const product = muProduct[0]! * mu;
    muProduct[0] = product;
    changeInPlace(
      nadam,
      { w: elements, gradient, mean, square },
      {
        ...momentNumbers(options, step),
        ofMean: (learningRate * nextMu) / (1 - product * nextMu),
        ofGradient: (learningRate * (1 - mu)) / (1 - product),
      },
    );
  }
}
