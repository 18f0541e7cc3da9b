import type { Data } from '@tapegrad/core';
import { checkDecay, type DecayOptions, decayFactors, noDecay } from './decay.ts';
import type { Trained } from './group.ts';
import { zerosLike } from './memory.ts';
import { Optimizer, type Update } from './optimizer.ts';
import { checkNotNegative, checkShare, type Defaults, type OptimizerOptions } from './options.ts';

export interface AdadeltaOptions extends OptimizerOptions, DecayOptions {
  /** The share of the running means of squares that stays; 0.9 unless given. */
  readonly rho?: number;
  /** Keeps the divisor, and the first step, from 0; 1e-6 unless given. */
  readonly eps?: number;
}

/** The running means of the squares of gradients and of steps. */
type AdadeltaMemory = { readonly square: Data; readonly stepSquare: Data };

const defaults: Defaults<AdadeltaOptions> = { ...noDecay, rho: 0.9, eps: 1e-6 };

/**
 * Steps along the gradient as long as the steps before it were: it needs no learning rate but 1. With gradient g and
 * learning rate a,
 *
 *     v ← ρ v + (1 - ρ) g²
 *     d = √(u + ε) / √(v + ε) g
 *     u ← ρ u + (1 - ρ) d²
 *     w ← w - a d
 *
 * (Zeiler 2012, "ADADELTA: an adaptive learning rate method"). Before, a weight decay c of kind `l2` makes g ← g + c w, a
 * `decoupled` one w ← w - a c w.
 *
 * @example
 * const w = parameter(tensor([1]));
 * const optimizer = new Adadelta([w], { learningRate: 1 });
 * for (let step = 0; step < 1000; step++) optimizer.step(w.mul(w).sum().backward());
 * Math.abs(w.item()) < 0.01; // true
 */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaMemory> {
  /** @param trained parameters, or groups of them, `{ parameters, ...options }`, with options of their own. */
  constructor(trained: Trained<AdadeltaOptions>, options: AdadeltaOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<AdadeltaOptions>, call: string): void {
    checkDecay(call, options);
    checkShare(call, 'rho', options.rho);
    checkNotNegative(call, 'eps', options.eps);
  }

  protected override memoryFor(elements: Data): AdadeltaMemory {
    return { square: zerosLike(elements), stepSquare: zerosLike(elements) };
  }

  protected override update({ elements: w, gradient, memory, options }: Update<AdadeltaOptions, AdadeltaMemory>): void {
    const { learningRate, rho, eps } = options;
    const { square, stepSquare } = memory;
    const { penalty, kept } = decayFactors(options);
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i]! + penalty * w[i]!;
      const v = rho * square[i]! + (1 - rho) * g * g;
      const d = Math.sqrt((stepSquare[i]! + eps) / (v + eps)) * g;
      square[i] = v;
      stepSquare[i] = rho * stepSquare[i]! + (1 - rho) * d * d;
      w[i] = kept * w[i]! - learningRate * d;
    }
  }
}
