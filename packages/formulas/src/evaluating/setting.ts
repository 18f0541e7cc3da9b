/** The settings of an evaluation: sizes, replacements of unknown functions, and the current point. */

import type { Members } from '../meaning/members.ts';
import type { Dim } from '../meaning/shapes/dims.ts';
import type { Expression, LetterNode } from '../syntax/ast.ts';
import type { Scope } from './scope.ts';
import type { Arithmetic, Value } from './values.ts';

/**
 * A transition: the function that is used in place of one that the page doesn't define, such as the activation of a
 * layer. `any` is an arbitrary elementwise function.
 */
export type Transition = 'any' | 'softmax' | 'sigmoid' | 'tanh' | 'relu' | 'exp' | 'softplus' | 'identity';

export interface Setting {
  readonly members: Members;
  /** Returns the number for a symbolic length; undefined if nothing determines it. */
  readonly sizeOf: (dim: Dim) => number | undefined;
  /** Returns the number for a symbolic length, choosing one if nothing determines it. */
  readonly lengthOf: (dim: Dim) => number;
  /** The replacement of each unknown function, by its letter and indices: `sigma@4`. */
  readonly transitions: ReadonlyMap<string, Transition>;
  /** Whether the points (examples) are the columns of a matrix, rather than the rows. */
  readonly pointsInColumns: boolean;
  /** The number of the point (example) to which a letter refers if its index is omitted. */
  readonly point: number;
  /** The values of letters that serve as indices, such as a point's label. */
  readonly labels: ReadonlyMap<string, number>;
}

/** The functions that the parts of an evaluator need from the whole. */
export interface Evaluating {
  readonly setting: Setting;
  readonly arithmetic: Arithmetic;
  value(e: Expression, scope: Scope): Value;
  readonly resolver: {
    index(e: Expression, scope: Scope): number | undefined;
    letter(letter: LetterNode, scope: Scope): Value;
  };
  /** Whether a condition on indices holds. */
  holds(e: Expression, scope: Scope): boolean;
  /** Evaluates an expression to a matrix or number. */
  matrix(e: Expression, scope: Scope): Value;
  /** Returns the derivative of one expression with respect to another. */
  derivativeOf(of: Expression, by: Expression, scope: Scope): Value;
  /** Returns the part of an array that indices select. */
  picked(x: Value, indices: readonly Expression[], at: Expression, scope: Scope): Value;
  /** Returns the values of the indices that select a member of a letter's family: [2] for W_2. */
  indices(letter: LetterNode, scope: Scope): number[];
}
