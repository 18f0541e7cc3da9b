/** What is known where an expression is evaluated. */

import type { Indices } from '../meaning/program.ts';
import type { Dim } from '../meaning/shapes/dims.ts';
import type { Value } from './values.ts';

export interface Scope {
  /** The numbers that indices have. */
  readonly indices: Indices;
  /** How far those go that have none yet. */
  readonly extents: ReadonlyMap<string, Dim>;
  /** The arguments of the function that is looked into. */
  readonly parameters: ReadonlyMap<string, Value>;
  readonly depth: number;
  /** Where arrays are written as if they were numbers. */
  readonly asNumbers: boolean;
  /** The statement that is judged: the latest definition before it counts. */
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

/** What has no value: a letter without a meaning, an operation that is not computed. */
export class NoMeaning extends Error {
  override readonly name = 'NoMeaning';
  readonly span: { readonly start: number; readonly end: number } | undefined;

  constructor(message: string, at?: { readonly span: { readonly start: number; readonly end: number } }) {
    super(message);
    this.span = at?.span;
  }
}
