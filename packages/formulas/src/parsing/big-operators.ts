/** Parses sums, products and extrema over indices. */

import { type BigNode, type BigOperator, bare, type Expression, type LetterNode } from '../syntax/ast.ts';
import type { Cursor, Grammar } from './cursor.ts';

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
