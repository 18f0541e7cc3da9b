/** Differentiates nodes with core's rule table. */

import { rules, unbroadcast } from '@tapegrad/core/tape';
import type { Primitive } from '@tapegrad/kernels';
import { type Application, ancestorsOf, type Graph, type Node } from './graph.ts';

type AnyVjp = (k: unknown, g: Node, y: Node, ...args: readonly unknown[]) => Node;
type ConcatVjp = (k: unknown, g: Node, i: number, inputs: readonly Node[], axis: number) => Node;

const transposed = (graph: Graph, x: Node): Node => graph.kernels.permute(x, [1, 0]);

/** Returns the cotangent of an input of an operation that isn't a primitive. */
function ofExtra(graph: Graph, node: Node, g: Node): Node | undefined {
  const k = graph.kernels;
  const [x] = node.inputs as [Node];
  switch (node.op) {
    case 'alias':
      return g;
    case 'apply': {
      const { fn, order } = node.attributes as Application;
      return k.mul(g, graph.apply(x, fn, order + 1));
    }
    case 'inverse': {
      const back = transposed(graph, node);
      return k.neg(k.matmul(k.matmul(back, g), back));
    }
    case 'det':
      return k.mul(k.mul(g, node), transposed(graph, graph.inverse(x)));
    case 'logdet':
      return k.mul(g, transposed(graph, graph.inverse(x)));
    default:
      return undefined;
  }
}

/** Returns the cotangent of input `i` of a composition, given the cotangent of its result. */
export type CompositeRule = (node: Node, i: number, g: Node) => Node | undefined;

function cotangent(graph: Graph, node: Node, i: number, g: Node, ofComposite?: CompositeRule): Node | undefined {
  const { op, inputs, attributes } = node;
  if (op === 'composite') return ofComposite?.(node, i, g);
  if (op === 'leaf') return undefined;
  if (op === 'alias' || op === 'apply' || op === 'inverse' || op === 'det' || op === 'logdet')
    return ofExtra(graph, node, g);
  const rule = rules[op as Primitive];
  if (typeof rule === 'function') return (rule as ConcatVjp)(graph.kernels, g, i, inputs, attributes as number);
  const vjp = (rule as readonly (AnyVjp | null)[])[i];
  return vjp?.(graph.kernels, g, node, ...inputs, attributes);
}

/** Returns the derivatives of <seed, y> with respect to some nodes; undefined for those on which y doesn't depend. */
export function gradients(
  graph: Graph,
  y: Node,
  seed: Node,
  wanted: readonly Node[],
  ofComposite?: CompositeRule,
): (Node | undefined)[] {
  const k = graph.kernels;
  const order = ancestorsOf([y]);
  const leading = new Set<Node>(wanted);
  for (const node of order) if (node.inputs.some((input) => leading.has(input))) leading.add(node);
  const arrived = new Map<Node, Node>([[y, seed]]);
  if (leading.has(y)) {
    for (const node of order.toReversed()) {
      const g = arrived.get(node);
      if (g === undefined) continue;
      node.inputs.forEach((input, i) => {
        if (!leading.has(input)) return;
        const d = cotangent(graph, node, i, g, ofComposite);
        if (d === undefined) return;
        const own = unbroadcast(k, d, input.shape);
        const before = arrived.get(input);
        arrived.set(input, before === undefined ? own : k.add(before, own));
      });
    }
  }
  return wanted.map((node) => (leading.has(y) ? arrived.get(node) : undefined));
}

const zeros = (graph: Graph, shape: readonly number[]): Node =>
  graph.kernels.full({ shape, value: 0, dtype: 'float64' });

/** Nodes that only rearrange elements. */
const arranging = /^(?:concat|permute|reshape)$/;

/**
 * Returns the parts of a node that is assembled from others, if y is computed from the parts and not from the whole:
 * for example a vector whose elements are defined one by one, or a list of parameters.
 */
function partsFor(y: Node, x: Node): readonly Node[] | undefined {
  if (!arranging.test(x.op) || x.inputs.length === 0) return undefined;
  return ancestorsOf([y]).includes(x) ? undefined : x.inputs;
}

/** Assembles parts in the way in which a node is assembled from its inputs. */
function arranged(graph: Graph, { op, attributes, shape }: Node, parts: readonly Node[]): Node {
  const k = graph.kernels;
  if (op === 'concat') return parts.length === 1 ? parts[0]! : k.concat(parts, attributes as number);
  return op === 'permute' ? k.permute(parts[0]!, attributes as readonly number[]) : k.reshape(parts[0]!, shape);
}

/** Returns the derivative of y [1, 1] with respect to x, in x's shape. */
export function gradient(graph: Graph, y: Node, x: Node): Node {
  const parts = partsFor(y, x);
  if (parts !== undefined)
    return arranged(
      graph,
      x,
      parts.map((part) => gradient(graph, y, part)),
    );
  const one = graph.kernels.full({ shape: y.shape, value: 1, dtype: 'float64' });
  return gradients(graph, y, one, [x])[0] ?? zeros(graph, x.shape);
}

/** Returns the derivatives of all elements of y [m, n] with respect to those of x [p, q]: [m, n, p, q]. */
export function jacobian(graph: Graph, y: Node, x: Node): Node {
  const k = graph.kernels;
  const [m, n] = y.shape as [number, number];
  const [p, q] = x.shape as [number, number];
  const rows: Node[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const one = k.full({ shape: [1, 1], value: 1, dtype: 'float64' });
      const seed = k.scatterSlice(one, { starts: [i, j], sizes: [1, 1], steps: [1, 1], shape: [m, n] });
      const element =
        partsFor(y, x) === undefined ? undefined : k.slice(y, { starts: [i, j], sizes: [1, 1], steps: [1, 1] });
      const g =
        element === undefined
          ? (gradients(graph, y, seed, [x])[0] ?? zeros(graph, [p, q]))
          : gradient(graph, element, x);
      rows.push(k.reshape(g, [1, p, q]));
    }
  }
  const all = rows.length === 1 ? rows[0]! : k.concat(rows, 0);
  return k.reshape(all, [m, n, p, q]);
}
