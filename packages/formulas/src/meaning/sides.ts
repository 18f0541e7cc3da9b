/** Recognizes the forms of statement sides: defined letters, derivatives of letters, spaces. */

import type { Statement } from '../statements/statement.ts';
import { bare, type DerivativeNode, type Expression, keyOf, type LetterNode, partsOf, walk } from '../syntax/ast.ts';
import { knownFunctions } from '../syntax/names.ts';
import { eachLetter, type Letters, type Use } from './letters/letters.ts';

/** The names of functions with a standard meaning. */
export const knownNames: ReadonlySet<string> = new Set(Object.values(knownFunctions));

/** Returns whether a name has a fixed meaning: the identity, ones, zeros, numbers. */
export const isConstant = ({ name, alphabet }: LetterNode): boolean =>
  (alphabet !== 'plain' && /^[01]$/.test(name)) ||
  name === 'pi' ||
  name === 'infty' ||
  (name === 'e' && alphabet === 'upright');

export function containsDerivative(e: Expression): boolean {
  let found = false;
  walk(e, ({ kind }) => {
    found ||= kind === 'derivative';
  });
  return found;
}

/** Returns whether a letter is the derivative of a function, f', rather than a letter whose name has a prime. */
const isSlope = ({ primes, isPrimedName }: LetterNode): boolean => primes > 0 && isPrimedName !== true;

/** Returns whether an expression contains a derivative, including one that is written with a prime. */
export function statesDerivative(e: Expression): boolean {
  let found = false;
  walk(e, (part) => {
    found ||= part.kind === 'derivative' || (part.kind === 'call' && part.fn.primes > 0);
  });
  return found;
}

/**
 * Returns the letter and the exponent if the left side of a definition is a power of a letter: σ² is defined, but not
 * σ.
 */
export function definedPower(e: Expression): { letter: LetterNode; times: string } | undefined {
  const inside = bare(e);
  if (inside.kind !== 'power') return undefined;
  const [letter, times] = [bare(inside.base), bare(inside.exponent)];
  return letter.kind === 'letter' && !isSlope(letter) && times.kind === 'number'
    ? { letter, times: times.text }
    : undefined;
}

/** Returns the letter that a left side defines. */
export function defined(e: Expression): LetterNode | undefined {
  const inside = bare(e);
  return inside.kind === 'letter' && !isSlope(inside) && !isConstant(inside) ? inside : undefined;
}

/** Returns the letter that is differentiated, such as a loss: L, also for L(w). */
export function lossLetter(of: Expression): LetterNode | undefined {
  const inside = bare(of);
  if (inside.kind === 'letter') return inside;
  return inside.kind === 'call' && !knownNames.has(inside.fn.name) ? inside.fn : undefined;
}

/** Returns whether an expression looks like a loss: it contains logarithms, norms or squares, and a sum. */
export function isLossLike(e: Expression): boolean {
  let [has, adds] = [false, false];
  walk(e, (part) => {
    has ||=
      part.kind === 'norm' ||
      (part.kind === 'call' && /^(?:log|logsumexp)$/.test(part.fn.name)) ||
      (part.kind === 'power' && bare(part.exponent).kind === 'number');
    adds ||= part.kind === 'norm' || part.kind === 'big' || part.kind === 'sum';
  });
  return has && adds;
}

export const sameIndices = (a: readonly Expression[], b: readonly Expression[]): boolean =>
  a.length === b.length && a.every((index, i) => textKey(index) === textKey(b[i]!));

/** Returns a text that is the same for equal indices. */
export function textKey(e: Expression): string {
  const inside = bare(e);
  if (inside.kind === 'number') return inside.text;
  if (inside.kind === 'letter') return keyOf(inside);
  if (inside.kind === 'prose') return inside.text;
  if (inside.kind === 'sum')
    return inside.terms.map((term, i) => `${inside.minus[i] ? '-' : '+'}${textKey(term)}`).join('');
  return inside.kind + partsOf(inside).map(textKey).join(',');
}

/** Returns the name of a count with its index: d_l, D_in. */
export const textOfCount = (letter: LetterNode): string =>
  `${keyOf(letter)}${letter.sub.map((index) => `_${textKey(index)}`).join('')}`;

/** Returns whether an inequality or membership only states the range of a letter and makes no claim: l < L, x ~ p. */
export function isPlainBound({ sides, relations }: Statement): boolean {
  const isShort = (e: Expression): boolean => {
    const inside = bare(e);
    return (
      inside.kind === 'letter' ||
      inside.kind === 'number' ||
      (inside.kind === 'sum' && inside.terms.every(isShort)) ||
      inside.kind === 'tuple' ||
      inside.kind === 'call'
    );
  };
  return relations.some((relation) => ['in', 'sim', 'to'].includes(relation)) || sides.every(isShort);
}

/** Returns whether a letter occurs only in derivatives, as function or variable. */
export function differentiatedOnly(e: Expression, letter: LetterNode): boolean {
  let outside = false;
  const visit = (part: Expression): void => {
    if (part.kind === 'derivative') return;
    if (part.kind === 'letter' && keyOf(part) === keyOf(letter)) outside = true;
    for (const inner of partsOf(part)) visit(inner);
  };
  visit(e);
  return !outside;
}

/** Returns whether two patterns match the same indices: equal numbers, equal counts, or any index letters. */
export function samePattern(a: readonly Expression[], b: readonly Expression[]): boolean {
  const kind = (e: Expression): string => {
    const inside = bare(e);
    return inside.kind === 'number'
      ? inside.text
      : inside.kind === 'letter' && /^[A-Z]$/.test(inside.name)
        ? inside.name
        : 'any';
  };
  return a.length === b.length && a.every((index, i) => kind(index) === kind(b[i]!));
}

/**
 * Returns whether a letter is defined by its value at the next layer or time. It is then a link (a derivative that is
 * propagated backward), not part of a forward pass.
 */
export function countsDown(use: Use, right: Expression, letters: Letters): boolean {
  const [index] = use.members;
  if (index === undefined) return false;
  let found = false;
  eachLetter(right, (other) => {
    const of = letters.useOf(other);
    const member = of.members[0] === undefined ? undefined : bare(of.members[0]);
    if (of.key !== use.key || member?.kind !== 'sum') return;
    const plus = member.terms.some((term, i) => term.kind === 'number' && !member.minus[i] && i > 0);
    found ||= plus && textKey(member.terms[0]!) === textKey(index);
  });
  return found;
}

/** Returns the derivative if an expression is a derivative of a letter with respect to a letter. */
export function aliasOf(e: Expression): DerivativeNode | undefined {
  const inside = bare(e);
  if (inside.kind !== 'derivative' || inside.by.length !== 1 || inside.mark === 'differential') return undefined;
  const by = bare(inside.by[0]!);
  return lossLetter(inside.of) !== undefined && by.kind === 'letter' ? inside : undefined;
}

/**
 * Returns the index of the left side of a formula: the index of the variable if the side is a derivative, otherwise
 * that of the letter.
 */
export function indexOfSide(e: Expression): Expression | undefined {
  const inside = bare(e);
  if (inside.kind === 'derivative') return indexOfSide(inside.by[0]!);
  return inside.kind === 'letter' ? (inside.sup[0] ?? inside.sub[0]) : undefined;
}

/** Returns whether an expression contains only numbers. */
export function isNumeric(e: Expression): boolean {
  let found = true;
  walk(e, (part) => {
    found &&=
      part.kind !== 'letter' && part.kind !== 'derivative' && (part.kind !== 'call' || part.fn.alphabet === 'upright');
  });
  return found;
}
