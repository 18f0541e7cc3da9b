/** Writes terms as formulas for one element, with sums over indices, if there is no matrix form. */

import { bare, type Expression, made, number as numberNode } from '../../syntax/ast.ts';
import { type Digit, dependsOn, type Subscript, type Term } from '../terms/terms.ts';
import { call, group, numberOf, powerOf, productOf, sqrt, sumOf } from './build.ts';
import type { Faces } from './faces.ts';
import { withFront } from './matrix-form.ts';

/** Positions count from 1 in formulas, and from 0 in the code. */
function positionOf(faces: Faces, { terms, offset, lookup }: Digit): Expression {
  if (lookup !== undefined) return elementForm(faces, lookup);
  const shift = offset + 1 - terms.reduce((total, { times }) => total + times, 0);
  const parts = terms.map(({ index, times }): Expression => {
    const letter = faces.index(index);
    const size = Math.abs(times);
    const e = size === 1 ? letter : productOf([numberNode(size), letter]);
    return times < 0 ? { ...made, kind: 'sum', terms: [e], minus: [true] } : e;
  });
  return sumOf([...parts, ...(shift === 0 && parts.length > 0 ? [] : [numberOf(shift)])]);
}

/** Returns the positions along each axis; (h, j) along an axis that was merged from several. */
export const positionsOf = (faces: Faces, at: readonly Subscript[]): Expression[] =>
  at
    .filter((subscript) => subscript.length > 0)
    .map((subscript) => {
      const digits = subscript.map((digit) => positionOf(faces, digit));
      return digits.length === 1 ? digits[0]! : group({ ...made, kind: 'tuple', items: digits });
    });

export function elementForm(faces: Faces, term: Term): Expression {
  const form = (inner: Term): Expression => elementForm(faces, inner);
  switch (term.kind) {
    case 'number':
      return numberOf(term.value);
    case 'length':
      return faces.length(term);
    case 'symbol': {
      return faces.element(term.symbol, positionsOf(faces, term.at));
    }
    case 'position':
      return positionOf(faces, term.digit);
    case 'sum':
      return sumOf(term.terms.map(form));
    case 'power': {
      const base = form(term.base);
      if (term.exponent === 0.5) return sqrt(base);
      return powerOf(
        base.kind === 'letter' && base.sup.length === 0 ? base : group(bare(base)),
        numberOf(term.exponent),
        false,
      );
    }
    case 'apply':
      return call(faces.fn(term.fn, term.order), term.args.map(form));
    case 'indicator':
      return faces.indicator(term.relation, form(term.left), form(term.right), term.left.kind === 'number');
    case 'big': {
      const body = form(term.of);
      return term.over.reduceRight((e, index) => faces.big(term.op, index, e), body);
    }
    case 'product': {
      const outside = term.factors.filter((factor) => !term.over.some((index) => dependsOn(factor, index)));
      const inside = term.factors.filter((factor) => !outside.includes(factor));
      const isBelow = (factor: Term): boolean => factor.kind === 'power' && factor.exponent < 0;
      const inverse = (factor: Term): Expression =>
        factor.kind === 'power' && factor.exponent !== -1
          ? form({ ...factor, exponent: -factor.exponent })
          : form((factor as Extract<Term, { kind: 'power' }>).base);
      const above = outside.filter((factor) => !isBelow(factor)).map(form);
      const below = outside.filter(isBelow).map(inverse);
      if (term.over.length === 0) {
        const last = above.pop();
        return withFront(term.scale, above, below, last);
      }
      const upper = inside.filter((factor) => !isBelow(factor)).map(form);
      const last = upper.pop();
      const body = withFront(1, upper, inside.filter(isBelow).map(inverse), last);
      const sums = term.over.reduceRight((e, index) => faces.sum(index, e), body);
      return withFront(term.scale, above, below, sums);
    }
  }
}
