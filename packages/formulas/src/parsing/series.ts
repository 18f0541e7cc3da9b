/** Recognizes the general term of a sum, product, list or matrix that is written with dots: a_1 + … + a_n. */

import {
  type BigNode,
  type BigOperator,
  bare,
  type Expression,
  keyOf,
  type LetterNode,
  letterOf,
  made,
  partsOf,
  withParts,
} from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import { withIndex } from '../syntax/substitute.ts';

/** Index names that no page uses, for rows or terms and for columns. */
const [rowIndex, columnIndex] = ['ι', 'κ'].map((name) => letterOf(made, name)) as [LetterNode, LetterNode];

const isDots = (e: Expression | undefined): boolean => e?.kind === 'dots';

/** Returns whether an expression may be the value of an index: a number, a letter, or a sum of these. */
function isIndexLike(e: Expression): boolean {
  const inside = bare(e);
  if (inside.kind === 'sum') return inside.terms.every(isIndexLike);
  return inside.kind === 'number' || (inside.kind === 'letter' && inside.sub.length + inside.sup.length === 0);
}

interface Pattern {
  readonly body: Expression;
  readonly from: Expression;
  readonly to: Expression;
}

/** Finds what two terms have in common: they differ only in the value of an index. */
class Merger {
  readonly #index: LetterNode;
  from: Expression | undefined;
  to: Expression | undefined;

  constructor(index: LetterNode) {
    this.#index = index;
  }

  /** Returns the common form of two expressions; undefined if there is none. */
  merged(a: Expression, b: Expression): Expression | undefined {
    if (textOf(a) === textOf(b)) return a;
    if (a.kind === 'letter' && b.kind === 'letter' && keyOf(a) === keyOf(b)) return this.#letters(a, b);
    if (a.kind === b.kind && a.kind !== 'letter' && a.kind !== 'number') {
      const before = [this.from, this.to] as const;
      const inside = this.#parts(a, b);
      if (inside !== undefined) return inside;
      [this.from, this.to] = before;
    }
    return isIndexLike(a) && isIndexLike(b) && this.#isSame(a, b) ? this.#index : undefined;
  }

  #isSame(a: Expression, b: Expression): boolean {
    this.from ??= a;
    this.to ??= b;
    return textOf(this.from) === textOf(a) && textOf(this.to) === textOf(b);
  }

  #list(a: readonly Expression[], b: readonly Expression[]): Expression[] | undefined {
    if (a.length !== b.length) return undefined;
    const all = a.map((x, i) => this.merged(x, b[i]!));
    return all.every((x) => x !== undefined) ? all : undefined;
  }

  #letters(a: LetterNode, b: LetterNode): LetterNode | undefined {
    const [sub, sup] = [this.#list(a.sub, b.sub), this.#list(a.sup, b.sup)];
    return sub && sup && { ...a, verbatim: false, sub, sup };
  }

  #parts(a: Expression, b: Expression): Expression | undefined {
    const parts = this.#list(partsOf(a), partsOf(b));
    if (parts === undefined) return undefined;
    const whole = withParts(a, parts);
    if (whole.kind === 'call' && b.kind === 'call') {
      const fn = this.#letters(whole.fn, b.fn);
      return fn && { ...whole, fn };
    }
    if (whole.kind === 'element' && b.kind === 'element') {
      const indices = this.#list(whole.indices, b.indices);
      return indices && { ...whole, indices };
    }
    return whole;
  }
}

/** Returns the general term between two terms; undefined if they don't have the same form, or are equal. */
function patternOf(a: Expression, b: Expression, index: LetterNode): Pattern | undefined {
  const merger = new Merger(index);
  const body = merger.merged(a, b);
  const { from, to } = merger;
  if (body === undefined || from === undefined || to === undefined) return undefined;
  // The parts that aren't merged, such as marks, must be the same.
  const isRight =
    textOf(withIndex(body, index, from)) === textOf(a) && textOf(withIndex(body, index, to)) === textOf(b);
  return isRight ? { body, from, to } : undefined;
}

function bigOf(op: BigOperator, { body, from, to }: Pattern, index: LetterNode, a: Expression, b: Expression): BigNode {
  const span = { start: a.span.start, end: b.span.end };
  return {
    span,
    verbatim: false,
    kind: 'big',
    op,
    indices: [index],
    from,
    to,
    condition: undefined,
    body,
    isDotted: true,
  };
}

/** Returns the number before a number, as an expression. */
function before(from: Expression): Expression | undefined {
  const inside = bare(from);
  return inside.kind === 'number' && /^[1-9]\d*$/.test(inside.text)
    ? { ...inside, verbatim: false, text: String(Number(inside.text) - 1) }
    : undefined;
}

/**
 * Replaces dots, with the terms around them, by sums, products or lists over an index. Dots between terms of different
 * forms, or at an end, are left.
 */
export function withSeries(
  op: BigOperator,
  terms: readonly Expression[],
  minus: readonly boolean[] = [],
  index = rowIndex,
): { readonly terms: readonly Expression[]; readonly minus: readonly boolean[] } {
  const [result, signs]: [Expression[], boolean[]] = [[], []];
  for (let i = 0; i < terms.length; i++) {
    const [left, right] = [result.at(-1), terms[i + 1]];
    const sign = minus[i + 1] ?? false;
    const isSigned = signs.at(-1) === sign && (minus[i] ?? false) === sign;
    const pattern =
      isDots(terms[i]) && left && right && isSigned && !isDots(left) ? patternOf(left, right, index) : undefined;
    if (pattern === undefined) {
      result.push(terms[i]!);
      signs.push(minus[i] ?? false);
      continue;
    }
    let { from } = pattern;
    let first = result.pop()!;
    signs.pop();
    // The terms written before belong to the series too: a_1 + a_2 + … + a_n.
    for (let start = before(from); start !== undefined; start = before(from)) {
      const previous = result.at(-1);
      if (previous === undefined || signs.at(-1) !== sign) break;
      if (textOf(previous) !== textOf(withIndex(pattern.body, index, start))) break;
      from = start;
      first = result.pop()!;
      signs.pop();
    }
    result.push(bigOf(op, { ...pattern, from }, index, first, right!));
    signs.push(sign);
    i++;
  }
  return { terms: result, minus: signs };
}

const isZero = (e: Expression | undefined): boolean => e?.kind === 'number' && Number(e.text) === 0;

/** Returns the diagonal matrix that is written with only its first and last element and zeros next to them. */
function diagonal(rows: readonly (readonly Expression[])[]): Expression | undefined {
  const [top, bottom] = [rows[0]!, rows.at(-1)!];
  if (rows.length < 3 || !isZero(top.at(-1)) || !isZero(bottom[0])) return undefined;
  const others = rows.flatMap((row, i) => row.filter((_, j) => i !== j));
  if (!others.every((cell) => isZero(cell) || isDots(cell))) return undefined;
  const elements = rows.map((row, i) => row[i] ?? row.at(-1)!);
  const { terms } = withSeries('list', elements);
  if (terms.length !== 1) return undefined;
  const fn = letterOf(made, 'diag', { alphabet: 'upright' });
  return { ...made, kind: 'call', fn, args: terms, open: '(' };
}

/**
 * Returns a matrix that is written with dots as a list of its rows. Returns undefined if it has no dots, or dots of
 * another kind.
 */
export function matrixSeries(rows: readonly (readonly Expression[])[]): Expression | undefined {
  if (!rows.flat().some(isDots)) return undefined;
  const found = diagonal(rows);
  if (found !== undefined) return found;
  const isColumn = rows.every((row) => row.length === 1);
  const lines = rows.map((row): Expression | undefined => {
    if (row.every(isDots)) return { ...made, kind: 'dots' };
    if (isColumn) return row[0];
    const { terms } = withSeries('list', row, [], columnIndex);
    if (terms.some(isDots)) return undefined;
    return { ...made, kind: 'transpose', of: { ...made, kind: 'tuple', items: terms }, mark: '\\top' };
  });
  if (!lines.every((line) => line !== undefined)) return undefined;
  if (lines.length === 1) return lines[0];
  const { terms } = withSeries('list', lines);
  const [only] = terms;
  if (terms.some(isDots)) return undefined;
  return terms.length === 1 ? only : { ...made, kind: 'tuple', items: terms };
}
