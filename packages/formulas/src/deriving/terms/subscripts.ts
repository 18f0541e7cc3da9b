/** Maps positions along the axes of a node to positions in its operands, through views. */

import type { Slice, Window } from '@tapegrad/kernels';
import type { Node } from '../../running/graph.ts';
import { type Axes, aligned } from '../recording/axes.ts';
import { type Digit, digitOf, freshIndex, indexOf, type Subscript } from './terms.ts';

/** An axis of another node that is part of a merged axis. */
interface AxisPart {
  readonly node: Node;
  readonly axis: number;
}

/** Thrown for a node that can't be expressed by indices. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
  readonly node: Node;

  constructor(node: Node) {
    super(`'${node.op}' has no index notation here`);
    this.node = node;
  }
}

/** Returns the axes that were merged into a given axis. Axes of length 1 don't count. */
function partsOfAxis(node: Node, axis: number, isLetter: (node: Node) => boolean, isRoot = true): readonly AxisPart[] {
  const length = node.shape[axis]!;
  const own = [{ node, axis }];
  if (length === 1) return [];
  if (!isRoot && isLetter(node)) return own;
  const { op, inputs, attributes, shape } = node;
  const [x, y] = inputs as [Node, Node];
  const inner = (input: Node, at: number): readonly AxisPart[] => partsOfAxis(input, at, isLetter, false);
  switch (op) {
    case 'permute':
      return inner(x, (attributes as readonly number[])[axis]!);
    case 'reshape': {
      const [from, to] = aligned(x.shape, shape)?.find((group) => group[1].includes(axis)) ?? [[], []];
      const isWhole = to.every((i) => i === axis || shape[i] === 1);
      return isWhole && from.length > 0 ? from.flatMap((i) => inner(x, i)) : own;
    }
    case 'matmul':
    case 'affine': {
      const last = shape.length - 1;
      if (axis === last) return inner(y, y.shape.length - 1);
      const at = axis - (shape.length - x.shape.length);
      return at >= 0 && x.shape[at] === length ? inner(x, at) : own;
    }
    case 'leaf':
    case 'full':
    case 'composite':
    case 'slice':
    case 'scatterSlice':
    case 'concat':
    case 'take':
    case 'scatterAdd':
    case 'conv':
    case 'convInput':
    case 'convWeight':
      return own;
    default: {
      const found = inputs.map((input): readonly AxisPart[] => {
        const at = axis - (shape.length - input.shape.length);
        return at >= 0 && input.shape[at] === length ? inner(input, at) : [];
      });
      const longest = found.reduce((a, b) => (b.length > a.length ? b : a), [] as readonly AxisPart[]);
      return longest.length === 0 ? own : longest;
    }
  }
}

/** Creates new indices for an axis. */
export function freshSubscript(
  node: Node,
  axis: number,
  axes: Axes,
  isLetter: (node: Node) => boolean,
  isRoot = true,
): Subscript {
  return partsOfAxis(node, axis, isLetter, isRoot).map((part) => {
    const value = part.node.shape[part.axis]!;
    return digitOf(freshIndex(value, { kind: 'length', name: axes.classOf(part.node.id, part.axis), value }));
  });
}

/** Returns the subscripts of an operand that is broadcast, given those of the result. */
export function broadcastAt(operand: Node, at: readonly Subscript[]): Subscript[] {
  const lead = at.length - operand.shape.length;
  return operand.shape.map((length, i) => (length === 1 ? [] : (at[lead + i] ?? [])));
}

/** Returns the subscripts of a reshaped operand, given those of the result. */
export function reshapedAt(node: Node, at: readonly Subscript[]): Subscript[] {
  const [x] = node.inputs as [Node];
  const result: Subscript[] = x.shape.map(() => []);
  const groups = aligned(x.shape, node.shape);
  if (groups === undefined) throw new Untranslatable(node);
  for (const [from, to] of groups) {
    const digits = to.flatMap((axis) => at[axis]!);
    const long = from.filter((axis) => x.shape[axis] !== 1);
    if (long.length === 1) {
      result[long[0]!] = digits;
      continue;
    }
    let next = 0;
    for (const axis of long) {
      const own: Digit[] = [];
      let length = 1;
      while (length < x.shape[axis]! && next < digits.length) {
        const digit = digits[next++]!;
        const index = indexOf(digit);
        if (index === undefined) throw new Untranslatable(node);
        length *= index.length;
        own.push(digit);
      }
      if (length !== x.shape[axis]) throw new Untranslatable(node);
      result[axis] = own;
    }
    if (next !== digits.length) throw new Untranslatable(node);
  }
  return result;
}

/** Returns times * subscript + offset, for a subscript of at most one digit. */
export function shifted(node: Node, subscript: Subscript, times: number, offset: number): Subscript {
  if (times === 1 && offset === 0) return subscript;
  const [digit, ...others] = subscript;
  if (others.length > 0 || digit?.lookup !== undefined) throw new Untranslatable(node);
  const terms = (digit?.terms ?? []).map((term) => ({ index: term.index, times: term.times * times }));
  return [{ terms, offset: (digit?.offset ?? 0) * times + offset, lookup: undefined }];
}

/** Returns the subscripts of a sliced operand, given those of the result. */
export function slicedAt(
  node: Node,
  { starts, steps, sizes }: Slice,
  shape: readonly number[],
  at: readonly Subscript[],
) {
  return at.map((subscript, axis): Subscript => {
    if (sizes[axis] === shape[axis] && steps[axis] === 1) return subscript;
    return shifted(node, subscript, steps[axis]!, starts[axis]!);
  });
}

/** Returns the position of a window element in the array: position * stride + element * dilation - padding. */
export function windowAt(node: Node, position: Subscript, element: Subscript, window: Window): Subscript {
  const base = shifted(node, position, window.stride, -window.padding[0]);
  const [digit] = shifted(node, element, window.dilation, 0);
  const [first] = base;
  if (base.length > 1) throw new Untranslatable(node);
  const terms = [...(first?.terms ?? []), ...(digit?.terms ?? [])];
  return [{ terms, offset: (first?.offset ?? 0) + (digit?.offset ?? 0), lookup: undefined }];
}
