/** Parses the smallest parts of a formula: numbers, letters, fractions, roots, matrices, known functions. */

import { type Alphabet, type Expression, keyOf, type LetterNode, letterOf, type NumberNode } from '../syntax/ast.ts';
import { accents, alphabets, dotCommands, functionCommands, knownFunctions, letterCommands } from '../syntax/names.ts';
import { isCharacter, isCommand, type Token, wordsOf } from '../syntax/tokens.ts';
import type { Span } from '../text/source.ts';
import type { Cursor, Grammar } from './cursor.ts';
import { meaningful } from './meaningful.ts';
import { indexed, indicesOf, primesAt, superscript } from './scripts.ts';
import { matrixSeries } from './series.ts';

type Named = Pick<LetterNode, 'name' | 'alphabet' | 'accents'>;

/** Parses a number from adjacent digits. */
export function numberAt(cursor: Cursor): NumberNode | undefined {
  const start = cursor.at;
  let text = '';
  while (
    /^[0-9]$/.test(cursor.peek()?.text ?? '') ||
    (cursor.isCharacter('.') && /^[0-9]$/.test(cursor.peek(1)?.text ?? ''))
  ) {
    text += cursor.next()!.text;
  }
  return text === '' ? undefined : { ...cursor.since(start), kind: 'number', text };
}

const isLetter = (of: Token | undefined): boolean => of?.kind === 'character' && /^\p{L}$/u.test(of.text);

/** Returns the name formed by the tokens in the argument of an alphabet command, such as \mathbf, or of an accent. */
function nameOf(tokens: readonly Token[], alphabet: Alphabet): Named | undefined {
  const inside = tokens.filter(({ kind }) => kind !== 'space');
  const [first, second, third] = inside;
  if (first === undefined) return undefined;
  if (inside.length === 1) {
    if (isLetter(first) || (/^[01]$/.test(first.text) && first.kind === 'character' && alphabet !== 'plain')) {
      return { name: first.text, alphabet, accents: [] };
    }
    if (first.kind === 'word') return { name: first.text, alphabet, accents: [] };
    if (first.kind === 'command' && letterCommands.has(first.text)) return { name: first.text, alphabet, accents: [] };
    return first.kind === 'group' ? nameOf(first.children, alphabet) : undefined;
  }
  const style = first.kind === 'command' ? alphabets[first.text] : undefined;
  if (style !== undefined && second !== undefined && third === undefined) {
    return nameOf(second.kind === 'group' ? second.children : [second], alphabet === 'plain' ? style : alphabet);
  }
  const accent = first.kind === 'command' ? accents[first.text] : undefined;
  if (accent !== undefined && second !== undefined && third === undefined) {
    const named = nameOf(second.kind === 'group' ? second.children : [second], alphabet);
    return named && { ...named, accents: [...named.accents, accent] };
  }
  const isName = inside.every((of) => isLetter(of) || of.kind === 'word' || /^[0-9-]$/.test(of.text));
  if (!isName || (alphabet !== 'upright' && alphabet !== 'bold')) return undefined;
  const name = wordsOf(inside);
  // Adjacent bold letters are a product; upright letters form one name.
  if (alphabet === 'bold' && !(name in knownFunctions) && !/^[a-z]{3,}$/.test(name)) return undefined;
  return { name, alphabet: 'upright', accents: [] };
}

/** Parses the name of a letter, without its scripts. If there is none, the cursor doesn't move. */
function namedAt(cursor: Cursor): Named | undefined {
  const first = cursor.peek();
  if (first === undefined) return undefined;
  if (isLetter(first)) {
    cursor.next();
    return { name: first.text, alphabet: 'plain', accents: [] };
  }
  if (first.kind === 'word') {
    cursor.next();
    return { name: first.text, alphabet: 'upright', accents: [] };
  }
  if (first.kind === 'group') {
    // Matches {W}_l and {\mathbf W}.
    const named = nameOf(first.children, 'plain');
    if (named !== undefined) cursor.next();
    return named;
  }
  if (first.kind !== 'command') return undefined;
  if (letterCommands.has(first.text)) {
    cursor.next();
    return { name: first.text, alphabet: 'plain', accents: [] };
  }
  const isStyle = Object.hasOwn(alphabets, first.text) || /^(?:text|textrm|mbox|textit)$/.test(first.text);
  const accent = accents[first.text];
  const argument = cursor.peek(1);
  if ((!isStyle && accent === undefined) || argument === undefined) return undefined;
  const tokens = argument.kind === 'group' ? argument.children : [argument];
  const nested = argument.kind === 'command' && (argument.text in alphabets || argument.text in accents);
  const used = nested && cursor.peek(2) !== undefined ? [argument, cursor.peek(2)!] : tokens;
  const named = nameOf(used, isStyle ? (alphabets[first.text] ?? 'upright') : 'plain');
  if (named === undefined) return undefined;
  cursor.at += nested ? 3 : 2;
  return accent === undefined ? named : { ...named, accents: [...named.accents, accent] };
}

/** Splits a number of two digits: 11 becomes 1, 1. */
function digitsOf(index: Expression): readonly Expression[] {
  if (index.kind !== 'number' || !/^[1-9]{2}$/.test(index.text)) return [index];
  return Array.from(index.text, (text, i) => {
    const start = index.span.start + i;
    return { ...index, text, span: { start, end: start + 1 } };
  });
}

/** Parses the name of a change: \Delta x. */
function differenceAt(cursor: Cursor): Named | undefined {
  const start = cursor.at;
  if (!isCommand(cursor.peek(), 'Delta')) return undefined;
  cursor.next();
  const named = cursor.done ? undefined : namedAt(cursor);
  if (named === undefined) cursor.at = start;
  return named && { ...named, accents: [...named.accents, 'Delta'] };
}

/** Parses a letter with its indices and primes. Superscripts that aren't indices are left to the caller. */
export function letterAt(grammar: Grammar, cursor: Cursor): LetterNode | undefined {
  const start = cursor.at;
  const named = (grammar.notation.differences ? differenceAt(cursor) : undefined) ?? namedAt(cursor);
  if (named === undefined) return undefined;
  const common = cursor.since(start);
  // Unless the page uses e as a letter, it is Euler's number.
  const alphabet =
    named.name === 'e' && named.alphabet === 'plain' && !grammar.notation.ownE ? 'upright' : named.alphabet;
  let letter = letterOf(common, named.name, { ...named, alphabet, face: common.verbatim ? common.span : undefined });
  const key = keyOf(letter);
  for (;;) {
    const at = cursor.at;
    const primes = primesAt(cursor);
    if (primes > 0) {
      letter = { ...letter, primes: letter.primes + primes };
      continue;
    }
    if (cursor.isCharacter('_') && letter.sub.length === 0) {
      const mark = cursor.next()!;
      if (cursor.done) cursor.fail("expected an index after '_'", mark.span);
      const tokens = cursor.script(mark);
      const sub = indicesOf(grammar, tokens, cursor);
      letter = { ...letter, sub: grammar.notation.twofold.has(key) ? sub.flatMap(digitsOf) : sub };
      continue;
    }
    if (!cursor.isCharacter('^')) break;
    const mark = cursor.next()!;
    if (cursor.done) cursor.fail("expected something after '^'", mark.span);
    const script = superscript(grammar, cursor.script(mark), cursor, key);
    const made = indexed(letter, script);
    if (made === undefined) {
      cursor.at = at;
      break;
    }
    letter = made;
    if (script.kind !== 'index' || script.transpose === undefined) continue;
    // z^{(l)T}: the caller applies the transpose.
    cursor.pendingTranspose = script.transpose;
    break;
  }
  return { ...letter, ...cursor.since(start) };
}

/** Returns the letter of a known function whose name has just been parsed. */
export function knownLetter(cursor: Cursor, start: number, name: string): LetterNode {
  const common = cursor.since(start);
  return letterOf(common, name, { alphabet: 'upright', face: common.verbatim ? common.span : undefined });
}

/** Parses the name of a known function: \log, \operatorname{softmax}. */
export function functionAt(cursor: Cursor): LetterNode | undefined {
  const start = cursor.at;
  const first = cursor.peek();
  if (first?.kind === 'command' && functionCommands.has(first.text)) {
    cursor.next();
    return knownLetter(cursor, start, knownFunctions[first.text] ?? first.text);
  }
  const named = namedAt(cursor);
  const name =
    named === undefined || named.name.length < 2
      ? undefined
      : Object.hasOwn(knownFunctions, named.name)
        ? knownFunctions[named.name]
        : undefined;
  if (name === undefined || letterCommands.has(named!.name)) {
    cursor.at = start;
    return undefined;
  }
  return knownLetter(cursor, start, name);
}

/** Splits the tokens of a matrix or of cases into rows and cells. */
export function cellsOf(tokens: readonly Token[]): (readonly Token[])[][] {
  const rows: Token[][][] = [[[]]];
  for (const of of tokens) {
    if (isCommand(of, '\\', 'cr', 'tabularnewline', 'newline')) rows.push([[]]);
    else if (isCommand(of, '&')) rows.at(-1)!.push([]);
    else rows.at(-1)!.at(-1)!.push(of);
  }
  const isEmpty = (cell: readonly Token[]): boolean => cell.every(({ kind }) => kind === 'space');
  return rows.filter((row) => !row.every(isEmpty));
}

/** Removes the column alignment of an array, {ccc}. */
export function withoutColumns(environment: Token): readonly Token[] {
  const { children, text } = environment;
  const first = children.findIndex(({ kind }) => kind !== 'space');
  const isSpec = children[first]?.kind === 'group' && /^(?:array|alignedat|alignat|IEEEeqnarray)/.test(text);
  return isSpec ? children.slice(first + 1) : children;
}

/** Parses a matrix that is written out. */
export function matrixAt(grammar: Grammar, cursor: Cursor): Expression {
  const start = cursor.at;
  const environment = cursor.next()!;
  const rows = cellsOf(withoutColumns(environment)).map((row) => {
    const cells = row.map((cell) => ({ cell, tokens: meaningful(cell) }));
    const isOfDots = ({ tokens }: { tokens: readonly Token[] }): boolean =>
      tokens.length === 0 || (tokens.length === 1 && isCommand(tokens[0], ...dotCommands));
    // In a row of dots, cells may be empty.
    if (cells.every(isOfDots)) return cells.map((): Expression => ({ ...cursor.since(start), kind: 'dots' }));
    return cells.map(({ cell }) => grammar.whole(cell, cell[0]?.span ?? environment.span));
  });
  const common = cursor.since(start);
  const series = matrixSeries(rows);
  const matrix: Expression = series === undefined ? { ...common, kind: 'matrix', rows } : { ...series, ...common };
  return environment.text === 'vmatrix' ? { ...cursor.since(start), kind: 'absolute', of: matrix } : matrix;
}

/** Parses cases: a if p, b otherwise. */
export function casesAt(grammar: Grammar, cursor: Cursor): Expression {
  const start = cursor.at;
  const environment = cursor.next()!;
  const rows = cellsOf(withoutColumns(environment)).map(([first = [], ...rest]) => {
    const value = withoutComma(first);
    const condition = mathOf(rest.flat());
    return {
      value: grammar.whole(value, value[0]?.span ?? environment.span),
      condition: condition.length === 0 ? undefined : grammar.whole(condition, environment.span),
    };
  });
  return { ...cursor.since(start), kind: 'cases', rows };
}

function withoutComma(tokens: readonly Token[]): readonly Token[] {
  const last = tokens.findLastIndex(({ kind, text }) => kind !== 'space' && !/^q?quad$|^[ ;:!]$/.test(text));
  return isCharacter(tokens[last], ',', ';') ? tokens.slice(0, last) : tokens;
}

/** Removes words such as \text{if}, and spaces. */
function mathOf(tokens: readonly Token[]): readonly Token[] {
  const solid = tokens.filter(({ kind, text }) => kind !== 'space' && kind !== 'word' && !/^q?quad$/.test(text));
  const isText = (of: Token | undefined): boolean => isCommand(of, 'text', 'textrm', 'mbox', 'mathrm', 'textit');
  return withoutComma(solid.filter((of, i) => !isText(of) && !(of.kind === 'group' && isText(solid[i - 1]))));
}

/** Returns the span of a list of tokens. */
export const spanOfTokens = (tokens: readonly Token[], otherwise: Span): Span => {
  const [first, last] = [tokens[0], tokens.at(-1)];
  return first === undefined || last === undefined ? otherwise : { start: first.span.start, end: last.span.end };
};
