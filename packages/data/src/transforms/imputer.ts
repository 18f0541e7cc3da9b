import { ArgumentError, type Shape, ShapeError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape } from '@tapegrad/core/extend';
import { newElements, tensorOf } from '../loading/collate.ts';
import { type Batches, checkAxis, checkData, forEachBatch, layoutOf, momentsOf } from './feature-statistics.ts';
import { FittedState } from './fitted.ts';
import type { ScalerOptions } from './scalers.ts';

/** The options of an `Imputer`. */
export interface ImputerOptions extends ScalerOptions {
  /** The replacement for missing numbers: a statistic of the training data, or a given number. Defaults to 'mean'. */
  readonly with?: 'mean' | 'median' | number;
}

/** The state of an `Imputer`: one number for each feature. Safe in JSON. */
export interface ImputerState {
  readonly fill: readonly number[];
}

/**
 * Replaces missing numbers, given as NaN, with the mean or the median of the feature in the training data, or with a
 * given number.
 *
 * `fit` takes the training data, and can be called only once. `apply` throws until `fit` or `load` has been called.
 *
 * @example
 * const imputer = new Imputer({ with: 'median' }).fit(tensor([[1, 5], [NaN, 7], [9, NaN], [2, 9]]));
 * imputer.apply(tensor([[NaN, NaN], [3, 4]])).toArray(); // [[2, 7], [3, 4]]
 */
export class Imputer {
  readonly #axis: number | null;
  readonly #with: 'mean' | 'median' | number;
  readonly #fitted = new FittedState<ImputerState>('Imputer');

  constructor(options: ImputerOptions = {}) {
    checkOptions('Imputer', options, ['axis', 'with']);
    const { axis = 1, with: fill = 'mean' } = options;
    checkAxis('Imputer', axis);
    if (fill !== 'mean' && fill !== 'median' && !Number.isFinite(fill)) {
      throw new ArgumentError(`Imputer: expected 'mean', 'median' or a finite number, got ${describeValue(fill)}`);
    }
    this.#axis = axis;
    this.#with = fill;
  }

  /** Whether `fit` or `load` has been called. */
  get isFitted(): boolean {
    return this.#fitted.isFitted;
  }

  /**
   * Computes the replacement for each feature, and returns this imputer.
   *
   * @param data A tensor of all training examples, or batches of them, which are read once.
   * @throws ArgumentError if it is fitted already, for infinities, for no data, and for a feature without any number;
   * DTypeError for integers; ShapeError if there is no such axis.
   */
  fit(data: Batches): this {
    this.#fitted.checkUnfitted();
    const values = this.#with === 'median' ? valuesOf(data, this.#axis) : undefined;
    const { count, mean } = momentsOf('Imputer.fit', values?.batches ?? data, this.#axis, 'skip');
    const empty = count.indexOf(0);
    if (empty !== -1 && typeof this.#with !== 'number') {
      throw new ArgumentError(`Imputer.fit: feature ${empty} has no number; drop it, or fill with a number`);
    }
    const fill = this.#with;
    this.#fitted.set({
      fill: Array.from(mean, (m, f) => (typeof fill === 'number' ? fill : (values?.median(f) ?? m))),
    });
    return this;
  }

  /**
   * Returns examples with their missing numbers replaced.
   *
   * @throws ArgumentError before `fit`; ShapeError for another number of features.
   */
  apply<S extends Shape>(x: Tensor<S>): Tensor<S> {
    const { fill } = this.#fitted.get();
    checkData('Imputer.apply', x);
    const { features, inner } = layoutOf('Imputer.apply', x, this.#axis);
    if (features !== fill.length) {
      const got = `${features} along axis ${this.#axis} of ${formatShape(x.shape)}`;
      throw new ShapeError(`Imputer.apply: expected the ${fill.length} features that it was fitted to, got ${got}`);
    }
    const to = newElements(x.dtype, x.size);
    to.set(x.data);
    for (let i = 0; i < to.length; i++) if (Number.isNaN(to[i])) to[i] = fill[Math.floor(i / inner) % features]!;
    return tensorOf(to, x.dtype, x.shape) as Tensor<S>;
  }

  /** Returns the replacements computed by `fit`; an empty list before that. */
  state(): ImputerState {
    return { fill: [...(this.#fitted.peek()?.fill ?? [])] };
  }

  /**
   * Loads a state, instead of fitting, and returns this imputer.
   *
   * @throws ArgumentError unless it is a valid state. The imputer is then unchanged.
   */
  load(state: ImputerState): this {
    const { fill } = this.#fitted.checkLists(state, ['fill']);
    this.#fitted.set(fill.length === 0 ? undefined : { fill: [...fill] });
    return this;
  }
}

/**
 * Collects the numbers of each feature, to compute medians, and the batches themselves, since an iterable may be
 * readable only once.
 */
function valuesOf(data: Batches, axis: number | null) {
  const lists: number[][] = [];
  const batches: Tensor[] = [];
  const isOne = 'dtype' in data;
  for (const x of isOne ? [data] : data) batches.push(x);
  forEachBatch('Imputer.fit', batches, axis, (elements, { features, inner }) => {
    for (let f = lists.length; f < features; f++) lists.push([]);
    for (let i = 0; i < elements.length; i++) {
      if (!Number.isNaN(elements[i])) lists[Math.floor(i / inner) % features]!.push(elements[i]!);
    }
  });
  return {
    batches,
    median(feature: number): number {
      const sorted = Float64Array.from(lists[feature]!).sort();
      const middle = sorted.length >> 1;
      return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
    },
  };
}
