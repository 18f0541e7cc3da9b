/** Parses subscripts and superscripts: indices, powers, transposes, inverses, primes. */

import { type Expression, type LetterNode, letterOf, made, type ProseNode } from '../syntax/ast.ts';
import { isCharacter, isCommand, type Token, wordsOf } from '../syntax/tokens.ts';
import type { Cursor, Grammar } from './cursor.ts';

/** The meaning of a superscript. */
export type Superscript =
  | { readonly kind: 'transpose'; readonly mark: string; readonly inverse: boolean }
  | { readonly kind: 'inverse' }
  | { readonly kind: 'primes'; readonly count: number }
  | { readonly kind: 'star' }
  | IndexScript
  | { readonly kind: 'power'; readonly exponent: Expression; readonly elementwise: boolean };

/** Indices, and the rest of the same superscript: z^{(l)T}, g^{[1]'}. */
export interface IndexScript {
  readonly kind: 'index';
  readonly brackets: '' | '(' | '[';
  readonly indices: readonly Expression[];
  readonly transpose: string | undefined;
  readonly primes: number;
  readonly point?: Expression;
}

const solid = (tokens: readonly Token[]): Token[] =>
  tokens.filter(({ kind, text }) => kind !== 'space' && !(kind === 'command' && /^[,;:! ]$/.test(text)));

/** Returns the mark of a transpose if these tokens are one. */
function transposeMark(tokens: readonly Token[]): string | undefined {
  const [first, second] = tokens;
  if (first === undefined) return undefined;
  if (tokens.length === 1) {
    if (isCharacter(first, 'T')) return 'T';
    if (isCommand(first, 'top', 'intercal')) return `\\${first.text}`;
    if (first.kind === 'word' && /^(?:T|transpose)$/.test(first.text)) return 'T';
    if (first.kind === 'group') return transposeMark(solid(first.children));
    return undefined;
  }
  const isStyled = isCommand(
    first,
    'mathsf',
    'mathrm',
    'mathbf',
    'text',
    'rm',
    'mathtt',
    'mathit',
    'operatorname',
    'bf',
    'sf',
    'textsf',
    'textrm',
    'scriptscriptstyle',
    'scriptstyle',
    'mathstrut',
    'textup',
    'mathcal',
    'tiny',
  );
  const inside = second?.kind === 'group' ? solid(second.children) : second === undefined ? [] : [second];
  const isT =
    inside.length === 1 &&
    (isCharacter(inside[0], 'T') || isCommand(inside[0], 'top', 'intercal', 'T') || inside[0]?.text === 'T');
  return isStyled && isT && tokens.length === 2 ? `\\${first.text}{T}` : undefined;
}

/** Returns whether an expression may be an index: a letter or number, possibly with a number added. */
function isIndexLike(e: Expression): boolean {
  if (e.kind === 'group') return isIndexLike(e.body);
  if (e.kind === 'sum') return e.terms.every(isIndexLike);
  if (e.kind === 'number') return /^\d+$/.test(e.text);
  return e.kind === 'letter' && e.sub.length === 0 && e.sup.length === 0;
}

/** Splits an expression into its letters: jk becomes j, k. */
function separate(e: Expression): readonly Expression[] {
  if (e.kind === 'tuple') return e.items.flatMap(separate);
  // In w_{dj}, d is an index, although dW is a derivative.
  if (e.kind === 'derivative' && e.mark === 'differential') return [letterOf(made, 'd'), ...e.by];
  const isRow = e.kind === 'product' && e.marks.every((mark) => mark === '') && e.factors.every(isIndexLike);
  return isRow ? e.factors.flatMap(separate) : [e];
}

/** Parses the indices in a subscript, or in a superscript with brackets. */
export function indicesOf(grammar: Grammar, tokens: readonly Token[], cursor: Cursor): readonly Expression[] {
  const inside = solid(tokens);
  if (inside.length === 0) cursor.fail('expected an index');
  const [first, second] = inside;
  const words = isCommand(
    first,
    'text',
    'mathrm',
    'textrm',
    'mathit',
    'operatorname',
    'mathsf',
    'textit',
    'textsf',
    'rm',
    'mathtt',
    'mbox',
  );
  if (inside.length === 2 && words && second?.kind === 'group') {
    const text = wordsOf(second.children);
    if (text.length > 1) return [{ ...made, kind: 'prose', text, span: second.span } satisfies ProseNode];
  }
  if (inside.length === 1 && first!.kind === 'word') {
    return [{ ...made, kind: 'prose', text: first!.text, span: first!.span } satisfies ProseNode];
  }
  return separate(grammar.whole(inside, first!.span)).map(withPrimes);
}

/** Makes primes part of an index's name: i' and i are different indices. */
function withPrimes(index: Expression): Expression {
  const isPrimed = index.kind === 'letter' && index.primes > 0 && index.sub.length + index.sup.length === 0;
  return isPrimed ? { ...index, name: `${index.name}${"'".repeat(index.primes)}`, primes: 0 } : index;
}

/** Returns the index letter of a superscript, and whether a number is added to it. */
function counterOf(e: Expression): { name: string; adds: boolean } | undefined {
  if (e.kind === 'group') return counterOf(e.body);
  if (e.kind === 'letter' && isIndexLike(e)) return { name: e.name, adds: false };
  if (e.kind !== 'sum') return undefined;
  const [first, ...rest] = e.terms;
  const isCount = first?.kind === 'letter' && rest.every((term) => term.kind === 'number');
  return isCount ? { name: first.name, adds: true } : undefined;
}

/** Returns the position of the bracket that closes the first token of a list. */
function closingOf(tokens: readonly Token[], open: '(' | '['): number {
  let depth = 0;
  return tokens.findIndex((of) => {
    if (isCharacter(of, open)) depth++;
    return isCharacter(of, open === '(' ? ')' : ']') && --depth === 0;
  });
}

const isPrime = (of: Token): boolean => isCommand(of, 'prime') || isCharacter(of, "'", '’', '′');

/** Determines the meaning of a superscript on a letter with this key, or on another expression. */
export function superscript(
  grammar: Grammar,
  tokens: readonly Token[],
  cursor: Cursor,
  key: string | undefined,
): Superscript {
  const inside = solid(tokens);
  if (inside.length === 0) cursor.fail("expected something after '^'");
  const mark = transposeMark(inside);
  if (mark !== undefined) return { kind: 'transpose', mark, inverse: false };
  if (isCharacter(inside[0], '-')) {
    const inverse = transposeMark(inside.slice(1));
    if (inverse !== undefined) return { kind: 'transpose', mark: inverse, inverse: true };
    if (inside.length === 2 && isCharacter(inside[1], '1')) return { kind: 'inverse' };
  }
  if (inside.every(isPrime)) return { kind: 'primes', count: inside.length };
  if (inside.length === 1 && (isCharacter(inside[0], '*') || isCommand(inside[0], 'ast', 'star')))
    return { kind: 'star' };
  if (inside.length > 1 && isCommand(inside[0], 'odot', 'circ')) {
    return { kind: 'power', exponent: grammar.whole(inside.slice(1), inside[1]!.span), elementwise: true };
  }
  const opening = inside[0]!;
  const brackets = isCharacter(opening, '(', '[') ? (opening.text as '(' | '[') : '';
  if (brackets !== '' && key !== undefined) {
    const close = closingOf(inside, brackets);
    // a^{[2](i)}: the point after the layer.
    const second =
      isCharacter(inside[close + 1], '(', '[') && close > 1
        ? close + 1 + closingOf(inside.slice(close + 1), inside[close + 1]!.text as '(')
        : close;
    const point = second > close + 2 ? indicesOf(grammar, inside.slice(close + 2, second), cursor)[0] : undefined;
    const rest = inside.slice(second + 1);
    const transpose = transposeMark(rest) ?? (isCharacter(rest[0], '^') ? transposeMark(rest.slice(1)) : undefined);
    const primes = rest.filter(isPrime).length;
    if (close > 1 && (rest.length === primes || transpose !== undefined)) {
      const indices = indicesOf(grammar, inside.slice(1, close), cursor);
      return { kind: 'index', brackets, indices, transpose, primes, ...(point === undefined ? {} : { point }) };
    }
  }
  // z^{lT}, a^{l\top}: an index and a transpose in one superscript.
  const last = transposeMark(inside.slice(-1));
  if (key !== undefined && last !== undefined && inside.length > 1 && grammar.notation.superscripted.has(key)) {
    const front = inside.at(-2);
    const indexed = isCharacter(front, ',') ? inside.slice(0, -2) : inside.slice(0, -1);
    return { kind: 'index', brackets: '', indices: indicesOf(grammar, indexed, cursor), transpose: last, primes: 0 };
  }
  const words =
    isCommand(opening, 'text', 'mathrm', 'textrm', 'operatorname', 'textit', 'mbox', 'mathit') && inside.length === 2;
  if (key !== undefined && (words || opening.kind === 'word')) {
    return {
      kind: 'index',
      brackets: '',
      indices: indicesOf(grammar, inside, cursor),
      transpose: undefined,
      primes: 0,
    };
  }
  const exponent = grammar.whole(inside, opening.span);
  const counter = counterOf(exponent);
  const isCounted =
    counter !== undefined && (/^(?:l|L|ell)$/.test(counter.name) || (counter.adds && /^[a-zA-Z]$/.test(counter.name)));
  const isIndex =
    key !== undefined &&
    !(grammar.notation.bracketed.has(key) && exponent.kind === 'number') &&
    (grammar.notation.superscripted.has(key) ? exponent.kind === 'tuple' || isIndexLike(exponent) : isCounted);
  if (isIndex) return { kind: 'index', brackets: '', indices: separate(exponent), transpose: undefined, primes: 0 };
  return { kind: 'power', exponent, elementwise: false };
}

/** Counts the primes at the cursor. */
export function primesAt(cursor: Cursor): number {
  let count = 0;
  while (cursor.isCharacter("'", '’', '′')) {
    cursor.next();
    count++;
  }
  return count;
}

/** Applies a superscript to an expression other than a letter. */
export function raised(
  e: Expression,
  script: Superscript,
  common: { span: Expression['span']; verbatim: boolean },
): Expression {
  switch (script.kind) {
    case 'transpose': {
      const of: Expression = script.inverse ? { ...common, verbatim: false, kind: 'inverse', of: e } : e;
      return { ...common, kind: 'transpose', of, mark: script.mark };
    }
    case 'inverse':
      return { ...common, kind: 'inverse', of: e };
    case 'power':
      return { ...common, kind: 'power', base: e, exponent: script.exponent, elementwise: script.elementwise };
    case 'primes':
      return { ...common, kind: 'transpose', of: e, mark: "'" };
    case 'star':
      return e;
    case 'index':
      return { ...common, kind: 'power', base: e, exponent: script.indices[0]!, elementwise: false };
  }
}

/**
 * Applies a superscript that belongs to a letter itself, such as an index. Returns undefined for one that applies to
 * its value, such as a power.
 */
export function indexed(letter: LetterNode, script: Superscript): LetterNode | undefined {
  if (script.kind === 'primes') return { ...letter, primes: letter.primes + script.count };
  if (script.kind === 'star') return { ...letter, accents: [...letter.accents, 'star'] };
  if (script.kind !== 'index') return undefined;
  return {
    ...letter,
    sup: [...letter.sup, ...script.indices],
    brackets: script.brackets,
    point: script.point ?? letter.point,
    primes: letter.primes + script.primes,
  };
}
