/** Builds the expressions of corrections, using the page's own notation. */

import type { Statement } from '../statements/statement.ts';
import {
  bare,
  type Expression,
  fraction,
  type LetterNode,
  letterOf,
  made,
  number,
  type ProductMark,
  partsOf,
  walk,
} from '../syntax/ast.ts';

/** Returns the transpose mark that the page uses. */
export function transposeMark(statements: readonly Statement[], isText: boolean): string {
  let mark: string | undefined;
  for (const { sides } of statements) {
    for (const side of sides) {
      walk(side, (e) => {
        if (e.kind === 'transpose' && e.mark !== "'") mark ??= e.mark;
      });
    }
  }
  return mark ?? (isText ? 'T' : '\\top');
}

/** Multiplies factors by juxtaposition; nested products are flattened. */
export function product(factors: readonly Expression[]): Expression {
  const flat = factors.flatMap((factor) => (factor.kind === 'product' ? factor.factors : [factor]));
  const marks = flat.slice(1).map((): ProductMark => '');
  return flat.length === 1 ? flat[0]! : { ...made, kind: 'product', factors: flat, marks };
}

export const loose = (left: Expression, right: Expression, mark: 'odot' | 'ast' | 'circ' = 'odot'): Expression => ({
  ...made,
  kind: 'loose',
  mark,
  left,
  right,
});

export const negated = (e: Expression): Expression => {
  if (e.kind === 'sum') return { ...e, verbatim: false, minus: e.minus.map((minus) => !minus) };
  return { ...made, kind: 'sum', terms: [e], minus: [true] };
};

export const letterNamed = (name: string): LetterNode => letterOf(made, name);

export const ones = (): LetterNode => letterOf(made, '1', { alphabet: 'bold' });

/** Multiplies an expression by a numeric factor, which is written in front: 2 x, 1/n x. */
export function scaled(e: Expression, factor: Expression): Expression {
  if (e.kind === 'sum' && e.terms.length === 1) return { ...e, verbatim: false, terms: [scaled(e.terms[0]!, factor)] };
  const inside = e.kind === 'sum' || e.kind === 'loose' ? grouped(e) : e;
  if (factor.kind === 'fraction' && inside.kind === 'product') {
    const [first, ...rest] = inside.factors as [Expression, ...Expression[]];
    // Multiplying 2 x by 1/n gives 2/n x.
    if (first.kind === 'number') return product([fraction(first, factor.denominator), ...rest]);
  }
  return product([factor, inside]);
}

export const grouped = (body: Expression): Expression =>
  body.kind === 'group' ? body : { ...made, kind: 'group', open: '(', close: ')', body };

/**
 * Transposes an expression, applying the transposes to its parts where possible. Parts for which `isNumber` returns
 * true need no transpose.
 */
export function transposed(e: Expression, mark: string, isNumber: (e: Expression) => boolean): Expression {
  if (isNumber(e)) return e;
  const inner = (part: Expression): Expression => transposed(part, mark, isNumber);
  switch (e.kind) {
    case 'transpose':
      return e.of;
    case 'product': {
      const numbers = e.factors.filter(isNumber);
      return product([
        ...numbers,
        ...e.factors
          .filter((factor) => !isNumber(factor))
          .toReversed()
          .map(inner),
      ]);
    }
    case 'sum':
      return { ...e, verbatim: false, terms: e.terms.map(inner) };
    case 'loose':
      return { ...e, verbatim: false, left: inner(e.left), right: inner(e.right) };
    case 'group':
      return { ...e, verbatim: false, body: inner(e.body) };
    case 'fraction':
      return isNumber(e.denominator)
        ? { ...e, verbatim: false, numerator: inner(e.numerator) }
        : { ...made, kind: 'transpose', of: e, mark };
    default:
      return { ...made, kind: 'transpose', of: e, mark };
  }
}

/** Counts the parts of an expression. Of corrections with the same cost, the smaller one is preferred. */
export const sizeOf = (e: Expression): number => 1 + partsOf(e).reduce((sum, part) => sum + sizeOf(part), 0);

export const one = number(1);
export const two = number(2);
export const half = fraction(one, two);

/** Returns whether two expressions have the same structure, letters and numbers. */
export function same(a: Expression, b: Expression): boolean {
  const [x, y] = [bare(a), bare(b)];
  if (x.kind !== y.kind) return false;
  if (x.kind === 'number' && y.kind === 'number') return x.text === y.text;
  if (x.kind === 'letter' && y.kind === 'letter') {
    const list = (letter: LetterNode): readonly Expression[] => [...letter.sub, ...letter.sup];
    return (
      x.name === y.name &&
      x.alphabet === y.alphabet &&
      x.primes === y.primes &&
      x.accents.join() === y.accents.join() &&
      list(x).length === list(y).length &&
      list(x).every((index, i) => same(index, list(y)[i]!))
    );
  }
  const [p, q] = [partsOf(x), partsOf(y)];
  return p.length === q.length && p.every((part, i) => same(part, q[i]!));
}
