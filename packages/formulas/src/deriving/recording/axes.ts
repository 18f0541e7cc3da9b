/** Finds axes that must have the same length, so that they can share a letter. */

import type { Shape } from '@tapegrad/kernels';
import type { Graph, Node } from '../../running/graph.ts';

/** The attributes of a leaf that denotes the length of an axis. */
export interface LengthOf {
  readonly lengthOf: number;
  readonly axis: number;
  readonly value: number;
}

export const isLengthOf = (attributes: unknown): attributes is LengthOf =>
  typeof attributes === 'object' && attributes !== null && 'lengthOf' in attributes;

/** Returns a node for the product of the lengths of some axes of x. */
export function countAlong(graph: Graph, x: Node, axes: readonly number[]): Node {
  const k = graph.kernels;
  const lengths = axes
    .filter((axis) => x.shape[axis] !== 1)
    .map((axis): Node => {
      const attributes: LengthOf = { lengthOf: x.id, axis, value: x.shape[axis]! };
      return graph.make('leaf', [], attributes, { shape: [], dtype: 'float64' });
    });
  const one = k.full({ shape: [], value: 1, dtype: 'float64' });
  return lengths.length === 0 ? one : lengths.reduce((a, b) => k.mul(a, b));
}

/**
 * Pairs groups of consecutive axes of two shapes, such as those before and after a reshape. Both groups of a pair have
 * the same number of elements. Returns undefined if the sizes differ.
 */
export function aligned(
  from: Shape,
  to: Shape,
): readonly (readonly [readonly number[], readonly number[]])[] | undefined {
  const groups: [number[], number[]][] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const group: [number[], number[]] = [[], []];
    let [a, b] = [1, 1];
    do {
      if ((a <= b && i < from.length) || j >= to.length) {
        a *= from[i]!;
        group[0].push(i++);
      } else {
        b *= to[j]!;
        group[1].push(j++);
      }
    } while (a !== b && (i < from.length || j < to.length));
    if (a !== b) return undefined;
    groups.push(group);
  }
  return groups;
}

/** Axes grouped into classes of equal length. */
export class Axes {
  readonly #parents = new Map<string, string>();
  readonly #linked = new Set<Node>();

  /** Returns the class of an axis. */
  classOf(id: number, axis: number): string {
    let key = `${id}.${axis}`;
    for (let next = this.#parents.get(key); next !== undefined; next = this.#parents.get(key)) key = next;
    return key;
  }

  /** Merges the classes of two axes if these have the same length. */
  join(a: readonly [Node, number], b: readonly [Node, number]): void {
    const [x, y] = [this.classOf(a[0].id, a[1]), this.classOf(b[0].id, b[1])];
    if (a[0].shape[a[1]] !== b[0].shape[b[1]] || a[0].shape[a[1]] === 1 || x === y) return;
    // The class is named after the older axis.
    if (Number.parseInt(x, 10) <= Number.parseInt(y, 10)) this.#parents.set(y, x);
    else this.#parents.set(x, y);
  }

  /** Merges the classes of axes that a node's operation makes equal. */
  link(node: Node): void {
    if (this.#linked.has(node)) return;
    this.#linked.add(node);
    const { op, inputs, attributes, shape } = node;
    const [x, y] = inputs as [Node, Node];
    const last = shape.length - 1;
    switch (op) {
      case 'composite':
        if (x.shape.length !== shape.length) return;
        shape.forEach((_, i) => {
          this.join([node, i], [x, i]);
        });
        return;
      case 'leaf':
      case 'full':
      case 'slice':
      case 'scatterSlice':
      case 'unfold':
      case 'fold':
        return;
      case 'inverse':
        // The rows of the inverse correspond to the columns of the matrix, which is square.
        this.join([node, 0], [x, 1]);
        this.join([node, 1], [x, 0]);
        this.join([x, 0], [x, 1]);
        return;
      case 'det':
      case 'logdet':
        this.join([x, 0], [x, 1]);
        return;
      case 'permute':
        (attributes as readonly number[]).forEach((axis, i) => {
          this.join([node, i], [x, axis]);
        });
        return;
      case 'reshape':
        for (const [from, to] of aligned(x.shape, shape) ?? []) {
          const [a, b] = [from.filter((i) => x.shape[i] !== 1), to.filter((i) => shape[i] !== 1)];
          if (a.length === 1 && b.length === 1) this.join([x, a[0]!], [node, b[0]!]);
        }
        return;
      case 'matmul':
      case 'affine': {
        this.join([node, last], [y, y.shape.length - 1]);
        this.join([x, x.shape.length - 1], [y, y.shape.length - 2]);
        if (op === 'affine') this.join([node, last], [inputs[2]!, 0]);
        for (let i = 0; i < last; i++) this.join([node, last - 1 - i], [x, x.shape.length - 2 - i]);
        return;
      }
      case 'concat':
        for (const input of inputs) {
          shape.forEach((_, i) => {
            if (i !== attributes) this.join([node, i], [input, i]);
          });
        }
        return;
      case 'conv':
        this.join([node, 0], [x, 0]);
        this.join([node, 1], [y, 0]);
        this.join([x, 1], [y, 1]);
        return;
      case 'convInput':
        this.join([node, 0], [x, 0]);
        this.join([node, 1], [y, 1]);
        return;
      case 'convWeight':
        this.join([node, 0], [y, 1]);
        this.join([node, 1], [x, 1]);
        return;
      case 'take':
      case 'scatterAdd':
        return;
      case 'crossEntropy':
        this.join([node, 0], [x, 0]);
        this.join([node, 0], [y, 0]);
        return;
      case 'crossEntropyGrad':
        this.join([node, 0], [x, 0]);
        this.join([node, 0], [y, 0]);
        this.join([node, 1], [y, 1]);
        return;
      default:
        for (const input of inputs) {
          const lead = shape.length - input.shape.length;
          input.shape.forEach((_, i) => {
            if (lead + i >= 0) this.join([node, lead + i], [input, i]);
          });
        }
    }
  }
}
