/**
 * Unifies letters with two notations: x and \mathbf{x}, a point x^{(i)} and the matrix X of all points, or an element
 * a_{ij} and its matrix A.
 */

import { bare, type Expression, type LetterNode, letterOf, made, mapLetters, walk } from '../syntax/ast.ts';
import { eachUse, lengthsIn, nameOf } from './letter-uses.ts';
import { elementsOf, isElement } from './small-elements.ts';
import type { Statement } from './statement.ts';

const isBare = ({ sub, sup }: LetterNode): boolean => sub.length + sup.length === 0;

interface Uses {
  /** The statements in which the letter occurs in bold without indices. */
  readonly bold: Set<number>;
  readonly plain: Set<number>;
  boldIndexed: boolean;
  plainIndexed: boolean;
  readonly alphabets: Set<string>;
}

/**
 * Returns the names that denote the same thing in bold and in plain type, each with the alphabet to use throughout.
 * Such a name never occurs in both types, without indices, in one formula. The alphabet is plain if only the plain
 * letter has indices, and bold otherwise.
 */
function alphabetsOf(
  statements: readonly Statement[],
  elements: ReadonlyMap<string, LetterNode>,
): Map<string, 'bold' | 'plain'> {
  const uses = new Map<string, Uses>();
  eachUse(statements, (letter, _, statement) => {
    const { alphabet } = letter;
    if (elements.has(nameOf(letter)) && isElement(letter)) return;
    if (alphabet !== 'bold' && alphabet !== 'plain') return;
    const known = uses.get(nameOf(letter)) ?? {
      bold: new Set(),
      plain: new Set(),
      boldIndexed: false,
      plainIndexed: false,
      alphabets: new Set(),
    };
    uses.set(nameOf(letter), known);
    known.alphabets.add(alphabet);
    if (isBare(letter)) known[alphabet].add(statement);
    else if (letter.sub.length > 0 || letter.sup.length > 1)
      known[alphabet === 'bold' ? 'boldIndexed' : 'plainIndexed'] = true;
  });
  const names = new Map<string, 'bold' | 'plain'>();
  const lengths = lengthsIn(statements);
  for (const [name, { bold, plain, boldIndexed, plainIndexed, alphabets }] of uses) {
    if (alphabets.size < 2 || lengths.has(name) || [...bold].some((statement) => plain.has(statement))) continue;
    names.set(name, plainIndexed && !boldIndexed ? 'plain' : 'bold');
  }
  return names;
}

/** Returns whether a page puts weights to the left of the arrays that they multiply. */
export function weightsOnTheLeft(expressions: readonly Expression[]): boolean {
  const isWeight = (e: Expression | undefined): boolean => {
    const inside = e === undefined ? undefined : bare(e.kind === 'transpose' ? e.of : e);
    return inside?.kind === 'letter' && /^(?:W|w|Theta|theta|U|V)$/.test(inside.name);
  };
  let balance = 0;
  for (const e of expressions) {
    walk(e, (part) => {
      if (part.kind !== 'product') return;
      const arrays = part.factors.filter(({ kind }) => kind !== 'number' && kind !== 'fraction');
      if (arrays.length < 2 || isWeight(arrays[0]) === isWeight(arrays.at(-1))) return;
      balance += isWeight(arrays[0]) ? 1 : -1;
    });
  }
  return balance > 0;
}

/**
 * Returns the lowercase letters of points whose uppercase letter is the matrix of all points: x^{(i)} of X, a^{[2](i)}
 * of A^{[2]}.
 */
function pointNames(statements: readonly Statement[]): Set<string> {
  const capitals = new Set<string>();
  const points = new Set<string>();
  const defined = new Set<string>();
  eachUse(statements, (letter) => {
    if (/^\p{Lu}/u.test(letter.name) && letter.accents.length === 0) capitals.add(letter.name);
    const [index, second] = letter.sup;
    const isPoint =
      letter.point !== undefined ||
      (letter.brackets === '(' &&
        second === undefined &&
        index !== undefined &&
        /^[ijkmn]$/.test((bare(index) as Partial<LetterNode>).name ?? ''));
    if (isPoint && /^\p{Ll}$/u.test(letter.name)) points.add(letter.name);
  });
  for (const { sides } of statements) {
    const left = sides.length > 1 ? bare(sides[0]!) : undefined;
    if (left?.kind === 'letter') defined.add(left.name);
  }
  return new Set([...points].filter((name) => capitals.has(name.toUpperCase()) && !defined.has(name)));
}

/** Returns the column or row of a matrix that is a given point. */
function pick(
  letter: LetterNode,
  name: string,
  index: Expression,
  inColumns: boolean,
  sup: readonly Expression[],
): Expression {
  const common = { span: letter.span, verbatim: letter.verbatim };
  const whole = { ...letterOf(made, name, { alphabet: letter.alphabet }), sup, brackets: letter.brackets };
  const all: Expression = { ...made, kind: 'dots' };
  return { ...common, kind: 'element', of: whole, indices: inColumns ? [all, index] : [index, all] };
}

/** Rewrites statements so that each thing has one notation. */
export function withOneName(statements: readonly Statement[]): Statement[] {
  const elements = elementsOf(statements);
  const alphabets = alphabetsOf(statements, elements);
  const points = pointNames(statements);
  const inColumns = weightsOnTheLeft(statements.flatMap(({ sides }) => sides));
  const renamed = (letter: LetterNode): Expression => {
    if (letter.point !== undefined) {
      const name = points.has(letter.name) ? letter.name.toUpperCase() : letter.name;
      return pick({ ...letter, point: undefined }, name, letter.point, inColumns, letter.sup);
    }
    const [index] = letter.sup;
    if (points.has(letter.name) && letter.sup.length === 1 && letter.brackets === '(')
      return pick(letter, letter.name.toUpperCase(), index!, inColumns, []);
    const matrix = isElement(letter) && letter.alphabet === 'plain' ? elements.get(nameOf(letter)) : undefined;
    if (matrix !== undefined) {
      const whole = { ...letter, name: matrix.name, alphabet: matrix.alphabet };
      return { ...whole, alphabet: alphabets.get(nameOf(matrix)) ?? matrix.alphabet };
    }
    const alphabet =
      letter.alphabet === 'plain' || letter.alphabet === 'bold' ? alphabets.get(nameOf(letter)) : undefined;
    return alphabet === undefined || alphabet === letter.alphabet ? letter : { ...letter, alphabet };
  };
  return statements.map((statement) => ({
    ...statement,
    sides: statement.sides.map((side) => mapLetters(side, renamed)),
    written: statement.sides,
  }));
}

/** Unifies the letters of some statements, taking only these statements into account. */
export const readAlone = (statements: readonly Statement[]): Statement[] =>
  withOneName(
    statements.map((statement) => ({
      ...statement,
      sides: statement.written ?? statement.sides,
      origin: statement.origin ?? statement,
    })),
  );
