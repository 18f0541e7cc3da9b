import type { Data } from '@tapegrad/core';
import { decayFactors } from './decay.ts';
import type { Trained } from './group.ts';
import { zerosLike } from './memory.ts';
import { checkMoments, defaultMoments, type MomentOptions } from './moments.ts';
import { Optimizer, type Update } from './optimizer.ts';
import type { Defaults } from './options.ts';

export interface AdamOptions extends MomentOptions {
  /** Whether to divide by the largest mean of squares so far, so that no step gets longer again; false unless given. */
  readonly amsgrad?: boolean;
}

type AdamMemory = { readonly mean: Data; readonly square: Data; readonly maxSquare?: Data };

const defaults: Defaults<AdamOptions> = { ...defaultMoments, amsgrad: false };

/**
 * Adam: steps along the mean gradient, in units of its root mean square. With gradient g, learning rate a and the step t,
 *
 *     m ← β1 m + (1 - β1) g
 *     v ← β2 v + (1 - β2) g²               with amsgrad, below, the largest v so far
 *     w ← w - a m / (1 - β1^t) / (√(v / (1 - β2^t)) + ε)
 *
 * (Kingma and Ba 2015, "Adam: a method for stochastic optimization"; amsgrad: Reddi et al. 2018). Before, a weight decay c
 * of kind `l2` makes g ← g + c w, a `decoupled` one w ← w - a c w.
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new Adam([w], { learningRate: 0.1 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.9, -1.9]
 */
export class Adam extends Optimizer<AdamOptions, AdamMemory> {
  /** @param trained parameters, or groups of them, `{ parameters, ...options }`, with options of their own. */
  constructor(trained: Trained<AdamOptions>, options: AdamOptions) {
    super(trained, options, defaults);
  }

  protected override checkOptions(options: Required<AdamOptions>, call: string): void {
    checkMoments(call, options);
  }

  protected override memoryFor(elements: Data, { amsgrad }: Required<AdamOptions>): AdamMemory {
    const moments = { mean: zerosLike(elements), square: zerosLike(elements) };
    return amsgrad ? { ...moments, maxSquare: zerosLike(elements) } : moments;
  }

  protected override update(update: Update<AdamOptions, AdamMemory>): void {
    const { learningRate, beta1, beta2, eps } = update.options;
    const { maxSquare } = update.memory;
    const factors: Factors = {
      ...decayFactors(update.options),
      beta1,
      beta2,
      rate: learningRate / (1 - beta1 ** update.step),
      scale: 1 / Math.sqrt(1 - beta2 ** update.step),
      eps,
    };
    if (maxSquare === undefined) adam(update, factors);
    else amsgrad(update, maxSquare, factors);
  }
}

/** The numbers that all elements of a parameter share in a step. */
interface Factors {
  readonly penalty: number;
  readonly kept: number;
  readonly beta1: number;
  readonly beta2: number;
  /** a / (1 - β1^t) */
  readonly rate: number;
  /** 1 / √(1 - β2^t) */
  readonly scale: number;
  readonly eps: number;
}

type Arrays = Pick<Update<AdamOptions, AdamMemory>, 'elements' | 'gradient' | 'memory'>;

// A loop each: a condition within one doubles its time.

function adam({ elements: w, gradient, memory: { mean, square } }: Arrays, factors: Factors): void {
  const { penalty, kept, beta1, beta2, rate, scale, eps } = factors;
  const [rest1, rest2] = [1 - beta1, 1 - beta2];
  for (let i = 0; i < w.length; i++) {
    const before = w[i]!;
    const g = gradient[i]! + penalty * before;
    const m = beta1 * mean[i]! + rest1 * g;
    const v = beta2 * square[i]! + rest2 * g * g;
    mean[i] = m;
    square[i] = v;
    w[i] = kept * before - (rate * m) / (Math.sqrt(v) * scale + eps);
  }
}

function amsgrad({ elements: w, gradient, memory: { mean, square } }: Arrays, maxSquare: Data, factors: Factors): void {
  const { penalty, kept, beta1, beta2, rate, scale, eps } = factors;
  const [rest1, rest2] = [1 - beta1, 1 - beta2];
  for (let i = 0; i < w.length; i++) {
    const before = w[i]!;
    const g = gradient[i]! + penalty * before;
    const m = beta1 * mean[i]! + rest1 * g;
    const v = beta2 * square[i]! + rest2 * g * g;
    const largest = Math.max(maxSquare[i]!, v);
    mean[i] = m;
    square[i] = v;
    maxSquare[i] = largest;
    w[i] = kept * before - (rate * m) / (Math.sqrt(largest) * scale + eps);
  }
}

/**
 * Adam with a weight decay that is a step of its own, and is 0.01 unless given (Loshchilov and Hutter 2019, "Decoupled weight
 * decay regularization").
 *
 * @example
 * const w = parameter(tensor([1, -2]));
 * const optimizer = new AdamW([w], { learningRate: 0.1, weightDecay: 0.5 });
 * optimizer.step(w.mul(w).sum().backward());
 * w.toArray(); // [0.85, -1.8]
 */
export class AdamW extends Adam {
  /** @param trained parameters, or groups of them, `{ parameters, ...options }`, with options of their own. */
  constructor(trained: Trained<AdamOptions>, options: AdamOptions) {
    super(trained, { weightDecay: 0.01, decay: 'decoupled', ...options });
  }
}
