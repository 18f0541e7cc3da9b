/** Conditions on the indices of formulas: i ≠ j, (b, d) ≠ (b', d'). */

import { bare, type Expression } from '../syntax/ast.ts';
import type { Statement } from './statement.ts';

/** Returns whether an expression is an index, or a list of indices. */
function isIndexLike(e: Expression): boolean {
  const inside = bare(e);
  if (inside.kind === 'tuple') return inside.items.every(isIndexLike);
  return (
    inside.kind === 'letter' &&
    /^[a-z]$/.test(inside.name) &&
    inside.alphabet === 'plain' &&
    inside.sub.length + inside.sup.length + inside.accents.length === 0
  );
}

const usual = /^[ijkmnpqrst]$/;

/** Returns the names of the indices in a condition; the prime of i' belongs to its name. */
export function indexNames(e: Expression): string[] {
  const inside = bare(e);
  if (inside.kind === 'tuple') return inside.items.flatMap(indexNames);
  if (inside.kind === 'compare') return [...indexNames(inside.left), ...indexNames(inside.right)];
  return inside.kind === 'letter' ? [`${inside.name}${"'".repeat(inside.primes)}`] : [];
}

/** Returns the condition on indices that a statement consists of, or undefined. */
function conditionOf({ sides, relations }: Statement): Expression | undefined {
  const [left, right] = sides;
  const [op] = relations;
  if (left === undefined || right === undefined || sides.length !== 2 || (op !== 'ne' && op !== '=')) return undefined;
  if (!isIndexLike(left) || !isIndexLike(right)) return undefined;
  const isOfUsual = [...indexNames(left), ...indexNames(right)].every((name) => usual.test(name));
  if (op === '=' && !isOfUsual) return undefined;
  const span = { start: left.span.start, end: right.span.end };
  return { kind: 'compare', span, verbatim: false, op, left, right };
}

/**
 * Attaches each condition on indices to the formula before it in the same display, or otherwise to the next one in the
 * same sentence.
 */
export function withConditions(statements: readonly Statement[], text: string): Statement[] {
  const result: Statement[] = [];
  let ahead: { readonly condition: Expression; readonly statement: Statement } | undefined;
  for (const statement of statements) {
    const condition = conditionOf(statement);
    const before = result.at(-1);
    if (condition !== undefined) {
      if (before !== undefined && before.fragment === statement.fragment && before.relations.length > 0) {
        result[result.length - 1] = { ...before, conditions: [...before.conditions, condition] };
      } else ahead = { condition, statement };
      continue;
    }
    const between = ahead && text.slice(ahead.statement.span.end, statement.span.start);
    const isNext = between !== undefined && ahead?.statement.block === statement.block && !/[.;。；]/.test(between);
    result.push(isNext && ahead ? { ...statement, conditions: [ahead.condition] } : statement);
    ahead = undefined;
  }
  return result;
}

/** Returns whether indices meet a condition. If an index has no value, the condition counts as met. */
export function meets(condition: Expression, indices: ReadonlyMap<string, number>): boolean {
  const inside = bare(condition);
  if (inside.kind !== 'compare') return true;
  const values = [inside.left, inside.right].map((side) => indexNames(side).map((name) => indices.get(name)));
  const [left, right] = values as [(number | undefined)[], (number | undefined)[]];
  if ([...left, ...right].includes(undefined) || left.length !== right.length) return true;
  const isEqual = left.every((value, i) => value === right[i]);
  return inside.op === 'ne' ? !isEqual : isEqual;
}
