/** What an evaluation is given: sizes, what unknown functions are taken for, which point is meant. */

import type { Members } from '../meaning/members.ts';
import type { Dim } from '../meaning/shapes/dims.ts';
import type { Expression, LetterNode } from '../syntax/ast.ts';
import type { Scope } from './scope.ts';
import type { Arithmetic, Value } from './values.ts';

/** What a function of which a page says nothing is taken for. */
export type Transition = 'any' | 'softmax' | 'sigmoid' | 'tanh' | 'relu' | 'exp' | 'softplus' | 'identity';

export interface Setting {
  readonly members: Members;
  /** How long a length is; nothing where nothing says so. */
  readonly sizeOf: (dim: Dim) => number | undefined;
  /** How long an axis of a letter is. */
  readonly lengthOf: (dim: Dim) => number;
  /** What a function is, by its letter and indices: `sigma@4`. */
  readonly transitions: ReadonlyMap<string, Transition>;
  /** Whether points are columns. */
  readonly pointsInColumns: boolean;
  /** The member that is meant where a family's index is left out. */
  readonly point: number;
  /** The values of letters that are indices of their own, such as a point's label. */
  readonly labels: ReadonlyMap<string, number>;
}

/** What the parts of an evaluator ask of the whole. */
export interface Evaluating {
  readonly setting: Setting;
  readonly arithmetic: Arithmetic;
  value(e: Expression, scope: Scope): Value;
  /** The value as a matrix or number. */
  matrix(e: Expression, scope: Scope): Value;
  /** The derivative of an expression. */
  derivativeOf(of: Expression, by: Expression, scope: Scope): Value;
  /** What indices pick of an array. */
  picked(x: Value, indices: readonly Expression[], at: Expression, scope: Scope): Value;
  /** The numbers that a letter's members' indices have. */
  indices(letter: LetterNode, scope: Scope): number[];
}
