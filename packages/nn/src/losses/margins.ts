/** Losses that require the right classes to score higher than the others by a margin. */

import { areWithin, checkFloat, formatShape, isTracing, sameShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  arange,
  cumsum,
  DTypeError,
  full,
  gather,
  max,
  type Shape,
  ShapeError,
  type Tensor,
  take,
} from '@tapegrad/core/lean';
import { checkArgument, checkOption } from '../checks.ts';
import { checkLabelled, checkWeight, type Labels } from './labels.ts';
import {
  checkLossOptions,
  checkNotEmpty,
  type Loss,
  type LossOptions,
  type Reduction,
  reduce,
  replaced,
  type Targets,
  weighted,
} from './loss.ts';

/** The options of `multiMargin`. */
export interface MultiMarginOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The exponent applied to the shortfall from the margin, 1 or 2. Defaults to 1. */
  readonly power?: 1 | 2;
  /** The margin by which the score of the right class must exceed the others. Defaults to 1. */
  readonly margin?: number;
  /** A weight for each class, [c]. The mean is not weighted; it is over the number of rows. */
  readonly weight?: Tensor;
}

type RowShape<L extends Shape> = L extends readonly [infer N extends number, unknown]
  ? readonly [N]
  : readonly [number];

/**
 * Computes w_t sum_(j != t) max(0, margin - x_t + x_j)^power / c for each row of scores x [n, c]. Each term is the
 * shortfall from the required margin between the right class t and another class j. The labels t are an int32 tensor
 * [n] (Crammer and Singer 2001, over all classes).
 *
 * @throws ArgumentError if a label is out of range or the batch is empty.
 * @example
 * multiMargin(tensor([[0.1, 0.2, 0.4, 0.8]]), tensor([3], { dtype: 'int32' })).item(); // 0.325
 */
export function multiMargin<L extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  scores: Tensor<L>,
  labels: Labels<'multiMargin', L, T>,
  options: MultiMarginOptions<R> = {},
): Loss<R, RowShape<L>> {
  checkLossOptions('multiMargin', options, 'power', 'margin', 'weight');
  const [x, t] = [scores as Tensor, labels as unknown as Tensor];
  const { power = 1, margin = 1, weight, reduction } = options;
  checkOption('multiMargin', 'power', power, power === 1 || power === 2, '1 or 2');
  checkMatrix('multiMargin', x);
  checkLabelled('multiMargin', x, t, undefined);
  checkWeight('multiMargin', x, weight);
  const c = x.shape[1]!;
  const column = t.reshape([-1, 1]) as Tensor;
  const right = column.equal(arange(0, c, 1, { dtype: 'int32' }) as Tensor);
  const margins = right.where(full([], 0, { dtype: x.dtype }), margin);
  const differences = x.add(margins).sub(gather(x, column, 1));
  // For the right class itself, the shortfall is set to 0. It is NaN if the score is infinite, since the difference is
  // then NaN.
  const missing = replaced(differences, right.minimum(differences.notEqual(differences)), 0).relu();
  const losses = (power === 1 ? missing : missing.mul(missing)).sum(1).div(c) as Tensor;
  const all = weight === undefined ? losses : weighted(losses, take(weight, t), Number.POSITIVE_INFINITY);
  return reduce('multiMargin', all, reduction);
}

function checkMatrix(call: string, x: Tensor): void {
  checkFloat(call, x);
  if (x.rank === 2) return;
  throw new ShapeError(`${call}: expected scores of shape [n, c], got ${formatShape(x.shape)}; reshape them`);
}

/**
 * Computes sum_(j right, i not) max(0, 1 - x_j + x_i) / c for each row of scores x [n, c]. Each term is the shortfall
 * from a margin of 1 between a right class j and another class i. Each row of the int32 labels [n, c] lists its right
 * classes, up to the first -1.
 *
 * @throws ArgumentError if a label is out of range or the batch is empty.
 * @example
 * const labels = tensor([[3, 0, -1, 1]], { dtype: 'int32' });
 * multiLabelMargin(tensor([[0.1, 0.2, 0.4, 0.8]]), labels).item(); // 0.85
 */
export function multiLabelMargin<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  scores: Tensor<P>,
  labels: Targets<'multiLabelMargin', P, T>,
  options: LossOptions<R> = {},
): Loss<R, RowShape<P>> {
  checkLossOptions('multiLabelMargin', options);
  const [x, t] = [scores as Tensor, labels as unknown as Tensor];
  checkMatrix('multiLabelMargin', x);
  checkNotEmpty('multiLabelMargin', x);
  checkArgument('multiLabelMargin', 'the labels', t);
  checkLists(x, t);
  const [n, c] = x.shape as readonly [number, number];
  const listed = (cumsum(t.equal(-1).cast('int32'), 1) as Tensor).equal(0);
  checkListed(t, listed, c);
  // In a trace, the lengths of the lists aren't known, so the maximum is used. The result is the same.
  const most = isTracing() ? c : Math.max(1, ...max(listed.cast('int32').sum(1)).elements);
  const used = listed.slice(1, 0, most).reshape([n, most, 1]) as Tensor;
  const slots = used.where(t.slice(1, 0, most).reshape([n, most, 1]), 0);
  const classes = arange(0, c, 1, { dtype: 'int32' }) as Tensor;
  const others = slots.equal(classes).minimum(used).cast('int32').sum(1, { keepDims: true }).equal(0) as Tensor;

  // Compares every right class with every other class: [n, most, c].
  const right = gather(x, slots.reshape([n, most]), 1).reshape([n, most, 1]);
  const missing = (x.reshape([n, 1, c]) as Tensor).sub(right).add(1).relu();
  const counted = used.minimum(others).where(missing, 0);
  return reduce('multiLabelMargin', counted.sum([1, 2]).div(c), options.reduction);
}

function checkLists(x: Tensor, labels: Tensor): void {
  if (!sameShape(labels.shape, x.shape)) {
    const shapes = `scores of shape ${formatShape(x.shape)} need labels of this shape, got ${formatShape(labels.shape)}`;
    throw new ShapeError(`multiLabelMargin: ${shapes}`);
  }
  if (labels.dtype !== 'int32') {
    throw new DTypeError(`multiLabelMargin: the labels are ${labels.dtype}, expected int32; cast them`);
  }
}

/** Throws if a label before the first -1 in its row is out of range. */
function checkListed(t: Tensor, isListed: Tensor, c: number): void {
  if (areWithin(isListed.where(t, 0).elements, { low: 0, high: c - 1 })) return;
  const [labels, listed] = [t.elements, isListed.elements];
  const wrong = labels.findIndex((label, i) => listed[i] === 1 && (label < 0 || label >= c));
  const range = `${c} classes are labelled 0 to ${c - 1}, and -1 ends a list`;
  throw new ArgumentError(`multiLabelMargin: label ${labels[wrong]} at index ${wrong} is out of range: ${range}`);
}
