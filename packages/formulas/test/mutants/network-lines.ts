/** The claims of the page on backpropagation, as trees, and networks in which they are evaluated. */

import { differences, type Matrix, map, paired, product, scalar, table, total, Unfit } from './arrays.ts';
import type { Formula } from './changes.ts';
import { evaluate, type Index, type Indices, numberOf, Open, type Setting, type Tree } from './expressions.ts';
import type { Style } from './printing.ts';

const at = (name: string, index?: string | number): Tree => {
  if (index === undefined) return { kind: 'letter', name };
  const [, counter = '', plus = '0'] = /^([a-zA-Z]?)([+-]?\d*)$/.exec(String(index))!;
  return { kind: 'letter', name, index: { name: counter, plus: Number(plus === '' ? 0 : plus) } };
};
const indexOf = (tree: Tree): Index => (tree as { index: Index }).index;
const t = (of: Tree): Tree => ({ kind: 'transpose', of });
const mul = (...factors: readonly Tree[]): Tree => ({ kind: 'product', factors });
const had = (left: Tree, right: Tree): Tree => ({ kind: 'hadamard', left, right });
const sub = (a: Tree, b: Tree): Tree => ({ kind: 'sum', terms: [a, b], minus: [false, true] });
const num = (value: number): Tree => ({ kind: 'number', value });
const by = (of: Tree, variable: Tree): Tree => ({ kind: 'derivative', of, by: variable, behind: false, order: 1 });
const slope = (of: Tree, primes = 1): Tree => ({ kind: 'transition', index: indexOf(of), primes, of });
const loss = at('L');

export interface NetworkLine {
  readonly sides: Formula;
  readonly relation: string;
  /** Whether it is about a batch in rows, instead of points in columns. */
  readonly isBatch: boolean;
  /** The place of the formula: a display of its own, or a row of the procedure or of the table of products. */
  readonly place: 'display' | 'procedure' | 'row';
  /** The values of l, if it has any. */
  readonly counter?: readonly number[];
}

const last = mul(num(2), sub(at('z', 4), at('y')));

export const networkLines: readonly NetworkLine[] = [
  ...[1, 2, 3, 4].map(
    (l): NetworkLine => ({
      sides: [at('z', l), slope(at('a', l), 0)],
      relation: '=',
      isBatch: false,
      place: 'row',
    }),
  ),
  {
    sides: [by(loss, at('a', 4)), had(by(loss, at('z', 4)), by(at('z', 4), at('a', 4))), had(last, slope(at('a', 4)))],
    relation: '=',
    isBatch: false,
    place: 'display',
  },
  {
    sides: [by(loss, at('W', 4)), mul(had(last, slope(at('a', 4))), t(at('z', 3)))],
    relation: '=',
    isBatch: false,
    place: 'display',
  },
  {
    sides: [by(loss, at('a', 3)), had(by(loss, at('a', 4)), mul(at('W', 4), slope(at('a', 3))))],
    relation: '=',
    isBatch: false,
    place: 'display',
  },
  {
    sides: [by(loss, at('W', 3)), mul(had(by(loss, at('a', 4)), mul(at('W', 4), slope(at('a', 3)))), t(at('z', 2)))],
    relation: '=',
    isBatch: false,
    place: 'display',
  },
  {
    sides: [by(loss, at('a', 'l-1')), had(by(loss, at('a', 'l')), mul(at('W', 'l'), slope(at('a', 'l-1'))))],
    relation: '=',
    isBatch: false,
    place: 'display',
    counter: [1, 2, 3, 4],
  },
  {
    sides: [by(loss, at('W', 'l')), mul(by(loss, at('a', 'l')), t(at('z', 'l-1')))],
    relation: '=',
    isBatch: false,
    place: 'display',
    counter: [1, 2, 3, 4],
  },
  {
    sides: [at('delta', 'L'), had(by(loss, at('Z', 'L')), slope(at('A', 'L')))],
    relation: '\\leftarrow',
    isBatch: true,
    place: 'procedure',
  },
  {
    sides: [by(loss, at('W', 'l+1')), mul(t(at('Z', 'l')), at('delta', 'l+1'))],
    relation: '\\leftarrow',
    isBatch: true,
    place: 'procedure',
    counter: [1, 2],
  },
  {
    sides: [at('delta', 'l'), had(mul(at('delta', 'l+1'), t(at('W', 'l'))), slope(at('A', 'l')))],
    relation: '\\leftarrow',
    isBatch: true,
    place: 'procedure',
    counter: [1, 2],
  },
  {
    sides: [by(loss, at('W', 1)), mul(t(at('Z', 0)), at('delta', 1))],
    relation: '\\leftarrow',
    isBatch: true,
    place: 'procedure',
  },
];

export const networkStyle: Style = {
  letter: (name) => ({ L: '\\mathcal{L}', y: 'y', delta: '\\delta' })[name] ?? `\\mathbf{${name}}`,
  transpose: '\\top',
};

/** A member that doesn't exist in a network. */
class NoMember extends Error {
  override readonly name = 'NoMember';
}

export interface NetworkOptions {
  readonly isBatch: boolean;
  readonly points: number;
  readonly widths: 'equal' | 'unequal';
  readonly isSoftmax: boolean;
}

/** The slopes of transitions are also computed by differences. */
const transitions: readonly ((x: number) => number)[] = [
  (x) => Math.log1p(Math.exp(x)),
  (x) => 1 / (1 + Math.exp(-x)),
  Math.sin,
  Math.tanh,
];

function drawn(name: string): number {
  let hash = 2166136261;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 3266489917) >>> 0;
  return ((hash >>> 0) / 4294967296) * 2 - 1;
}

const random = (name: string, rows: number, columns: number): Matrix =>
  table(rows, columns, (i, j) => drawn(`${name} ${i} ${j}`));

/** A network with its values, one of which may be changed. */
class Network {
  readonly layers: number;
  readonly #options: NetworkOptions;
  readonly #widths: readonly number[];
  readonly #changed: ReadonlyMap<string, Matrix>;
  readonly #known = new Map<string, Matrix>();

  constructor(options: NetworkOptions, changed: ReadonlyMap<string, Matrix> = new Map()) {
    this.#options = options;
    this.layers = options.isBatch ? 3 : 4;
    this.#widths = options.widths === 'equal' ? [3, 3, 3, 3, 3] : [2, 3, 4, 5, 6];
    this.#changed = changed;
  }

  with(name: string, value: Matrix): Network {
    return new Network(this.#options, new Map([[name, value]]));
  }

  transition(l: number, primes: number, x: Matrix): Matrix {
    if (!(l >= 1 && l <= this.layers)) throw new NoMember();
    if (this.#options.isSoftmax && l === this.layers) {
      const f = (argument: Matrix): Matrix => this.#softmax(argument);
      if (primes === 0) return f(x);
      return table(x.length, x[0]!.length, (i, j) => differences(x, (changed) => f(changed)[i]![j]!)[i]![j]!);
    }
    const f = transitions[l - 1]!;
    if (primes === 0) return map(x, f);
    const step = 1e-3;
    return map(
      x,
      (value) => (8 * (f(value + step) - f(value - step)) - (f(value + 2 * step) - f(value - 2 * step))) / (12 * step),
    );
  }

  #softmax(x: Matrix): Matrix {
    const e = map(x, Math.exp);
    if (!this.#options.isBatch) return map(e, (value) => value / total(e));
    return e.map((row) => row.map((value) => value / row.reduce((sum, other) => sum + other, 0)));
  }

  /** Returns a letter's value; if it has one for each point, that of the given point. */
  value(name: string, l: number | undefined, point: number): Matrix {
    const { isBatch } = this.#options;
    const key = `${name}${l ?? ''}${name === 'W' || isBatch ? '' : `@${point}`}`;
    const known = this.#changed.get(key) ?? this.#known.get(key);
    if (known !== undefined) return known;
    const value = this.#value(name, l, point);
    this.#known.set(key, value);
    return value;
  }

  #value(name: string, l: number | undefined, point: number): Matrix {
    const { isBatch, points } = this.#options;
    if (name === 'y') return random(`y ${point}`, this.#widths[this.layers]!, 1);
    if (l === undefined || !Number.isInteger(l)) throw new Open();
    const isOwn = isBatch ? /^[AZW]$/.test(name) : /^[azW]$/.test(name);
    const least = /z/i.test(name) ? 0 : 1;
    if (!isOwn || l < least || l > this.layers) throw new NoMember();
    const [before, after] = [this.#widths[l - 1]!, this.#widths[l]!];
    if (name === 'W') return isBatch ? random(`W ${l}`, before, after) : random(`W ${l}`, after, before);
    if (l === 0) return isBatch ? random('X', points + 1, after) : random(`x ${point}`, after, 1);
    const [a, z] = isBatch ? ['A', 'Z'] : ['a', 'z'];
    if (name === z) return this.transition(l, 0, this.value(a!, l, point));
    const factors = [this.value('W', l, point), this.value(z!, l - 1, point)];
    return isBatch ? product(factors[1]!, factors[0]!) : product(factors[0]!, factors[1]!);
  }

  /** The loss: the page's mean squared error for points, a smooth function of all outputs for a batch. */
  loss(): number {
    const { isBatch, points } = this.#options;
    if (isBatch) {
      const z = this.value('Z', this.layers, 1);
      return total(
        paired(
          z,
          table(z.length, z[0]!.length, (i, j) => drawn(`slope ${i} ${j}`)),
          (x, c) => c * x + x * x * x,
        ),
      );
    }
    const squares = Array.from({ length: points }, (_, i) => {
      const error = paired(this.value('z', this.layers, i + 1), this.value('y', undefined, i + 1), (x, y) => x - y);
      return total(map(error, (x) => x * x));
    });
    return squares.reduce((sum, x) => sum + x, 0) / points;
  }

  /** Returns the derivative of the loss with respect to a letter. */
  gradient(name: string, l: number | undefined, point: number): Matrix {
    const key = `d ${name}${l}@${point}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const place = `${name}${l ?? ''}${name === 'W' || this.#options.isBatch ? '' : `@${point}`}`;
    const found = differences(this.value(name, l, point), (x) => this.with(place, x).loss());
    this.#known.set(key, found);
    return found;
  }
}

const letterAt = (tree: Tree, indices: Indices): { name: string; l: number | undefined } => {
  if (tree.kind !== 'letter') throw new Open();
  return { name: tree.name, l: tree.index && numberOf(tree.index, indices) };
};

function settingAt(network: Network, point: number, isBatch: boolean): Setting {
  return {
    letter: (name, l) => {
      if (name !== 'delta') return name === 'L' ? scalar(network.loss()) : network.value(name, l, point);
      if (!isBatch) throw new Open();
      return network.gradient('A', l, point);
    },
    derivative: (of, variable, _order, indices) => {
      const [top, bottom] = [letterAt(of, indices), letterAt(variable, indices)];
      if (top.name !== 'L' || bottom.name === 'delta' || bottom.name === 'y') throw new Open();
      return network.gradient(bottom.name, bottom.l, point);
    },
    slopes: (of, variable, indices) => {
      const [top, bottom] = [letterAt(of, indices), letterAt(variable, indices)];
      if (top.name === 'L') return undefined;
      const x = network.value(bottom.name, bottom.l, point);
      const value = network.value(top.name, top.l, point);
      if (value.length !== x.length || value[0]!.length !== x[0]!.length) throw new Unfit();
      const isSame = top.name === bottom.name && top.l === bottom.l;
      const place = `${bottom.name}${bottom.l ?? ''}${bottom.name === 'W' || isBatch ? '' : `@${point}`}`;
      return table(x.length, x[0]!.length, (i, j) =>
        isSame
          ? 1
          : differences(x, (changed) => network.with(place, changed).value(top.name, top.l, point)[i]![j]!)[i]![j]!,
      );
    },
    transition: (l, primes, x) => network.transition(l, primes, x),
    points: 1,
  };
}

/** The values of both sides, for one value of the counter and one point. */
const sidesAt = (sides: Formula, network: Network, point: number, isBatch: boolean, indices: Indices): Matrix[] =>
  sides.map((side) => evaluate(side, settingAt(network, point, isBatch), indices));

/**
 * Returns the pairs of values that a formula says are equal, for each value of its counter and each point. If only the
 * left side is about all points, the right side is summed over them. Members that don't exist are skipped.
 */
export function pairsOf(sides: Formula, { counter = [0] }: NetworkLine, options: NetworkOptions): [Matrix, Matrix][] {
  const network = new Network(options);
  const points = options.isBatch ? [1] : Array.from({ length: options.points }, (_, i) => i + 1);
  const pairs: [Matrix, Matrix][] = [];
  for (const l of counter) {
    const indices: Indices = { l, L: network.layers };
    try {
      const all = points.map((point) => sidesAt(sides, network, point, options.isBatch, indices));
      for (let i = 1; i < sides.length; i++) {
        const [left, right] = [all.map((values) => values[i - 1]!), all.map((values) => values[i]!)];
        const isSame = (values: readonly Matrix[]): boolean =>
          values.every((value) => JSON.stringify(value) === JSON.stringify(values[0]));
        if (points.length > 1 && isSame(left) && !isSame(right))
          pairs.push([left[0]!, right.reduce((a, b) => paired(a, b, (x, y) => x + y))]);
        else pairs.push(...left.map((value, k): [Matrix, Matrix] => [value, right[k]!]));
      }
    } catch (error) {
      if (!(error instanceof NoMember)) throw error;
    }
  }
  return pairs;
}
