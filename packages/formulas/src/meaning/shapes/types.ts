/** Shapes of expressions, as far as they are known: two lengths each, so that a column is a matrix with one column. */

import type { Expression } from '../../syntax/ast.ts';
import type { Dim, Dims } from './dims.ts';

export interface Type {
  readonly r: Dim;
  readonly c: Dim;
  /** The letter that it is the shape of, if it is one's own. */
  readonly key?: string | undefined;
  /** A number that is written out, which is added to anything. */
  readonly literal?: boolean;
  /** Of a derivative of no scalar by no scalar: what it is of, and by what. */
  readonly jacobian?: { readonly of: Type; readonly by: Type };
}

/** Whether a shape is that of a single number. */
export type Status = 'scalar' | 'array' | 'unknown';

/** Two parts of a formula that do not fit. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  /** The part of the formula that does not fit together. */
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

/** An expression that shapes are not known of: a letter without a meaning, a number of a member that is not known. */
export class Unknown extends Error {
  override readonly name = 'Unknown';
  readonly at: Expression | undefined;

  constructor(message: string, at?: Expression) {
    super(message);
    this.at = at;
  }
}

export const swapped = ({ r, c, key }: Type): Type => ({ r: c, c: r, key });

/** Shapes, and what they have to do with each other. */
export class Types {
  readonly dims: Dims;
  /** Letters that are no single numbers, since they are transposed, or multiplied element by element. */
  readonly arrays = new Set<string>();
  readonly #one: Dim;
  /** Whether what is transposed, or multiplied element by element, is taken for no single number. */
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

  /** Whether one of the lengths is known to be 1 and the other not. */
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

  /** Whether two shapes can be the same; they are made the same if so. */
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
