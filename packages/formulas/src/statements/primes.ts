/** Finds what primes on letters mean, if they aren't derivatives of functions: another letter, z', or a transpose, X'. */

import { bare, type Expression, keyOf, type LetterNode, made, mapLetters, partsOf, walk } from '../syntax/ast.ts';
import type { Statement } from './statement.ts';

/** How the primed occurrences of a letter are used. */
interface Uses {
  /** Whether the page defines or differentiates the primed letter, or differentiates by it. */
  isNamed: boolean;
  /** How many occurrences there are, and how many of these are directly followed by a factor. */
  total: number;
  before: number;
  readonly isArray: boolean;
}

const isPrimed = (e: Expression | undefined): e is LetterNode => e?.kind === 'letter' && e.primes > 0;

function usesIn(statements: readonly Statement[]): Map<string, Uses> {
  const uses = new Map<string, Uses>();
  const of = (letter: LetterNode): Uses => {
    const isArray = letter.alphabet === 'bold' || /^\p{Lu}/u.test(letter.name);
    const known = uses.get(keyOf(letter)) ?? { isNamed: false, total: 0, before: 0, isArray };
    uses.set(keyOf(letter), known);
    return known;
  };
  const name = (e: Expression | undefined): void => {
    const inside = e && bare(e);
    if (isPrimed(inside)) of(inside).isNamed = true;
  };
  const visit = (e: Expression): void => {
    if (isPrimed(e)) of(e).total++;
    if (e.kind === 'derivative') for (const part of [e.of, ...e.by]) name(part);
    if (e.kind === 'product')
      e.factors.forEach((factor, i) => {
        const isFollowed = i < e.factors.length - 1 && e.factors[i + 1]!.kind !== 'number' && e.marks[i] === '';
        if (isPrimed(factor) && isFollowed) of(factor).before++;
      });
    for (const part of partsOf(e)) visit(part);
  };
  for (const { sides, relations } of statements) {
    if (sides.length > 1 && relations[0] !== 'in') name(sides[0]);
    sides.forEach(visit);
  }
  return uses;
}

/** Returns the keys of letters that are called, f(x), whose primes are derivatives. */
function calledIn(statements: readonly Statement[]): Set<string> {
  const keys = new Set<string>();
  for (const { sides } of statements)
    for (const side of sides) walk(side, (e) => e.kind === 'call' && keys.add(keyOf(e.fn)));
  return keys;
}

/**
 * Rewrites primed letters that aren't functions. If the page defines or differentiates z', it is a letter of its own;
 * otherwise the prime of an array is a transpose, and that of a vector too if all vectors with primes stand before factors,
 * as in x'Ax.
 */
export function withPrimes(statements: readonly Statement[], functions: ReadonlySet<string>): Statement[] {
  const uses = usesIn(statements);
  if (uses.size === 0) return [...statements];
  const called = calledIn(statements);
  // In u' v + u v', the primes are derivatives.
  const isBeforeFactors = [...uses].every(
    ([key, { isNamed, isArray, total, before }]) => isNamed || isArray || before === total || called.has(key),
  );
  const rewritten = (letter: LetterNode): Expression => {
    const key = keyOf(letter);
    if (!isPrimed(letter) || functions.has(key) || called.has(key)) return letter;
    const { isNamed, isArray } = uses.get(key)!;
    const isTurned = !isNamed && letter.primes === 1 && (isArray || isBeforeFactors);
    if (!isTurned) return { ...letter, isPrimedName: true };
    return { ...letter, kind: 'transpose', of: { ...letter, ...made, primes: 0 }, mark: "'" };
  };
  return statements.map((statement) => ({
    ...statement,
    sides: statement.sides.map((side) => mapLetters(side, rewritten)),
  }));
}
