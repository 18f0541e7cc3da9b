import { changeInPlace, type ElementFormula } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import type { ParametersOrGroups } from '../group.ts';
import { Optimizer, type Update, type UpdateArrays } from '../optimizer.ts';
import { checkFlag, type Defaults, given } from '../options.ts';
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

/** The options of `Adam`. */
export interface AdamOptions extends MomentOptions {
  /**
   * Whether to divide by the largest running mean of squares so far, instead of the current one. Then the divisor never
   * decreases. Defaults to false.
   */
  readonly amsgrad?: boolean;
}

type AdamState = Moments & { readonly maxSquare?: Data };

type AdamNumbers = MomentNumbers & { readonly rate: number };

const adam: ElementFormula<AdamState & UpdateArrays, AdamNumbers> = (k, arrays, numbers) => {
  const { m, v } = nextMoments(k, arrays, numbers);
  const largest = arrays.maxSquare === undefined ? v : k.maximum(arrays.maxSquare, v);
  const direction = k.div(m, k.add(k.mul(numbers.scale, k.sqrt(largest)), numbers.eps));
  return {
    mean: m,
    square: v,
    ...(arrays.maxSquare !== undefined && { maxSquare: largest }),
    w: k.sub(k.mul(numbers.decayFactor, arrays.w), k.mul(numbers.rate, direction)),
  };
};

const defaults: Defaults<AdamOptions> = { ...defaultMoments, amsgrad: false };

/**
 * Adam: steps along the running mean of the gradient, divided by the root of the running mean of its square. With
 * gradient g, learning rate a and step number t:
 *
 *     m ← β1 m + (1 - β1) g
 *     v ← β2 v + (1 - β2) g²               with amsgrad, the next line uses the largest v so far
 *     w ← w - a m / (1 - β1^t) / (√(v / (1 - β2^t)) + ε)
 *
 * (Kingma and Ba 2015, "Adam: a method for stochastic optimization"; amsgrad: Reddi et al. 2018). Weight decay c comes
 * before these steps: g ← g + c w if it is of kind `l2`, or w ← w - a c w if it is `decoupled`.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new Adam([w], { learningRate: 0.1 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.9, -1.9]
 */
export class Adam extends Optimizer<AdamOptions, AdamState> {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<AdamOptions>, options: AdamOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<AdamOptions>, call: string): void {
    checkMoments(call, options);
    checkFlag(call, 'amsgrad', options.amsgrad);
  }

  protected override initState(elements: Data, { amsgrad }: Required<AdamOptions>): AdamState {
    const moments = { mean: zerosLike(elements), square: zerosLike(elements) };
    return amsgrad ? { ...moments, maxSquare: zerosLike(elements) } : moments;
  }

  protected override update({ elements, gradient, state, options, step }: Update<AdamOptions, AdamState>): void {
    const rate = options.learningRate / (1 - options.beta1 ** step);
    changeInPlace(adam, { w: elements, gradient, ...state }, { ...momentNumbers(options, step), rate });
  }
}

/**
 * Adam with decoupled weight decay, which is a separate step and defaults to 0.01 (Loshchilov and Hutter 2019,
 * "Decoupled weight decay regularization").
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new AdamW([w], { learningRate: 0.1, weightDecay: 0.5 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.85, -1.8]
 */
export class AdamW extends Adam {
  /**
   * @param trained The parameters, or groups `{ parameters, ...options }` whose options override those of the
   * optimizer.
   */
  constructor(trained: ParametersOrGroups<AdamOptions>, options: AdamOptions) {
    super(trained, { weightDecay: 0.01, decay: 'decoupled', ...given(options ?? {}) } as AdamOptions);
  }
}
