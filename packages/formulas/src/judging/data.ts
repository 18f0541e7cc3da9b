/** Draws random data for trying formulas, with the properties stated on the page. */

import type { Property } from '../meaning/outline-types.ts';
import type { LeafOf } from '../running/exact.ts';
import { Floats } from '../running/floats.ts';
import { hashOf } from '../running/random.ts';

/** The distribution of numbers: both signs, positive, between 0 and 1, or a few integers. */
export type Distribution = 'any' | 'positive' | 'share' | 'whole';

/** Returns a number in (0, 1), determined by the name and the seed. */
const unit = (name: string, seed: number): number => (hashOf(name, seed) + 0.5) / 4294967296;

function drawn(name: string, seed: number, draw: Distribution): number {
  const u = unit(name, seed);
  if (draw === 'positive') return 0.3 + 1.4 * u;
  if (draw === 'share') return 0.1 + 0.8 * u;
  if (draw === 'whole') return [-2, -1, 1, 2, 3][Math.floor(5 * u)]!;
  // Avoids elements near 0, where many expressions are nearly equal.
  return (u < 0.5 ? -1 : 1) * (0.25 + 1.5 * ((2 * u) % 1));
}

/** The relative amount by which data are perturbed to tell rounding errors from real differences. */
const nudge = 1e-13;

const letterOf = (name: string): string => name.slice(0, name.lastIndexOf('@'));

/** Builds a matrix with the given properties from random elements. */
function shaped<T>(
  properties: ReadonlySet<Property>,
  shape: readonly number[],
  at: (place: number) => T,
  {
    zero,
    negated,
    dot,
  }: { zero: T; negated: (x: T) => T; dot: (x: readonly T[], y: readonly T[], isSame: boolean) => T },
): T[] {
  const [rows, columns] = shape as [number, number];
  const all = Array.from({ length: rows * columns }, (_, place) => at(place));
  const element = (i: number, j: number): T => all[i * columns + j]!;
  const made = (f: (i: number, j: number) => T): T[] =>
    all.map((_, place) => f(Math.floor(place / columns), place % columns));
  if (rows !== columns) return all;
  if (properties.has('diagonal')) return made((i, j) => (i === j ? element(i, j) : zero));
  if (properties.has('positive definite')) {
    const row = (i: number): T[] => all.slice(i * columns, (i + 1) * columns);
    return made((i, j) => dot(row(i), row(j), i === j));
  }
  if (properties.has('symmetric')) return made((i, j) => (i <= j ? element(i, j) : element(j, i)));
  if (properties.has('antisymmetric'))
    return made((i, j) => (i === j ? zero : i < j ? element(i, j) : negated(element(j, i))));
  return all;
}

const names: Readonly<Record<Property, string>> = {
  symmetric: 'symmetric',
  'positive definite': 'positive definite',
  diagonal: 'diagonal',
  square: 'square',
  orthogonal: 'orthogonal',
  antisymmetric: 'antisymmetric',
  distribution: 'adding up to 1',
  positive: 'positive',
};

/** Normalizes the elements of each row or each column with the function `divided`. */
function shares<T>(
  all: readonly T[],
  [rows, columns]: readonly [number, number],
  byColumn: boolean,
  divided: (group: readonly T[]) => readonly T[],
): T[] {
  const result = [...all];
  const isVector = rows === 1 || columns === 1;
  const groups = isVector
    ? [all.map((_, i) => i)]
    : byColumn
      ? range(columns).map((j) => range(rows).map((i) => i * columns + j))
      : range(rows).map((i) => range(columns).map((j) => i * columns + j));
  for (const group of groups) {
    divided(group.map((place) => all[place]!)).forEach((value, i) => {
      result[group[i]!] = value;
    });
  }
  return result;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Draws data that have the properties stated for each letter. */
export class Data {
  readonly #properties: ReadonlyMap<string, ReadonlySet<Property>>;

  /** Whether distributions add up to 1 in each column, rather than in each row. */
  readonly #byColumn: boolean;

  constructor(properties: ReadonlyMap<string, ReadonlySet<Property>>, byColumn = false) {
    this.#properties = properties;
    this.#byColumn = byColumn;
  }

  /** Lists the properties of the letters used, for messages. */
  describe(leaves: readonly string[]): string {
    const keys = new Set(leaves.map(letterOf));
    return [...this.#properties]
      .filter(([key]) => keys.has(key))
      .flatMap(([key, properties]) =>
        [...properties].map((property) => `${key.replace(/^bold /, '')} ${names[property]}`),
      )
      .join(', ');
  }

  #of(name: string): ReadonlySet<Property> | undefined {
    return this.#properties.get(letterOf(name));
  }

  /**
   * Draws data in float64, together with perturbed data (`nudged`) that differ by little more than rounding. Numbers
   * with a known value are not drawn.
   */
  drawn(seed: number, draw: Distribution, known: ReadonlyMap<string, number> = new Map()): Floats {
    const leaf = (by: number): ((name: string, shape: readonly number[]) => Float64Array) => {
      const floats = this.#floats(seed, draw, by);
      return (name, shape) => {
        const value = known.get(name);
        return value === undefined ? floats(name, shape) : Float64Array.of(value);
      };
    };
    return new Floats(leaf(0), new Floats(leaf(nudge)));
  }

  #floats(seed: number, draw: Distribution, by: number): (name: string, shape: readonly number[]) => Float64Array {
    return (name, shape) => {
      const properties = this.#of(name);
      const how = properties?.has('positive') && draw === 'any' ? 'positive' : draw;
      const nudged = (x: number, place: number): number => x * (1 + by * unit(`${name} ${place}`, seed + 1));
      const at = (place: number): number => nudged(drawn(`${name} ${place}`, seed, how), place);
      if (properties === undefined)
        return Float64Array.from({ length: shape[0]! * (shape[1] ?? 1) }, (_, place) => at(place));
      if (properties.has('distribution')) {
        const all = range(shape[0]! * shape[1]!).map((place) => nudged(0.2 + unit(`${name} ${place}`, seed), place));
        const divided = (group: readonly number[]): number[] => {
          const total = group.reduce((sum, x) => sum + x, 0);
          return group.map((x) => x / total);
        };
        return Float64Array.from(shares(all, shape as [number, number], this.#byColumn, divided));
      }
      if (properties.has('orthogonal') && shape[0] === shape[1]) return orthogonal(shape[0]!, at);
      return Float64Array.from(
        shaped(properties, shape, at, {
          zero: 0,
          negated: (x) => -x,
          dot: (x, y, isSame) => x.reduce((sum, value, i) => sum + value * y[i]!, isSame ? 1 : 0),
        }),
      );
    };
  }

  /**
   * Draws a letter's elements modulo a prime, with the properties that the page states. Returns undefined for a letter
   * without stated properties.
   */
  get exact(): LeafOf {
    return (name, shape, field, at) => {
      const properties = this.#of(name);
      if (properties === undefined) return undefined;
      if (properties.has('distribution')) {
        const all = range(shape[0]! * shape[1]!).map((place) => at(place));
        const divided = (group: readonly number[]): number[] => [
          ...group.slice(0, -1),
          group.slice(0, -1).reduce((rest, x) => field.sub(rest, x), 1),
        ];
        return Float64Array.from(shares(all, shape as [number, number], this.#byColumn, divided));
      }
      return Float64Array.from(
        shaped(properties, shape, (place) => at(place), {
          zero: 0,
          negated: (x) => field.neg(x),
          dot: (x, y, isSame) => x.reduce((sum, value, i) => field.add(sum, field.mul(value, y[i]!)), isSame ? 1 : 0),
        }),
      );
    };
  }

  /** Whether data modulo a prime can have all the stated properties. */
  get isExact(): boolean {
    return ![...this.#properties.values()].some((properties) => properties.has('orthogonal'));
  }
}

/** Creates an orthogonal matrix by the Gram-Schmidt process. */
function orthogonal(n: number, at: (place: number) => number): Float64Array {
  const rows: number[][] = [];
  for (let i = 0; i < n; i++) {
    let row = Array.from({ length: n }, (_, j) => at(i * n + j) + (i === j ? 2 : 0));
    for (const other of rows) {
      const share = row.reduce((sum, value, j) => sum + value * other[j]!, 0);
      row = row.map((value, j) => value - share * other[j]!);
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return Float64Array.from(rows.flat());
}
