/**
 * Formulas as small trees, which can be printed in a page's notation, changed in many ways, and evaluated without the
 * judge.
 */

import {
  columnsOf,
  det,
  differences,
  inverse,
  isScalar,
  type Matrix,
  map,
  paired,
  product,
  rowsOf,
  scalar,
  table,
  total,
  trace,
  transposed,
  Unfit,
} from './arrays.ts';

/** An index: a number, or a counter with a number added. */
export interface Index {
  readonly name: string;
  readonly plus: number;
}

export type Tree =
  | { readonly kind: 'letter'; readonly name: string; readonly index?: Index | undefined }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'transpose'; readonly of: Tree }
  | { readonly kind: 'inverse'; readonly of: Tree }
  | { readonly kind: 'square'; readonly of: Tree }
  | { readonly kind: 'product'; readonly factors: readonly Tree[] }
  | { readonly kind: 'hadamard'; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'sum'; readonly terms: readonly Tree[]; readonly minus: readonly boolean[] }
  | { readonly kind: 'fraction'; readonly above: Tree; readonly below: Tree }
  | { readonly kind: 'function'; readonly name: FunctionName; readonly of: Tree }
  | { readonly kind: 'transition'; readonly index: Index; readonly primes: number; readonly of: Tree }
  | { readonly kind: 'over'; readonly of: Tree }
  | {
      readonly kind: 'derivative';
      readonly of: Tree;
      readonly by: Tree;
      readonly behind: boolean;
      readonly order: 1 | 2;
    };

export type FunctionName = 'trace' | 'det' | 'logdet' | 'norm' | 'normSquared' | 'frobeniusSquared' | 'exp' | 'log';

/** The setting in which a tree is evaluated. */
export interface Setting {
  /** Returns the value of a letter whose index has a value. */
  readonly letter: (name: string, index: number | undefined) => Matrix;
  /** Returns the derivative of one quantity with respect to another. */
  readonly derivative: (of: Tree, by: Tree, order: 1 | 2, indices: Indices) => Matrix;
  /** Returns the slopes for which a derivative of a vector with respect to a vector stands. */
  readonly slopes?: (of: Tree, by: Tree, indices: Indices) => Matrix | undefined;
  readonly transition: (index: number, primes: number, x: Matrix) => Matrix;
  /** The number of points in a sum. */
  readonly points: number;
}

export type Indices = Readonly<Record<string, number>>;

export const numberOf = (index: Index, indices: Indices): number =>
  index.name === '' ? index.plus : (indices[index.name] ?? Number.NaN) + index.plus;

export function evaluate(e: Tree, setting: Setting, indices: Indices): Matrix {
  const of = (inner: Tree): Matrix => evaluate(inner, setting, indices);
  switch (e.kind) {
    case 'letter':
      return setting.letter(e.name, e.index && numberOf(e.index, indices));
    case 'number':
      return scalar(e.value);
    case 'transpose':
      return transposed(of(e.of));
    case 'inverse':
      return inverse(of(e.of));
    case 'square': {
      const x = of(e.of);
      // For a vector, that of each element.
      return columnsOf(x) === 1 || rowsOf(x) === 1 ? map(x, (value) => value * value) : product(x, x);
    }
    case 'product':
      return e.factors.map(of).reduce(product);
    case 'hadamard': {
      const [left, right] = [e.left, e.right].map((side) => slopesOf(side, setting, indices) ?? of(side)) as [
        Matrix,
        Matrix,
      ];
      if (isScalar(left) !== isScalar(right)) throw new Open();
      return paired(left, right, (x, y) => x * y);
    }
    case 'sum':
      return e.terms
        .map((term, i) => map(of(term), (x) => (e.minus[i] === true ? -x : x)))
        .reduce((a, b) => paired(a, b, (x, y) => x + y));
    case 'fraction':
      return paired(of(e.above), of(e.below), (x, y) => x / y);
    case 'transition':
      return setting.transition(numberOf(e.index, indices), e.primes, of(e.of));
    case 'over': {
      const terms = Array.from({ length: setting.points }, (_, i) => evaluate(e.of, setting, { ...indices, i: i + 1 }));
      return terms.reduce((a, b) => paired(a, b, (x, y) => x + y));
    }
    case 'derivative':
      return setting.derivative(e.of, e.by, e.order, indices);
    default:
      return applied(e.name, of(e.of));
  }
}

function applied(name: FunctionName, x: Matrix): Matrix {
  if (name === 'exp' || name === 'log') return map(x, Math[name]);
  const squares = (): number => total(map(x, (value) => value * value));
  if (name === 'trace') return scalar(trace(x));
  if (name === 'det') return scalar(det(x));
  if (name === 'logdet') return scalar(Math.log(Math.abs(det(x))));
  if (name === 'norm') return scalar(Math.sqrt(squares()));
  return scalar(squares());
}

/** Computes the first and second derivatives of a number with respect to a letter, by differences. */
export function lettersDerivative(
  of: Tree,
  by: Tree,
  order: 1 | 2,
  indices: Indices,
  value: Matrix,
  setting: (x: Matrix) => Setting,
): Matrix {
  const f = (x: Matrix): number => {
    const result = evaluate(of, setting(x), indices);
    if (!isScalar(result)) throw new Open();
    return result[0]![0]!;
  };
  if (by.kind !== 'letter') throw new Unfit();
  const gradient = (x: Matrix): Matrix => differences(x, f);
  if (order === 1) return gradient(value);
  const n = rowsOf(value);
  if (columnsOf(value) !== 1) throw new Open();
  const columns = Array.from({ length: n }, (_, k) => differences(value, (x) => gradient(x)[k]![0]!));
  return table(n, n, (i, j) => columns[j]![i]![0]!);
}

/**
 * The derivative of a vector with respect to another of the same length; in an elementwise product, it stands for the
 * slopes.
 */
const slopesOf = (e: Tree, setting: Setting, indices: Indices): Matrix | undefined =>
  e.kind === 'derivative' ? setting.slopes?.(e.of, e.by, indices) : undefined;

/** An expression with several possible readings, such as the layout of a vector's derivative. */
export class Open extends Error {
  override readonly name = 'Open';
}
