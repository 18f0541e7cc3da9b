import { ArgumentError, type DType, type FloatDType, type Tensor } from '@tapegrad/core';
import { checkOptions, checkTensor, describeValue } from '@tapegrad/core/extend';
import { newElements, tensorOf } from '../loading/collate.ts';
import { FittedState } from './fitted.ts';

/** A value of a categorical feature. */
export type Category = string | number | boolean;

/** The state of an encoder: its categories in order. Safe in JSON. */
export interface CategoriesState {
  readonly categories: readonly Category[];
}

const isCategory = (value: unknown): value is Category =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && !Number.isNaN(value));

/** Compares categories: booleans come first, then numbers by size, then strings by their characters. */
function inOrder(a: Category, b: Category): number {
  if (typeof a === typeof b) return a < b ? -1 : Number(a > b);
  const rank = { boolean: 0, number: 1, string: 2 } as const;
  return rank[typeof a as keyof typeof rank] - rank[typeof b as keyof typeof rank];
}

/** Categories and their indices, found by one `fit`. */
class Categories {
  readonly call: string;
  readonly #fitted: FittedState<{ readonly list: readonly Category[]; readonly indices: ReadonlyMap<unknown, number> }>;

  constructor(call: string) {
    this.call = call;
    this.#fitted = new FittedState(call);
  }

  get isFitted(): boolean {
    return this.#fitted.isFitted;
  }

  get list(): readonly Category[] {
    return this.#fitted.get().list;
  }

  fit(values: Iterable<unknown>, skipsMissing: boolean): void {
    this.#fitted.checkUnfitted();
    const found = new Set<Category>();
    let place = 0;
    for (const value of values) {
      if (isCategory(value)) found.add(value);
      else if (!skipsMissing || !(value === null || value === undefined || Number.isNaN(value))) {
        throw new ArgumentError(
          `${this.call}.fit: expected text, a number or a boolean at ${place}, got ${describeValue(value)}`,
        );
      }
      place++;
    }
    if (found.size === 0) throw new ArgumentError(`${this.call}.fit: expected values, got none`);
    this.#set([...found].sort(inOrder));
  }

  load(state: CategoriesState): void {
    const list: unknown = state?.categories;
    if (!Array.isArray(list) || !list.every(isCategory) || new Set(list).size < list.length) {
      throw new ArgumentError(`${this.call}.load: expected a state with different categories, as state() returns it`);
    }
    this.#set([...list]);
  }

  state(): CategoriesState {
    return { categories: [...(this.#fitted.peek()?.list ?? [])] };
  }

  #set(list: readonly Category[]): void {
    this.#fitted.set(
      list.length === 0 ? undefined : { list, indices: new Map(list.map((category, i) => [category, i])) },
    );
  }

  /** Returns the indices of values. If unknown values are allowed, their index is -1. */
  indicesOf(values: Iterable<unknown>, allowsUnknown: boolean): Int32Array {
    const { indices, list } = this.#fitted.get();
    return Int32Array.from(values, (value, i) => {
      const index = indices.get(value);
      if (index !== undefined) return index;
      if (allowsUnknown) return -1;
      const known = list.slice(0, 8).map((category) => describeValue(category));
      const more = list.length > 8 ? ', …' : '';
      throw new ArgumentError(
        `${this.call}.apply: ${describeValue(value)} at ${i} is not in the training data, expected ${known.join(', ')}${more}`,
      );
    });
  }

  /** Returns the categories with the given indices. */
  at(indices: Iterable<number>): Category[] {
    const { list } = this.#fitted.get();
    return Array.from(indices, (index) => {
      const category = list[index];
      if (category !== undefined) return category;
      throw new ArgumentError(
        `${this.call}.invert: expected indices from 0 to ${list.length - 1}, got ${describeValue(index)}`,
      );
    });
  }
}

/**
 * Turns categories into integers, for example into the class labels that `crossEntropy` takes. Categories are numbered
 * in order: booleans first, then numbers, then strings.
 *
 * `fit` takes the training data, and can be called only once. `apply`, `invert` and `categories` throw until `fit` or
 * `load` has been called.
 *
 * @example
 * const encoder = new LabelEncoder().fit(['dog', 'cat', 'dog']);
 * encoder.apply(['cat', 'dog']).toArray(); // [0, 1]
 * encoder.invert([1, 0]); // ['dog', 'cat']
 */
export class LabelEncoder {
  readonly #categories = new Categories('LabelEncoder');

  /** Whether `fit` or `load` has been called. */
  get isFitted(): boolean {
    return this.#categories.isFitted;
  }

  /** The categories, each at its index. */
  get categories(): readonly Category[] {
    return [...this.#categories.list];
  }

  /**
   * Finds the categories of the training data, and returns this encoder.
   *
   * @throws ArgumentError if it is fitted already, for missing values, and for no values.
   */
  fit(values: Iterable<Category>): this {
    this.#categories.fit(values, false);
    return this;
  }

  /**
   * Returns the indices of values, int32.
   *
   * @throws ArgumentError before `fit`, and for a value that is not in the training data.
   */
  apply(values: Iterable<Category>): Tensor<readonly [number]> {
    const indices = this.#categories.indicesOf(values, false);
    return tensorOf(indices, 'int32', [indices.length]) as Tensor<readonly [number]>;
  }

  /** Returns the categories with the given indices, for example the result of `argmax`. */
  invert(indices: Tensor | Iterable<number>): Category[] {
    return this.#categories.at('dtype' in indices ? indices.data : indices);
  }

  /** Returns the categories found by `fit`; an empty list before that. */
  state(): CategoriesState {
    return this.#categories.state();
  }

  /** Loads a state, instead of fitting, and returns this encoder. */
  load(state: CategoriesState): this {
    this.#categories.load(state);
    return this;
  }
}

/** The options of a `OneHotEncoder`. */
export interface OneHotEncoderOptions {
  /**
   * The encoding of values that are not in the training data, and of missing values: throw an error, or return a row of
   * zeros. Defaults to 'error'.
   */
  readonly unknown?: 'error' | 'zeros';
  /** The dtype of the result. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/**
 * Encodes categories as rows with a 1 in the column of the category and 0 elsewhere. The columns are in order: booleans
 * first, then numbers, then strings. To encode integers, use `oneHot` of `@tapegrad/core`.
 *
 * `fit` takes the training data, and can be called only once. `apply`, `invert` and `categories` throw until `fit` or
 * `load` has been called.
 *
 * @example
 * const encoder = new OneHotEncoder({ unknown: 'zeros' }).fit(['red', 'blue']);
 * encoder.apply(['red', 'green']).toArray(); // [[0, 1], [0, 0]]
 * encoder.categories; // ['blue', 'red']
 */
export class OneHotEncoder {
  readonly #categories = new Categories('OneHotEncoder');
  readonly #allowsUnknown: boolean;
  readonly #dtype: DType;

  constructor(options: OneHotEncoderOptions = {}) {
    checkOptions('OneHotEncoder', options, ['unknown', 'dtype']);
    const { unknown = 'error', dtype = 'float32' } = options;
    if (unknown !== 'error' && unknown !== 'zeros') {
      throw new ArgumentError(`OneHotEncoder: expected 'error' or 'zeros' as unknown, got ${describeValue(unknown)}`);
    }
    if (dtype !== 'float32' && dtype !== 'float64') {
      throw new ArgumentError(`OneHotEncoder: expected dtype float32 or float64, got ${describeValue(dtype)}`);
    }
    this.#allowsUnknown = unknown === 'zeros';
    this.#dtype = dtype;
  }

  /** Whether `fit` or `load` has been called. */
  get isFitted(): boolean {
    return this.#categories.isFitted;
  }

  /** The categories, each at the index of its column. */
  get categories(): readonly Category[] {
    return [...this.#categories.list];
  }

  /**
   * Finds the categories of the training data, and returns this encoder.
   *
   * @throws ArgumentError if it is fitted already, for no values, and for missing values, unless `unknown` is 'zeros'.
   */
  fit(values: Iterable<Category | null | undefined>): this {
    this.#categories.fit(values, this.#allowsUnknown);
    return this;
  }

  /**
   * Returns a row `[categories]` for each value.
   *
   * @throws ArgumentError before `fit`, and for a value that is not in the training data, unless `unknown` is 'zeros'.
   */
  apply(values: Iterable<Category | null | undefined>): Tensor<readonly [number, number]> {
    const indices = this.#categories.indicesOf(values, this.#allowsUnknown);
    const columns = this.#categories.list.length;
    const data = newElements(this.#dtype, indices.length * columns);
    indices.forEach((index, row) => {
      if (index >= 0) data[row * columns + index] = 1;
    });
    return tensorOf(data, this.#dtype, [indices.length, columns]) as Tensor<readonly [number, number]>;
  }

  /** Returns for each row the category whose column has the largest number. */
  invert(rows: Tensor): Category[] {
    checkTensor('OneHotEncoder.invert', rows);
    const columns = this.#categories.list.length;
    if (rows.shape.length !== 2 || rows.shape[1] !== columns) {
      throw new ArgumentError(`OneHotEncoder.invert: expected rows of ${columns} numbers, got shape [${rows.shape}]`);
    }
    return this.#categories.at(rows.argmax(1).data);
  }

  /** Returns the categories found by `fit`; an empty list before that. */
  state(): CategoriesState {
    return this.#categories.state();
  }

  /** Loads a state, instead of fitting, and returns this encoder. */
  load(state: CategoriesState): this {
    this.#categories.load(state);
    return this;
  }
}
