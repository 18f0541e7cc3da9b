/** What Adam and its kin share: running means of the gradient and of its size. */

import { checkDecay, type DecayOptions, noDecay } from './decay.ts';
import { checkNotNegative, checkShare, type OptimizerOptions } from './options.ts';

export interface MomentOptions extends OptimizerOptions, DecayOptions {
  /** The share of the running mean of gradients that stays; 0.9 unless given. */
  readonly beta1?: number;
  /** The share of the running mean of their squares that stays; 0.999 unless given. */
  readonly beta2?: number;
  /** Keeps the divisor from 0; 1e-8 unless given. */
  readonly eps?: number;
}

export const defaultMoments = { ...noDecay, beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

export function checkMoments(call: string, options: Required<MomentOptions>): void {
  checkDecay(call, options);
  checkShare(call, 'beta1', options.beta1);
  checkShare(call, 'beta2', options.beta2);
  checkNotNegative(call, 'eps', options.eps);
}
