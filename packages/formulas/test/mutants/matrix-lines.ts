/** The twenty lines of the page on matrix derivatives, as trees, with the shapes of their letters. */

import { type Matrix, table, Unfit } from './arrays.ts';
import type { Formula } from './changes.ts';
import { lettersDerivative, type Setting, type Tree } from './expressions.ts';
import type { Style } from './printing.ts';

export interface MatrixLine {
  readonly sides: Formula;
  /** The lengths of a letter, by name: m, n, k; 1 for a column. */
  readonly shapes: Readonly<Record<string, readonly [string, string]>>;
  /** The text after the formula in its line. */
  readonly where?: string;
  readonly symmetric?: readonly string[];
}

const letter = (name: string): Tree => ({ kind: 'letter', name });
const at = (name: string): Tree => ({ kind: 'letter', name, index: { name: 'i', plus: 0 } });
const t = (of: Tree): Tree => ({ kind: 'transpose', of });
const inv = (of: Tree): Tree => ({ kind: 'inverse', of });
const mul = (...factors: readonly Tree[]): Tree => ({ kind: 'product', factors });
const add = (...terms: readonly Tree[]): Tree => ({ kind: 'sum', terms, minus: terms.map(() => false) });
const sub = (a: Tree, b: Tree): Tree => ({ kind: 'sum', terms: [a, b], minus: [false, true] });
const neg = (of: Tree): Tree => ({ kind: 'sum', terms: [of], minus: [true] });
const num = (value: number): Tree => ({ kind: 'number', value });
const frac = (above: Tree, below: Tree): Tree => ({ kind: 'fraction', above, below });
const call = (
  name: 'trace' | 'det' | 'logdet' | 'norm' | 'normSquared' | 'frobeniusSquared' | 'exp' | 'log',
  of: Tree,
): Tree => ({
  kind: 'function',
  name,
  of,
});
const square = (of: Tree): Tree => ({ kind: 'square', of });
const by = (of: Tree, variable: Tree, behind = false): Tree => ({
  kind: 'derivative',
  of,
  by: variable,
  behind,
  order: 1,
});
const over = (of: Tree): Tree => ({ kind: 'over', of });

const [a, b, c, x, w, y, A, B, X, lambda] = ['a', 'b', 'c', 'x', 'w', 'y', 'A', 'B', 'X', 'lambda'].map(letter) as [
  Tree,
  Tree,
  Tree,
  Tree,
  Tree,
  Tree,
  Tree,
  Tree,
  Tree,
  Tree,
];

const quadratic = mul(t(x), B, x);
const margin = mul(at('label'), t(w), at('x'));

export const matrixLines: readonly MatrixLine[] = [
  { sides: [by(mul(t(x), a), x), a], shapes: {} },
  { sides: [by(mul(t(a), X, b), X), mul(a, t(b))], shapes: { X: ['m', 'n'], a: ['m', '1'], b: ['n', '1'] } },
  { sides: [by(mul(t(a), t(X), b), X), mul(a, t(b))], shapes: { X: ['n', 'm'], a: ['m', '1'], b: ['n', '1'] } },
  { sides: [by(quadratic, x), mul(add(B, t(B)), x)], shapes: {} },
  { sides: [by(quadratic, x), mul(num(2), B, x)], shapes: {} },
  {
    sides: [by(quadratic, x), mul(num(2), B, x)],
    shapes: {},
    where: ' where $\\mathbf{B} = \\mathbf{B}^T$',
    symmetric: ['B'],
  },
  {
    sides: [by(call('trace', mul(A, X, B)), X, true), mul(t(A), t(B))],
    shapes: { A: ['k', 'm'], X: ['m', 'n'], B: ['n', 'k'] },
  },
  { sides: [by(call('trace', square(X)), X, true), mul(num(2), X)], shapes: {} },
  {
    sides: [by(call('trace', mul(t(X), B, X)), X, true), add(mul(B, X), mul(t(B), X))],
    shapes: { X: ['m', 'n'], B: ['m', 'm'] },
  },
  {
    sides: [by(call('trace', mul(X, B, t(X))), X, true), add(mul(X, t(B)), mul(X, B))],
    shapes: { X: ['m', 'n'], B: ['n', 'n'] },
  },
  {
    sides: [by(mul(t(b), t(X), X, c), X), mul(X, add(mul(b, t(c)), mul(c, t(b))))],
    shapes: { X: ['m', 'n'], b: ['n', '1'], c: ['n', '1'] },
  },
  { sides: [by(call('det', X), X), mul(call('det', X), inv(X))], shapes: {} },
  { sides: [by(call('logdet', X), X), t({ ...inv(X) })], shapes: {} },
  {
    sides: [by(mul(t(a), inv(X), b), X), neg(mul(t(inv(X)), a, t(b), t(inv(X))))],
    shapes: {},
  },
  { sides: [by(call('norm', sub(x, a)), x, true), frac(sub(x, a), call('norm', sub(x, a)))], shapes: {} },
  { sides: [by(call('frobeniusSquared', X), X, true), mul(num(2), X)], shapes: { X: ['m', 'n'] } },
  {
    sides: [by(call('trace', mul(A, X, B, X)), X, true), add(mul(t(A), t(X), t(B)), mul(t(B), t(X), t(A)))],
    shapes: { A: ['n', 'm'], X: ['m', 'n'], B: ['n', 'm'] },
  },
  {
    sides: [
      by(over(call('log', add(num(1), call('exp', neg(margin))))), w, true),
      neg(over(frac(mul(at('label'), at('x')), add(num(1), call('exp', margin))))),
    ],
    shapes: {},
  },
  {
    sides: [
      by(
        add(
          mul(frac(num(1), num(2)), call('normSquared', sub(mul(X, w), y))),
          mul(frac(lambda, num(2)), call('normSquared', w)),
        ),
        w,
        true,
      ),
      add(mul(t(X), sub(mul(X, w), y)), mul(lambda, w)),
    ],
    shapes: { X: ['m', 'n'], w: ['n', '1'], y: ['m', '1'] },
  },
  {
    sides: [{ kind: 'derivative', of: quadratic, by: x, behind: true, order: 2 }, add(B, t(B))],
    shapes: {},
  },
];

export const matrixStyle: Style = {
  letter: (name) => ({ lambda: '\\lambda', label: 'y' })[name] ?? `\\mathbf{${name}}`,
  transpose: 'T',
};

/** Returns a number from -1.6 to 1.6 for a name, not near 0. */
function drawn(name: string): number {
  let hash = 2166136261;
  for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 3266489917) >>> 0;
  const u = (hash >>> 0) / 4294967296;
  return (u < 0.5 ? -1 : 1) * (0.3 + 1.3 * ((2 * u) % 1));
}

const lengths: Readonly<Record<string, number>> = { m: 2, n: 3, k: 4, '1': 1 };

/** The setting in which a line is evaluated: all lengths are 3, or they differ. */
export function matrixSetting(
  { shapes, symmetric = [] }: MatrixLine,
  equal: boolean,
  changed: ReadonlyMap<string, Matrix> = new Map(),
): Setting {
  const isScalarName = (name: string): boolean => name === 'lambda' || name === 'label';
  const value = (name: string, index: number | undefined): Matrix => {
    const key = `${name}${index === undefined ? '' : `_${index}`}`;
    const known = changed.get(key);
    if (known !== undefined) return known;
    const isCapital = /[A-Z]/.test(name);
    const [rows, columns] = isScalarName(name) ? ['1', '1'] : (shapes[name] ?? (isCapital ? ['n', 'n'] : ['n', '1']));
    const size = (length: string): number => (length === '1' ? 1 : equal ? 3 : lengths[length]!);
    const made = table(size(rows!), size(columns!), (i, j) => drawn(`${key} ${i} ${j}`));
    return symmetric.includes(name)
      ? made.map((row, i) => row.map((entry, j) => (i <= j ? entry : made[j]![i]!)))
      : made;
  };
  const setting: Setting = {
    letter: value,
    transition: () => {
      throw new Unfit();
    },
    derivative: (of, variable, order, indices) => {
      if (variable.kind !== 'letter') throw new Unfit();
      const index = variable.index && indices[variable.index.name];
      const key = `${variable.name}${index === undefined ? '' : `_${index}`}`;
      return lettersDerivative(of, variable, order, indices, value(variable.name, index), (x2) =>
        matrixSetting({ sides: [], shapes, symmetric }, equal, new Map([...changed, [key, x2]])),
      );
    },
    points: 4,
  };
  return setting;
}
