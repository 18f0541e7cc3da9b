/** The context in which an expression is evaluated. */

import type { Indices } from '../meaning/program.ts';
import type { Dim } from '../meaning/shapes/dims.ts';
import type { Value } from './values.ts';

export interface Scope {
  /** The values of indices. */
  readonly indices: Indices;
  /** The ranges of indices that have no value yet. */
  readonly extents: ReadonlyMap<string, Dim>;
  /** The arguments of the function whose body is being evaluated. */
  readonly parameters: ReadonlyMap<string, Value>;
  readonly depth: number;
  /** Whether arrays are written as if they were numbers. */
  readonly asNumbers: boolean;
  /**
   * The number of the statement that is being judged. If a letter has several definitions, the latest one before this
   * statement applies.
   */
  readonly until: number;
}

export const topScope: Scope = {
  indices: new Map(),
  extents: new Map(),
  parameters: new Map(),
  depth: 0,
  asNumbers: false,
  until: Number.POSITIVE_INFINITY,
};

/** Thrown for an expression without a value: an undefined letter, or an unsupported operation. */
export class NoMeaning extends Error {
  override readonly name = 'NoMeaning';
  readonly span: { readonly start: number; readonly end: number } | undefined;

  constructor(message: string, at?: { readonly span: { readonly start: number; readonly end: number } }) {
    super(message);
    this.span = at?.span;
  }
}
