/** Parses sums, products and extrema over indices. */

import { type BigNode, type BigOperator, bare, type Expression, type LetterNode } from '../syntax/ast.ts';
import { isCharacter } from '../syntax/tokens.ts';
import { differentialAt } from './calculus.ts';
import type { Cursor, Grammar } from './cursor.ts';
import { relationOf } from './meaningful.ts';

/** Parses \sum_{i=1}^n and its body. */
export function bigAt(grammar: Grammar, cursor: Cursor, start: number, op: BigOperator): BigNode {
  const command = cursor.next()!;
  const indices: LetterNode[] = [];
  let [from, to, condition]: (Expression | undefined)[] = [];
  while (cursor.isCharacter('_', '^')) {
    const mark = cursor.next()!;
    if (cursor.done) cursor.fail(`expected something after '${mark.text}'`, mark.span);
    const bound = grammar.whole(cursor.argument(command), mark.span);
    if (mark.text === '^') {
      to = bound;
      continue;
    }
    for (const item of bound.kind === 'tuple' ? bound.items : [bound]) {
      if (item.kind === 'letter') indices.push(item);
      else if (item.kind === 'compare') {
        const inner = item.left.kind === 'compare' ? item.left.left : item.left;
        const named = bare(
          item.op === 'le' || item.op === '<' ? (item.left.kind === 'compare' ? item.left.right : inner) : inner,
        );
        if (named.kind !== 'letter') cursor.fail('expected an index below the operator', item.span);
        indices.push(named);
        if (item.op === '=') from = item.right;
        else if (item.op !== 'in') condition = item;
      } else cursor.fail('expected an index below the operator', item.span);
    }
  }
  if (cursor.done) cursor.fail(`expected a formula after '\\${command.text}'`, command.span);
  const sign = cursor.at;
  const isMinus = cursor.isCharacter('-');
  if (isMinus) cursor.next();
  const inner = grammar.loose(cursor);
  const body: Expression = isMinus ? { ...cursor.since(sign), kind: 'sum', terms: [inner], minus: [true] } : inner;
  return { ...cursor.since(start), kind: 'big', op, indices, from, to, condition, body };
}

const isLetter = (e: Expression | undefined): e is LetterNode =>
  e?.kind === 'letter' && e.sub.length + e.sup.length === 0;

/** Parses \lim_{h \to 0} and its body. */
export function limitAt(grammar: Grammar, cursor: Cursor, start: number): BigNode {
  const command = cursor.next()!;
  if (!cursor.isCharacter('_')) cursor.fail("expected a limit, '_{h \\to 0}' say", command.span);
  const mark = cursor.next()!;
  const tokens = cursor.argument(mark);
  const at = tokens.findIndex((of) => relationOf(of) === 'to');
  if (at < 1 || at === tokens.length - 1) cursor.fail("expected a letter and its limit, 'h \\to 0' say", mark.span);
  const [index, to] = [tokens.slice(0, at), tokens.slice(at + 1)].map((part) => bare(grammar.whole(part, mark.span)));
  if (!isLetter(index) || to === undefined) cursor.fail('expected a letter here', mark.span);
  if (cursor.done) cursor.fail("expected a formula after '\\lim'", command.span);
  const body = grammar.loose(cursor);
  return {
    ...cursor.since(start),
    kind: 'big',
    op: 'limit',
    indices: [index],
    from: undefined,
    to,
    condition: undefined,
    body,
  };
}

/** Returns the position of the d that ends an integral, outside of brackets; -1 if there is none. */
function endOf({ tokens, at: from }: Cursor): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    if (isCharacter(tokens[at], '(', '[')) depth++;
    else if (isCharacter(tokens[at], ')', ']')) depth--;
    if (depth < 0) return -1;
    const found = depth === 0 && at > from ? differentialAt(tokens, at) : undefined;
    if (found?.mark === 'd' && at + found.length < tokens.length) return at;
  }
  return -1;
}

/** Parses \int_a^b f(x) dx. */
export function integralAt(grammar: Grammar, cursor: Cursor, start: number): BigNode {
  const command = cursor.next()!;
  let [from, to]: (Expression | undefined)[] = [];
  while (cursor.isCharacter('_', '^')) {
    const mark = cursor.next()!;
    if (cursor.done) cursor.fail(`expected a bound after '${mark.text}'`, mark.span);
    const bound = grammar.whole(cursor.argument(mark), mark.span);
    if (mark.text === '_') from = bound;
    else to = bound;
  }
  if (from === undefined || to === undefined) cursor.fail('expected the bounds of this integral', command.span);
  const end = endOf(cursor);
  if (end < 0) cursor.fail("expected the variable of this integral, 'dx' say", command.span);
  const body = grammar.whole(cursor.tokens.slice(cursor.at, end), command.span);
  cursor.at = end + differentialAt(cursor.tokens, end)!.length;
  const index = grammar.factor(cursor);
  if (!isLetter(index)) cursor.fail('expected a letter after d', index.span);
  return {
    ...cursor.since(start),
    kind: 'big',
    op: 'integral',
    indices: [index],
    from,
    to,
    condition: undefined,
    body,
  };
}
