/** Evaluates nodes modulo primes, to test whether two are equal as rational functions, and with what certainty. */

import { callPrimitive, type Kernels, type Primitive, sizeOf } from '@tapegrad/kernels';
import { Field, NotExact, NoValue, primeBits, primes } from './field.ts';
import { type Application, ancestorsOf, type Node } from './graph.ts';
import { type ModArray, modArray, modular } from './modular.ts';

/**
 * Primitives whose value depends on the order of numbers or on a test of equality. Formulas with them are not tested
 * modulo primes, where numbers have no order.
 */
const ordered: ReadonlySet<string> = new Set([
  'abs',
  'sign',
  'maximum',
  'minimum',
  'less',
  'lessEqual',
  'equal',
  'where',
  'relu',
]);

/** Upper bounds for the degrees of numerator and denominator, as functions of the data. */
interface Degree {
  readonly above: number;
  readonly below: number;
}

const constant: Degree = { above: 0, below: 0 };
const plus = (a: Degree, b: Degree): Degree => ({
  above: Math.max(a.above + b.below, b.above + a.below),
  below: a.below + b.below,
});
const times = (a: Degree, b: Degree): Degree => ({ above: a.above + b.above, below: a.below + b.below });
const over = (a: Degree, b: Degree): Degree => ({ above: a.above + b.below, below: a.below + b.above });

/** Returns bounds for the degrees of nodes, treating each function value as a separate variable. */
function degreesOf(nodes: readonly Node[]): Map<Node, Degree> {
  const degrees = new Map<Node, Degree>();
  const fresh: Degree = { above: 2, below: 2 };
  for (const node of nodes) {
    const of = node.inputs.map((input) => degrees.get(input)!);
    const [a = constant, b = constant] = of;
    const largest: Degree = {
      above: Math.max(...of.map(({ above }) => above)),
      below: Math.max(...of.map(({ below }) => below)),
    };
    degrees.set(node, node.op === 'concat' ? largest : degreeOf(node, a, b, fresh));
  }
  return degrees;
}

/**
 * Returns the degree of a sum of n terms. Unless they are polynomials, the terms are assumed to have no common
 * denominator.
 */
const summed = (a: Degree, n: number): Degree =>
  a.below === 0 ? a : { above: a.above + (n - 1) * a.below, below: n * a.below };

/** Returns the degree of a power. A root (an exponent that isn't an integer) counts as a separate variable. */
function powered({ above, below }: Degree, exponent: number | undefined): Degree {
  const times = Math.abs(exponent ?? 8);
  if (exponent === undefined || !Number.isInteger(exponent)) {
    const most = Math.ceil(2 * times) * (above + below) + 2;
    return { above: most, below: most };
  }
  return exponent < 0 ? { above: times * below, below: times * above } : { above: times * above, below: times * below };
}

function degreeOf(node: Node, a: Degree, b: Degree, fresh: Degree): Degree {
  const [x, y] = node.inputs;
  const n = x === undefined ? 1 : Math.max(1, sizeOf(x.shape) / Math.max(1, sizeOf(node.shape)));
  switch (node.op) {
    case 'full':
      return constant;
    case 'leaf':
      return { above: 1, below: 0 };
    case 'add':
    case 'sub':
      return plus(a, b);
    case 'mul':
      return times(a, b);
    case 'div':
      return over(a, b);
    case 'pow':
      return powered(a, y?.constant);
    case 'matmul':
      return summed(times(a, b), x!.shape.at(-1)!);
    case 'sum':
    case 'mean':
      return summed(a, n);
    case 'activationGrad':
      return times(a, times(b, b));
    case 'inverse':
    case 'det': {
      const size = x!.shape[0]!;
      return { above: size * (a.above + a.below * size), below: size * (a.above + a.below * size) };
    }
    case 'logdet':
    case 'exp':
    case 'log':
    case 'tanh':
    case 'sigmoid':
    case 'softplus':
    case 'sin':
    case 'cos':
    case 'tan':
    case 'apply':
      return fresh;
    case 'sqrt':
      return { above: 2 * (a.above + a.below) + 2, below: 2 * (a.above + a.below) + 2 };
    default:
      return y === undefined ? a : plus(a, b);
  }
}

/** The values of nodes modulo a prime. */
class Residues {
  readonly #field: Field;
  readonly #kernels: Kernels<ModArray>;
  readonly #leaf: LeafOf | undefined;

  constructor(field: Field, leaf: LeafOf | undefined) {
    this.#field = field;
    this.#kernels = modular(field);
    this.#leaf = leaf;
  }

  valuesOf(nodes: readonly Node[]): Map<Node, ModArray> {
    const values = new Map<Node, ModArray>();
    for (const node of nodes) values.set(node, this.#run(node, values));
    return values;
  }

  #run({ op, inputs, attributes, shape }: Node, values: ReadonlyMap<Node, ModArray>): ModArray {
    const operands = inputs.map((input) => values.get(input)!);
    const [x] = operands;
    const field = this.#field;
    switch (op) {
      case 'leaf': {
        const name = attributes as string;
        const drawn = (place: number, of = name): number => field.drawn(`${of} ${place}`);
        const made = this.#leaf?.(name, shape, field, drawn);
        return modArray(shape, made ?? Float64Array.from({ length: sizeOf(shape) }, (_, i) => drawn(i)));
      }
      case 'alias':
        return x!;
      case 'apply': {
        const { fn, order } = attributes as Application;
        return modArray(
          shape,
          x!.data.map((a) => field.unknown(`${fn} ${order}`, a)),
        );
      }
      case 'inverse':
        return modArray(shape, eliminated(field, x!).inverse);
      case 'det':
        return modArray(shape, Float64Array.of(eliminated(field, x!).det));
      case 'logdet': {
        const { det } = eliminated(field, x!);
        return modArray(shape, Float64Array.of(field.log(field.isSquare(det) ? det : field.neg(det))));
      }
      default: {
        return callPrimitive(this.#kernels, op as Primitive, operands, attributes);
      }
    }
  }
}

/** Returns the elements of a leaf with stated properties, such as symmetry; undefined for other leaves. */
export type LeafOf = (
  name: string,
  shape: readonly number[],
  field: Field,
  drawn: (place: number, of?: string) => number,
) => Float64Array | undefined;

/** Returns the inverse and the determinant of a matrix. */
function eliminated(field: Field, x: ModArray): { inverse: Float64Array; det: number } {
  const n = x.shape[0]!;
  const rows = Array.from({ length: n }, (_, i) => [
    ...x.data.subarray(i * n, (i + 1) * n),
    ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)),
  ]);
  let det = 1;
  for (let column = 0; column < n; column++) {
    const pivot = rows.findIndex((row, i) => i >= column && row[column] !== 0);
    if (pivot < 0) throw new NoValue('a singular matrix');
    if (pivot !== column) {
      [rows[pivot], rows[column]] = [rows[column]!, rows[pivot]!];
      det = field.neg(det);
    }
    const head = rows[column]!;
    det = field.mul(det, head[column]!);
    const scale = field.inverse(head[column]!);
    head.forEach((value, j) => {
      head[j] = field.mul(value, scale);
    });
    rows.forEach((row, i) => {
      const share = row[column]!;
      if (i === column || share === 0) return;
      row.forEach((value, j) => {
        row[j] = field.sub(value, field.mul(share, head[j]!));
      });
    });
  }
  return { inverse: Float64Array.from(rows.flatMap((row) => row.slice(n))), det };
}

/** The certainty of an equality. */
export interface Certainty {
  /** The probability that different values were taken to be equal is below 2^-bits. */
  readonly bits: number;
  /** The number of primes tried. */
  readonly runs: number;
}

const wanted = 50;
/**
 * The maximum number of draws of the data. Half of all numbers have no root, so a formula with several roots needs many
 * draws.
 */
const attempts = 64;

/**
 * Tests whether pairs of nodes are equal as rational functions of their data, treating each function value as a
 * separate variable. By the Schwartz-Zippel lemma, a nonzero polynomial of degree d is 0 at a random point modulo p
 * with probability at most d/p. Returns the certainty, `false` if a pair differs in this sense, or undefined if this
 * can't be decided.
 */
export function equalExactly(pairs: readonly (readonly [Node, Node])[], leaf?: LeafOf): Certainty | false | undefined {
  const nodes = ancestorsOf(pairs.flat());
  if (nodes.some(({ op }) => ordered.has(op)) || nodes.length > 20_000) return undefined;
  const degrees = degreesOf(nodes);
  const degree = Math.max(1, ...pairs.map(([a, b]) => plus(degrees.get(a)!, degrees.get(b)!).above));
  const bits = primeBits - Math.log2(degree);
  const runs = Math.ceil((wanted + 1) / bits);
  if (!(bits > 6) || runs > primes.length) return undefined;
  for (let run = 0; run < runs; run++) {
    const differs = differModulo(primes[run]!, run, pairs, nodes, leaf);
    if (differs === undefined) return undefined;
    if (differs) return false;
  }
  return { bits: Math.floor(bits * runs), runs };
}

function differModulo(
  prime: number,
  run: number,
  pairs: readonly (readonly [Node, Node])[],
  nodes: readonly Node[],
  leaf: LeafOf | undefined,
): boolean | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      const values = new Residues(new Field(prime, 1000 * run + attempt + 1), leaf).valuesOf(nodes);
      return pairs.some(([a, b]) => {
        const [x, y] = [values.get(a)!.data, values.get(b)!.data];
        return x.some((value, i) => value !== y[i]);
      });
    } catch (error) {
      if (error instanceof NoValue) continue;
      if (error instanceof NotExact) return undefined;
      throw error;
    }
  }
  return undefined;
}
