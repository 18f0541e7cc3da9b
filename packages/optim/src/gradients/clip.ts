/** Clips gradients between the backward pass and the optimizer's step. */

import { areWithin, describeValue, isTracing, refuseInTrace } from '@tapegrad/core/extend';
import { ArgumentError, div, type Gradients, type Tensor, zeros } from '@tapegrad/core/lean';
import { checkFlag, checkNames } from '../options.ts';
import { checkGradients } from './gradient.ts';

/** Throws unless a limit is a number of at least 0. Infinity is allowed, and clips nothing. */
export function checkLimit(call: string, what: string, limit: number): void {
  if (!(typeof limit === 'number' && limit >= 0)) {
    throw new ArgumentError(`${call}: ${what} is ${describeValue(limit)}, expected a number >= 0`);
  }
}

/** The options of clipping by norm. */
export interface ClipNormOptions {
  /** Whether to throw if the norm is NaN or infinite; the error names the parameter. Defaults to false. */
  readonly errorIfNonFinite?: boolean;
}

/** Throws unless the options are valid for clipping by norm. */
export function checkClipNormOptions(call: string, options: ClipNormOptions): void {
  checkNames(call, options, [], ['errorIfNonFinite']);
  if (options.errorIfNonFinite !== undefined) checkFlag(call, 'errorIfNonFinite', options.errorIfNonFinite);
}

/** A norm, represented as a product of two factors. Neither factor overflows if the elements are finite. */
interface Norm {
  readonly unit: number;
  readonly inUnits: number;
}

/** The smallest sum of squares for which squares that underflow don't matter. */
const leastSafe = 1e-280;

/** Computes the Euclidean norm of all gradients, taken together as one vector. */
function totalNorm(gradients: Gradients): Norm {
  let squares = 0;
  for (const [, { data }] of gradients) {
    for (let i = 0; i < data.length; i++) squares += data[i]! ** 2;
  }
  return Number.isNaN(squares) || (squares >= leastSafe && squares < Infinity)
    ? { unit: 1, inUnits: Math.sqrt(squares) }
    : normInUnits(gradients);
}

/** Computes the norm as a multiple of the largest element, for gradients whose squares overflow or underflow. */
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

/** Throws an error that names the first parameter with a non-finite gradient, or says that only the norm is not finite. */
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

/**
 * Clips gradients that have infinite elements. The result is the limit as these elements grow equally: they share the
 * norm equally, and all other elements are 0.
 */
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

/** The smallest number that still has full precision, even in float32. */
const leastNormal = 2 ** -126;

/**
 * Clips gradients in a trace, where their elements are unknown. The squares of the elements are added directly, so very
 * small and very large norms aren't supported. The sum of squares may differ from the usual one in the last digits of
 * float64.
 */
function clippedInTrace(gradients: Gradients, maxNorm: number): { gradients: Gradients; readonly norm: number } {
  const clipped = { gradients, norm: 0 };
  Object.defineProperty(clipped, 'norm', {
    get: () => refuseInTrace('clipGradNorm(…).norm', 'it is a number; compute the norm with tensors'),
  });
  if (maxNorm === Infinity || gradients.size === 0) return clipped;
  const parts = [...gradients].map(([, gradient]) => {
    const g = gradient.cast('float64') as Tensor;
    return g.mul(g).sum() as Tensor;
  });
  const squares = parts.reduce((sum, part) => sum.add(part) as Tensor);
  const factor = div(maxNorm, squares.sqrt().add(1e-6)) as Tensor;
  const isUsual =
    areWithin(squares.elements, { low: leastSafe, high: Number.MAX_VALUE }) &&
    (maxNorm === 0 || areWithin(factor.elements, { low: leastNormal, high: Infinity }));
  if (!isUsual) refuseInTrace('clipGradNorm', 'the norm of the gradients is unusually small or large');
  const least = factor.minimum(1) as Tensor;
  clipped.gradients = gradients.map((gradient) => gradient.mul(least.cast(gradient.dtype) as Tensor) as Tensor);
  return clipped;
}

/**
 * Scales all gradients by the same factor, so that their Euclidean norm, taken together as one vector, is at most
 * `maxNorm`. The factor is min(1, maxNorm / (norm + 1e-6)) (Pascanu et al. 2013; the 1e-6 is PyTorch's).
 *
 * Clipping never creates a NaN. If there are infinite elements, they share the norm equally and all other elements
 * become 0. This is the limit as the infinite elements grow equally. If an element is NaN, the gradients stay
 * unchanged, since their norm is undefined. PyTorch turns infinite elements into NaN, and turns all gradients into NaN
 * if one element is NaN. With `errorIfNonFinite`, both cases throw.
 *
 * @returns The clipped gradients, and the norm before clipping. The norm is NaN or infinite if an element is. If only
 * the squares of finite elements overflow, the norm is still finite.
 * @throws ArgumentError if the norm is NaN or infinite and `errorIfNonFinite` is set. The message names the parameter.
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
  if (isTracing()) return clippedInTrace(gradients, maxNorm);
  const { unit, inUnits } = totalNorm(gradients);
  const norm = unit * inUnits;
  if (options.errorIfNonFinite === true && !Number.isFinite(norm)) refuseNonFinite(gradients, norm);
  if (Number.isNaN(norm) || maxNorm === Infinity) return { gradients, norm };
  if (inUnits === Infinity) return { gradients: clippedInfinite(gradients, maxNorm), norm };
  const factor = maxNorm / (norm + 1e-6);
  if (factor >= 1) return { gradients, norm };
  if (factor >= leastNormal || maxNorm === 0) return { gradients: gradients.scale(factor), norm };
  // A very small factor may lose digits in the dtype of a gradient, or become 0. Its square root does not, so it is
  // applied twice.
  const rootOfNorm = norm < Infinity ? Math.sqrt(norm + 1e-6) : Math.sqrt(unit) * Math.sqrt(inUnits);
  const root = Math.sqrt(maxNorm) / rootOfNorm;
  return { gradients: gradients.scale(root).scale(root), norm };
}

/**
 * Clamps each element of the gradients to [-limit, limit].
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
