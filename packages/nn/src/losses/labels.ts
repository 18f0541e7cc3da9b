/** The common parts of classification losses: rows with a number for each class, and int32 labels. */

import {
  areWithin,
  checkFloat,
  checkTensor,
  formatShape,
  indexingKernels,
  isAnyTrue,
  type Printed,
  type SameShapes,
  sameShape,
} from '@tapegrad/core/extend';
import { ArgumentError, DTypeError, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkArgument } from '../checks.ts';
import { checkNotEmpty, type LossOptions, type Reduction, reduce } from './loss.ts';

/** The shape of the labels for logits [n, c] or [n, c, …]: without the classes. */
export type LabelShape<L extends Shape> = L extends readonly [
  infer N extends number,
  unknown,
  ...infer Rest extends Shape,
]
  ? readonly [N, ...Rest]
  : Shape;

/** The type of labels for logits of shape `L`: `Tensor<T>` if the shape `T` fits, otherwise an error message. */
export type Labels<Call extends string, L extends Shape, T extends Shape> =
  SameShapes<LabelShape<L>, T> extends true
    ? Tensor<T>
    : ShapeError<`${Call}: logits of shape ${Printed<L>} need labels of shape ${Printed<LabelShape<L>>}, got ${Printed<T>}`>;

/** The options of classification losses. */
export interface ClassOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** A weight for each class, [c]; the mean is then weighted by the labels' weights. */
  readonly weight?: Tensor;
  /** A label to ignore: it adds no loss, and does not count in the mean. */
  readonly ignoreIndex?: number;
}

export const labelShapeOf = ({ shape }: Tensor): Shape => shape.toSpliced(1, 1);

/** Throws unless x is [n, c] or [n, c, …]. */
export function checkLogits(call: string, x: Tensor): void {
  checkFloat(call, x);
  if (x.rank < 2) {
    throw new ShapeError(`${call}: expected logits of shape [n, c], got ${formatShape(x.shape)}; reshape them`);
  }
  checkNotEmpty(call, x);
}

/** Throws unless labels, of the right shape, are int32 classes from 0 to c - 1 or ignored. Names the first bad label. */
function checkLabels(call: string, labels: Tensor, c: number, ignored: number | undefined): void {
  const { dtype, elements } = labels;
  if (dtype !== 'int32') throw new DTypeError(`${call}: the labels are ${dtype}, expected int32; cast them`);
  const range = { low: 0, high: c - 1 };
  if (areWithin(elements, range)) return;
  if (ignored !== undefined && areWithin(labels.equal(ignored).where(0, labels).elements, range)) return;
  const wrong = elements.findIndex((label) => (label < 0 || label >= c) && label !== ignored);
  throw new ArgumentError(
    `${call}: label ${elements[wrong]} at index ${wrong} is out of range: ${c} classes are labelled 0 to ${c - 1}`,
  );
}

/** Throws unless labels fit logits. */
export function checkLabelled(call: string, x: Tensor, labels: Tensor, ignored: number | undefined): void {
  checkLogits(call, x);
  const wanted = labelShapeOf(x);
  if (!sameShape(checkTensor(call, labels).shape, wanted)) {
    const shapes = `labels of shape ${formatShape(wanted)}, got ${formatShape(labels.shape)}`;
    throw new ShapeError(`${call}: logits of shape ${formatShape(x.shape)} need ${shapes}`);
  }
  checkLabels(call, labels, x.shape[1]!, ignored);
}

/** Throws unless there is a weight for each class. */
export function checkWeight(call: string, x: Tensor, weight: Tensor | undefined): void {
  if (weight === undefined) return;
  checkArgument(call, 'the weight', weight);
  const wanted = [x.shape[1]!];
  if (!sameShape(weight.shape, wanted)) {
    const shapes = `${formatShape(wanted)}, got ${formatShape(weight.shape)}`;
    throw new ShapeError(`${call}: expected a weight for each class, of shape ${shapes}`);
  }
  if (weight.dtype !== x.dtype) {
    throw new DTypeError(`${call}: predictions are ${x.dtype} and weights ${weight.dtype}; cast one of them`);
  }
}

/** Reshapes logits [n, c, …] to rows [m, c]. */
export function rowsOf(x: Tensor): Tensor {
  if (x.rank === 2) return x;
  const [batch, classes, ...others] = x.shape.map((_, axis) => axis);
  return (x.permute([batch!, ...others, classes!]) as Tensor).reshape([-1, x.shape[1]!]);
}

/** Reshapes the losses of rows, [m], to the labels' shape. */
export const shaped = (losses: Tensor, shape: Shape): Tensor => (shape.length === 1 ? losses : losses.reshape(shape));

/**
 * Computes the weighted loss of each row from its label and, if there are weights, the label's weight. A row whose label is
 * ignored gets the label 0 instead.
 */
export type RowLoss = (rows: Tensor, labels: Tensor, weights: Tensor | undefined) => Tensor;

/** Computes the losses of rows, with 0 for ignored rows. */
function lossesOf(rows: Tensor, labels: Tensor, weights: Tensor | undefined, counts: Tensor, lossOf: RowLoss): Tensor {
  const losses = lossOf(rows, labels, weights);
  const values = losses.detach();
  const harmful = counts.equal(0).minimum(values.sub(values).notEqual(0));
  // Ignored rows may hold anything. Infinite derivatives times 0 are NaN, so such rows are replaced before they are used.
  const harmless = isAnyTrue(harmful.elements)
    ? lossOf(harmful.reshape([-1, 1]).where(0, rows), labels, weights)
    : losses;
  return counts.where(harmless, 0);
}

/** Reduces the losses of labelled rows. The mean is weighted, and ignored rows have weight 0. */
export function reduceLabelled(
  call: string,
  x: Tensor,
  labels: Tensor,
  { weight, ignoreIndex, reduction = 'mean' }: ClassOptions,
  lossOf: RowLoss,
): Tensor {
  checkLabelled(call, x, labels, ignoreIndex);
  checkWeight(call, x, weight);
  const list = labels.rank === 1 ? labels : (labels.reshape([-1]) as Tensor);
  const counts = ignoreIndex === undefined ? undefined : list.notEqual(ignoreIndex);
  const known = counts?.where(list, 0) ?? list;
  const weights = weight && indexingKernels().take(weight, known, 0);
  const all =
    counts === undefined ? lossOf(rowsOf(x), known, weights) : lossesOf(rowsOf(x), known, weights, counts, lossOf);
  const losses = shaped(all, labels.shape);
  if (reduction !== 'mean' || (counts === undefined && weights === undefined)) return reduce(call, losses, reduction);

  const shares = weights === undefined ? counts!.cast(x.dtype) : (counts?.where(weights, 0) ?? weights);
  const total = shares.sum();
  if (
    !areWithin(total.elements, { low: Number.MIN_VALUE, high: Number.POSITIVE_INFINITY, nan: true }) &&
    total.elements.includes(0)
  ) {
    throw new ArgumentError(`${call}: the mean is undefined: all labels are ignored or have weight 0`);
  }
  return losses.sum().div(total);
}
