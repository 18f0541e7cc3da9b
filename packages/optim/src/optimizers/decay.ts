/** Weight decay, which pulls every parameter towards zero. */

import { checkNotNegative, checkWord } from '../options.ts';

/** The options of weight decay. */
export interface DecayOptions {
  /** The strength of the decay: the factor that determines how strongly parameters are pulled towards zero. */
  readonly weightDecay?: number;
  /**
   * How decay is applied: as part of the gradient, like a penalty on the loss (`l2`), or as a separate step
   * (`decoupled`).
   */
  readonly decay?: 'l2' | 'decoupled';
}

/** The defaults: no decay, and kind `l2`. */
export const noDecay: Required<DecayOptions> = { weightDecay: 0, decay: 'l2' };

export function checkDecay(call: string, { weightDecay, decay }: Required<DecayOptions>): void {
  checkNotNegative(call, 'weightDecay', weightDecay);
  checkWord(call, 'decay', decay, ['l2', 'decoupled']);
}

/**
 * Returns the factors for both kinds of decay of a parameter w. `l2 · w` is added to the gradient, and the step starts
 * from `decayFactor · w`.
 */
export function decayFactors({
  learningRate,
  weightDecay,
  decay,
}: Required<DecayOptions> & { readonly learningRate: number }): { readonly l2: number; readonly decayFactor: number } {
  return decay === 'l2' ? { l2: weightDecay, decayFactor: 1 } : { l2: 0, decayFactor: 1 - learningRate * weightDecay };
}
