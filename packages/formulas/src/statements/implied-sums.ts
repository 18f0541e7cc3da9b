/** Adds the sums that Einstein's convention leaves out: x_i a_{ij} means the sum over i. */

import { bare, type Expression, letterOf, made, partsOf, withParts } from '../syntax/ast.ts';
import type { Page } from '../text/document.ts';
import { headingsIn } from './sections.ts';
import type { Statement } from './statement.ts';

const convention =
  /einstein\p{L}*['’]?s?[\s-]+(?:summation|notation|convention|sum)|summation convention|repeated ind|summenkonvention|爱因斯坦|愛因斯坦|アインシュタイン/iu;

/** Returns whether a page says that it leaves out sums over repeated indices. */
export const leavesOutSums = ({ masked }: Page): boolean => convention.test(masked);

type Counts = Map<string, number>;

function add(counts: Counts, others: Counts): Counts {
  for (const [name, count] of others) counts.set(name, (counts.get(name) ?? 0) + count);
  return counts;
}

/** Counts the occurrences of each index in a term. In a sum, an index counts as often as in the term that has most of it. */
function occurrences(e: Expression): Counts {
  const counts: Counts = new Map();
  const indices = e.kind === 'letter' ? e.sub : e.kind === 'element' ? e.indices : [];
  for (const index of indices.map(bare)) {
    const isIndex = index.kind === 'letter' && /^[a-z]$/.test(index.name) && index.sub.length + index.sup.length === 0;
    if (isIndex) add(counts, new Map([[index.name, 1]]));
  }
  const parts = partsOf(e).map(occurrences);
  if (e.kind === 'sum') {
    for (const part of parts)
      for (const [name, count] of part) counts.set(name, Math.max(counts.get(name) ?? 0, count));
  } else for (const part of parts) add(counts, part);
  if (e.kind === 'big') for (const { name } of e.indices) counts.delete(name);
  return counts;
}

/** Returns the terms of a side. */
function termsOf(e: Expression): readonly Expression[] {
  const inside = bare(e);
  return inside.kind === 'sum' ? inside.terms.flatMap(termsOf) : [inside];
}

const repeatedIn = (term: Expression): string[] =>
  [...occurrences(term)].filter(([, count]) => count > 1).map(([name]) => name);

/** Wraps each term that has repeated indices in a sum over these. */
function withSums(e: Expression): Expression {
  const inside = bare(e);
  if (inside.kind === 'sum') return { ...withParts(inside, inside.terms.map(withSums)) };
  const names = repeatedIn(inside);
  if (names.length === 0) return e;
  const bounds = { from: undefined, to: undefined, condition: undefined };
  const indices = names.map((name) => letterOf(made, name));
  return { ...made, span: e.span, kind: 'big', op: 'sum', indices, ...bounds, body: e, isImplied: true };
}

/**
 * Returns whether a statement leaves out sums: an index is repeated in a term, but missing in another, so that it can't be
 * free.
 */
function leavesOut({ sides }: Statement): boolean {
  const terms = sides.flatMap(termsOf).filter(({ kind }) => kind !== 'number');
  const all = terms.map(occurrences);
  return terms.flatMap(repeatedIn).some((name) => all.some((counts) => !counts.has(name)));
}

/** Adds the sums that are left out in sections that mention the convention. */
export function withImpliedSums(statements: readonly Statement[], page: Page): Statement[] {
  if (!leavesOutSums(page)) return [...statements];
  const starts = [...headingsIn(page.masked), page.masked.length];
  const applies = ({ span }: Statement): boolean => {
    const start = starts.findLast((at) => at <= span.start) ?? 0;
    const end = starts.find((at) => at > span.start);
    return convention.test(page.masked.slice(start, end));
  };
  return statements.map((statement) =>
    leavesOut(statement) && applies(statement) ? { ...statement, sides: statement.sides.map(withSums) } : statement,
  );
}
