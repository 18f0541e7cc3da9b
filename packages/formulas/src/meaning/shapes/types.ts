/** Shapes of expressions as far as they are known: two lengths each, so that a column is a matrix with one column. */

import type { Expression } from '../../syntax/ast.ts';
import type { Dim, Dims } from './dims.ts';

export interface Type {
  readonly r: Dim;
  readonly c: Dim;
  /** The letter with this shape, if the shape belongs to one letter. */
  readonly key?: string | undefined;
  /** Whether it is a literal number, which can be added to anything. */
  readonly literal?: boolean;
  /** For a derivative whose function and variable are both arrays: their shapes. */
  readonly jacobian?: { readonly of: Type; readonly by: Type };
}

/** Whether a shape is known to be a scalar, known to be an array, or unknown. */
export type Status = 'scalar' | 'array' | 'unknown';

/** Thrown if two parts of a formula don't fit. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  /** The part of the formula that doesn't fit together. */
  readonly at: Expression;
  readonly left: Type | undefined;
  readonly right: Type | undefined;

  constructor(message: string, at: Expression, left?: Type, right?: Type) {
    super(message);
    this.at = at;
    this.left = left;
    this.right = right;
  }
}

/** Thrown for an expression of unknown shape: an undefined letter, or an unknown member. */
export class Unknown extends Error {
  override readonly name = 'Unknown';
  readonly at: Expression | undefined;

  constructor(message: string, at?: Expression) {
    super(message);
    this.at = at;
  }
}

export const swapped = ({ r, c, key }: Type): Type => ({ r: c, c: r, key });

/** Operations on shapes. */
export class Types {
  readonly dims: Dims;
  /** Letters that aren't numbers, because they are transposed or multiplied elementwise. */
  readonly arrays = new Set<string>();
  readonly #one: Dim;
  /** Whether a transpose or an elementwise product implies that a letter isn't a number. */
  readonly #marks: boolean;

  constructor(dims: Dims, marks = true) {
    this.dims = dims;
    this.#marks = marks;
    this.#one = dims.fresh('one');
  }

  get scalar(): Type {
    return { r: this.#one, c: this.#one };
  }

  get literal(): Type {
    return { r: this.#one, c: this.#one, literal: true };
  }

  fresh(rows?: 'one' | 'many', columns?: 'one' | 'many', key?: string): Type {
    return { r: this.dims.fresh(rows), c: this.dims.fresh(columns), key };
  }

  statusOf({ r, c, key }: Type): Status {
    const [rows, columns] = [this.dims.extentOf(r), this.dims.extentOf(c)];
    if (rows === 'many' || columns === 'many') return 'array';
    if (rows === 'one' && columns === 'one') return 'scalar';
    return key !== undefined && this.arrays.has(key) ? 'array' : 'unknown';
  }

  isScalar(type: Type): boolean {
    return this.statusOf(type) === 'scalar';
  }

  /** Whether exactly one of the lengths is known to be 1. */
  isVector({ r, c }: Type): boolean {
    return (this.dims.extentOf(r) === 'one') !== (this.dims.extentOf(c) === 'one');
  }

  unify(a: Type, b: Type, at: Expression, message = 'the shapes differ'): void {
    const state = this.dims.save();
    try {
      this.dims.unify(a.r, b.r);
      this.dims.unify(a.c, b.c);
    } catch {
      this.dims.restore(state);
      throw new ShapeError(message, at, a, b);
    }
  }

  /** Whether two shapes can be equal; if so, unifies them. */
  fits(a: Type, b: Type): boolean {
    const state = this.dims.save();
    try {
      this.dims.unify(a.r, b.r);
      this.dims.unify(a.c, b.c);
      return true;
    } catch {
      this.dims.restore(state);
      return false;
    }
  }

  markArray({ key }: Type): void {
    if (this.#marks && key !== undefined) this.arrays.add(key);
  }
}
