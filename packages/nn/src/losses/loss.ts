/**
 * The common parts of losses. A loss measures how far predictions are from their targets. By default it returns the
 * mean over elements or rows. Optionally, it returns their sum or all losses separately.
 *
 * Losses don't broadcast predictions and targets: predictions [n, 1] with targets [n] are an error, not an n x n
 * matrix.
 */

import {
  areWithin,
  checkFloat,
  checkTensor,
  type ElementRange,
  formatShape,
  isAnyTrue,
  type Printed,
  type SameShapes,
  type Scalar,
  sameShape,
} from '@tapegrad/core/extend';
import { ArgumentError, DTypeError, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkOptions } from '../checks.ts';

/** How to reduce the losses of all elements or rows: to their `mean`, to their `sum`, or not at all (`none`). */
export type Reduction = 'mean' | 'sum' | 'none';

/** The options that all losses accept. */
export interface LossOptions<R extends Reduction = Reduction> {
  /** How to reduce the losses. Defaults to `mean`. */
  readonly reduction?: R;
}

/** The type of a loss: a tensor of shape `S` if the losses aren't reduced, otherwise a scalar. */
export type Loss<R extends Reduction, S extends Shape> = Tensor<R extends 'none' ? S : Scalar>;

/** The type of targets: `Tensor<T>` if they have the same shape as the predictions, otherwise an error message. */
export type Targets<Call extends string, P extends Shape, T extends Shape> =
  SameShapes<P, T> extends true
    ? Tensor<T>
    : ShapeError<`${Call}: predictions of shape ${Printed<P>} and targets of shape ${Printed<T>} differ`>;

/** Throws if a loss gets an option other than `reduction` and the options in `own`. */
export function checkLossOptions<O extends { readonly reduction?: unknown }>(
  call: string,
  options: O,
  ...own: readonly (keyof O & string)[]
): void {
  checkOptions(call, options, ['reduction', ...own]);
}

/** Throws unless predictions have the same dtype as `others`: the targets, unless `which` names something else. */
export function checkSameDType(call: string, predictions: Tensor, others: Tensor, which = 'targets'): void {
  if (predictions.dtype === others.dtype) return;
  const got = `predictions are ${predictions.dtype} and ${which} ${others.dtype}`;
  throw new DTypeError(`${call}: ${got}; cast one of them`);
}

export function checkNotEmpty(call: string, x: Tensor): void {
  if (x.size > 0) return;
  throw new ArgumentError(`${call}: the batch is empty: the predictions have shape ${formatShape(x.shape)}`);
}

/** Checks that a loss can compare predictions and targets element by element, and returns both. */
export function comparable(call: string, predictions: Tensor, targets: unknown): [Tensor, Tensor] {
  checkFloat(call, predictions);
  const t = checkTensor(call, targets);
  if (!sameShape(predictions.shape, t.shape)) {
    const shapes = `predictions of shape ${formatShape(predictions.shape)} and targets of shape ${formatShape(t.shape)}`;
    throw new ShapeError(`${call}: ${shapes} differ; reshape one of them: losses do not broadcast`);
  }
  checkSameDType(call, predictions, t);
  checkNotEmpty(call, predictions);
  return [predictions, t];
}

/** The targets that a loss accepts: a function of each target must be within a range. */
export interface Accepted {
  readonly range: ElementRange;
  /** Computes the values to compare with the range. Defaults to the targets themselves. */
  readonly of?: (targets: Tensor) => Tensor;
  /** A description of the accepted targets for messages. */
  readonly wanted: string;
}

export const probabilities: Accepted = { range: { low: 0, high: 1 }, wanted: 'a probability, from 0 to 1' };
export const signs: Accepted = {
  range: { low: 1, high: 1 },
  of: (targets) => targets.abs() as Tensor,
  wanted: '-1 or 1',
};
export const notNegative: Accepted = { range: { low: 0, high: Number.POSITIVE_INFINITY }, wanted: 'a number >= 0' };

/** Throws if a target isn't valid for the loss, naming the first such target. */
export function checkTargets(call: string, targets: Tensor, { range, of, wanted }: Accepted): void {
  const judged = of?.(targets) ?? targets;
  if (areWithin(judged.elements, range)) return;
  const { elements } = targets;
  const wrong = judged.elements.findIndex((x) => !(x >= range.low && x <= range.high));
  throw new ArgumentError(`${call}: the target at index ${wrong} is ${elements[wrong]}, expected ${wanted}`);
}

export function reduce<R extends Reduction, S extends Shape>(
  call: string,
  losses: Tensor,
  reduction: Reduction = 'mean',
): Loss<R, S> {
  switch (reduction) {
    case 'mean':
      return losses.mean() as never;
    case 'sum':
      return losses.sum() as never;
    case 'none':
      return losses as never;
    default:
      throw new ArgumentError(`${call}: unknown reduction '${reduction}', expected 'mean', 'sum' or 'none'`);
  }
}

/** Replaces x by a value where a mask is true. In the usual case the mask is false everywhere, and nothing is recorded. */
export const replaced = (x: Tensor, mask: Tensor, value: number | Tensor): Tensor =>
  isAnyTrue(mask.elements) ? mask.where(value, x) : x;

/**
 * Computes weight x. The result is 0 where the weight is 0 and x is the given infinity. A term that does not count then
 * adds nothing and has no gradient, as in the convention 0 log 0 = 0.
 */
export const weighted = (x: Tensor, weight: Tensor, infinity: number): Tensor =>
  replaced(x, weight.equal(0).minimum(x.equal(infinity)), 0).mul(weight);

/**
 * Returns x, but without a gradient at infinite elements. Use it for a factor whose derivative at infinity goes to 0
 * faster than the other factors grow. Otherwise the backward pass would multiply 0 by infinity.
 */
export function flatAtInfinity(x: Tensor): Tensor {
  const constant = x.detach();
  return replaced(x, constant.abs().equal(Number.POSITIVE_INFINITY), constant);
}

export const isProbability = (x: number): boolean => x >= 0 && x <= 1;
