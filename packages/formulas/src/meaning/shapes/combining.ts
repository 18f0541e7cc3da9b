/** Determines the shapes of sums and products, as soon as enough is known. */

import type { Expression } from '../../syntax/ast.ts';
import { type Dim, DimConflict } from './dims.ts';
import { ShapeError, type Type, type Types } from './types.ts';

/** An operation whose shape can't be determined yet, because an operand may be a number or an array. */
interface Deferred {
  readonly a: Type;
  readonly b: Type;
  readonly result: Type;
  readonly at: Expression;
  readonly kind: 'sum' | 'product' | 'quotient' | 'derivative';
}

/** Combines shapes. */
export abstract class Combining {
  readonly types: Types;
  readonly deferred: Deferred[] = [];

  constructor(types: Types) {
    this.types = types;
  }

  /** Whether arrays are written as if they were numbers. */
  abstract get asNumbers(): boolean;

  plain = ({ r, c }: Type): Type => ({ r, c });

  /** Returns the shape of a derivative as a matrix. */
  matrix(type: Type): Type {
    if (type.jacobian === undefined) return type;
    const { of, by } = type.jacobian;
    if (this.types.statusOf(of) !== 'array' || this.types.statusOf(by) !== 'array') return this.plain(type);
    return this.#jacobian(of, by);
  }

  /** Returns the shape of a Jacobian: a row for each element of the function, a column for each element of the variable. */
  #jacobian(of: Type, by: Type): Type {
    const side = ({ r, c }: Type): Dim =>
      this.types.dims.extentOf(c) === 'one' ? r : this.types.dims.extentOf(r) === 'one' ? c : r;
    return { r: side(of), c: side(by) };
  }

  /** Returns the shape of a sum. A number can be added to anything, a vector to each row or column. */
  combined(first: Type, second: Type, at: Expression): Type {
    const { types } = this;
    const [a, b] = [this.matrix(first), this.matrix(second)];
    if (a.literal || b.literal) return a.literal ? b : a;
    const [sa, sb] = [types.statusOf(a), types.statusOf(b)];
    if (sa === 'scalar' && sb === 'scalar') return a;
    if (sa === 'unknown' || sb === 'unknown') {
      const result = types.fresh();
      this.deferred.push({ a, b, result, at, kind: 'sum' });
      return result;
    }
    if (sa === 'scalar') return b;
    if (sb === 'scalar') return a;
    return { r: this.#combinedDim(a.r, b.r, at, a, b), c: this.#combinedDim(a.c, b.c, at, a, b) };
  }

  #combinedDim(x: Dim, y: Dim, at: Expression, a: Type, b: Type): Dim {
    const { dims } = this.types;
    if (dims.extentOf(x) === 'one' && dims.extentOf(y) === 'many') return y;
    if (dims.extentOf(y) === 'one' && dims.extentOf(x) === 'many') return x;
    try {
      dims.unify(x, y);
    } catch {
      throw new ShapeError('the shapes of the terms differ', at, a, b);
    }
    return x;
  }

  multiplied(first: Type, second: Type, at: Expression, isDot: boolean): Type {
    const { types } = this;
    const [a, b] = [this.matrix(first), this.matrix(second)];
    const [sa, sb] = [types.statusOf(a), types.statusOf(b)];
    if (sa === 'scalar') return this.plain(b);
    if (sb === 'scalar') return this.plain(a);
    if (sa === 'array' && sb === 'array') {
      const state = types.dims.save();
      try {
        types.dims.unify(a.c, b.r);
        return { r: a.r, c: b.c };
      } catch (error) {
        if (!(error instanceof DimConflict)) throw error;
        types.dims.restore(state);
      }
      if (this.asNumbers && types.fits(a, b)) return this.plain(a);
      // x \cdot y of two columns, or two rows, is an inner product.
      if (isDot && types.isVector(a) && types.fits(a, b)) return types.scalar;
      throw new ShapeError('the shapes of the factors do not match', at, a, b);
    }
    const result = types.fresh();
    this.deferred.push({ a, b, result, at, kind: 'product' });
    return result;
  }

  derivativeType(of: Type, by: Type, at: Expression): Type {
    const jacobian = { of, by };
    if (this.types.isScalar(of)) return { ...this.plain(by), jacobian };
    if (this.types.isScalar(by)) return { ...this.plain(of), jacobian };
    const result = this.types.fresh();
    const isKnown = this.types.statusOf(of) === 'array' && this.types.statusOf(by) === 'array';
    if (!isKnown) this.deferred.push({ a: of, b: by, result, at, kind: 'derivative' });
    return { ...result, jacobian };
  }

  /** Retries deferred decisions, as long as more becomes known. */
  settle(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const item of this.deferred.splice(0)) {
        if (this.#settled(item)) changed = true;
        else this.deferred.push(item);
      }
    }
  }

  #settled({ a, b, result, at, kind }: Deferred): boolean {
    const { types } = this;
    const [sa, sb, sr] = [a, b, result].map((type) => types.statusOf(type));
    if (kind === 'derivative') {
      if (sa === 'scalar') return types.fits(result, b);
      if (sb === 'scalar') return types.fits(result, a);
      return sa === 'array' && sb === 'array' && types.fits(result, this.#jacobian(a, b));
    }
    if (kind === 'quotient') {
      if (sb === 'unknown') return sr === 'scalar' && types.fits(a, result) && types.fits(b, result);
      return types.fits(result, sb === 'scalar' ? a : this.combined(a, b, at));
    }
    if (kind === 'sum') {
      if (sa === 'unknown' && sb === 'unknown') {
        if (sr !== 'scalar') return false;
        return types.fits(a, b) && types.fits(a, result);
      }
      if (sa === 'unknown' || sb === 'unknown') {
        const [known, unknown] = sa === 'unknown' ? [b, a] : [a, b];
        if (types.isScalar(known) && !known.literal && sr === 'scalar') return types.fits(unknown, known);
        return false;
      }
      return types.fits(result, this.combined(a, b, at));
    }
    if (sa === 'scalar') return types.fits(result, b);
    if (sb === 'scalar') return types.fits(result, a);
    const isProduct = (sa === 'array' && sb === 'array') || (sr === 'scalar' && (sa === 'array' || sb === 'array'));
    if (!isProduct) return false;
    return types.fits({ r: a.c, c: a.c }, { r: b.r, c: b.r }) && types.fits(result, { r: a.r, c: b.c });
  }
}
