/**
 * Recognizes named compositions, such as softmax, among the primitives of a program. Their derivatives are those that
 * the rule table gives, in standard notation. Every check of a derived formula compares them with the tape's.
 */

import type { Graph, Node } from '../../running/graph.ts';
import { countAlong, isLengthOf } from './axes.ts';

export interface Composite {
  readonly name: 'softmax' | 'logSoftmax' | 'logSumExp' | 'normalize' | 'deviation';
  readonly axes: readonly number[];
  /** The number added to the variance. */
  readonly eps?: number;
  /** Whether the mean is subtracted. */
  readonly centered?: boolean;
}

export const compositeOf = ({ op, attributes }: Node): Composite | undefined =>
  op === 'composite' && (attributes as Partial<Composite>).axes !== undefined ? (attributes as Composite) : undefined;

/** Labels as one-hot rows. */
export interface OneHot {
  readonly classes: number;
}

export const oneHotOf = ({ op, attributes }: Node): OneHot | undefined =>
  op === 'composite' && (attributes as Partial<OneHot>).classes !== undefined ? (attributes as OneHot) : undefined;

/** Returns the one-hot rows of labels [n], for logits [n, c]. */
export function oneHotNode(graph: Graph, labels: Node, logits: Node): Node {
  const [, classes] = logits.shape as [number, number];
  return graph.make('composite', [labels], { classes } satisfies OneHot, { shape: logits.shape, dtype: 'float64' });
}

/** Returns the name of an operation that isn't a primitive and has no formula. */
export const customNameOf = ({ op, attributes }: Node): string | undefined =>
  op === 'composite' ? (attributes as { readonly custom?: string }).custom : undefined;

/**
 * The cotangent for an input of an operation that has no formula. It is written as a function named after the
 * operation's rule, for example `choleskyVjp`.
 */
export interface Pullback {
  readonly pullback: string;
  readonly of: number;
}

export const pullbackOf = ({ op, attributes }: Node): Pullback | undefined =>
  op === 'composite' && (attributes as Partial<Pullback>).pullback !== undefined ? (attributes as Pullback) : undefined;

const make = (graph: Graph, composite: Composite, x: Node): Node => {
  const keeps = composite.name !== 'logSumExp' && composite.name !== 'deviation';
  const shape = keeps ? x.shape : x.shape.map((length, axis) => (composite.axes.includes(axis) ? 1 : length));
  return graph.make('composite', [x], composite, { shape, dtype: x.dtype });
};

/** Returns the softmax of logits over their classes. */
export const softmaxNode = (graph: Graph, logits: Node): Node => make(graph, { name: 'softmax', axes: [1] }, logits);

/** Returns the divisor of a normalization. */
export const deviationNode = (graph: Graph, { inputs, attributes }: Node): Node =>
  make(graph, { ...(attributes as Composite), name: 'deviation' }, inputs[0]!);

/** Returns the operand and the axes if a node is a mean as recorded: a sum divided by a length. */
function meanOf(node: Node): { x: Node; axes: readonly number[] } | undefined {
  const [total, count] = node.inputs;
  if (node.op !== 'div' || total?.op !== 'sum') return undefined;
  const isCount = (x: Node): boolean =>
    isLengthOf(x.attributes) || (x.op === 'mul' && x.inputs.every((input) => isCount(input)));
  return isCount(count!) ? { x: total.inputs[0]!, axes: total.attributes as readonly number[] } : undefined;
}

/** Returns whether a node, broadcast to the shape of x, is constant along some axes. */
const isFlat = (node: Node, x: Node, axes: readonly number[]): boolean =>
  axes.every((axis) => (node.shape[axis - (x.shape.length - node.shape.length)] ?? 1) === 1);

/** Whether no gradient flows through a node. */
export type Constant = (node: Node) => boolean;

/** If the node is x - m, where m is constant and doesn't vary along the axes, returns x; otherwise returns the node. */
const unshifted = (node: Node, axes: readonly number[], isConstant: Constant): Node => {
  const [x, m] = node.inputs as [Node, Node];
  return node.op === 'sub' && isConstant(m) && isFlat(m, x, axes) ? x : node;
};

/** Returns x if the node is x - mean(x), with the mean subtracted once or repeatedly. */
function uncentered(node: Node, axes: readonly number[], isConstant: Constant): Node | undefined {
  if (node.op !== 'add') return undefined;
  for (const [x, other] of [node.inputs, node.inputs.toReversed()] as [Node, Node][]) {
    const mean = other.op === 'neg' ? meanOf(other.inputs[0]!) : undefined;
    if (mean?.x !== x || `${mean.axes}` !== `${axes}`) continue;
    const inner = unshifted(x, axes, isConstant);
    return uncentered(inner, axes, isConstant) ?? inner;
  }
  return undefined;
}

function softmaxOf(node: Node, isConstant: Constant): { x: Node; axes: readonly number[] } | undefined {
  const [e, share] = node.inputs as [Node, Node];
  if (node.op !== 'mul' || e.op !== 'exp' || share.op !== 'div') return undefined;
  const [one, total] = share.inputs as [Node, Node];
  if (one.constant !== 1 || total.op !== 'sum' || total.inputs[0] !== e) return undefined;
  const axes = total.attributes as readonly number[];
  return { x: unshifted(e.inputs[0]!, axes, isConstant), axes };
}

/** Matches log sum exp x, and returns its shifted argument. */
function logSumExpOf(node: Node): { shifted: Node; axes: readonly number[] } | undefined {
  const [total] = node.inputs as [Node];
  if (node.op !== 'log' || total.op !== 'sum' || total.inputs[0]!.op !== 'exp') return undefined;
  return { shifted: total.inputs[0]!.inputs[0]!, axes: total.attributes as readonly number[] };
}

/** Matches 1 / sqrt(mean c^2 + eps). */
function inverseDeviationOf(node: Node): { c: Node; axes: readonly number[]; eps: number } | undefined {
  const [one, root] = node.inputs as [Node, Node];
  if (node.op !== 'div' || one.constant !== 1 || root.op !== 'sqrt') return undefined;
  const [variance, eps] = root.inputs[0]!.inputs as [Node, Node | undefined];
  if (root.inputs[0]!.op !== 'add' || eps?.constant === undefined) return undefined;
  const mean = meanOf(variance);
  if (mean?.x.op !== 'mul' || mean.x.inputs[0] !== mean.x.inputs[1]) return undefined;
  return { c: mean.x.inputs[0]!, axes: mean.axes, eps: eps.constant };
}

/** Returns the named composition that a node completes, as a single node; undefined if there is none. */
export function recognized(graph: Graph, node: Node, isConstant: Constant): Node | undefined {
  const softmax = softmaxOf(node, isConstant);
  if (softmax !== undefined) return make(graph, { name: 'softmax', axes: softmax.axes }, softmax.x);
  if (node.op === 'sub') {
    const [x, log] = node.inputs as [Node, Node];
    const found = logSumExpOf(log);
    if (found?.shifted === x)
      return make(graph, { name: 'logSoftmax', axes: found.axes }, unshifted(x, found.axes, isConstant));
  }
  if (node.op === 'add') {
    const [m, log] = node.inputs as [Node, Node];
    const found = logSumExpOf(log);
    const shifted = found?.shifted;
    if (found !== undefined && shifted?.op === 'sub' && shifted.inputs[1] === m && isConstant(m))
      return make(graph, { name: 'logSumExp', axes: found.axes }, shifted.inputs[0]!);
  }
  const [first, second] = node.inputs;
  if (node.op === 'add') {
    const mean = second?.op === 'neg' ? meanOf(second.inputs[0]!) : undefined;
    const x = mean && uncentered(node, mean.axes, isConstant);
    if (mean !== undefined && x !== undefined && x !== first) return centered(graph, x, mean.axes);
  }
  if (node.op !== 'mul') return undefined;
  const normalized = normalizedOf(graph, first!, second!, isConstant);
  if (normalized !== undefined || second!.op !== 'mul') return normalized;
  // Matches c (w / s).
  for (const [inverse, weight] of [second!.inputs, second!.inputs.toReversed()] as [Node, Node][]) {
    const own = normalizedOf(graph, first!, inverse, isConstant);
    if (own !== undefined) return graph.kernels.mul(own, weight);
  }
  return undefined;
}

/** Returns x - mean(x). */
function centered(graph: Graph, x: Node, axes: readonly number[]): Node {
  const k = graph.kernels;
  return k.add(x, k.neg(k.div(k.sum(x, axes), countAlong(graph, x, axes))));
}

/** Returns c / s, where s is the standard deviation of c. */
function normalizedOf(graph: Graph, c: Node, inverse: Node, isConstant: Constant): Node | undefined {
  const found = inverseDeviationOf(inverse);
  if (found?.c !== c) return undefined;
  const { axes, eps } = found;
  const x = uncentered(c, axes, isConstant);
  return make(graph, { name: 'normalize', axes, eps, centered: x !== undefined }, x ?? c);
}

/** Returns the rule for the cotangents of a composition's inputs. */
export function compositeRule(graph: Graph): (node: Node, i: number, g: Node) => Node | undefined {
  const k = graph.kernels;
  return (node, i, g) => {
    const custom = customNameOf(node);
    if (custom !== undefined) {
      const own: Pullback = { pullback: custom, of: i };
      return graph.make('composite', [g, node, ...node.inputs], own, node.inputs[i]!);
    }
    const composite = compositeOf(node);
    if (composite === undefined) return undefined;
    const { name, axes } = composite;
    const [x] = node.inputs as [Node];
    const mean = (of: Node): Node => k.div(k.sum(of, axes), countAlong(graph, x, axes));
    switch (name) {
      // p (g - <g, p>)
      case 'softmax':
        return k.mul(node, k.sub(g, k.sum(k.mul(g, node), axes)));
      // g - p sum g
      case 'logSoftmax':
        return k.sub(g, k.mul(make(graph, { name: 'softmax', axes }, x), k.sum(g, axes)));
      case 'logSumExp':
        return k.mul(make(graph, { name: 'softmax', axes }, x), g);
      // (g - mean g - y mean(g y)) / s, for y = (x - mean x) / s; without `mean g` if the mean of x isn't subtracted
      case 'normalize': {
        const deviation = deviationNode(graph, node);
        const along = k.sub(g, k.mul(node, mean(k.mul(g, node))));
        return k.div(composite.centered ? k.sub(along, mean(g)) : along, deviation);
      }
      default:
        return undefined;
    }
  };
}
