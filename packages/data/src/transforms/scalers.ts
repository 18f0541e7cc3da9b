import { ArgumentError, type Shape, ShapeError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape } from '@tapegrad/core/extend';
import { newElements, tensorOf } from '../loading/collate.ts';
import { type Batches, checkAxis, checkData, layoutOf, momentsOf } from './feature-statistics.ts';
import { FittedState } from './fitted.ts';

/** The options of a scaler. */
export interface ScalerOptions {
  /**
   * The axis of features. Each feature is scaled on its own; with null, all numbers are scaled together. Defaults to 1:
   * the columns of a table `[n, features]`, the channels of images `[n, channels, height, width]`.
   */
  readonly axis?: number | null;
}

/**
 * Applies y = (x - shift) / scale + offset to each feature, or its inverse. The result is computed in float64 and
 * rounded once.
 */
function scaled<S extends Shape>(
  call: string,
  x: Tensor<S>,
  axis: number | null,
  shift: readonly number[],
  scale: readonly number[],
  offset: number,
  isInverse: boolean,
): Tensor<S> {
  checkData(call, x);
  const { features, inner } = layoutOf(call, x, axis);
  if (features !== shift.length) {
    const got = `${features} along axis ${axis} of ${formatShape(x.shape)}`;
    throw new ShapeError(`${call}: expected the ${shift.length} features that it was fitted to, got ${got}`);
  }
  const from = x.data;
  const to = newElements(x.dtype, from.length);
  for (let i = 0; i < from.length; i++) {
    const f = features === 1 ? 0 : Math.floor(i / inner) % features;
    to[i] = isInverse ? (from[i]! - offset) * scale[f]! + shift[f]! : (from[i]! - shift[f]!) / scale[f]! + offset;
  }
  return tensorOf(to, x.dtype, x.shape) as Tensor<S>;
}

/** The state of a `StandardScaler`: one number for each feature. Safe in JSON. */
export interface StandardScalerState {
  readonly mean: readonly number[];
  /** The standard deviation; 1 for a constant feature. */
  readonly std: readonly number[];
}

/**
 * Standardises features: y = (x - mean) / std, with the mean and the standard deviation of the training data. This is
 * the population standard deviation, which divides by n, not n - 1. A constant feature is only shifted.
 *
 * `fit` takes the training data, and can be called only once. `apply` and `invert` throw until `fit` or `load` has been
 * called.
 *
 * @example
 * const scaler = new StandardScaler().fit(tensor([[1, 10], [3, 10]]));
 * scaler.apply(tensor([[2, 10], [5, 11]])).toArray(); // [[0, 0], [3, 1]]
 * new StandardScaler().load({ mean: [0.1307], std: [0.3081] }).isFitted; // true
 */
export class StandardScaler {
  readonly #axis: number | null;
  readonly #fitted = new FittedState<StandardScalerState>('StandardScaler');

  constructor(options: ScalerOptions = {}) {
    checkOptions('StandardScaler', options, ['axis']);
    this.#axis = options.axis === undefined ? 1 : options.axis;
    checkAxis('StandardScaler', this.#axis);
  }

  /** Whether `fit` or `load` has been called. */
  get isFitted(): boolean {
    return this.#fitted.isFitted;
  }

  /**
   * Computes the mean and the standard deviation of the training data, and returns this scaler.
   *
   * @param data A tensor of all training examples, or batches of them, which are read once.
   * @throws ArgumentError if it is fitted already, for NaN or infinities, and for no data; DTypeError for integers;
   * ShapeError if there is no such axis.
   */
  fit(data: Batches): this {
    this.#fitted.checkUnfitted();
    const { mean, variance } = momentsOf('StandardScaler.fit', data, this.#axis, 'error');
    this.#fitted.set({ mean: [...mean], std: Array.from(variance, (v) => (v > 0 ? Math.sqrt(v) : 1)) });
    return this;
  }

  /**
   * Standardises examples. The result has the dtype of `x`.
   *
   * @throws ArgumentError before `fit`; ShapeError for another number of features.
   */
  apply<S extends Shape>(x: Tensor<S>): Tensor<S> {
    const { mean, std } = this.#fitted.get();
    return scaled('StandardScaler.apply', x, this.#axis, mean, std, 0, false);
  }

  /** Turns standardised numbers back into the original units. */
  invert<S extends Shape>(y: Tensor<S>): Tensor<S> {
    const { mean, std } = this.#fitted.get();
    return scaled('StandardScaler.invert', y, this.#axis, mean, std, 0, true);
  }

  /** Returns the statistics computed by `fit`; empty lists before that. */
  state(): StandardScalerState {
    const { mean, std } = this.#fitted.peek() ?? { mean: [], std: [] };
    return { mean: [...mean], std: [...std] };
  }

  /**
   * Loads a state, instead of fitting, and returns this scaler.
   *
   * @throws ArgumentError unless it is a valid state. The scaler is then unchanged.
   */
  load(state: StandardScalerState): this {
    const { mean, std } = this.#fitted.checkLists(state, ['mean', 'std']);
    const wrong = std.find((deviation) => deviation <= 0);
    if (wrong !== undefined) {
      throw new ArgumentError(`StandardScaler.load: expected deviations above 0 as 'std', got ${wrong}`);
    }
    this.#fitted.set(mean.length === 0 ? undefined : { mean: [...mean], std: [...std] });
    return this;
  }
}

/** The options of a `MinMaxScaler`. */
export interface MinMaxScalerOptions extends ScalerOptions {
  /** The values that the smallest and the largest number of the training data are mapped to. Defaults to [0, 1]. */
  readonly range?: readonly [low: number, high: number];
}

/** The state of a `MinMaxScaler`: one number for each feature. Safe in JSON. */
export interface MinMaxScalerState {
  readonly min: readonly number[];
  readonly max: readonly number[];
}

/**
 * Scales features to a range: the smallest number of the training data is mapped to the lower end of the range, and the
 * largest to the upper end. Results for other data may lie outside of the range. A constant feature is mapped to the
 * lower end.
 *
 * `fit` takes the training data, and can be called only once. `apply` and `invert` throw until `fit` or `load` has been
 * called.
 *
 * @example
 * const scaler = new MinMaxScaler().fit(tensor([[1, 10], [3, 30]]));
 * scaler.apply(tensor([[2, 10], [5, 30]])).toArray(); // [[0.5, 0], [2, 1]]
 */
export class MinMaxScaler {
  readonly #axis: number | null;
  readonly #range: readonly [number, number];
  readonly #fitted = new FittedState<MinMaxScalerState>('MinMaxScaler');

  constructor(options: MinMaxScalerOptions = {}) {
    checkOptions('MinMaxScaler', options, ['axis', 'range']);
    const { axis = 1, range: [low, high] = [0, 1] } = options;
    checkAxis('MinMaxScaler', axis);
    if (!(low < high && Number.isFinite(high - low))) {
      const got = `[${describeValue(low)}, ${describeValue(high)}]`;
      throw new ArgumentError(`MinMaxScaler: expected a range [low, high] with low < high, got ${got}`);
    }
    this.#axis = axis;
    this.#range = [low, high];
  }

  /** Whether `fit` or `load` has been called. */
  get isFitted(): boolean {
    return this.#fitted.isFitted;
  }

  /**
   * Finds the range of the training data, and returns this scaler.
   *
   * @param data A tensor of all training examples, or batches of them, which are read once.
   * @throws ArgumentError if it is fitted already, for NaN or infinities, and for no data; DTypeError for integers;
   * ShapeError if there is no such axis.
   */
  fit(data: Batches): this {
    this.#fitted.checkUnfitted();
    const { min, max } = momentsOf('MinMaxScaler.fit', data, this.#axis, 'error');
    this.#fitted.set({ min: [...min], max: [...max] });
    return this;
  }

  /**
   * Scales examples. The result has the dtype of `x`.
   *
   * @throws ArgumentError before `fit`; ShapeError for another number of features.
   */
  apply<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return scaled('MinMaxScaler.apply', x, this.#axis, ...this.#coefficients(), false);
  }

  /** Turns scaled numbers back into the original units. */
  invert<S extends Shape>(y: Tensor<S>): Tensor<S> {
    return scaled('MinMaxScaler.invert', y, this.#axis, ...this.#coefficients(), true);
  }

  /** Returns the ranges found by `fit`; empty lists before that. */
  state(): MinMaxScalerState {
    const { min, max } = this.#fitted.peek() ?? { min: [], max: [] };
    return { min: [...min], max: [...max] };
  }

  /**
   * Loads a state, instead of fitting, and returns this scaler.
   *
   * @throws ArgumentError unless it is a valid state. The scaler is then unchanged.
   */
  load(state: MinMaxScalerState): this {
    const { min, max } = this.#fitted.checkLists(state, ['min', 'max']);
    const wrong = min.findIndex((low, f) => low > max[f]!);
    if (wrong !== -1) {
      throw new ArgumentError(`MinMaxScaler.load: expected min <= max, got ${min[wrong]} and ${max[wrong]}`);
    }
    this.#fitted.set(min.length === 0 ? undefined : { min: [...min], max: [...max] });
    return this;
  }

  /** Returns shift, scale and offset of y = (x - shift) / scale + offset. */
  #coefficients(): [shift: readonly number[], scale: readonly number[], offset: number] {
    const { min, max } = this.#fitted.get();
    const [low, high] = this.#range;
    const scale = min.map((least, f) => (max[f]! > least ? (max[f]! - least) / (high - low) : 1));
    return [min, scale, low];
  }
}
