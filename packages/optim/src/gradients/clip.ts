/** Changes of gradients on their way from the sweep to the optimizer. */

import { ArgumentError, type Gradients, type Tensor, zeros } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import { checkFlag, checkNames } from '../options.ts';
import { checkGradients } from './gradient.ts';

/** Throws unless a limit is 0, more, or infinite, which clips nothing. */
export function checkLimit(call: string, what: string, limit: number): void {
  if (!(typeof limit === 'number' && limit >= 0)) {
    throw new ArgumentError(`${call}: ${what} is ${describeValue(limit)}, expected a number >= 0`);
  }
}

/** The options of clipping by norm. */
export interface ClipNormOptions {
  /** Whether a norm that is NaN or infinite is an error, which names the parameter. Defaults to false. */
  readonly errorIfNonFinite?: boolean;
}

/** Throws unless these are options of clipping by the norm. */
export function checkClipNormOptions(call: string, options: ClipNormOptions): void {
  checkNames(call, options, [], ['errorIfNonFinite']);
  if (options.errorIfNonFinite !== undefined) checkFlag(call, 'errorIfNonFinite', options.errorIfNonFinite);
}

/** A norm as a product, neither of whose factors overflows where the elements are finite. */
interface Norm {
  readonly unit: number;
  readonly inUnits: number;
}

/** A sum of squares from here on has lost nothing that counts to squares that are too small for a number. */
const leastSafe = 1e-280;

/** The Euclidean norm of all gradients taken as one vector. */
function totalNorm(gradients: Gradients): Norm {
  let squares = 0;
  for (const [, { data }] of gradients) {
    for (let i = 0; i < data.length; i++) squares += data[i]! ** 2;
  }
  return Number.isNaN(squares) || (squares >= leastSafe && squares < Infinity)
    ? { unit: 1, inUnits: Math.sqrt(squares) }
    : normInUnits(gradients);
}

/** The norm in units of the largest element, for elements whose squares are no numbers. */
function normInUnits(gradients: Gradients): Norm {
  let unit = 0;
  for (const [, { data }] of gradients) {
    for (let i = 0; i < data.length; i++) unit = Math.max(unit, Math.abs(data[i]!));
  }
  if (unit === 0 || unit === Infinity) return { unit: 1, inUnits: unit };
  let squares = 0;
  for (const [, { data }] of gradients) {
    for (let i = 0; i < data.length; i++) squares += (data[i]! / unit) ** 2;
  }
  return { unit, inUnits: Math.sqrt(squares) };
}

/** Throws an error that names the first parameter with a gradient that is not finite, or tells that the norm alone is not. */
function refuseNonFinite(gradients: Gradients, norm: number): never {
  for (const [x, gradient] of gradients) {
    const bad = gradient.data.find((element: number) => !Number.isFinite(element));
    if (bad === undefined) continue;
    const which = x.name === undefined ? 'a tensor' : `'${x.name}'`;
    throw new ArgumentError(`clipGradNorm: the gradient of ${which} has an element that is ${bad}`);
  }
  throw new ArgumentError(`clipGradNorm: the norm of the gradients is ${norm}, although every element is finite`);
}

const isInfinite = (gradient: Tensor): Tensor => gradient.abs().equal(Infinity);

/** What scaling tends to as the infinite elements grow alike: they share the norm, and all others are 0. */
function clippedInfinite(gradients: Gradients, maxNorm: number): Gradients {
  let count = 0;
  for (const [, { data }] of gradients) {
    for (let i = 0; i < data.length; i++) if (Math.abs(data[i]!) === Infinity) count++;
  }
  const share = maxNorm / Math.sqrt(count);
  return gradients.map((gradient) => {
    const none = zeros(gradient.shape, { dtype: gradient.dtype }) as Tensor;
    return isInfinite(gradient).where(gradient.sign().mul(share), none);
  });
}

/** Numbers from here on have all their digits in float32, too. */
const leastNormal = 2 ** -126;

/**
 * Scales all gradients alike so that their Euclidean norm, taken as one vector, is at most `maxNorm`: by
 * min(1, maxNorm / (norm + 1e-6)) (Pascanu et al. 2013; the 1e-6 is PyTorch's).
 *
 * No NaN is made, where PyTorch makes one of each infinity and of each neighbour of a NaN. Infinite elements are given what
 * they tend to as they grow alike, equal shares of the norm, and all others 0. With a NaN among them the gradients stay as they are,
 * since their norm is none. With `errorIfNonFinite` either is an error.
 *
 * @returns the gradients, and their norm before: NaN or infinite where a gradient is. Where the squares of finite elements
 * overflow, the norm does not.
 * @throws ArgumentError for a norm that is not finite, with `errorIfNonFinite`; it names the parameter.
 * @example
 * const w = parameter(tensor([3, 4]));
 * const { gradients, norm } = clipGradNorm(w.mul(w).sum().backward(), 1);
 * norm; // 10
 */
export function clipGradNorm(
  gradients: Gradients,
  maxNorm: number,
  options: ClipNormOptions = {},
): { gradients: Gradients; norm: number } {
  checkGradients('clipGradNorm', gradients, 'clipGradNorm(loss.backward(), maxNorm)');
  checkLimit('clipGradNorm', 'maxNorm', maxNorm);
  checkClipNormOptions('clipGradNorm', options);
  const { unit, inUnits } = totalNorm(gradients);
  const norm = unit * inUnits;
  if (options.errorIfNonFinite === true && !Number.isFinite(norm)) refuseNonFinite(gradients, norm);
  if (Number.isNaN(norm) || maxNorm === Infinity) return { gradients, norm };
  if (inUnits === Infinity) return { gradients: clippedInfinite(gradients, maxNorm), norm };
  const factor = maxNorm / (norm + 1e-6);
  if (factor >= 1) return { gradients, norm };
  if (factor >= leastNormal || maxNorm === 0) return { gradients: gradients.scale(factor), norm };
  // So small a factor loses digits in the dtype of a gradient, or is 0; its root is far from that.
  const rootOfNorm = norm < Infinity ? Math.sqrt(norm + 1e-6) : Math.sqrt(unit) * Math.sqrt(inUnits);
  const root = Math.sqrt(maxNorm) / rootOfNorm;
  return { gradients: gradients.scale(root).scale(root), norm };
}

/**
 * Moves each entry of the gradients that lies beyond -limit or limit to there.
 *
 * @example
 * const w = parameter(tensor([0.1, -4]));
 * clipGradValue(w.mul(w).sum().backward(), 1).of(w).toArray(); // [0.2, -1]
 */
export function clipGradValue(gradients: Gradients, limit: number): Gradients {
  checkGradients('clipGradValue', gradients, 'clipGradValue(loss.backward(), limit)');
  checkLimit('clipGradValue', 'the limit', limit);
  return gradients.map((gradient) => gradient.minimum(limit).maximum(-limit));
}
