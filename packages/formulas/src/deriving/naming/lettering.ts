/** Decides which results of a program get letters, and which are written out where they are used. */

import { ancestorsOf, type Node } from '../../running/graph.ts';
import { isLengthOf } from '../recording/axes.ts';

const views: ReadonlySet<string> = new Set([
  'neg',
  'cast',
  'permute',
  'reshape',
  'broadcastTo',
  'stopGradient',
  'alias',
]);
const wide: ReadonlySet<string> = new Set([
  'matmul',
  'affine',
  'conv',
  'convInput',
  'convWeight',
  'slice',
  'concat',
  'crossEntropy',
]);

const isNumber = (node: Node): boolean => node.constant !== undefined || isLengthOf(node.attributes);

/** Returns whether a node is only a view or a scalar multiple of another. */
const isCheap = ({ op, inputs }: Node): boolean =>
  views.has(op) || ((op === 'mul' || op === 'div') && inputs.some(isNumber));

/** Returns the results that are used several times and take more than a few symbols to write. */
export function worthLetters(roots: readonly Node[], hasLetter: (node: Node) => boolean): Node[] {
  const order = ancestorsOf(roots);
  const uses = new Map<Node, number>(roots.map((node) => [node, 1]));
  for (const node of order.toReversed()) {
    const own = uses.get(node) ?? 0;
    const passed = isCheap(node) && !hasLetter(node) ? own : 1;
    for (const input of new Set(node.inputs)) uses.set(input, (uses.get(input) ?? 0) + passed);
  }
  const costs = new Map<Node, number>();
  const found: Node[] = [];
  for (const node of order) {
    if (hasLetter(node) || isNumber(node) || node.op === 'leaf') {
      costs.set(node, 0);
      continue;
    }
    const inner = node.inputs.reduce((total, input) => total + costs.get(input)!, 0);
    const cost = inner + (isCheap(node) ? 0 : wide.has(node.op) ? 2 : 1);
    // Conditions are written out, because they often simplify the terms next to them.
    const isWorth = node.dtype !== 'bool' && cost >= 2 && (uses.get(node) ?? 0) >= 2 && !isCheap(node);
    if (isWorth) found.push(node);
    costs.set(node, isWorth ? 0 : cost);
  }
  return found;
}
