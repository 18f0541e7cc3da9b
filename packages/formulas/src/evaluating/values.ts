/** Values of expressions: matrices of nodes, which record whether they have a single row or column whatever the sizes. */

import type { Kernels } from '@tapegrad/kernels';
import type { Graph, Node } from '../running/graph.ts';
import { gradient, jacobian } from '../running/sweep.ts';
import type { Expression } from '../syntax/ast.ts';

export interface Value {
  /** [rows, columns] */
  readonly node: Node;
  /** Whether there is exactly one row, and exactly one column, whatever the sizes. Both hold for a number. */
  readonly one: readonly [boolean, boolean];
  /** For a derivative: the function and the variable. If neither is a number, `node` is only a placeholder. */
  readonly jacobian?: { readonly of: Value; readonly by: Value } | undefined;
  /**
   * All elements of a chain of derivatives that isn't a matrix, such as the derivative of a matrix with respect to a
   * matrix.
   */
  readonly whole?: Node | undefined;
}

/** Thrown if parts of a formula don't fit. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
  readonly at: Expression | undefined;
  readonly left: readonly number[];
  readonly right: readonly number[];

  constructor(message: string, at: Expression | undefined, left?: Value, right?: Value) {
    super(message);
    this.at = at;
    this.left = left?.node.shape ?? [];
    this.right = right?.node.shape ?? [];
  }
}

export const isNumber = ({ one }: Value): boolean => one[0] && one[1];
export const isVector = ({ one }: Value): boolean => one[0] !== one[1];
const isColumn = ({ one }: Value): boolean => !one[0] && one[1];

/** The layout of derivatives. */
export interface Layout {
  /** Whether the derivative of a number with respect to a matrix has the matrix's shape, or the transposed shape. */
  readonly gradient: 'same' | 'transposed';
  /**
   * Whether the derivative of a vector with respect to a vector has a row, or a column, for each element of the
   * function.
   */
  readonly jacobian: 'rows' | 'columns';
  /**
   * Whether each column of dZ, one for each point, is a derivative of the whole loss, or of that point's own loss. The
   * latter is n times as large.
   */
  readonly differential: 'loss' | 'own';
}

export const layouts: readonly Layout[] = [
  { gradient: 'same', jacobian: 'rows', differential: 'loss' },
  { gradient: 'transposed', jacobian: 'rows', differential: 'loss' },
  { gradient: 'same', jacobian: 'columns', differential: 'loss' },
  { gradient: 'same', jacobian: 'rows', differential: 'own' },
];

/** Operations on values. */
export class Arithmetic {
  readonly graph: Graph;
  readonly k: Kernels<Node>;
  layout: Layout = layouts[0]!;

  constructor(graph: Graph) {
    this.graph = graph;
    this.k = graph.kernels;
  }

  number(value: number): Value {
    return { node: this.k.full({ shape: [1, 1], value, dtype: 'float64' }), one: [true, true] };
  }

  filled(value: number, rows: number, columns: number, one: readonly [boolean, boolean]): Value {
    return { node: this.k.full({ shape: [rows, columns], value, dtype: 'float64' }), one };
  }

  identity(size: number): Value {
    const rows = Array.from({ length: size }, (_, i) => this.#unit(size, i));
    return { node: this.#stacked(rows, 0), one: [false, false] };
  }

  #unit(size: number, i: number): Node {
    return this.k.scatterSlice(this.number(1).node, { starts: [0, i], sizes: [1, 1], steps: [1, 1], shape: [1, size] });
  }

  #stacked(nodes: readonly Node[], axis: number): Node {
    return nodes.length === 1 ? nodes[0]! : this.k.concat(nodes, axis);
  }

  /** Applies an elementwise function. */
  map(x: Value, f: (k: Kernels<Node>, node: Node) => Node): Value {
    const { node, one } = this.matrix(x);
    return { node: f(this.k, node), one };
  }

  negated = (x: Value): Value => this.map(x, (k, node) => k.neg(node));

  transposed(x: Value): Value {
    const { node, one } = this.matrix(x);
    return { node: this.k.permute(node, [1, 0]), one: [one[1], one[0]] };
  }

  /**
   * Combines two values elementwise. A number is broadcast to all elements, a row to each row of a matrix, and a
   * column to each column.
   */
  paired(first: Value, second: Value, f: (k: Kernels<Node>, x: Node, y: Node) => Node, at: Expression): Value {
    const [a, b] = [this.matrix(first), this.matrix(second)];
    const one: readonly [boolean, boolean] = [a.one[0] && b.one[0], a.one[1] && b.one[1]];
    if (!isNumber(a) && !isNumber(b)) {
      const fits = [0, 1].every((axis) => a.node.shape[axis] === b.node.shape[axis] || a.one[axis]! || b.one[axis]!);
      const isCrossed = isVector(a) && isVector(b) && a.one[0] !== b.one[0];
      if (!fits || isCrossed) throw new Misfit('the shapes differ', at, a, b);
    }
    return { node: f(this.k, a.node, b.node), one };
  }

  product(first: Value, second: Value, at: Expression, isDot = false): Value {
    const [a, b] = [this.matrix(first), this.matrix(second)];
    if (isNumber(a) || isNumber(b)) return this.paired(a, b, (k, x, y) => k.mul(x, y), at);
    const fits = a.node.shape[1] === b.node.shape[0] && a.one[1] === b.one[0];
    if (fits) return { node: this.k.matmul(a.node, b.node), one: [a.one[0], b.one[1]] };
    const isSame =
      a.one[0] === b.one[0] && a.one[1] === b.one[1] && a.node.shape.every((n, i) => n === b.node.shape[i]);
    if (isDot && isVector(a) && isSame) return this.inner(a, b, at);
    throw new Misfit('the shapes of the factors do not match', at, a, b);
  }

  inner(a: Value, b: Value, at: Expression): Value {
    return this.total(this.paired(a, b, (k, x, y) => k.mul(x, y), at));
  }

  /** Returns the sum of all elements. */
  total(x: Value): Value {
    return { node: this.k.sum(this.matrix(x).node, [0, 1]), one: [true, true] };
  }

  /** Returns an element; rows and columns count from 1. */
  element(x: Value, row: number, column: number, at: Expression): Value {
    const { node } = this.matrix(x);
    const [rows, columns] = node.shape as [number, number];
    if (row < 1 || row > rows || column < 1 || column > columns)
      throw new Misfit(
        `element ${isVector(x) ? Math.max(row, column) : `${row}, ${column}`} is out of range for a ${rows} x ${columns} array`,
        at,
      );
    return {
      node: this.k.slice(node, { starts: [row - 1, column - 1], sizes: [1, 1], steps: [1, 1] }),
      one: [true, true],
    };
  }

  row(x: Value, row: number, at: Expression): Value {
    const { node, one } = this.matrix(x);
    const [rows, columns] = node.shape as [number, number];
    if (row > rows && rows === 1 && columns === 1) throw new Elementless(at);
    if (row < 1 || row > rows) throw new Misfit(`row ${row} is out of range for a ${rows} x ${columns} array`, at);
    return {
      node: this.k.slice(node, { starts: [row - 1, 0], sizes: [1, node.shape[1]!], steps: [1, 1] }),
      one: [true, one[1]],
    };
  }

  column(x: Value, column: number, at: Expression): Value {
    const { node, one } = this.matrix(x);
    const [rows, columns] = node.shape as [number, number];
    if (column < 1 || column > columns)
      throw new Misfit(`column ${column} is out of range for a ${rows} x ${columns} array`, at);
    return {
      node: this.k.slice(node, { starts: [0, column - 1], sizes: [node.shape[0]!, 1], steps: [1, 1] }),
      one: [one[0], true],
    };
  }

  /** Builds a matrix from numbers, row by row. */
  table(rows: readonly (readonly Value[])[], one: readonly [boolean, boolean]): Value {
    const nodes = rows.map((row) =>
      this.#stacked(
        row.map(({ node }) => node),
        1,
      ),
    );
    return { node: this.#stacked(nodes, 0), one };
  }

  /** Returns the diagonal matrix of a vector, or the diagonal of a matrix as a column. */
  diagonal(x: Value, at: Expression): Value {
    const value = this.matrix(x);
    if (isNumber(value)) return value;
    if (isVector(value)) {
      const column = isColumn(value) ? value : this.transposed(value);
      return { node: this.k.mul(column.node, this.identity(column.node.shape[0]!).node), one: [false, false] };
    }
    const [rows, columns] = value.node.shape as [number, number];
    if (rows !== columns) throw new Misfit(`this must be square, but is ${value.node.shape.join(' x ')}`, at);
    const elements = Array.from({ length: rows }, (_, i) => [this.element(value, i + 1, i + 1, at)]);
    return this.table(elements, [false, true]);
  }

  square(x: Value, at: Expression): Value {
    const value = this.matrix(x);
    const [rows, columns] = value.node.shape;
    if (rows !== columns) throw new Misfit(`this must be square, but is ${value.node.shape.join(' x ')}`, at);
    return value;
  }

  /** Returns e^x / sum e^x along an axis. */
  softmax(x: Value, axis: number): Value {
    return this.map(x, (k, node) => {
      const e = k.exp(node);
      return k.div(e, k.sum(e, [axis]));
    });
  }

  logSumExp(x: Value, axes: readonly number[]): Node {
    return this.k.log(this.k.sum(this.k.exp(this.matrix(x).node), axes));
  }

  /** Returns a derivative. It is laid out as a matrix only on demand. */
  derivative(of: Value, by: Value): Value {
    const { graph, k } = this;
    if (isNumber(of)) {
      const plain: Value = { node: gradient(graph, of.node, by.node), one: by.one };
      const laidOut = this.layout.gradient === 'same' || isNumber(by) ? plain : this.transposed(plain);
      return { ...laidOut, jacobian: { of, by } };
    }
    if (isNumber(by)) {
      const [m, n] = of.node.shape as [number, number];
      const plain: Value = { node: k.reshape(jacobian(graph, of.node, by.node), [m, n]), one: of.one };
      return { ...plain, jacobian: { of, by } };
    }
    return { ...this.number(Number.NaN), jacobian: { of, by } };
  }

  /** Returns the full Jacobian: a row for each element of the function, a column for each element of the variable. */
  wholeJacobian({ of, by }: { readonly of: Value; readonly by: Value }): Node {
    const rows = of.node.shape[0]! * of.node.shape[1]!;
    const columns = by.node.shape[0]! * by.node.shape[1]!;
    return this.k.reshape(jacobian(this.graph, of.node, by.node), [rows, columns]);
  }

  /** Returns a derivative as a matrix. */
  matrix(x: Value): Value {
    if (x.whole !== undefined) throw new Unlaid();
    if (x.jacobian === undefined) return x;
    const { of, by } = x.jacobian;
    if (isNumber(of) || isNumber(by)) return { node: x.node, one: x.one };
    if (!isVector(of) || !isVector(by)) throw new Unlaid();
    const whole: Value = { node: this.wholeJacobian(x.jacobian), one: [false, false] };
    return this.layout.jacobian === 'rows' ? whole : this.transposed(whole);
  }

  /** Returns the slopes of an elementwise function in the shape of its argument: the diagonal of its Jacobian. */
  slopes({ of, by }: { readonly of: Value; readonly by: Value }, at: Expression): Value {
    const [m, n] = of.node.shape as [number, number];
    const [p, q] = by.node.shape as [number, number];
    if (m !== p || n !== q) throw new Misfit('the shapes differ', at, of, by);
    const whole: Value = { node: this.wholeJacobian({ of, by }), one: [false, false] };
    const elements = Array.from({ length: m }, (_, i) =>
      Array.from({ length: n }, (_, j) => this.element(whole, i * n + j + 1, i * n + j + 1, at)),
    );
    return this.table(elements, by.one);
  }
}

/** Thrown if a formula has elements of what is read as a number, so that the reading is wrong. */
export class Elementless extends Error {
  override readonly name = 'Elementless';
  readonly at: Expression | undefined;

  constructor(at: Expression | undefined) {
    super('it has elements of what is read as a number');
    this.at = at;
  }
}

/** Thrown if a derivative of a matrix, or with respect to a matrix, is used as if it were a matrix. */
export class Unlaid extends Error {
  override readonly name = 'Unlaid';

  constructor() {
    super('the derivative of a matrix, or of a vector with respect to a matrix, is not a matrix');
  }
}
