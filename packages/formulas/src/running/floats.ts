/** Evaluates nodes in float64 for given data, each only once. */

import { callPrimitive, type Kernels, NdArray, type Primitive, plain, type Shape, sizeOf } from '@tapegrad/kernels';
import { sampleFor } from './functions.ts';
import type { Application, Node } from './graph.ts';

/** Returns the elements in row-major order. */
export function elementsOf(array: NdArray): Float64Array {
  const { data, shape, stride, offset } = array;
  const size = sizeOf(shape);
  const result = new Float64Array(size);
  const index = shape.map(() => 0);
  for (let i = 0; i < size; i++) {
    let at = offset;
    for (let axis = 0; axis < shape.length; axis++) at += index[axis]! * stride[axis]!;
    result[i] = Number(data[at]);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return result;
}

/** Pivots smaller than this, relative to the largest element, are rounding error: the matrix is singular. */
const smallestPivot = 1e-11;

/**
 * Eliminates [a | I] with partial pivoting. Returns the determinant and the inverse, which is NaN for a singular
 * matrix.
 */
function eliminated(a: Float64Array, n: number): { inverse: Float64Array; det: number } {
  const rows = Array.from({ length: n }, (_, i) => {
    const unit = new Float64Array(2 * n);
    unit.set(a.subarray(i * n, (i + 1) * n));
    unit[n + i] = 1;
    return unit;
  });
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let det = 1;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    if (pivot !== column) {
      [rows[pivot], rows[column]] = [rows[column]!, rows[pivot]!];
      det = -det;
    }
    const head = rows[column]!;
    const scale = head[column]!;
    if (!(Math.abs(scale) > smallestPivot * largest))
      return { inverse: new Float64Array(n * n).fill(Number.NaN), det: 0 };
    det *= scale;
    for (let j = 0; j < 2 * n; j++) head[j] = head[j]! / scale;
    rows.forEach((row, i) => {
      const share = row[column]!;
      if (i === column || share === 0) return;
      for (let j = 0; j < 2 * n; j++) row[j] = row[j]! - share * head[j]!;
    });
  }
  const inverse = new Float64Array(n * n);
  rows.forEach((row, i) => {
    inverse.set(row.subarray(n), i * n);
  });
  return { inverse, det };
}

const array = (data: Float64Array, shape: Shape): NdArray => new NdArray(data, 'float64', shape);

/** The values of nodes for given data. */
export class Floats {
  readonly #values = new Map<Node, NdArray>();
  readonly #leaf: (name: string, shape: Shape) => Float64Array;
  readonly #kernels: Kernels<NdArray> = plain;
  /** Values for data that are all but the same, if there are such. */
  readonly nudged: Floats | undefined;

  constructor(leaf: (name: string, shape: Shape) => Float64Array, nudged?: Floats) {
    this.#leaf = leaf;
    this.nudged = nudged;
  }

  valueOf(node: Node): NdArray {
    const known = this.#values.get(node);
    if (known !== undefined) return known;
    for (const at of this.#missing(node)) this.#values.set(at, this.#run(at));
    return this.#values.get(node)!;
  }

  /** Returns a node's elements, in row-major order. */
  elements(node: Node): Float64Array {
    return elementsOf(this.valueOf(node));
  }

  /** Replaces the value of a node. Nodes computed from it are evaluated again; all others are shared. */
  with(node: Node, value: Float64Array): Floats {
    const other = new Floats(this.#leaf);
    other.#values.set(node, array(value, node.shape));
    return other;
  }

  #missing(node: Node): Node[] {
    const seen = new Set<Node>();
    const ahead = [node];
    for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
      if (seen.has(at) || this.#values.has(at)) continue;
      seen.add(at);
      ahead.push(...at.inputs);
    }
    return [...seen].sort((a, b) => a.id - b.id);
  }

  #run({ op, inputs, attributes, shape }: Node): NdArray {
    const [x] = inputs.map((input) => this.#values.get(input)!);
    switch (op) {
      case 'leaf':
        return array(this.#leaf(attributes as string, shape), shape);
      case 'alias':
        return x!;
      case 'apply': {
        const { fn, order } = attributes as Application;
        const { sample } = sampleFor(fn);
        return array(
          elementsOf(x!).map((element) => sample(element, order)),
          shape,
        );
      }
      case 'inverse':
        return array(eliminated(elementsOf(x!), shape[0]!).inverse, shape);
      case 'det':
        return array(Float64Array.of(eliminated(elementsOf(x!), inputs[0]!.shape[0]!).det), shape);
      case 'logdet':
        return array(Float64Array.of(Math.log(Math.abs(eliminated(elementsOf(x!), inputs[0]!.shape[0]!).det))), shape);
      default: {
        const operands = inputs.map((input) => this.#values.get(input)!);
        return callPrimitive(this.#kernels, op as Primitive, operands, attributes);
      }
    }
  }
}
