/**
 * Losses: how far predictions are from their targets, one number for an element or, unless asked otherwise, the mean.
 *
 * Nothing is broadcast here: predictions [n, 1] against targets [n] are an error, not an n x n matrix.
 */

import {
  type Agree,
  ArgumentError,
  DTypeError,
  type Fitting,
  formatShape,
  isFloat,
  kernels,
  type Printed,
  type Scalar,
  type Shape,
  ShapeError,
  sameShape,
  type Tensor,
} from '@tapegrad/core';

/** Whether a loss is the mean over the elements, or rows, their sum, or each by itself. */
export type Reduction = 'mean' | 'sum' | 'none';

export interface LossOptions<R extends Reduction = Reduction> {
  /** `mean` unless given. */
  readonly reduction?: R;
}

/** A loss by itself has shape `S`; reduced, it is a scalar. */
export type Loss<R extends Reduction, S extends Shape> = Tensor<R extends 'none' ? S : Scalar>;

/** Whether two shapes can be the same. */
type SameShapes<A extends Shape, B extends Shape> = number extends A['length'] | B['length']
  ? true
  : A extends readonly [infer M extends number, ...infer RestA extends Shape]
    ? B extends readonly [infer N extends number, ...infer RestB extends Shape]
      ? Agree<M, N> extends true
        ? SameShapes<RestA, RestB>
        : false
      : false
    : B extends readonly []
      ? true
      : false;

/** Targets `Tensor<T>` of the shape of the predictions, or the sentence that says that they are not. */
export type Targets<Call extends string, P extends Shape, T extends Shape> = Fitting<
  SameShapes<P, T> extends true
    ? T
    : ShapeError<`${Call}: predictions of shape ${Printed<P>} and targets of shape ${Printed<T>} differ`>,
  T
>;

function checkFloat(call: string, x: Tensor): void {
  if (!isFloat(x.dtype)) throw new DTypeError(`${call}: expected predictions of float32 or float64, got ${x.dtype}`);
}

function checkSameDType(call: string, predictions: Tensor, targets: Tensor): void {
  if (predictions.dtype === targets.dtype) return;
  const got = `predictions are ${predictions.dtype} and targets ${targets.dtype}`;
  throw new DTypeError(`${call}: ${got}; cast one of them`);
}

function checkNotEmpty(call: string, x: Tensor): void {
  if (x.size === 0)
    throw new ArgumentError(`${call}: the batch is empty: the predictions have shape ${formatShape(x.shape)}`);
}

/** The operands of a loss that compares element by element, which they are checked to be. */
function comparable(call: string, predictions: Tensor, targets: unknown): [Tensor, Tensor] {
  const t = targets as Tensor;
  checkFloat(call, predictions);
  if (!sameShape(predictions.shape, t.shape)) {
    const shapes = `predictions of shape ${formatShape(predictions.shape)} and targets of shape ${formatShape(t.shape)}`;
    throw new ShapeError(`${call}: ${shapes} differ; reshape one of them: nothing is broadcast here`);
  }
  checkSameDType(call, predictions, t);
  checkNotEmpty(call, predictions);
  return [predictions, t];
}

/** Throws where a target is not one that the loss takes, and says which is the first. */
function checkTargets(call: string, targets: Tensor, allowed: (target: number) => boolean, wanted: string): void {
  const { data } = targets;
  for (let i = 0; i < data.length; i++) {
    if (allowed(data[i]!)) continue;
    throw new ArgumentError(`${call}: the target at place ${i} is ${data[i]}, expected ${wanted}`);
  }
}

function reduce<R extends Reduction, S extends Shape>(
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

/**
 * The squared error (p - t)^2.
 *
 * @example
 * mse(tensor([1, 2]), tensor([3, 2])).item(); // 2
 */
export function mse<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'mse', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  const [p, t] = comparable('mse', predictions, targets);
  const difference = p.sub(t);
  return reduce('mse', difference.mul(difference), options.reduction);
}

/**
 * The absolute error |p - t|, with derivative 0 where they are equal.
 *
 * @example
 * l1(tensor([1, 2]), tensor([3, 2]), { reduction: 'sum' }).item(); // 2
 */
export function l1<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'l1', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  const [p, t] = comparable('l1', predictions, targets);
  return reduce('l1', p.sub(t).abs(), options.reduction);
}

export interface HuberOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** Where the parabola goes over into lines; 1 unless given. */
  readonly delta?: number;
}

/**
 * With d = |p - t|: d^2 / 2 up to delta, and delta (d - delta / 2) beyond (Huber 1964).
 *
 * @example
 * huber(tensor([0.5, 3]), tensor([0, 0]), { reduction: 'none' }).toArray(); // [0.125, 2.5]
 */
export function huber<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'huber', P, T>,
  options: HuberOptions<R> = {},
): Loss<R, P> {
  const [p, t] = comparable('huber', predictions, targets);
  const { delta = 1 } = options;
  if (!(delta > 0)) throw new ArgumentError(`huber: delta is ${delta}, expected a number above 0`);
  const distance = p.sub(t).abs();
  // With c the distance or delta, whichever is smaller, both pieces are c (d - c / 2).
  const capped = distance.minimum(delta);
  return reduce('huber', capped.mul(distance.sub(capped.mul(0.5))), options.reduction);
}

/**
 * The hinge max(0, 1 - t p), for targets -1 and 1; with derivative 0 at the hinge.
 *
 * @throws ArgumentError for other targets.
 * @example
 * hinge(tensor([0.5, 2]), tensor([-1, 1]), { reduction: 'none' }).toArray(); // [1.5, 0]
 */
export function hinge<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  predictions: Tensor<P>,
  targets: Targets<'hinge', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  const [p, t] = comparable('hinge', predictions, targets);
  checkTargets('hinge', t, (target) => target === 1 || target === -1, '-1 or 1');
  return reduce('hinge', p.mul(t.neg()).add(1).relu(), options.reduction);
}

const isProbability = (x: number): boolean => x >= 0 && x <= 1;

/**
 * The binary cross-entropy -t log s(x) - (1 - t) log(1 - s(x)) of logits x, s the sigmoid, computed as
 * t softplus(-x) + (1 - t) softplus(x), which neither overflows nor cancels. Targets are probabilities, 0 and 1 included.
 *
 * @throws ArgumentError for other targets.
 * @example
 * binaryCrossEntropy(tensor([0, 3]), tensor([1, 1]), { reduction: 'none' }).toArray(); // [0.693147, 0.048587]
 */
export function binaryCrossEntropy<P extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<P>,
  targets: Targets<'binaryCrossEntropy', P, T>,
  options: LossOptions<R> = {},
): Loss<R, P> {
  const [x, t] = comparable('binaryCrossEntropy', logits, targets);
  checkTargets('binaryCrossEntropy', t, isProbability, 'a probability, from 0 to 1');
  const losses = x
    .neg()
    .softplus()
    .mul(t)
    .add(x.softplus().mul(t.neg().add(1)));
  return reduce('binaryCrossEntropy', losses, options.reduction);
}

/** Labels [n] or probabilities [n, c] for logits [n, c], or the sentence that says that they don't fit. */
export type ClassTargets<L extends Shape, T extends Shape> = Fitting<
  L extends readonly [infer N extends number, number]
    ? SameShapes<L, T> extends true
      ? T
      : SameShapes<readonly [N], T> extends true
        ? T
        : ShapeError<`crossEntropy: logits of shape ${Printed<L>} need labels of shape [${N}] or probabilities of shape ${Printed<L>}, got ${Printed<T>}`>
    : T,
  T
>;

export interface CrossEntropyOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The share of a target that is spread evenly over all classes; 0 unless given. */
  readonly labelSmoothing?: number;
}

/**
 * The cross-entropy -sum_j t_j log softmax(x)_j of each row of logits x [n, c]. The target of a row is its class, an
 * int32 of a tensor [n], or the probabilities of all classes, a row of a float tensor [n, c]. Label smoothing e makes of a
 * target t (1 - e) t + e / c (Szegedy et al. 2016). The mean is over the rows.
 *
 * @throws ArgumentError for a label out of range or an empty batch.
 * @example
 * crossEntropy(tensor([[0, 0], [2, 0]]), tensor([1, 0], { dtype: 'int32' })).item(); // 0.410038
 */
export function crossEntropy<L extends Shape, T extends Shape, const R extends Reduction = 'mean'>(
  logits: Tensor<L>,
  targets: ClassTargets<L, T>,
  options: CrossEntropyOptions<R> = {},
): Loss<R, readonly [L[0] & number]> {
  const x: Tensor = logits;
  const t = targets as unknown as Tensor;
  const { labelSmoothing: smoothing = 0, reduction } = options;
  const ofRows = checkClasses(x, t) === 'labels' ? ofLabels : ofProbabilities;
  if (!isProbability(smoothing)) {
    throw new ArgumentError(`crossEntropy: labelSmoothing is ${smoothing}, expected a number from 0 to 1`);
  }
  return reduce('crossEntropy', ofRows(x, t, smoothing), reduction);
}

/** Throws where targets do not fit logits, and says what they are. */
function checkClasses(logits: Tensor, targets: Tensor): 'labels' | 'probabilities' {
  checkFloat('crossEntropy', logits);
  const [n, c] = logits.shape;
  if (n === undefined || c === undefined || logits.rank !== 2) {
    const got = formatShape(logits.shape);
    throw new ShapeError(`crossEntropy: expected logits of shape [n, c], got ${got}; reshape them`);
  }
  checkNotEmpty('crossEntropy', logits);
  if (sameShape(targets.shape, [n])) {
    if (targets.dtype !== 'int32') {
      throw new DTypeError(`crossEntropy: the labels are ${targets.dtype}, expected int32; cast them`);
    }
    const { elements } = targets;
    const wrong = elements.findIndex((label) => label < 0 || label >= c);
    if (wrong === -1) return 'labels';
    const range = `${c} classes are labelled 0 to ${c - 1}`;
    throw new ArgumentError(`crossEntropy: label ${elements[wrong]} at place ${wrong} is out of range: ${range}`);
  }
  if (!sameShape(targets.shape, logits.shape)) {
    const wanted = `labels of shape [${n}] or probabilities of shape [${n}, ${c}]`;
    const got = formatShape(targets.shape);
    throw new ShapeError(`crossEntropy: logits of shape [${n}, ${c}] need ${wanted}, got ${got}`);
  }
  checkSameDType('crossEntropy', logits, targets);
  checkTargets('crossEntropy', targets, isProbability, 'a probability, from 0 to 1');
  return 'probabilities';
}

/** -(1 - e) log p_label - e mean(log p), row by row. */
function ofLabels(logits: Tensor, labels: Tensor, smoothing: number): Tensor {
  const losses = kernels.crossEntropy(logits, labels);
  if (smoothing === 0) return losses;
  return losses.mul(1 - smoothing).sub(logits.logSoftmax(1).mean(1).mul(smoothing));
}

/** -sum t log p, row by row. */
function ofProbabilities(logits: Tensor, targets: Tensor, smoothing: number): Tensor {
  const t = smoothing === 0 ? targets : targets.mul(1 - smoothing).add(smoothing / logits.shape[1]!);
  return logits.logSoftmax(1).mul(t).sum(1).neg();
}
