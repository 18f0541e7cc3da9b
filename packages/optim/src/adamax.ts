import type { Data } from '@tapegrad/core';
import { decayFactors } from './decay.ts';
import type { Trained } from './group.ts';
import { zerosLike } from './memory.ts';
import { checkMoments, defaultMoments, type MomentOptions } from './moments.ts';
import { Optimizer, type Update } from './optimizer.ts';

export type AdamaxOptions = MomentOptions;

type AdamaxMemory = { readonly mean: Data; readonly largest: Data };

/**
 * Adam in units of the largest gradient, of which older ones count less. With gradient g, learning rate a and the step t,
 *
 *     m ← β1 m + (1 - β1) g
 *     u ← max(β2 u, |g| + ε)
 *     w ← w - a m / (1 - β1^t) / u
 *
 * (Kingma and Ba 2015, section 7.1; ε as in PyTorch). Before, a weight decay c of kind `l2` makes g ← g + c w, a
 * `decoupled` one w ← w - a c w.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new Adamax([w], { learningRate: 0.1 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.9, -1.9]
 */
export class Adamax extends Optimizer<AdamaxOptions, AdamaxMemory> {
  /** @param trained parameters, or groups of them, `{ parameters, ...options }`, with options of their own. */
  constructor(trained: Trained<AdamaxOptions>, options: AdamaxOptions) {
    super(trained, options, defaultMoments);
  }

  protected override checkOptions(options: Required<AdamaxOptions>, call: string): void {
    checkMoments(call, options);
  }

  protected override memoryFor(elements: Data): AdamaxMemory {
    return { mean: zerosLike(elements), largest: zerosLike(elements) };
  }

  protected override update(update: Update<AdamaxOptions, AdamaxMemory>): void {
    const { elements: w, gradient, options, step } = update;
    const { learningRate, beta1, beta2, eps } = options;
    const { mean, largest } = update.memory;
    const { penalty, kept } = decayFactors(options);
    const rate = learningRate / (1 - beta1 ** step);
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i]! + penalty * w[i]!;
      const m = beta1 * mean[i]! + (1 - beta1) * g;
      const u = Math.max(beta2 * largest[i]!, Math.abs(g) + eps);
      mean[i] = m;
      largest[i] = u;
      w[i] = kept * w[i]! - (rate * m) / u;
    }
  }
}
