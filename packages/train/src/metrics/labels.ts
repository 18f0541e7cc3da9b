/** Predicted classes, and the true classes to compare them with. */

import { ArgumentError, DTypeError, ShapeError, Tensor } from '@tapegrad/core';
import { describeValue, formatShape, isFloat, sameShape } from '@tapegrad/core/extend';
import type { Predicted } from '../outcome.ts';

/** The options of metrics of classes. */
export interface LabelOptions {
  /**
   * The score above which an example is predicted as class 1. Defaults to 0, which suits logits; probabilities need
   * 0.5. Used only for predictions that have the same shape as the targets.
   */
  readonly threshold?: number;
  /** A label to ignore, for example that of padding. */
  readonly ignoreIndex?: number;
}

export const labelOptions = ['threshold', 'ignoreIndex'] as const;

/** Throws unless both are tensors. */
export function checkPredicted(call: string, { predictions, targets }: Predicted): void {
  for (const [name, x] of Object.entries({ predictions, targets })) {
    if (x instanceof Tensor) continue;
    const got = x === undefined ? 'none' : describeValue(x);
    throw new ArgumentError(`${call}: expected ${name}, a tensor, got ${got}; return them from the loss function`);
  }
}

/**
 * Returns true for predictions [n, c, …] with a class axis for targets [n, …], and false for predictions that have the
 * same shape as the targets. Throws for any other shape.
 */
export function haveClasses(call: string, { predictions, targets }: Predicted): boolean {
  const { shape } = predictions;
  if (sameShape(shape, targets.shape)) return false;
  if (shape.length < 2 || !sameShape(shape.toSpliced(1, 1), targets.shape)) {
    const shapes = `predictions of shape ${formatShape(shape)} and targets of shape ${formatShape(targets.shape)}`;
    throw new ShapeError(`${call}: expected predictions [n, c, …] or [n, …] for targets [n, …], got ${shapes}`);
  }
  if (shape[1] === 1) {
    const mend = `reshape them to ${formatShape(targets.shape)} if they are scores of class 1`;
    throw new ShapeError(`${call}: predictions of shape ${formatShape(shape)} have a single class; ${mend}`);
  }
  return true;
}

/** Returns the labels in a tensor of targets. Throws unless each is a nonnegative integer or the label to ignore. */
export function labelsIn(call: string, targets: Tensor, ignored: number | undefined): ArrayLike<number> {
  const { elements } = targets;
  const wrong = elements.findIndex((label) => !(Number.isInteger(label) && label >= 0) && label !== ignored);
  if (wrong === -1) return elements;
  throw new ArgumentError(`${call}: the target at index ${wrong} is ${elements[wrong]}, expected a class, 0 or more`);
}

/** The scores of the classes [n, c, …] as rows: the score of class `c` in row `i` is at `start(i) + c * step`. */
export interface ScoreRows {
  readonly scores: ArrayLike<number>;
  readonly classes: number;
  readonly step: number;
  start(row: number): number;
}

export function scoreRows(predictions: Tensor): ScoreRows {
  const [, classes = 1, ...rest] = predictions.shape;
  const step = rest.reduce((product, length) => product * length, 1);
  const start = (row: number): number => Math.floor(row / step) * classes * step + (row % step);
  return { scores: predictions.elements, classes, step, start };
}

/** Returns the class of the largest score; a NaN counts as larger than any number, as in `argmax`. */
function largest({ scores, classes, step }: ScoreRows, start: number): number {
  let best = scores[start]!;
  let found = 0;
  for (let c = 1; c < classes && !Number.isNaN(best); c++) {
    const score = scores[start + c * step]!;
    if (score <= best) continue;
    best = score;
    found = c;
  }
  return found;
}

/**
 * Calls a function with the predicted class and the true class of each example.
 *
 * @returns the number of classes that predictions have scores for; 0 if the predictions are classes themselves.
 */
export function forEachLabel(
  call: string,
  result: Predicted,
  { threshold = 0, ignoreIndex }: LabelOptions,
  visit: (predicted: number, target: number) => void,
): number {
  checkPredicted(call, result);
  const { predictions, targets } = result;
  const hasClasses = haveClasses(call, result);
  const labels = labelsIn(call, targets, ignoreIndex);
  const rows = hasClasses ? scoreRows(predictions) : undefined;
  const isScore = isFloat(predictions.dtype);
  if (rows !== undefined && !isScore) {
    throw new DTypeError(`${call}: expected scores of classes as floats, got ${predictions.dtype}`);
  }
  const classes = rows?.classes ?? (isScore ? 2 : 0);
  const own = rows === undefined ? predictions.elements : [];
  for (let i = 0; i < labels.length; i++) {
    const target = labels[i]!;
    if (target === ignoreIndex) continue;
    if (classes > 0 && target >= classes) {
      throw new ArgumentError(`${call}: the target at index ${i} is ${target}, but there are ${classes} classes`);
    }
    const predicted = rows !== undefined ? largest(rows, rows.start(i)) : isScore ? +(own[i]! > threshold) : own[i]!;
    visit(predicted, target);
  }
  return classes;
}
