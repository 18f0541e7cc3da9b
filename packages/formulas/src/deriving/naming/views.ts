/** Finds views and concatenations among a program's results that get their own letters. */

import type { Slice } from '@tapegrad/kernels';
import type { Node } from '../../running/graph.ts';
import { aligned } from '../recording/axes.ts';

/**
 * If a matrix is a sum of scattered slices that tile its last axis, returns the slices in order. The cotangent of an
 * array that is read in slices has this form.
 */
export function tilesOf(node: Node): readonly Node[] | undefined {
  const terms: Node[] = [];
  const ahead = [node];
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    if (at.op === 'add') ahead.push(...at.inputs);
    else if (at.op === 'scatterSlice') terms.push(at);
    else return undefined;
  }
  if (node.shape.length !== 2 || terms.length < 2) return undefined;
  const last = (term: Node) => {
    const { starts, sizes, steps } = term.attributes as Slice;
    const isWhole = sizes[0] === node.shape[0] && steps.every((step) => step === 1);
    return isWhole ? { start: starts[1]!, size: sizes[1]!, part: term.inputs[0]! } : undefined;
  };
  const tiles = terms.map(last);
  if (tiles.includes(undefined)) return undefined;
  const ordered = (tiles as { start: number; size: number; part: Node }[]).sort((a, b) => a.start - b.start);
  let end = 0;
  for (const { start, size } of ordered) {
    if (start !== end) return undefined;
    end += size;
  }
  return end === node.shape[1] ? ordered.map(({ part }) => part) : undefined;
}

/** Returns whether a node merges several axes into its last one, as in the concatenation of attention heads. */
export function mergesLast({ op, inputs, shape }: Node): boolean {
  if (op !== 'reshape') return false;
  const from = inputs[0]!.shape;
  const [axes, into] = aligned(from, shape)?.at(-1) ?? [[], []];
  return into.length === 1 && axes.filter((axis) => from[axis] !== 1).length > 1;
}

/** Returns whether a node is a view that splits an axis into several. */
export const isSplitView = (node: Node): boolean => splits(node) || (node.op === 'permute' && splits(node.inputs[0]!));

/** Returns whether a node splits an axis into several. */
export function splits({ op, inputs, shape }: Node): boolean {
  if (op !== 'reshape') return false;
  const from = inputs[0]!.shape;
  return (aligned(from, shape) ?? []).some(
    ([a, b]) => a.filter((axis) => from[axis] !== 1).length === 1 && b.filter((axis) => shape[axis] !== 1).length > 1,
  );
}

/** Returns whether a node is the diagonal of a square matrix: every (n + 1)-th of its elements. */
export function isDiagonal({ op, inputs, attributes }: Node): boolean {
  const [flat] = inputs as [Node];
  if (op !== 'slice' || flat.op !== 'reshape') return false;
  const { starts, steps, sizes } = attributes as Slice;
  const [rows, columns] = flat.inputs[0]!.shape;
  const isSquare = flat.inputs[0]!.shape.length === 2 && rows === columns && flat.shape.length === 1;
  return isSquare && starts[0] === 0 && steps[0] === rows! + 1 && sizes[0] === rows;
}

/** Returns whether a node is a square matrix with a vector on its diagonal and zeros elsewhere. */
export function isOfDiagonal({ op, inputs, shape }: Node): boolean {
  const [flat] = inputs as [Node];
  if (op !== 'reshape' || flat.op !== 'scatterSlice' || shape.length !== 2 || shape[0] !== shape[1]) return false;
  const { starts, steps, sizes } = flat.attributes as Slice;
  return flat.shape.length === 1 && starts[0] === 0 && steps[0] === shape[0]! + 1 && sizes[0] === shape[0];
}

/** Skips operations that don't change values: `stopGradient` and aliases. */
export function shown(node: Node): Node {
  let at = node;
  while (at.op === 'stopGradient' || at.op === 'alias') at = at.inputs[0]!;
  return at;
}

/** Returns whether a node is a diagonal matrix made from a vector, possibly transposed. */
export const isTurnedDiagonal = (node: Node): boolean =>
  isOfDiagonal(node) || (node.op === 'permute' && isTurnedDiagonal(node.inputs[0]!));
