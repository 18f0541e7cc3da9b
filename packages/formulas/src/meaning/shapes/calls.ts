/** Facts about functions and counts that decide the shapes of expressions. */

import { bare, type CallNode, type Expression, keyOf, type LetterNode } from '../../syntax/ast.ts';
import type { Outline } from '../outline-types.ts';

/** The standard functions that are applied to each element. */
export const elementwise =
  /^(?:exp|log|sin|cos|tan|sinh|cosh|tanh|sqrt|atan|asin|acos|erf|sign|sigmoid|relu|softplus|softmax|logsoftmax|abs)$/;

/** Returns the text of a number; empty for other expressions. */
export const textOfNumber = (e: Expression): string => {
  const inside = bare(e);
  return inside.kind === 'number' ? inside.text : '';
};

/** Returns whether a count's name alone identifies it, as for n and D_in but not for d_l, which depends on l. */
export const isNamedCount = ({ sub, sup }: LetterNode): boolean =>
  sup.length === 0 && sub.every(({ kind }) => kind === 'prose');

/** Returns whether a function has several arguments, which may be written with dots. */
const takesSeveral = ({ args }: CallNode): boolean => args.length > 1 || args[0]!.kind === 'tuple';

/**
 * Returns whether the value of an undefined function is taken for a number: it is a loss, has several arguments, or is
 * another function than the one that the page defines, with other arguments.
 */
export const isNumberCall = (e: CallNode, { losses, scalars, functions, letters }: Outline): boolean =>
  losses.has(keyOf(e.fn)) ||
  scalars.has(keyOf(e.fn)) ||
  takesSeveral(e) ||
  functions.some(({ key, parameters }) => key === letters.useOf(e.fn).key && parameters.length !== e.args.length);

/** The standard functions whose value is a number. */
export const toNumber = /^(?:trace|det|logdet|logsumexp|total|average|variance|norm)$/;
