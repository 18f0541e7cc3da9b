/** Translates linear algebra in programs to operations that have a notation in formulas: inverses and determinants. */

import type { Tensor } from '@tapegrad/core';
import type { Graph, Node } from '../../running/graph.ts';

/** Returns whether a tensor is a constant identity matrix. */
export function isIdentity(x: Tensor): boolean {
  const [rows, columns] = x.shape;
  if (x.requiresGrad || x.rank !== 2 || rows !== columns || rows === undefined || rows === 0) return false;
  return x.elements.every((element, place) => element === (place % (rows + 1) === 0 ? 1 : 0));
}

const isMatrix = ({ shape, dtype }: Node): boolean => shape.length === 2 && dtype === 'float64';

/**
 * Translates an operation of linear algebra to nodes with a notation in formulas: the solution of A X = B becomes A^-1
 * B. Returns undefined for other operations, and for batches of matrices.
 */
export function linearAlgebra(
  graph: Graph,
  name: string,
  [a, b]: readonly Node[],
  tensors: readonly Tensor[],
): Node | undefined {
  if (a === undefined || !isMatrix(a)) return undefined;
  const k = graph.kernels;
  const number = (node: Node): Node => k.reshape(node, []);
  switch (name) {
    case 'solve': {
      if (b === undefined || !isMatrix(b)) return undefined;
      return isIdentity(tensors[1]!) ? graph.inverse(a) : k.matmul(graph.inverse(a), b);
    }
    case 'det':
      return number(graph.det(a));
    case 'logAbsDet':
      return number(graph.logdet(a));
    default:
      return undefined;
  }
}

/** Returns whether a node is a function of a whole matrix that has a notation in formulas: A^-1, det(A), log |det(A)|. */
export const isOfMatrix = ({ op }: Node): boolean => op === 'inverse' || op === 'det' || op === 'logdet';
