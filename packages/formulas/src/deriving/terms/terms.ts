/**
 * Formulas for one element of an array, in terms of indices: sum_k A_ik B_kj. Products of arrays, sums, transposes and
 * broadcasts are all the same here, so that they simplify together.
 */

import type { Node } from '../../running/graph.ts';
import type { Quantity } from './quantities.ts';

/** An index letter, whose values are the positions along an axis. */
export interface Index {
  readonly id: number;
  readonly length: number;
  /** The length of the axis as a formula, if it has a name. */
  readonly size: Term;
}

/** A position along an axis: an index, possibly shifted or scaled, or a value read from data. */
export interface Digit {
  readonly terms: readonly { readonly index: Index; readonly times: number }[];
  readonly offset: number;
  /** The int32 data element that gives the position, if the position is read from data. */
  readonly lookup: SymbolTerm | undefined;
}

/**
 * A position along an axis: one digit for each of the axes merged into it, most significant first. Empty for an axis
 * of length 1.
 */
export type Subscript = readonly Digit[];

export interface NumberTerm {
  readonly kind: 'number';
  readonly value: number;
}

/** The length of an axis, as a letter. */
export interface LengthTerm {
  readonly kind: 'length';
  readonly name: string;
  readonly value: number;
}

export interface SymbolTerm {
  readonly kind: 'symbol';
  readonly symbol: Quantity;
  readonly at: readonly Subscript[];
}

/** `scale` times the product of factors, summed over indices. */
export interface ProductTerm {
  readonly kind: 'product';
  readonly scale: number;
  readonly factors: readonly Term[];
  readonly over: readonly Index[];
}

export interface SumTerm {
  readonly kind: 'sum';
  readonly terms: readonly Term[];
}

export interface PowerTerm {
  readonly kind: 'power';
  readonly base: Term;
  readonly exponent: number;
}

/** A named function of one element, or its derivative of a given order. */
export interface ApplyTerm {
  readonly kind: 'apply';
  readonly fn: string;
  readonly order: number;
  readonly args: readonly Term[];
}

export type IndicatorRelation = '<' | 'le' | '=' | 'ne';

/** 1 if a relation holds, 0 otherwise. */
export interface IndicatorTerm {
  readonly kind: 'indicator';
  readonly relation: IndicatorRelation;
  readonly left: Term;
  readonly right: Term;
}

/** A position as a number, for comparison with data. */
export interface PositionTerm {
  readonly kind: 'position';
  readonly digit: Digit;
}

/** The maximum, minimum or product over indices. */
export interface BigTerm {
  readonly kind: 'big';
  readonly op: 'max' | 'min' | 'prod';
  readonly of: Term;
  readonly over: readonly Index[];
}

export type Term =
  | NumberTerm
  | LengthTerm
  | SymbolTerm
  | ProductTerm
  | SumTerm
  | PowerTerm
  | ApplyTerm
  | IndicatorTerm
  | PositionTerm
  | BigTerm;

export const number = (value: number): NumberTerm => ({ kind: 'number', value });
export const zero = number(0);
export const one = number(1);

let count = 0;

export const freshIndex = (length: number, size: Term): Index => ({ id: count++, length, size });

export const digitOf = (index: Index): Digit => ({ terms: [{ index, times: 1 }], offset: 0, lookup: undefined });

/** If a digit is an index and nothing more, returns the index; otherwise returns undefined. */
export function indexOf({ terms, offset, lookup }: Digit): Index | undefined {
  const [term] = terms;
  return terms.length === 1 && offset === 0 && lookup === undefined && term!.times === 1 ? term!.index : undefined;
}

/** Returns the parts of a term that are terms. */
function partsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'product':
      return term.factors;
    case 'sum':
      return term.terms;
    case 'power':
      return [term.base];
    case 'apply':
      return term.args;
    case 'indicator':
      return [term.left, term.right];
    case 'big':
      return [term.of];
    default:
      return [];
  }
}

function visitDigits(term: Term, visit: (digit: Digit) => void): void {
  const each = (digit: Digit): void => {
    visit(digit);
    if (digit.lookup !== undefined) visitDigits(digit.lookup, visit);
  };
  if (term.kind === 'symbol') for (const subscript of term.at) subscript.forEach(each);
  else if (term.kind === 'position') each(term.digit);
  else for (const part of partsOf(term)) visitDigits(part, visit);
}

const free = new WeakMap<Term, readonly Index[]>();

/** Returns the free indices of a term, in order of appearance. */
export function freeIndices(term: Term): readonly Index[] {
  const known = free.get(term);
  if (known !== undefined) return known;
  const found = findFree(term);
  free.set(term, found);
  return found;
}

function findFree(term: Term): Index[] {
  const found = new Set<Index>();
  visitDigits(term, ({ terms }) => {
    for (const { index } of terms) found.add(index);
  });
  const bound = new Set<Index>();
  const bind = (at: Term): void => {
    if (at.kind === 'product' || at.kind === 'big') for (const index of at.over) bound.add(index);
    for (const part of partsOf(at)) bind(part);
  };
  bind(term);
  return [...found].filter((index) => !bound.has(index));
}

export const dependsOn = (term: Term, index: Index): boolean => freeIndices(term).includes(index);

const mapDigit = (digit: Digit, to: ReadonlyMap<Index, Digit>): Digit => {
  const terms: { index: Index; times: number }[] = [];
  let { offset } = digit;
  for (const { index, times } of digit.terms) {
    const other = to.get(index);
    if (other === undefined) terms.push({ index, times });
    else {
      for (const part of other.terms) terms.push({ index: part.index, times: part.times * times });
      offset += other.offset * times;
    }
  }
  const [only] = digit.terms;
  const replaced = only === undefined ? undefined : to.get(only.index);
  if (replaced?.lookup !== undefined && indexOf(digit) !== undefined) return replaced;
  const lookup = digit.lookup === undefined ? undefined : (substitute(digit.lookup, to) as SymbolTerm);
  return { terms, offset, lookup };
};

/** Replaces indices in a term. */
export function substitute(term: Term, to: ReadonlyMap<Index, Digit>): Term {
  switch (term.kind) {
    case 'symbol':
      return { ...term, at: term.at.map((subscript) => subscript.map((digit) => mapDigit(digit, to))) };
    case 'position':
      return { ...term, digit: mapDigit(term.digit, to) };
    case 'product':
      return { ...term, factors: term.factors.map((factor) => substitute(factor, to)) };
    case 'sum':
      return { ...term, terms: term.terms.map((part) => substitute(part, to)) };
    case 'power':
      return { ...term, base: substitute(term.base, to) };
    case 'apply':
      return { ...term, args: term.args.map((arg) => substitute(arg, to)) };
    case 'indicator':
      return { ...term, left: substitute(term.left, to), right: substitute(term.right, to) };
    case 'big':
      return { ...term, of: substitute(term.of, to) };
    default:
      return term;
  }
}

/** Returns the same term with new bound indices, so that a product may contain it twice. */
export function refreshed(term: Term): Term {
  const to = new Map<Index, Digit>();
  const own = new Map<Index, Index>();
  const collect = (at: Term): void => {
    if (at.kind === 'product' || at.kind === 'big') {
      for (const index of at.over) {
        const other = freshIndex(index.length, index.size);
        own.set(index, other);
        to.set(index, digitOf(other));
      }
    }
    for (const part of partsOf(at)) collect(part);
  };
  collect(term);
  if (own.size === 0) return term;
  const rebind = (at: Term): Term => {
    switch (at.kind) {
      case 'product':
        return { ...at, over: at.over.map((index) => own.get(index) ?? index), factors: at.factors.map(rebind) };
      case 'big':
        return { ...at, over: at.over.map((index) => own.get(index) ?? index), of: rebind(at.of) };
      case 'sum':
        return { ...at, terms: at.terms.map(rebind) };
      case 'power':
        return { ...at, base: rebind(at.base) };
      case 'apply':
        return { ...at, args: at.args.map(rebind) };
      case 'indicator':
        return { ...at, left: rebind(at.left), right: rebind(at.right) };
      default:
        return at;
    }
  };
  return rebind(substitute(term, to));
}

type Naming = (index: Index) => string;

const byId: Naming = ({ id }) => `i${id}`;
const keys = new WeakMap<Term, string>();

const digitKey = ({ terms, offset, lookup }: Digit, name: Naming): string => {
  const parts = terms.map(({ index, times }) => `${times}*${name(index)}`).sort();
  return `${parts.join('+')}+${offset}${lookup === undefined ? '' : `[${keyWith(lookup, name)}]`}`;
};

function keyWith(term: Term, name: Naming): string {
  if (name !== byId) return keyOfParts(term, name);
  const known = keys.get(term);
  if (known !== undefined) return known;
  const key = keyOfParts(term, name);
  keys.set(term, key);
  return key;
}

function keyOfParts(term: Term, name: Naming): string {
  switch (term.kind) {
    case 'number':
      return `#${term.value}`;
    case 'length':
      return `|${term.name}|`;
    case 'symbol':
      return `s${term.symbol.node.id}(${term.at.map((subscript) => subscript.map((digit) => digitKey(digit, name)).join('.')).join(',')})`;
    case 'position':
      return `@${digitKey(term.digit, name)}`;
    case 'sum':
      return `(${term.terms
        .map((part) => keyWith(part, name))
        .sort()
        .join(' + ')})`;
    case 'power':
      return `${keyWith(term.base, name)}^${term.exponent}`;
    case 'apply':
      return `${term.fn}'${term.order}(${term.args.map((arg) => keyWith(arg, name)).join(',')})`;
    case 'indicator':
      return `[${keyWith(term.left, name)} ${term.relation} ${keyWith(term.right, name)}]`;
    case 'product':
    case 'big': {
      if (term.kind === 'product' && term.over.length === 0) {
        const factors = term.factors.map((factor) => keyWith(factor, name));
        return `{${term.scale} 0 ${factors.sort().join(' ')}}`;
      }
      const own = new Set(term.over);
      const anonymous: Naming = (index) => (own.has(index) ? '*' : name(index));
      const parts = term.kind === 'product' ? [...term.factors] : [term.of];
      const sorted = parts
        .map((part) => ({ part, key: keyWith(part, anonymous) }))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      const numbers = new Map<Index, number>();
      for (const { part } of sorted) {
        for (const index of freeIndices(part))
          if (own.has(index) && !numbers.has(index)) numbers.set(index, numbers.size);
      }
      const numbered: Naming = (index) => (numbers.has(index) ? `b${numbers.get(index)}` : name(index));
      const inside = sorted.map(({ part }) => keyWith(part, numbered)).join(' ');
      return term.kind === 'product' ? `{${term.scale} ${term.over.length} ${inside}}` : `${term.op}{${inside}}`;
    }
  }
}

/** Returns a key that is the same for equivalent terms. */
export const keyOf = (term: Term): string => keyWith(term, byId);

/** Returns whether a term reads elements outside of an array, which count as 0. */
export function readsOutside(term: Term): boolean {
  if (term.kind === 'symbol') {
    return term.at.some((subscript, axis) => {
      const [digit] = subscript;
      if (subscript.length !== 1 || digit === undefined || digit.lookup !== undefined) return false;
      let [least, most] = [digit.offset, digit.offset];
      for (const { index, times } of digit.terms) {
        const end = times * (index.length - 1);
        least += Math.min(0, end);
        most += Math.max(0, end);
      }
      return least < 0 || most >= term.symbol.node.shape[axis]!;
    });
  }
  return partsOf(term).some(readsOutside);
}

/** Returns the nodes that a term refers to. */
export function nodesIn(term: Term): Node[] {
  const found = new Set<Node>();
  const visit = (at: Term): void => {
    if (at.kind === 'symbol') {
      found.add(at.symbol.node);
      for (const subscript of at.at) for (const { lookup } of subscript) if (lookup !== undefined) visit(lookup);
    }
    if (at.kind === 'position' && at.digit.lookup !== undefined) visit(at.digit.lookup);
    for (const part of partsOf(at)) visit(part);
  };
  visit(term);
  return [...found];
}
