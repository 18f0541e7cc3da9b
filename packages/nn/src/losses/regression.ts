/** Losses for regression. */

import { areWithin, formatShape, sameShape } from '@tapegrad/core/extend';
import { ArgumentError, hardtanh, type Shape, ShapeError, stopGradient, type Tensor } from '@tapegrad/core/lean';
import { checkArgument, checkLikeInput, checkOption } from '../checks.ts';
import {
  checkLossOptions,
  checkTargets,
  comparable,
  type Loss,
  type LossOptions,
  notNegative,
  type Reduction,
  reduce,
  replaced,
  type Targets,
  weighted,
} from './loss.ts';

/**
 * Computes the squared error (p - t)^2.
 *
 * @example
 * mse(tensor([1, 2]), tensor([3, 2])).item(); // 2
 */
export function mse<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'mse', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('mse', options);
  const [p, t] = comparable('mse', predictions, targets);
  const difference = p.sub(t);
  return reduce('mse', difference.mul(difference), options.reduction);
}

/**
 * Computes the absolute error |p - t|. Where prediction and target are equal, the derivative is 0.
 *
 * @example
 * l1(tensor([1, 2]), tensor([3, 2]), { reduction: 'sum' }).item(); // 2
 */
export function l1<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'l1', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('l1', options);
  const [p, t] = comparable('l1', predictions, targets);
  return reduce('l1', p.sub(t).abs(), options.reduction);
}

/** The options of `huber`. */
export interface HuberOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The absolute error at which the loss changes from a parabola to straight lines. Defaults to 1. */
  readonly delta?: number;
}

/**
 * Computes the Huber loss (1964). With d = |p - t|, the loss is d^2 / 2 if d <= delta, and delta (d - delta / 2)
 * otherwise. The second derivative is 1 for d < delta, and 0 otherwise.
 *
 * @example
 * huber(tensor([0.5, 3]), tensor([0, 0]), { reduction: 'none' }).toArray(); // [0.125, 2.5]
 */
export function huber<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'huber', P, T>,
  options: HuberOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('huber', options, 'delta');
  const [p, t] = comparable('huber', predictions, targets);
  const { delta = 1 } = options;
  checkOption('huber', 'delta', delta, delta > 0, 'a number above 0');
  const difference = p.sub(t);
  // Let c be the difference clamped to [-delta, delta]. Then both pieces are c (p - t - c / 2), which has no kink at 0.
  const near = hardtanh(difference, -delta, delta);
  return reduce('huber', near.mul(difference.sub(near.mul(0.5))), options.reduction);
}

/** The options of `smoothL1`. */
export interface SmoothL1Options<R extends Reduction = Reduction> extends LossOptions<R> {
  /**
   * The absolute error at which the loss changes from a parabola to straight lines. With 0, there are only lines.
   * Defaults to 1.
   */
  readonly beta?: number;
}

/**
 * Computes the smooth L1 loss. With d = |p - t|, the loss is d^2 / (2 beta) if d <= beta, and d - beta / 2 otherwise
 * (Girshick 2015). This equals `huber` with delta = beta, divided by beta, including second derivatives. As beta goes
 * to 0, the loss tends to `l1`.
 *
 * @example
 * smoothL1(tensor([0.5, 3]), tensor([0, 0]), { beta: 2, reduction: 'none' }).toArray(); // [0.0625, 2]
 */
export function smoothL1<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'smoothL1', P, T>,
  options: SmoothL1Options<R> = {},
): Loss<R, P> {
  checkLossOptions('smoothL1', options, 'beta');
  const [p, t] = comparable('smoothL1', predictions, targets);
  const { beta = 1 } = options;
  checkOption('smoothL1', 'beta', beta, beta >= 0 && beta < Infinity, 'a finite number >= 0');
  const difference = p.sub(t);
  if (beta === 0) return reduce('smoothL1', difference.abs(), options.reduction);
  const near = hardtanh(difference, -beta, beta);
  return reduce('smoothL1', near.div(beta).mul(difference.sub(near.mul(0.5))), options.reduction);
}

/** The options of `gaussianNll`. */
export interface GaussianNllOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Whether to add the constant log(2 pi) / 2. Defaults to false. */
  readonly full?: boolean;
  /** The lower bound on variances. Defaults to 1e-6. */
  readonly eps?: number;
}

/**
 * Computes the negative log-likelihood (log v + (t - p)^2 / v) / 2 of targets t under normal distributions with
 * predicted means p and variances v (Nix and Weigend 1994). A variance below eps is replaced by eps, but still gets a
 * gradient.
 *
 * @param variances A tensor of the same shape as the predictions, or with length 1 along the last axis.
 * @throws ArgumentError if a variance is below 0.
 * @example
 * gaussianNll(tensor([1, 2]), tensor([1, 4]), tensor([1, 4]), { reduction: 'none' }).toArray(); // [0, 1.193147]
 */
export function gaussianNll<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'gaussianNll', P, T>,
  variances: Tensor,
  options: GaussianNllOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('gaussianNll', options, 'full', 'eps');
  const [p, t] = comparable('gaussianNll', predictions, targets);
  const { full = false, eps = 1e-6, reduction } = options;
  checkOption('gaussianNll', 'eps', eps, eps > 0, 'a number above 0');
  checkArgument('gaussianNll', 'the variances', variances);
  checkVariances(variances, p.shape);
  checkLikeInput('gaussianNll', 'the variances', variances, p);
  // Raises variances to eps, but with derivative 1, so that a variance that is too small can grow again.
  const v = variances.add(stopGradient(variances.maximum(eps).sub(variances)));
  const error = p.sub(t);
  // Divides first: the squared error may overflow even though the squared error divided by the variance does not.
  const doubled = error.div(v).mul(error).add(v.log());
  return reduce('gaussianNll', doubled.add(full ? Math.log(2 * Math.PI) : 0).mul(0.5), reduction);
}

function checkVariances({ shape, elements }: Tensor, predicted: Shape): void {
  const shared = predicted.length === 0 ? predicted : predicted.with(-1, 1);
  if (!sameShape(shape, predicted) && !sameShape(shape, shared)) {
    const wanted = `${formatShape(predicted)} or ${formatShape(shared)}`;
    throw new ShapeError(`gaussianNll: expected variances of shape ${wanted}, got ${formatShape(shape)}`);
  }
  if (areWithin(elements, { low: 0, high: Number.POSITIVE_INFINITY, nan: true })) return;
  const wrong = elements.findIndex((variance) => variance < 0);
  const got = `the variance at index ${wrong} is ${elements[wrong]}`;
  throw new ArgumentError(`gaussianNll: ${got}, expected a number >= 0`);
}

/** The options of `poissonNll`. */
export interface PoissonNllOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Whether the predictions are logarithms of the rates. Defaults to true. */
  readonly logInput?: boolean;
  /** Whether to add Stirling's approximation of log t! for targets above 1. Defaults to false. */
  readonly full?: boolean;
  /** The number added to rates before their logarithm is taken. Defaults to 1e-8. */
  readonly eps?: number;
}

/**
 * Computes the negative log-likelihood r - t log r of counts t under Poisson distributions of rate r. The predictions
 * are log r or, without `logInput`, r itself. The constant log t! is left out unless `full` is set. If a count is 0,
 * the loss is r, even if r is 0. If a rate is Infinity, the loss is Infinity.
 *
 * @throws ArgumentError if a target is below 0.
 * @example
 * poissonNll(tensor([0, 1]), tensor([1, 3]), { reduction: 'none' }).toArray(); // [1, -0.281718]
 */
export function poissonNll<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'poissonNll', P, T>,
  options: PoissonNllOptions<R> = {},
): Loss<R, P> {
  checkLossOptions('poissonNll', options, 'logInput', 'full', 'eps');
  const [p, t] = comparable('poissonNll', predictions, targets);
  const { logInput = true, full = false, eps = 1e-8, reduction } = options;
  checkOption('poissonNll', 'eps', eps, eps >= 0, 'a number >= 0');
  checkTargets('poissonNll', t, notNegative);
  const losses = logInput ? fromLogRates(p, t) : fromRates(p, t, eps);
  return reduce('poissonNll', full ? losses.add(logFactorial(t)) : losses, reduction);
}

/** Computes e^p - t p. Where p is Infinity, drops the term t p. */
function fromLogRates(p: Tensor, t: Tensor): Tensor {
  const linear = replaced(p, p.equal(Number.POSITIVE_INFINITY), 0);
  return p.exp().sub(weighted(linear, t, Number.NEGATIVE_INFINITY));
}

/**
 * Computes p - t log (p + eps). Drops the term with the logarithm where p is Infinity, and where both t and p + eps are
 * 0.
 */
function fromRates(p: Tensor, t: Tensor, eps: number): Tensor {
  const rate = p.add(eps);
  const alone = t.equal(0).minimum(rate.equal(0)).maximum(p.equal(Number.POSITIVE_INFINITY));
  return p.sub(t.mul(replaced(rate, alone, 1).log()));
}

/** Computes Stirling's approximation of log t!, which is t log t - t + log(2 pi t) / 2, for t > 1. Returns 0 elsewhere. */
function logFactorial(t: Tensor): Tensor {
  const large = t.greater(1);
  const safe = large.where(t, 1);
  const stirling = safe.mul(safe.log().sub(1)).add(
    safe
      .mul(2 * Math.PI)
      .log()
      .mul(0.5),
  );
  return large.where(stirling, 0);
}
