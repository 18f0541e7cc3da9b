/** Losses for classification into several classes. */

import { checkTensor, formatShape, kernels, type Printed, type SameShapes, sameShape } from '@tapegrad/core/extend';
import { ArgumentError, expm1, gather, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkOption } from '../checks.ts';
import { discount, type FocalOptions } from './binary.ts';
import {
  type ClassOptions,
  checkLogits,
  checkWeight,
  type LabelShape,
  type Labels,
  labelShapeOf,
  reduceLabelled,
  rowsOf,
  shaped,
} from './labels.ts';
import {
  checkLossOptions,
  checkSameDType,
  checkTargets,
  flatAtInfinity,
  isProbability,
  type Loss,
  probabilities,
  type Reduction,
  reduce,
  weighted,
} from './loss.ts';

/**
 * The type of targets for logits [n, c, …]: labels [n, …] or probabilities [n, c, …], or an error message if they don't
 * fit.
 */
export type ClassTargets<L extends Shape, T extends Shape> =
  SameShapes<L, T> extends true
    ? Tensor<T>
    : SameShapes<LabelShape<L>, T> extends true
      ? Tensor<T>
      : ShapeError<`crossEntropy: logits of shape ${Printed<L>} need labels of shape ${Printed<LabelShape<L>>} or probabilities of shape ${Printed<L>}, got ${Printed<T>}`>;

/** The options of `crossEntropy`. */
export interface CrossEntropyOptions<R extends Reduction = Reduction> extends ClassOptions<R> {
  /** The fraction of each target that is spread evenly over all classes. Defaults to 0. */
  readonly labelSmoothing?: number;
}

/**
 * Computes the cross-entropy -sum_j w_j t_j log softmax(x)_j of each row of logits x [n, c] or [n, c, …]. A row has one
 * logit for each class, along the second axis. The targets are either an int32 tensor [n, …] with the class of each
 * row, or a float tensor of probabilities with the logits' shape. Label smoothing e replaces a target t by (1 - e) t +
 * e / c (Szegedy et al. 2016). The mean is over the rows. If targets are labels and there are class weights, it is a
 * weighted mean. A class whose target or weight is 0 adds nothing, even if its logit is -Infinity (PyTorch: NaN).
 *
 * @throws ArgumentError if a label is out of range or the batch is empty. Also for a mean of rows that are all ignored
 * or have weight 0.
 * @example
 * const logits = tensor([[0, 0], [2, 0], [1, 5]]);
 * const labels = tensor([1, 0, -1], { dtype: 'int32' });
 * crossEntropy(logits, labels, { ignoreIndex: -1 }).item(); // 0.410038
 */
export function crossEntropy<L extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<L>,
  targets: ClassTargets<L, T>,
  options: CrossEntropyOptions<R> = {},
): Loss<R, LabelShape<L>> {
  checkLossOptions('crossEntropy', options, 'weight', 'ignoreIndex', 'labelSmoothing');
  const x: Tensor = logits;
  const t = checkTensor('crossEntropy', targets);
  const { labelSmoothing: smoothing = 0, weight } = options;
  checkOption('crossEntropy', 'labelSmoothing', smoothing, isProbability(smoothing), 'a number from 0 to 1');
  checkLogits('crossEntropy', x);
  if (sameShape(t.shape, x.shape)) return ofProbabilities(x, t, options) as never;
  if (!sameShape(t.shape, labelShapeOf(x))) {
    const [own, labels, got] = [x.shape, labelShapeOf(x), t.shape].map(formatShape);
    const wanted = `labels of shape ${labels} or probabilities of shape ${own}`;
    throw new ShapeError(`crossEntropy: logits of shape ${own} need ${wanted}, got ${got}`);
  }
  return reduceLabelled('crossEntropy', x, t, options, (rows, labels, weights) => {
    if (smoothing === 1) return spread(rows, weight).neg();
    const losses = byWeight(kernels.crossEntropy(rows, labels), weights);
    return smoothing === 0 ? losses : losses.mul(1 - smoothing).sub(spread(rows, weight).mul(smoothing));
  }) as never;
}

/** Returns, for each row, the mean of w log p over the classes. */
function spread(rows: Tensor, weight: Tensor | undefined): Tensor {
  const logs = rows.logSoftmax(1);
  return (weight === undefined ? logs : weighted(logs, weight, Number.NEGATIVE_INFINITY)).mean(1);
}

/** Multiplies the losses of rows by the weights of their classes. */
const byWeight = (losses: Tensor, weights: Tensor | undefined): Tensor =>
  weights === undefined ? losses : weighted(losses, weights, Number.POSITIVE_INFINITY);

/** Computes the loss -sum w t log p of each row, and reduces the losses. */
function ofProbabilities(
  x: Tensor,
  targets: Tensor,
  { labelSmoothing: smoothing = 0, weight, ignoreIndex, reduction }: CrossEntropyOptions,
): Tensor {
  if (ignoreIndex !== undefined) {
    throw new ArgumentError('crossEntropy: ignoreIndex requires labels, but the targets are probabilities');
  }
  checkSameDType('crossEntropy', x, targets);
  checkTargets('crossEntropy', targets, probabilities);
  checkWeight('crossEntropy', x, weight);
  const given = rowsOf(targets);
  const t = smoothing === 0 ? given : given.mul(1 - smoothing).add(smoothing / x.shape[1]!);
  const shares = weight === undefined ? t : t.mul(weight);
  const losses = weighted(rowsOf(x).logSoftmax(1), shares, Number.NEGATIVE_INFINITY).sum(1).neg();
  return reduce('crossEntropy', shaped(losses, labelShapeOf(x)), reduction);
}

/**
 * Computes the negative log-likelihood -w_t x_t of each row of log-probabilities x [n, c] or [n, c, …], such as those
 * from `logSoftmax`. The labels t are an int32 tensor [n, …]. If there are class weights, the mean is weighted by the
 * weights of the labels. If you have logits, `crossEntropy` is faster.
 *
 * @throws ArgumentError if a label is out of range or the batch is empty. Also for a mean of rows that are all ignored
 * or have weight 0.
 * @example
 * nll(tensor([[-0.5, -1], [-2, -3]]), tensor([1, 0], { dtype: 'int32' })).item(); // 1.5
 */
export function nll<L extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logProbabilities: Tensor<L>,
  labels: Labels<'nll', L, T>,
  options: ClassOptions<R> = {},
): Loss<R, LabelShape<L>> {
  checkLossOptions('nll', options, 'weight', 'ignoreIndex');
  return reduceLabelled('nll', logProbabilities, labels as unknown as Tensor, options, (rows, list, weights) =>
    byWeight(
      gather(rows, list.reshape([-1, 1]), 1)
        .reshape([-1])
        .neg(),
      weights,
    ),
  ) as never;
}

/**
 * Computes the focal loss w_t (1 - p_t)^gamma (-log p_t) of each row of logits [n, c] or [n, c, …], with p = softmax(x)
 * and int32 labels t [n, …]. Rows that are predicted well count little (Lin et al. 2017). With gamma = 0 the loss
 * equals `crossEntropy`.
 *
 * @throws ArgumentError if a label is out of range or the batch is empty. Also for a mean of rows that are all ignored
 * or have weight 0.
 * @example
 * softmaxFocal(tensor([[0, 0], [9, 0]]), tensor([1, 0], { dtype: 'int32' }), { gamma: 1, reduction: 'sum' }).item(); // 0.346574
 */
export function softmaxFocal<L extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<L>,
  labels: Labels<'softmaxFocal', L, T>,
  options: FocalOptions<R> & ClassOptions<R> = {},
): Loss<R, LabelShape<L>> {
  checkLossOptions('softmaxFocal', options, 'weight', 'ignoreIndex', 'gamma');
  const { gamma = 2 } = options;
  checkOption('softmaxFocal', 'gamma', gamma, gamma >= 0, 'a number >= 0');
  return reduceLabelled('softmaxFocal', logits, labels as unknown as Tensor, options, (rows, list, weights) => {
    const entropies = kernels.crossEntropy(rows, list);
    // Computes 1 - p, with full precision even where p is nearly 1.
    const missed = expm1(flatAtInfinity(entropies).neg()).neg();
    return byWeight(entropies.mul(discount(missed, gamma)), weights);
  }) as never;
}
