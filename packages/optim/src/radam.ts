import type { Data } from '@tapegrad/core';
import { decayFactors } from './decay.ts';
import type { Trained } from './group.ts';
import { zerosLike } from './memory.ts';
import { checkMoments, defaultMoments, type MomentOptions } from './moments.ts';
import { Optimizer, type Update } from './optimizer.ts';

export type RAdamOptions = MomentOptions;

type RAdamMemory = { readonly mean: Data; readonly square: Data };

/**
 * Adam that does not trust the mean of squares before it has seen enough of them. With gradient g, learning rate a and the
 * step t,
 *
 *     m ← β1 m + (1 - β1) g
 *     v ← β2 v + (1 - β2) g²
 *     ρ∞ = 2 / (1 - β2) - 1,  ρ = ρ∞ - 2 t β2^t / (1 - β2^t)
 *     w ← w - a m / (1 - β1^t)                                     while ρ <= 5, then
 *     w ← w - a r m / (1 - β1^t) √(1 - β2^t) / (√v + ε)            with r² = (ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ)
 *
 * (Liu et al. 2020, "On the variance of the adaptive learning rate and beyond"). Before, a weight decay c of kind `l2` makes
 * g ← g + c w, a `decoupled` one w ← w - a c w.
 *
 * @example
 * const w = parameter(tensor([3]));
 * const optimizer = new RAdam([w], { learningRate: 0.1 });
 * for (let step = 0; step < 200; step++) optimizer.step(w.mul(w).sum().backward());
 * Math.abs(w.item()) < 0.01; // true
 */
export class RAdam extends Optimizer<RAdamOptions, RAdamMemory> {
  /** @param trained parameters, or groups of them, `{ parameters, ...options }`, with options of their own. */
  constructor(trained: Trained<RAdamOptions>, options: RAdamOptions) {
    super(trained, options, defaultMoments);
  }

  protected override checkOptions(options: Required<RAdamOptions>, call: string): void {
    checkMoments(call, options);
  }

  protected override memoryFor(elements: Data): RAdamMemory {
    return { mean: zerosLike(elements), square: zerosLike(elements) };
  }

  protected override update({ elements: w, gradient, memory, options, step }: Update<RAdamOptions, RAdamMemory>): void {
    const { learningRate, beta1, beta2, eps } = options;
    const { mean, square } = memory;
    const { penalty, kept } = decayFactors(options);
    const rectification = rectify(beta2, step);
    const rate = learningRate / (1 - beta1 ** step);
    const rectified = rate * rectification * Math.sqrt(1 - beta2 ** step);
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i]! + penalty * w[i]!;
      const m = beta1 * mean[i]! + (1 - beta1) * g;
      const v = beta2 * square[i]! + (1 - beta2) * g * g;
      mean[i] = m;
      square[i] = v;
      w[i] = kept * w[i]! - m * (rectification > 0 ? rectified / (Math.sqrt(v) + eps) : rate);
    }
  }
}

/** The factor r of a step whose mean of squares can be trusted, else 0. */
function rectify(beta2: number, step: number): number {
  const most = 2 / (1 - beta2) - 1;
  const length = most - (2 * step * beta2 ** step) / (1 - beta2 ** step);
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
}
