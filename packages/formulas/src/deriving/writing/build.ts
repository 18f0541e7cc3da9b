/** Builds syntax trees of formulas, with the usual brackets. */

import {
  type CallNode,
  type Expression,
  fraction,
  type LetterNode,
  letterOf,
  made,
  number as numberNode,
  type SumNode,
} from '../../syntax/ast.ts';

export const group = (body: Expression): Expression =>
  body.kind === 'group' ? body : { ...made, kind: 'group', open: '(', close: ')', body };

/** Puts brackets around a product or sum that is a factor of an elementwise product. */
const guarded = (e: Expression): Expression => (e.kind === 'product' || e.kind === 'sum' ? group(e) : e);

export function productOf(factors: readonly Expression[]): Expression {
  const flat = factors.flatMap((factor) => (factor.kind === 'product' ? factor.factors : [factor]));
  if (flat.length === 1) return flat[0]!;
  return { ...made, kind: 'product', factors: flat, marks: flat.slice(1).map(() => '') };
}

/** Returns the elementwise product of some factors. */
export const looseOf = (parts: readonly Expression[]): Expression =>
  parts.length === 1
    ? parts[0]!
    : parts.map(guarded).reduce((left, right) => ({ ...made, kind: 'loose', mark: 'odot', left, right }));

export const quotientOf = (left: Expression, right: Expression): Expression => ({
  ...made,
  kind: 'loose',
  mark: 'oslash',
  left: guarded(left),
  right: guarded(right),
});

export const negative = (e: Expression): SumNode => ({ ...made, kind: 'sum', terms: [e], minus: [true] });

/** Returns the sum of terms, with their signs in front. */
export function sumOf(terms: readonly Expression[]): Expression {
  const signed = terms.flatMap((term) =>
    term.kind === 'sum'
      ? term.terms.map((inner, i) => ({ inner, minus: term.minus[i]! }))
      : [{ inner: term, minus: false }],
  );
  const ordered = [...signed.filter(({ minus }) => !minus), ...signed.filter(({ minus }) => minus)];
  const [first] = ordered;
  if (ordered.length === 1 && !first!.minus) return first!.inner;
  return {
    ...made,
    kind: 'sum',
    terms: ordered.map(({ inner }) => inner),
    minus: ordered.map(({ minus }) => minus),
  };
}

export const powerOf = (base: Expression, exponent: Expression, elementwise: boolean): Expression => ({
  ...made,
  kind: 'power',
  base,
  exponent,
  elementwise,
});

export const upright = (name: string): LetterNode => letterOf(made, name, { alphabet: 'upright' });

export const call = (fn: LetterNode, args: readonly Expression[], open = '('): CallNode => ({
  ...made,
  kind: 'call',
  fn,
  args,
  open,
});

export const sqrt = (of: Expression): Expression => call(upright('sqrt'), [of], 'sqrt');

export const diag = (of: Expression): Expression => call(upright('diag'), [of]);

/** The vector of ones. */
export const ones: Expression = letterOf(made, '1', { alphabet: 'bold' });

export function transposed(e: Expression): Expression {
  switch (e.kind) {
    case 'transpose':
      return e.of;
    case 'product': {
      const { front, rest } = splitFront(e);
      return productOf([...front, ...rest.toReversed().map(transposed)]);
    }
    case 'sum':
      return { ...e, terms: e.terms.map(transposed) };
    case 'group':
      if (e.body.kind !== 'product' && e.body.kind !== 'sum') break;
      return group(transposed(e.body));
    case 'number':
      return e;
    case 'call':
      if (e.fn.name === 'diag') return e;
      break;
    case 'fraction':
      return isScalar(e) ? e : { ...e, numerator: transposed(e.numerator) };
    default:
  }
  const of = e.kind === 'letter' ? e : e.kind === 'inverse' || e.kind === 'call' ? e : group(e);
  return { ...made, kind: 'transpose', of, mark: '\\top' };
}

/** Splits a product into its leading numbers and fractions, and the other factors. */
export function splitFront(e: Expression): {
  readonly front: readonly Expression[];
  readonly rest: readonly Expression[];
} {
  const factors = e.kind === 'product' ? e.factors : [e];
  const start = factors.findIndex((factor) => !isScalar(factor) && factor.kind !== 'fraction');
  const count = start === -1 ? factors.length : start;
  return { front: factors.slice(0, count), rest: factors.slice(count) };
}

/** Returns whether an expression is a number, a fraction with a numeric numerator, or a product of these. */
const isScalar = (e: Expression): boolean =>
  e.kind === 'number' ||
  (e.kind === 'fraction' && isScalar(e.numerator)) ||
  (e.kind === 'product' && e.factors.every(isScalar));

/**
 * Writes x as a fraction, a root or the reciprocal of a root, if it equals such a number with few digits up to
 * rounding. Otherwise writes it as a decimal number.
 */
export function numberOf(x: number): Expression {
  if (x < 0) return negative(numberOf(-x));
  if (x === Infinity) return letterOf(made, 'infty');
  if (Number.isInteger(x)) return numberNode(x);
  const near = (y: number): boolean => Math.abs(x - y) <= 4e-16 * Math.abs(x);
  for (let q = 2; q <= 1000; q++) {
    const p = Math.round(x * q);
    if (p > 0 && p < 1000 && near(p / q)) return fraction(numberNode(p), numberNode(q));
  }
  for (let q = 2; q <= 1000; q++) {
    if (near(1 / Math.sqrt(q))) return fraction(numberNode(1), sqrt(numberNode(q)));
    if (near(Math.sqrt(q))) return sqrt(numberNode(q));
  }
  return numberNode(x);
}

/** Returns a function of a whole matrix: A^-1, det(A), log |det(A)|. */
export function functionOfMatrix(op: string, of: Expression): Expression {
  const plain = of.kind === 'letter' ? of : group(of);
  if (op === 'inverse') return { ...made, kind: 'inverse', of: plain };
  const det = call(upright('det'), [of]);
  return op === 'det' ? det : call(upright('log'), [{ ...made, kind: 'absolute', of: det }], '');
}
