/** Parses values at points: f |_{x = 2}. */

import { bare, type CompareNode, type Expression } from '../syntax/ast.ts';
import { isCharacter, wordsOf } from '../syntax/tokens.ts';
import type { Cursor, Grammar } from './cursor.ts';

/** Returns whether the bar of a value at a point is at the cursor. */
export function isPointBar(cursor: Cursor): boolean {
  const isBar = cursor.isCharacter('|') || cursor.isCommand('vert', 'rvert', 'mid');
  return isBar && isCharacter(cursor.peek(1), '_');
}

/** Returns the equations of a point. A value without a letter belongs to the variable of a derivative. */
function equationsIn(cursor: Cursor, point: Expression, of: Expression): readonly CompareNode[] {
  const items = point.kind === 'tuple' ? point.items : [point];
  const inside = bare(of);
  const variable = inside.kind === 'derivative' && new Set(inside.by).size === 1 ? inside.by[0] : undefined;
  return items.map((item) => {
    if (item.kind === 'compare' && item.op === '=') return item;
    if (variable === undefined || item.kind === 'compare' || items.length > 1)
      cursor.fail("expected a letter and its value, as in 'x = 2'", point.span);
    return { span: item.span, verbatim: false, kind: 'compare', op: '=', left: variable, right: item };
  });
}

/** Parses the point after an expression; the cursor is at the bar. Words there are a remark. */
export function pointAt(grammar: Grammar, cursor: Cursor, start: number, of: Expression): Expression {
  cursor.next();
  const mark = cursor.next()!;
  if (cursor.done) cursor.fail("expected a point after '_'", mark.span);
  const tokens = cursor.script(mark);
  const isRemark = /^[A-Za-z]{3,}(?: [A-Za-z]+)*$/.test(wordsOf(tokens));
  if (isRemark) return { ...of, ...cursor.since(start) };
  const points = equationsIn(cursor, grammar.whole(tokens, mark.span), of);
  return { ...cursor.since(start), kind: 'at', of, points };
}
