/**
 * A page whose definitions are changed: its network as trees, and an evaluation of claims that shares no code with the
 * judge.
 */

import { differences, isClose, type Matrix, map, table, Unfit } from './arrays.ts';
import type { Formula } from './changes.ts';
import { evaluate, type Index, numberOf, Open, type Setting, type Tree } from './expressions.ts';
import type { Style } from './printing.ts';

const layers = 3;
/** All lengths are equal, so that changed formulas have values; the judge tries other lengths. */
const size = 3;

const at = (name: string, plus?: number, counter = 'l'): Tree =>
  plus === undefined ? { kind: 'letter', name } : { kind: 'letter', name, index: { name: counter, plus } };
const t = (of: Tree): Tree => ({ kind: 'transpose', of });
const mul = (...factors: readonly Tree[]): Tree => ({ kind: 'product', factors });
const had = (left: Tree, right: Tree): Tree => ({ kind: 'hadamard', left, right });
const by = (variable: Tree): Tree => ({ kind: 'derivative', of: at('L'), by: variable, behind: false, order: 1 });
const transition = (of: Tree, primes: number): Tree => ({
  kind: 'transition',
  index: (of as { index: Index }).index,
  primes,
  of,
});
const error: Tree = { kind: 'sum', terms: [at('Z', layers, ''), at('Y')], minus: [false, true] };

/** The definitions to change; a change of any of them makes some claims wrong. */
export const definitionLines: readonly Formula[] = [
  [at('A', 0), mul(at('Z', -1), at('W', 0))],
  [at('Z', 0), transition(at('A', 0), 0)],
  [at('L'), { kind: 'function', name: 'frobeniusSquared', of: error }],
];

/** The claims, which hold with the unchanged definitions, and the values of l for which they are made. */
export const claimLines: readonly (readonly [Formula, readonly number[]])[] = [
  [[by(at('Z', layers, '')), mul({ kind: 'number', value: 2 }, error)], [0]],
  [
    [by(at('W', 0)), mul(t(at('Z', -1)), by(at('A', 0)))],
    [1, 2, 3],
  ],
  [
    [by(at('A', 0)), had(mul(by(at('A', 1)), t(at('W', 1))), transition(at('A', 0), 1))],
    [1, 2],
  ],
];

export const definitionStyle: Style = { letter: (name) => name, transpose: '\\top' };

const functions: readonly ((x: number) => number)[] = [
  (x) => Math.log1p(Math.exp(x)),
  (x) => 1 / (1 + Math.exp(-x)),
  Math.tanh,
];

function drawn(name: string, i: number, j: number): number {
  let hash = 2166136261;
  for (const character of `${name} ${i} ${j}`) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 0;
  return (((hash ^ (hash >>> 13)) >>> 0) / 4294967296) * 2 - 1;
}

/** The page's network with given definitions, in which one value may be replaced. */
class Defined {
  readonly #definitions: readonly Formula[];
  readonly #replaced: ReadonlyMap<string, Matrix>;
  readonly #known = new Map<string, Matrix>();
  readonly #running = new Set<string>();

  constructor(definitions: readonly Formula[], replaced: ReadonlyMap<string, Matrix> = new Map()) {
    this.#definitions = definitions;
    this.#replaced = replaced;
  }

  value(name: string, l: number | undefined): Matrix {
    const key = `${name}${l ?? ''}`;
    const known = this.#replaced.get(key) ?? this.#known.get(key);
    if (known !== undefined) return known;
    // A letter defined in terms of itself has no value.
    if (this.#running.has(key)) throw new Open();
    this.#running.add(key);
    const value = this.#computed(name, l);
    this.#running.delete(key);
    this.#known.set(key, value);
    return value;
  }

  #computed(name: string, l: number | undefined): Matrix {
    const data = (): Matrix => table(size, size, (i, j) => drawn(`${name}${l ?? ''}`, i, j));
    if (name === 'Y' || (name === 'Z' && l === 0)) return data();
    const definition = this.#definitions.find(([left]) => left!.kind === 'letter' && left!.name === name);
    if (name !== 'L' && !(l !== undefined && l >= 1 && l <= layers)) throw new Open();
    if (definition === undefined) return data();
    const value = evaluate(definition[1]!, this.setting(), { l: l ?? 0 });
    // A number in place of a matrix turns the letters next to it into numbers.
    if (name !== 'L' && value.length === 1 && value[0]!.length === 1) throw new Open();
    return value;
  }

  setting(): Setting {
    return {
      letter: (name, l) => this.value(name, l),
      derivative: (_of, variable, _order, indices) => {
        if (variable.kind !== 'letter') throw new Open();
        const l = variable.index && numberOf(variable.index, indices);
        const key = `${variable.name}${l ?? ''}`;
        return differences(this.value(variable.name, l), (x) => {
          const loss = new Defined(this.#definitions, new Map([[key, x]])).value('L', undefined);
          if (loss.length !== 1 || loss[0]!.length !== 1) throw new Open();
          return loss[0]![0]!;
        });
      },
      transition: (l, primes, x) => {
        const f = functions[l - 1];
        if (f === undefined) throw new Open();
        if (primes === 0) return map(x, f);
        const step = 1e-3;
        const slope = (value: number): number =>
          (8 * (f(value + step) - f(value - step)) - (f(value + 2 * step) - f(value - 2 * step))) / (12 * step);
        return map(x, slope);
      },
      points: 1,
    };
  }
}

/** Returns whether a claim holds with given definitions; `undefined` if that can't be decided. */
export function holdsWith(
  definitions: readonly Formula[],
  [sides, values]: (typeof claimLines)[number],
): boolean | undefined {
  try {
    return values.every((l) => {
      const setting = new Defined(definitions).setting();
      const [left, right] = sides.map((side) => evaluate(side, setting, { l })) as [Matrix, Matrix];
      if (![left, right].every((x) => x.flat().every(Number.isFinite))) throw new Open();
      return isClose(left, right, 1e-6);
    });
  } catch (error_) {
    if (error_ instanceof Unfit) return false;
    if (error_ instanceof Open) return undefined;
    throw error_;
  }
}
