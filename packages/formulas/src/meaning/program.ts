/** Treats the definitions of a page as a program: finds the definition of a letter with given indices. */

import { bare, type Expression } from '../syntax/ast.ts';
import type { Definition, FunctionDefinition, Outline } from './outline-types.ts';

/** The values of indices and counts. */
export type Indices = ReadonlyMap<string, number>;

/** Returns the value of an index or bound; undefined if it has none. */
export function indexValue(e: Expression, indices: Indices): number | undefined {
  const inside = bare(e);
  switch (inside.kind) {
    case 'number':
      return Number(inside.text);
    case 'letter':
      return inside.sub.length + inside.sup.length > 0 ? undefined : indices.get(inside.name);
    case 'sum': {
      let total = 0;
      for (const [i, term] of inside.terms.entries()) {
        const value = indexValue(term, indices);
        if (value === undefined) return undefined;
        total += inside.minus[i] ? -value : value;
      }
      return total;
    }
    case 'product': {
      const values = inside.factors.map((factor) => indexValue(factor, indices));
      return values.every((value) => value !== undefined)
        ? values.reduce((product, value) => product * value, 1)
        : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Matches an index pattern with a value. Returns the pattern's letter and its value, `true` for a pattern without a
 * letter, or undefined if they don't match.
 */
function matchIndex(pattern: Expression, value: number, counts: Indices): [string, number] | true | undefined {
  const inside = bare(pattern);
  if (inside.kind === 'number') return Number(inside.text) === value ? true : undefined;
  if (inside.kind === 'letter') {
    const known = counts.get(inside.name);
    if (known !== undefined) return known === value ? true : undefined;
    return [inside.name, value];
  }
  if (inside.kind !== 'sum') return undefined;
  const free = inside.terms.filter((term) => indexValue(term, counts) === undefined);
  const [letter] = free;
  if (letter === undefined) return indexValue(inside, counts) === value ? true : undefined;
  const at = inside.terms.indexOf(letter);
  if (free.length > 1 || letter.kind !== 'letter' || inside.minus[at]) return undefined;
  const rest = inside.terms.reduce(
    (sum, term, i) => (i === at ? sum : sum + (inside.minus[i] ? -1 : 1) * indexValue(term, counts)!),
    0,
  );
  return [letter.name, value - rest];
}

/** Matches a pattern with indices. Returns the values of the pattern's letters, or undefined if they don't match. */
export function matchPattern(
  pattern: readonly Expression[],
  values: readonly number[],
  counts: Indices,
): Map<string, number> | undefined {
  if (pattern.length !== values.length) return undefined;
  const bound = new Map<string, number>();
  for (const [i, part] of pattern.entries()) {
    const found = matchIndex(part, values[i]!, counts);
    if (found === undefined) return undefined;
    if (found === true) continue;
    const [name, value] = found;
    if (bound.has(name) && bound.get(name) !== value) return undefined;
    bound.set(name, value);
  }
  return bound;
}

/** Counts the indices of a pattern that are numbers or counts. Patterns with more of them are matched first. */
const exactness = (pattern: readonly Expression[], counts: Indices): number =>
  pattern.filter((index) => indexValue(index, counts) !== undefined).length;

export interface Match<D> {
  readonly definition: D;
  readonly indices: Map<string, number>;
}

/** Finds definitions by indices. */
export class PageDefinitions {
  readonly outline: Outline;
  /** The definitions in force. */
  readonly definitions: readonly Definition[];
  readonly counts: Indices;
  /** Returns the size of a letter's family along one of its indices; undefined if nothing limits it. */
  readonly #sizeOf: (key: string, position: number) => number | undefined;

  constructor(
    outline: Outline,
    definitions: readonly Definition[],
    counts: Indices,
    sizeOf: (key: string, position: number) => number | undefined = () => undefined,
  ) {
    this.outline = outline;
    this.definitions = definitions;
    this.counts = counts;
    this.#sizeOf = sizeOf;
  }

  isDefined(key: string): boolean {
    return this.definitions.some((definition) => definition.key === key);
  }

  /** Finds the definition of a letter for given indices, among the statements up to `until`. */
  find(key: string, values: readonly number[], until = Number.POSITIVE_INFINITY): Match<Definition> | undefined {
    const candidates = this.definitions
      .filter((definition) => definition.key === key && definition.pattern.length === values.length)
      .toSorted((a, b) => exactness(b.pattern, this.counts) - exactness(a.pattern, this.counts) || order(a, b, until));
    for (const definition of candidates) {
      const indices = matchPattern(definition.pattern, values, this.counts);
      if (indices !== undefined && this.#isWithin(definition, indices)) return { definition, indices };
    }
    return undefined;
  }

  /** Finds the definition of a function, with a number of parameters if it is given. */
  findFunction(key: string, values: readonly number[], count?: number): Match<FunctionDefinition> | undefined {
    const candidates = this.outline.functions
      .filter((definition) => definition.key === key && (count === undefined || definition.parameters.length === count))
      .toSorted((a, b) => exactness(b.pattern, this.counts) - exactness(a.pattern, this.counts));
    for (const definition of candidates) {
      const indices = matchPattern(definition.pattern, values, this.counts);
      if (indices !== undefined) return { definition, indices };
    }
    return undefined;
  }

  /** Whether indices are within the ranges of a definition. */
  #isWithin({ key, ranges, pattern, elements }: Definition, indices: Indices): boolean {
    const all = new Map([...this.counts, ...indices]);
    const ends = new Map<string, readonly [number, number]>();
    for (const { index, from, to } of ranges) {
      const [a, b] = [indexValue(from, all), indexValue(to, all)];
      if (a !== undefined && b !== undefined) ends.set(index.name, [Math.min(a, b), Math.max(a, b)]);
    }
    return pattern.slice(0, pattern.length - elements).every((index, position) => {
      const inside = bare(index);
      const free = inside.kind === 'sum' ? inside.terms.find(({ kind }) => kind === 'letter') : inside;
      const value = free?.kind === 'letter' ? indices.get(free.name) : undefined;
      if (free?.kind !== 'letter' || value === undefined) return true;
      // By default, members count from 1.
      const [lowest, highest] = ends.get(free.name) ?? [
        inside === free ? 1 : 0,
        this.#sizeOf(key, position) ?? Number.POSITIVE_INFINITY,
      ];
      return value >= lowest && value <= highest;
    });
  }
}

/** Orders definitions: first those up to a statement, latest first, then those after it, in order. */
const order = (a: Definition, b: Definition, until: number): number => {
  const [isA, isB] = [a.statement <= until, b.statement <= until];
  if (isA !== isB) return isA ? -1 : 1;
  return isA ? b.statement - a.statement : a.statement - b.statement;
};
