/** Infers whether the values of a column are numbers, booleans, categories or text. */

import { isCategorical, MAX_CATEGORIES, sortedCategories } from '../table/categories.ts';
import type { ColumnKind, ColumnSchema } from '../table/column.ts';

/** The texts that mean a missing value, in addition to the empty text. */
export const MISSING_NAMES: readonly string[] = [
  ...['', 'NA', 'N/A', 'n/a', '#N/A', '<NA>', 'NaN', 'nan', 'null', 'NULL', 'Null', 'None', '?'],
];

const NUMBER = /^[-+]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$|^[-+]?inf(?:inity)?$/i;
const INTEGER = /^[-+]?(?:0|[1-9]\d*)$/;
const BOOLEAN = /^(?:true|false)$/i;

/**
 * Returns the number that a text represents; `undefined` if it isn't a number, or is an integer too large to be exact
 * in float64.
 */
export function numberIn(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const number = Number(text);
  if (!Number.isNaN(number)) return INTEGER.test(text) && !Number.isSafeInteger(number) ? undefined : number;
  return text.startsWith('-') ? -Infinity : Infinity;
}

/** Returns the integer that a text represents; `undefined` if it isn't one. */
export const integerIn = (text: string): number | undefined => (INTEGER.test(text) ? numberIn(text) : undefined);

/** Returns the boolean that a text represents, as 0 or 1; `undefined` if it isn't one. */
export const booleanIn = (text: string): number | undefined =>
  BOOLEAN.test(text) ? Number(text.toLowerCase() === 'true') : undefined;

/** The maximum number of categories of a column that is declared to have categories. */
const MAX_NAMED_CATEGORIES = 2 ** 20;

/** Collects information about the values of a column, from which its kind is inferred. */
export class ColumnProfile {
  readonly name: string;
  readonly #kind: ColumnKind | undefined;
  #present = 0;
  #canBeNumber = true;
  #canBeInteger = true;
  #canBeBoolean = true;
  /** The different values; `undefined` when there are too many. */
  #distinct: Set<string> | undefined = new Set();

  /**
   *
   * @param kind The kind, if it is known; otherwise it is inferred.
   */
  constructor(name: string, kind?: ColumnKind) {
    this.name = name;
    this.#kind = kind;
  }

  /** Adds a value that isn't missing. */
  add(value: string): void {
    this.#present++;
    if (this.#kind === undefined) {
      if (this.#canBeNumber && numberIn(value) === undefined) this.#canBeNumber = false;
      if (this.#canBeInteger && !(this.#canBeNumber && INTEGER.test(value))) this.#canBeInteger = false;
      if (this.#canBeBoolean && !BOOLEAN.test(value)) this.#canBeBoolean = false;
    } else if (this.#kind !== 'category') return;
    this.#distinct?.add(value);
    const most = this.#kind === 'category' ? MAX_NAMED_CATEGORIES : MAX_CATEGORIES;
    if (this.#distinct !== undefined && this.#distinct.size > most) this.#distinct = undefined;
  }

  #inferred(): ColumnKind {
    if (this.#present === 0) return 'number';
    if (this.#canBeBoolean) return 'boolean';
    if (this.#canBeInteger) return 'integer';
    if (this.#canBeNumber) return 'number';
    return isCategorical(this.#distinct?.size ?? Infinity, this.#present) ? 'category' : 'text';
  }

  /** Returns the inferred kind and categories. Throws a RangeError for more than 2^20 categories. */
  schema(): ColumnSchema {
    const kind = this.#kind ?? this.#inferred();
    if (kind !== 'category') return { name: this.name, kind, categories: [] };
    if (this.#distinct === undefined) throw new RangeError(`more than ${MAX_NAMED_CATEGORIES} categories`);
    return { name: this.name, kind, categories: sortedCategories(this.#distinct) };
  }
}
