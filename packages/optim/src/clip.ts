/** Changes of gradients on their way from the sweep to the optimizer. */

import { ArgumentError, type Gradients } from '@tapegrad/core';

/** Throws unless a limit is 0, more, or infinite, which clips nothing. */
export function checkLimit(call: string, what: string, limit: number): void {
  if (!(limit >= 0)) throw new ArgumentError(`${call}: ${what} is ${limit}, expected a number >= 0`);
}

/** The Euclidean norm of all gradients taken as one vector. */
function totalNorm(gradients: Gradients): number {
  let squares = 0;
  for (const [, { data }] of gradients) {
    for (let i = 0; i < data.length; i++) squares += data[i]! ** 2;
  }
  return Math.sqrt(squares);
}

/**
 * Scales all gradients alike so that their Euclidean norm, taken as one vector, is at most `maxNorm`: by
 * min(1, maxNorm / (norm + 1e-6)) (Pascanu et al. 2013; the 1e-6 is PyTorch's).
 *
 * @returns the gradients, and their norm before: NaN or infinite where a gradient is.
 * @example
 * const w = parameter(tensor([3, 4]));
 * const { gradients, norm } = clipGradNorm(w.mul(w).sum().backward(), 1);
 * norm; // 10
 */
export function clipGradNorm(gradients: Gradients, maxNorm: number): { gradients: Gradients; norm: number } {
  checkLimit('clipGradNorm', 'maxNorm', maxNorm);
  const norm = totalNorm(gradients);
  const factor = maxNorm / (norm + 1e-6);
  return { gradients: factor >= 1 || maxNorm === Infinity ? gradients : gradients.scale(factor), norm };
}

/**
 * Moves each entry of the gradients that lies beyond -limit or limit to there.
 *
 * @example
 * const w = parameter(tensor([0.1, -4]));
 * clipGradValue(w.mul(w).sum().backward(), 1).of(w).toArray(); // [0.2, -1]
 */
export function clipGradValue(gradients: Gradients, limit: number): Gradients {
  checkLimit('clipGradValue', 'the limit', limit);
  return gradients.map((gradient) => gradient.minimum(limit).maximum(-limit));
}
