/** Parses functions and their arguments. */

import {
  type BigNode,
  bare,
  type Expression,
  type GroupNode,
  keyOf,
  type LetterNode,
  made,
  type ProductMark,
  walk,
} from '../syntax/ast.ts';
import { dotCommands, looseMarks } from '../syntax/names.ts';
import { isCharacter, isCommand } from '../syntax/tokens.ts';
import { functionAt, knownLetter } from './atoms.ts';
import type { Cursor, Grammar } from './cursor.ts';
import { fence, opensWith } from './fences.ts';
import { relationOf } from './meaningful.ts';
import { indicesOf, primesAt, superscript } from './scripts.ts';

/** The closing brackets. */
export const closers: ReadonlySet<string> = new Set([
  ')',
  ']',
  '}',
  'right',
  'rbrace',
  'rbrack',
  'rvert',
  'rVert',
  'rangle',
]);

/** Returns whether a factor of a product begins at the cursor. */
export function startsFactor(cursor: Cursor): boolean {
  const of = cursor.peek();
  if (of === undefined || relationOf(of) !== undefined || Object.hasOwn(looseMarks, of.text)) return false;
  if (of.kind === 'character') {
    if ('([{'.includes(of.text)) return true;
    if (of.text === '|') return !cursor.insideBars && barOpens(cursor);
    return /^[\p{L}0-9]$/u.test(of.text);
  }
  if (of.kind !== 'command') return of.kind !== 'prose' && of.kind !== 'space';
  return (
    !closers.has(of.text) &&
    !dotCommands.has(of.text) &&
    !['&', '\\', 'mid', 'colon', 'vert', 'div', 'forall'].includes(of.text)
  );
}

/** Returns whether the bar at the cursor has a matching closing bar. */
function barOpens(cursor: Cursor): boolean {
  return cursor.tokens.slice(cursor.at + 1).some((of) => isCharacter(of, '|'));
}

/** Parses e^x. */
export function exponential(grammar: Grammar, cursor: Cursor, start: number): Expression {
  cursor.next();
  const fn = knownLetter(cursor, start, 'exp');
  cursor.next();
  if (cursor.done) cursor.fail("expected something after '^'");
  const exponent = grammar.whole(cursor.argument(cursor.tokens[start]!), cursor.here());
  return { ...cursor.since(start), kind: 'call', fn, args: [exponent], open: '^' };
}

/** Returns the arguments of a function that is taken over an index: logsumexp_j z_j is that of all z_j. */
function overIndex({ name, sub }: LetterNode, args: readonly Expression[]): readonly Expression[] {
  const [index, second] = sub;
  const [body, other] = args;
  const isTaken = /^(?:logsumexp|average|variance|total)$/.test(name) && index?.kind === 'letter';
  if (!isTaken || second !== undefined || body === undefined || other !== undefined) return args;
  let isOver = false;
  walk(body, (e) => {
    isOver ||= e.kind === 'letter' && e.name === index.name && e.sub.length + e.sup.length === 0;
  });
  if (!isOver) return [body];
  const bounds = { from: undefined, to: undefined, condition: undefined };
  return [{ ...made, kind: 'big', op: 'list', indices: [index], ...bounds, body }];
}

/** Parses the rest of a call of a known function: its primes, power, index and arguments. */
export function known(grammar: Grammar, cursor: Cursor, start: number, named: LetterNode): Expression {
  let fn = named;
  let power: Expression | undefined;
  for (;;) {
    const primes = primesAt(cursor);
    if (primes > 0) fn = { ...fn, primes: fn.primes + primes };
    else if (cursor.isCharacter('^') && power === undefined) {
      const mark = cursor.next()!;
      const script = superscript(grammar, cursor.script(mark), cursor, undefined);
      if (script.kind === 'primes') fn = { ...fn, primes: fn.primes + script.count };
      else if (script.kind === 'power') power = script.exponent;
      else if (script.kind !== 'index') cursor.fail('expected a power or a prime here', mark.span);
    } else if (cursor.isCharacter('_') && fn.sub.length === 0) {
      const mark = cursor.next()!;
      fn = { ...fn, sub: indicesOf(grammar, cursor.script(mark), cursor) };
    } else break;
  }
  const { args: written, open } = argumentsOf(grammar, cursor, fn);
  const args = overIndex(fn, written);
  if (args !== written) fn = { ...fn, sub: [] };
  if (fn.name === 'chain' && args.length > 1) {
    const marks = args.slice(1).map((): ProductMark => '');
    return { ...cursor.since(start), verbatim: false, kind: 'product', factors: args, marks };
  }
  const call: Expression = { ...cursor.since(start), kind: 'call', fn, args, open };
  return power === undefined
    ? call
    : { ...call, kind: 'power', base: { ...call, verbatim: false }, exponent: power, elementwise: false };
}

/** Returns the arguments in a list. A list with dots is one argument, a column. */
const argumentsIn = (body: Expression): readonly Expression[] =>
  body.kind === 'tuple' && !body.items.some((item) => item.kind === 'big' && item.op === 'list') ? body.items : [body];

function argumentsOf(grammar: Grammar, cursor: Cursor, fn: LetterNode): { args: readonly Expression[]; open: string } {
  if (opensWith(cursor, '([{')) {
    const { inside, open, span } = fence(cursor)!;
    if (inside.length === 0) cursor.fail('expected an argument between the brackets', span);
    const body = grammar.whole(inside, span);
    return { args: argumentsIn(body), open };
  }
  const start = cursor.at;
  if (cursor.done || !startsFactor(cursor)) cursor.fail(`expected an argument of '${fn.name}'`);
  const factors: Expression[] = [];
  const isStop = (): boolean => {
    const next = cursor.peek();
    if (next === undefined || !startsFactor(cursor) || isCommand(next, 'sum', 'prod', 'nabla', 'partial')) return true;
    const at = cursor.at;
    const isFunction = functionAt(cursor) !== undefined;
    cursor.at = at;
    return isFunction || (factors.length > 0 && opensWith(cursor, '(['));
  };
  do factors.push(grammar.factor(cursor));
  while (!isStop());
  const [only] = factors as [Expression];
  const marks = factors.slice(1).map((): ProductMark => '');
  return {
    args: [factors.length === 1 ? only : { ...cursor.since(start), kind: 'product', factors, marks }],
    open: '',
  };
}

/** Parses the expectation over an index, \mathbb{E}_i, which is a mean. Other expectations aren't read. */
function meanOver(grammar: Grammar, cursor: Cursor, start: number, { sub }: LetterNode): BigNode | undefined {
  const [index, second] = sub;
  const isIndex = index?.kind === 'letter' && /^[ijkmn]$/.test(index.name) && second === undefined;
  if (!isIndex || cursor.done || !startsFactor(cursor)) return undefined;
  const body = grammar.loose(cursor);
  const bounds = { from: undefined, to: undefined, condition: undefined };
  return { ...cursor.since(start), kind: 'big', op: 'mean', indices: [index], ...bounds, body };
}

/**
 * Returns whether the brackets after a letter contain the letter itself as a value, as in a(1 - a). They are then a factor,
 * and not an argument.
 */
export function holdsOwnValue({ body }: GroupNode, letter: LetterNode): boolean {
  const isOwn = (e: Expression | undefined): boolean => e?.kind === 'letter' && keyOf(e) === keyOf(letter);
  const inside = bare(body);
  if (inside.kind !== 'sum' || letter.primes > 0) return false;
  return inside.terms.some((term) => {
    if (term.kind !== 'product') return isOwn(term);
    return term.factors.some((factor, i) => isOwn(factor) && term.factors[i + 1]?.kind !== 'group');
  });
}

/**
 * If a letter is a function, or an indicator such as 1[z > 0], parses its arguments in brackets. Otherwise returns the
 * letter.
 */
export function applied(grammar: Grammar, cursor: Cursor, start: number, letter: LetterNode): Expression {
  if (letter.name === 'E' && letter.alphabet === 'blackboard') {
    const mean = meanOver(grammar, cursor, start, letter);
    if (mean !== undefined) return mean;
  }
  const isOne = letter.name === '1' && letter.alphabet !== 'plain';
  const isIndicator = isOne || (letter.name === 'I' && letter.alphabet === 'blackboard');
  if (isIndicator && letter.sub.length === 1 && bare(letter.sub[0]!).kind === 'compare') {
    return { ...cursor.since(start), kind: 'indicator', condition: bare(letter.sub[0]!) };
  }
  if (isIndicator && letter.sub.length === 1 && letter.sub[0]!.kind === 'indicator')
    return { ...letter.sub[0]!, ...cursor.since(start) };
  if (isIndicator && opensWith(cursor, '([{')) {
    const at = cursor.at;
    const { inside, span } = fence(cursor)!;
    const condition = grammar.whole(inside, span);
    if (condition.kind === 'compare') return { ...cursor.since(start), kind: 'indicator', condition };
    cursor.at = at;
  }
  const isFunction = grammar.notation.functions.has(keyOf(letter)) || letter.primes > 0;
  if (!isFunction || !opensWith(cursor, '([')) return letter;
  if (cursor.pendingTranspose !== undefined) return letter;
  const { at } = cursor;
  const { inside, open, span } = fence(cursor)!;
  if (inside.length === 0) cursor.fail('expected an argument between the brackets', span);
  const body = grammar.whole(inside, span);
  if (holdsOwnValue({ ...made, kind: 'group', open, close: '', body }, letter)) {
    cursor.at = at;
    return letter;
  }
  return {
    ...cursor.since(start),
    kind: 'call',
    fn: letter,
    args: argumentsIn(body),
    open,
  };
}
