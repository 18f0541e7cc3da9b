/** Combines terms and simplifies the result. */

import {
  type ApplyTerm,
  type Digit,
  dependsOn,
  freeIndices,
  type Index,
  type IndicatorRelation,
  indexOf,
  keyOf,
  number,
  one,
  type ProductTerm,
  refreshed,
  substitute,
  type Term,
  zero,
} from './terms.ts';

export const isNumber = (term: Term, value?: number): boolean =>
  term.kind === 'number' && (value === undefined || term.value === value);

/** Returns a term as a product, possibly with a single factor. */
const asProduct = (term: Term): ProductTerm => {
  if (term.kind === 'product') return term;
  if (term.kind === 'number') return { kind: 'product', scale: term.value, factors: [], over: [] };
  return { kind: 'product', scale: 1, factors: [term], over: [] };
};

/** Returns a power with a numeric exponent. */
export function power(base: Term, exponent: number): Term {
  if (exponent === 0) return one;
  if (exponent === 1) return base;
  if (base.kind === 'number') return number(base.value ** exponent);
  const isWhole = Number.isInteger(exponent);
  if (base.kind === 'power' && isWhole) return power(base.base, base.exponent * exponent);
  if (base.kind === 'indicator' && exponent > 0) return base;
  if (base.kind === 'product' && base.over.length === 0 && isWhole)
    return product(
      base.factors.map((factor) => power(factor, exponent)),
      [],
      base.scale ** exponent,
    );
  if (base.kind === 'apply' && base.fn === 'exp' && isWhole && exponent < 0)
    return apply('exp', [product([base.args[0]!], [], exponent)]);
  return { kind: 'power', base, exponent };
}

/** Combines factors with the same base into one power. */
function powersOf(factors: readonly Term[]): Term[] {
  const exponents = new Map<string, { base: Term; exponent: number }>();
  for (const factor of factors) {
    const [base, exponent] = factor.kind === 'power' ? [factor.base, factor.exponent] : [factor, 1];
    const key = keyOf(base);
    const known = exponents.get(key);
    if (known === undefined) exponents.set(key, { base, exponent });
    else if (base.kind !== 'indicator') known.exponent += exponent;
  }
  return [...exponents.values()].map(({ base, exponent }) => power(base, exponent)).filter((x) => !isNumber(x, 1));
}

/** Returns whether a factor adds up to 1 along an index that occurs nowhere else in its subscripts. */
function addsUpToOne(factor: Term, index: Index): boolean {
  if (factor.kind !== 'symbol') return false;
  const { symbol, at } = factor;
  const axis = at.findIndex((subscript) => subscript.some((digit) => indexOf(digit) === index));
  if (axis === -1 || symbol.node.shape[axis] !== index.length) return false;
  const isAlone = at.every(
    (subscript, i) => i === axis || !subscript.some(({ terms }) => terms.some((x) => x.index === index)),
  );
  return isAlone && at[axis]!.length === 1 && symbol.sumsToOne === axis;
}

/** Returns whether a position takes every value along an axis, or is read from data that always lie on it. */
const isWholeAxis = (digit: Digit, length: number): boolean =>
  digit.lookup !== undefined || indexOf(digit)?.length === length;

/** Finds a bound index that equals another position or a data value, and can be replaced by it. */
function replacementIn(factors: readonly Term[], over: readonly Index[]) {
  for (const [i, factor] of factors.entries()) {
    if (factor.kind !== 'indicator' || factor.relation !== '=') continue;
    for (const [mine, other] of [
      [factor.left, factor.right],
      [factor.right, factor.left],
    ] as const) {
      const index = mine.kind === 'position' ? indexOf(mine.digit) : undefined;
      if (index === undefined || !over.includes(index) || dependsOn(other, index)) continue;
      // Both sides must have the same range, or some values of one would be missed.
      const isSame = other.kind === 'position' && isWholeAxis(other.digit, index.length);
      if (isSame) return { at: i, index, digit: other.digit };
    }
  }
  return undefined;
}

/** Simplifies a term, assuming that the indicator with the key `holds` is 1 and the one with the key `fails` is 0. */
function where(term: Term, holds: string, fails: string): Term {
  switch (term.kind) {
    case 'indicator': {
      const key = keyOf(term);
      return key === holds ? one : key === fails ? zero : term;
    }
    case 'product': {
      const factors = term.factors.map((factor) => where(factor, holds, fails));
      return factors.every((factor, i) => factor === term.factors[i]) ? term : product(factors, term.over, term.scale);
    }
    case 'sum': {
      const terms = term.terms.map((part) => where(part, holds, fails));
      return terms.every((part, i) => part === term.terms[i]) ? term : sum(terms);
    }
    case 'power': {
      const base = where(term.base, holds, fails);
      return base === term.base ? term : power(base, term.exponent);
    }
    case 'apply': {
      const args = term.args.map((arg) => where(arg, holds, fails));
      return args.every((arg, i) => arg === term.args[i]) ? term : apply(term.fn, args, term.order);
    }
    default:
      return term;
  }
}

/** Simplifies the factors next to each indicator, assuming that the indicator is 1: otherwise the whole product is 0. */
function assumed(factors: readonly Term[]): Term[] {
  let result = [...factors];
  for (const factor of factors) {
    if (factor.kind !== 'indicator' || factor.relation === '=') continue;
    const [holds, fails] = [keyOf(factor), keyOf(negated(factor.relation, factor.left, factor.right))];
    result = result.map((other) => (other === factor ? other : where(other, holds, fails)));
  }
  return result;
}

/** Returns `scale` times the product of factors, summed over indices. */
export function product(given: readonly Term[], over: readonly Index[] = [], scale = 1): Term {
  let factors: Term[] = [];
  let bound = [...over];
  let total = scale;
  for (const factor of given) {
    if (factor.kind === 'number') total *= factor.value;
    else if (factor.kind === 'product') {
      const own = refreshed(factor) as ProductTerm;
      total *= own.scale;
      factors.push(...own.factors);
      bound.push(...own.over);
    } else factors.push(refreshed(factor));
  }
  if (total === 0) return zero;
  for (let at = replacementIn(factors, bound); at !== undefined; at = replacementIn(factors, bound)) {
    const { index, digit, at: place } = at;
    const to = new Map<Index, Digit>([[index, digit]]);
    factors = factors.filter((_, i) => i !== place).map((factor) => substitute(factor, to));
    bound = bound.filter((x) => x !== index);
  }
  factors = assumed(powersOf(factors));
  for (const index of [...bound]) {
    const on = factors.filter((factor) => dependsOn(factor, index));
    if (on.length > 1 || (on.length === 1 && !addsUpToOne(on[0]!, index))) continue;
    bound = bound.filter((x) => x !== index);
    factors = factors.filter((factor) => factor !== on[0]);
    if (on.length === 0) factors.push(index.size);
  }
  const flat: Term[] = [];
  for (const factor of powersOf(factors)) {
    if (factor.kind === 'number') total *= factor.value;
    else flat.push(factor);
  }
  if (total === 0) return zero;
  if (flat.length === 0) return number(total);
  if (flat.length === 1 && bound.length === 0) {
    const [only] = flat as [Term];
    if (total === 1) return only;
    // Writes -1 times a sum with negative terms as the sum with opposite signs.
    if (only.kind === 'sum' && total === -1 && only.terms.some((term) => asProduct(term).scale < 0))
      return sum(only.terms.map((term) => product([term], [], -1)));
  }
  return { kind: 'product', scale: total, factors: flat, over: bound };
}

/** Adds up like terms. */
function collected(terms: readonly Term[]): ProductTerm[] {
  const found = new Map<string, ProductTerm>();
  for (const term of terms) {
    const { scale, factors, over } = asProduct(term);
    const key = keyOf({ kind: 'product', scale: 1, factors, over });
    const known = found.get(key);
    found.set(key, { kind: 'product', scale: (known?.scale ?? 0) + scale, factors, over });
  }
  return [...found.values()].filter(({ scale }) => Math.abs(scale) > 1e-300);
}

/** Returns the factors that all terms have in common. */
function commonFactors(terms: readonly ProductTerm[]): Term[] {
  const [first, ...others] = terms;
  return first!.factors.filter((factor) => {
    const free = freeIndices(factor);
    if (first!.over.some((index) => free.includes(index))) return false;
    const key = keyOf(factor);
    return others.every(({ factors }) => factors.some((other) => keyOf(other) === key));
  });
}

const without = ({ scale, factors, over }: ProductTerm, common: readonly Term[], by: number): Term => {
  const keys = common.map(keyOf);
  const rest = factors.filter((factor) => {
    const at = keys.indexOf(keyOf(factor));
    if (at !== -1) keys.splice(at, 1);
    return at === -1;
  });
  return product(rest, over, scale / by);
};

/** Simplifies 1 - [a < b] to [b <= a]. */
function complementOf(terms: readonly ProductTerm[]): Term | undefined {
  if (terms.length !== 2) return undefined;
  const plain = terms.find(({ factors, scale }) => factors.length === 0 && scale === 1);
  const other = terms.find((term) => term !== plain);
  if (plain === undefined || other?.scale !== -1 || other.factors.length !== 1) return undefined;
  const [factor] = other.factors;
  return factor?.kind === 'indicator' ? negated(factor.relation, factor.left, factor.right) : undefined;
}

/** Returns a sum, with common factors in front. */
export function sum(given: readonly Term[]): Term {
  const flat = given.flatMap((term) => (term.kind === 'sum' ? term.terms : [term]));
  const terms = collected(flat);
  if (terms.length === 0) return zero;
  if (terms.length === 1) return product(terms[0]!.factors, terms[0]!.over, terms[0]!.scale);
  const complement = complementOf(terms);
  if (complement !== undefined) return complement;
  const common = commonFactors(terms);
  const sizes = terms.map(({ scale }) => Math.abs(scale));
  const isShared = sizes.every((size) => size === sizes[0]) && sizes[0] !== 1;
  const isNegative = terms.every(({ scale }) => scale < 0);
  const by = (isShared ? sizes[0]! : 1) * (isNegative ? -1 : 1);
  const rest = terms.map((term) => without(term, common, by));
  const ordered = [
    ...rest.filter((term) => asProduct(term).scale >= 0),
    ...rest.filter((term) => asProduct(term).scale < 0),
  ];
  if (common.length === 0 && by === 1) return { kind: 'sum', terms: ordered };
  const inside = common.length > 0 ? sum(ordered) : ({ kind: 'sum', terms: ordered } as const);
  return product([...common, inside], [], by);
}

/** Returns a function of numbers, applied elementwise. */
export function apply(fn: string, args: readonly Term[], order = 0): Term {
  const [x] = args as [Term];
  if (fn === 'log' && x.kind === 'apply' && x.fn === 'exp') return x.args[0]!;
  if (fn === 'exp' && x.kind === 'apply' && x.fn === 'log') return x.args[0]!;
  if (fn === 'exp' && isNumber(x, 0)) return one;
  return { kind: 'apply', fn, order, args } satisfies ApplyTerm;
}

/** Returns an indicator: 1 if a relation holds, 0 otherwise. */
export function indicator(relation: IndicatorRelation, left: Term, right: Term): Term {
  if (left.kind === 'number' && right.kind === 'number') {
    const [a, b] = [left.value, right.value];
    const holds = { '<': a < b, le: a <= b, '=': a === b, ne: a !== b }[relation];
    return holds ? one : zero;
  }
  if (keyOf(left) === keyOf(right)) return relation === '=' || relation === 'le' ? one : zero;
  if (left.kind === 'number' && left.value === 0 && relation === '<') {
    if (right.kind === 'symbol' && right.symbol.isMask === true) return right;
    if (right.kind === 'apply' && right.fn === 'relu') return indicator('<', left, right.args[0]!);
  }
  // Data are finite, so no number equals an infinity.
  if ([left, right].some((side) => isNumber(side, Infinity) || isNumber(side, -Infinity)) && relation === '=')
    return zero;
  return { kind: 'indicator', relation, left, right };
}

/** Returns an indicator: 1 if a relation does not hold, 0 otherwise. */
export const negated = (relation: IndicatorRelation, left: Term, right: Term): Term => {
  if (relation === '=' || relation === 'ne') return indicator(relation === '=' ? 'ne' : '=', left, right);
  return indicator(relation === '<' ? 'le' : '<', right, left);
};
