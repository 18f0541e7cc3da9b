/** Weight decay: what draws every parameter to zero. */

import { checkNotNegative, checkWord } from '../options.ts';

/** The options of weight decay. */
export interface DecayOptions {
  /** How strongly the parameters are drawn to zero. */
  readonly weightDecay?: number;
  /** Whether the decay is part of the gradient, as of a penalty on the loss (`l2`), or a step of its own (`decoupled`). */
  readonly decay?: 'l2' | 'decoupled';
}

/** No decay, and if any, that of a penalty. */
export const noDecay: Required<DecayOptions> = { weightDecay: 0, decay: 'l2' };

export function checkDecay(call: string, { weightDecay, decay }: Required<DecayOptions>): void {
  checkNotNegative(call, 'weightDecay', weightDecay);
  checkWord(call, 'decay', decay, ['l2', 'decoupled']);
}

/**
 * The two kinds of decay as factors of a parameter w: `l2 · w` is added to the gradient, and `decayFactor · w` is what is left of w
 * before the step.
 */
export function decayFactors({
  learningRate,
  weightDecay,
  decay,
}: Required<DecayOptions> & { readonly learningRate: number }): { readonly l2: number; readonly decayFactor: number } {
  return decay === 'l2' ? { l2: weightDecay, decayFactor: 1 } : { l2: 0, decayFactor: 1 - learningRate * weightDecay };
}
