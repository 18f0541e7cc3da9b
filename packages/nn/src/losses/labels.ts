/** The common parts of classification losses, which compare rows, with one number for each class, with int32 labels. */

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
import { checkNotEmpty, checkSameDType, type LossOptions, type Reduction, reduce } from './loss.ts';

/** The shape of the labels for logits [n, c] or [n, c, …]: that of the logits without the class axis. */
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
  /** A weight for each class, [c]. If present, the mean is weighted by the weights of the labels. */
  readonly weight?: Tensor;
  /** A label to ignore. Rows with this label add no loss, and don't count in the mean. */
  readonly ignoreIndex?: number;
}

export const labelShapeOf = ({ shape }: Tensor): Shape => shape.toSpliced(1, 1);

/** Throws unless logits have shape [n, c] or [n, c, …]. */
export function checkLogits(call: string, x: Tensor): void {
  checkFloat(call, x);
  if (x.rank < 2) {
    throw new ShapeError(`${call}: expected logits of shape [n, c], got ${formatShape(x.shape)}; reshape them`);
  }
  checkNotEmpty(call, x);
}

/**
 * Throws unless each label is an int32 class from 0 to c - 1, or the ignored label. Names the first bad label. The
 * shape is checked elsewhere.
 */
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

/** Throws unless labels match logits in shape and are valid classes. */
export function checkLabelled(call: string, x: Tensor, labels: Tensor, ignored: number | undefined): void {
  checkLogits(call, x);
  const wanted = labelShapeOf(x);
  if (!sameShape(checkTensor(call, labels).shape, wanted)) {
    const shapes = `labels of shape ${formatShape(wanted)}, got ${formatShape(labels.shape)}`;
    throw new ShapeError(`${call}: logits of shape ${formatShape(x.shape)} need ${shapes}`);
  }
  checkLabels(call, labels, x.shape[1]!, ignored);
}

/** Throws unless the weight, if there is one, has one number for each class. */
export function checkWeight(call: string, x: Tensor, weight: Tensor | undefined): void {
  if (weight === undefined) return;
  checkArgument(call, 'the weight', weight);
  const wanted = [x.shape[1]!];
  if (!sameShape(weight.shape, wanted)) {
    const shapes = `${formatShape(wanted)}, got ${formatShape(weight.shape)}`;
    throw new ShapeError(`${call}: expected a weight for each class, of shape ${shapes}`);
  }
  checkSameDType(call, x, weight, 'weights');
}

/** Reshapes logits [n, c, …] to rows [m, c], with one row for each label. */
export function rowsOf(x: Tensor): Tensor {
  if (x.rank === 2) return x;
  const [batch, classes, ...others] = x.shape.map((_, axis) => axis);
  return (x.permute([batch!, ...others, classes!]) as Tensor).reshape([-1, x.shape[1]!]);
}

/** Reshapes the losses of rows, [m], to the shape of the labels. */
export const shaped = (losses: Tensor, shape: Shape): Tensor => (shape.length === 1 ? losses : losses.reshape(shape));

/**
 * Computes the weighted loss of each row from its label and, if there are class weights, the label's weight. For a row
 * with the ignored label, the label passed is 0.
 */
export type RowLoss = (rows: Tensor, labels: Tensor, weights: Tensor | undefined) => Tensor;

/** Computes the losses of rows. The loss of an ignored row is 0. */
function lossesOf(rows: Tensor, labels: Tensor, weights: Tensor | undefined, counts: Tensor, lossOf: RowLoss): Tensor {
  const losses = lossOf(rows, labels, weights);
  const values = losses.detach();
  const harmful = counts.equal(0).minimum(values.sub(values).notEqual(0));
  // Ignored rows may contain anything. Since infinite derivatives times 0 are NaN, such rows are replaced before they
  // are used.
  const harmless = isAnyTrue(harmful.elements)
    ? lossOf(harmful.reshape([-1, 1]).where(0, rows), labels, weights)
    : losses;
  return counts.where(harmless, 0);
}

/** Reduces the losses of labelled rows. The mean is weighted; ignored rows have weight 0. */
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
