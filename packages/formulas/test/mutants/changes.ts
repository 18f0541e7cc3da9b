/** Small changes of trees: of letters, indices, transposes, signs, factors, and operations. */

import type { Index, Tree } from './expressions.ts';

/** The letters and indices of a page, which replace others. */
export interface Alternatives {
  readonly letters: readonly string[];
  readonly indices: (index: Index) => readonly Index[];
}

const rebuilt = (e: Tree, change: (inner: Tree) => readonly Tree[]): Tree[] => {
  switch (e.kind) {
    case 'letter':
    case 'number':
      return [];
    case 'product':
      return e.factors.flatMap((factor, i) =>
        change(factor).map((other) => ({ ...e, factors: e.factors.with(i, other) })),
      );
    case 'sum':
      return e.terms.flatMap((term, i) => change(term).map((other) => ({ ...e, terms: e.terms.with(i, other) })));
    case 'hadamard':
      return [...change(e.left).map((left) => ({ ...e, left })), ...change(e.right).map((right) => ({ ...e, right }))];
    case 'fraction':
      return [
        ...change(e.above).map((above) => ({ ...e, above })),
        ...change(e.below).map((below) => ({ ...e, below })),
      ];
    case 'derivative':
      return [
        ...change(e.of).map((of) => ({ ...e, of })),
        ...change(e.by)
          .filter(({ kind }) => kind === 'letter')
          .map((by) => ({ ...e, by })),
      ];
    default:
      return change(e.of).map((of) => ({ ...e, of }));
  }
};

const number = (value: number): Tree => ({ kind: 'number', value });
const half: Tree = { kind: 'fraction', above: number(1), below: number(2) };

/** Returns the changes of a tree at its root. */
function atRoot(e: Tree, { letters, indices }: Alternatives): Tree[] {
  const changed: Tree[] = [];
  if (e.kind === 'letter') {
    for (const name of letters) if (name !== e.name) changed.push({ ...e, name });
    if (e.index !== undefined) for (const index of indices(e.index)) changed.push({ ...e, index });
  }
  if (e.kind === 'transition') {
    for (const index of indices(e.index)) changed.push({ ...e, index });
    changed.push({ ...e, primes: 1 - e.primes });
  }
  if (e.kind === 'number') for (const value of [1, 2, 3, 4]) if (value !== e.value) changed.push(number(value));
  if (e.kind === 'number') return changed;
  changed.push(e.kind === 'transpose' ? e.of : { kind: 'transpose', of: e });
  if (e.kind === 'inverse' || e.kind === 'square') changed.push(e.of);
  if (e.kind === 'product') {
    const { factors } = e;
    for (let i = 0; i < factors.length; i++) {
      const rest = factors.filter((_, k) => k !== i);
      changed.push(rest.length === 1 ? rest[0]! : { ...e, factors: rest });
      if (i > 0) {
        changed.push({ ...e, factors: factors.with(i, factors[i - 1]!).with(i - 1, factors[i]!) });
        const side = (part: readonly Tree[]): Tree =>
          part.length === 1 ? part[0]! : { kind: 'product', factors: part };
        changed.push({ kind: 'hadamard', left: side(factors.slice(0, i)), right: side(factors.slice(i)) });
      }
    }
  }
  if (e.kind === 'hadamard') {
    changed.push({ kind: 'product', factors: [e.left, e.right] }, { kind: 'product', factors: [e.right, e.left] });
    changed.push(e.left, e.right, { ...e, left: e.right, right: e.left });
  }
  if (e.kind === 'sum') {
    e.terms.forEach((term, i) => {
      changed.push({ ...e, minus: e.minus.with(i, !e.minus[i]) });
      if (e.terms.length > 1)
        changed.push({ ...e, terms: e.terms.filter((_, k) => k !== i), minus: e.minus.filter((_, k) => k !== i) });
      else if (e.minus[0] === true) changed.push(term);
    });
  }
  return changed;
}

/** Returns all trees that are one change away. */
function changesOf(e: Tree, alternatives: Alternatives): Tree[] {
  return [...atRoot(e, alternatives), ...rebuilt(e, (inner) => changesOf(inner, alternatives))];
}

/** Returns a whole side with a sign or a factor. */
const scaled = (e: Tree): Tree[] => [
  { kind: 'sum', terms: [e], minus: [true] },
  { kind: 'product', factors: [number(2), e] },
  { kind: 'product', factors: [half, e] },
];

export type Formula = readonly Tree[];

/** Returns all formulas that are one change away from a formula. */
export const changedFormulas = (sides: Formula, alternatives: Alternatives): Formula[] =>
  sides.flatMap((side, i) => [...changesOf(side, alternatives), ...scaled(side)].map((other) => sides.with(i, other)));
