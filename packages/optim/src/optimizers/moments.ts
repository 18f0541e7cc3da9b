/** The common parts of Adam and its variants: running means of the gradient and of its square. */

import type { ElementKernels } from '@tapegrad/core/extend';
import type { Data } from '@tapegrad/core/lean';
import { checkNotNegative, checkShare, type OptimizerOptions } from '../options.ts';
import { checkDecay, type DecayOptions, decayFactors, noDecay } from './decay.ts';

/** The options that Adam and its variants share. */
export interface MomentOptions extends OptimizerOptions, DecayOptions {
  /** The decay factor of the running mean of gradients. Defaults to 0.9. */
  readonly beta1?: number;
  /** The decay factor of the running mean of squared gradients. Defaults to 0.999. */
  readonly beta2?: number;
  /** The number added to the divisor to keep it above 0. Defaults to 1e-8. */
  readonly eps?: number;
}

export const defaultMoments = { ...noDecay, beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

export function checkMoments(call: string, options: Required<MomentOptions>): void {
  checkDecay(call, options);
  checkShare(call, 'beta1', options.beta1);
  checkShare(call, 'beta2', options.beta2);
  checkNotNegative(call, 'eps', options.eps);
}

export type Moments = { readonly mean: Data; readonly square: Data };

/** The numbers of an update formula, which are the same for all elements of a parameter. */
export type MomentNumbers = ReturnType<typeof momentNumbers>;

/** Returns the numbers that the means and the decay need, and `scale` = 1 / √(1 - β2^t). */
export const momentNumbers = (options: Required<MomentOptions>, step: number) => ({
  ...decayFactors(options),
  beta1: options.beta1,
  oneMinusBeta1: 1 - options.beta1,
  beta2: options.beta2,
  oneMinusBeta2: 1 - options.beta2,
  scale: 1 / Math.sqrt(1 - options.beta2 ** step),
  eps: options.eps,
});

type Means = 'beta1' | 'oneMinusBeta1' | 'beta2' | 'oneMinusBeta2' | 'l2';

/**
 * Returns the gradient g, including its l2 decay, and the updated means m ← β1 m + (1 - β1) g and v ← β2 v + (1 - β2)
 * g².
 */
export function nextMoments<A>(
  k: ElementKernels<A>,
  { w, gradient, mean, square }: Readonly<Record<'w' | 'gradient' | 'mean' | 'square', A>>,
  { l2, beta1, oneMinusBeta1, beta2, oneMinusBeta2 }: Readonly<Record<Means, A>>,
): Readonly<Record<'g' | 'm' | 'v', A>> {
  const g = k.add(gradient, k.mul(l2, w));
  return {
    g,
    m: k.add(k.mul(beta1, mean), k.mul(oneMinusBeta1, g)),
    v: k.add(k.mul(beta2, square), k.mul(oneMinusBeta2, k.mul(g, g))),
  };
}
