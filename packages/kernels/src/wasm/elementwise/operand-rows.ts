/** Lays out the operands of elementwise kernels in rows, copying them if needed. */

import { isContiguous, NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import { broadcastView } from '../../arrays/views.ts';

/** An operand whose element `[block, row, column]` is at `block * blockStep + row * rowStep + column * step`. */
export interface RowOperand {
  /** The array, which is contiguous. */
  readonly array: NdArray;
  readonly blockStep: number;
  readonly rowStep: number;
  readonly step: 0 | 1;
}

/** Blocks of rows of `length` elements each, and the operands read along them. */
export interface Rows {
  readonly blocks: number;
  readonly rows: number;
  readonly length: number;
  readonly operands: readonly RowOperand[];
}

const isOnes = (shape: Shape): boolean => shape.every((length) => length === 1);

const isSame = (a: Shape, b: Shape): boolean => a.every((length, i) => length === b[i]);

/** The relation of an operand's shape to a larger shape of the same rank. */
type Pattern = 'dense' | 'scalar' | { readonly columns: number } | { readonly rows: number };

/**
 * Classifies an operand by the axes of `shape` that it has: all, none, the trailing ones or the leading ones. Returns
 * `undefined` for anything else.
 */
function patternOf(own: Shape, shape: Shape): Pattern | undefined {
  if (isSame(own, shape)) return 'dense';
  if (isOnes(own)) return 'scalar';
  const first = own.findIndex((length) => length !== 1);
  if (isSame(own.slice(first), shape.slice(first))) return { columns: sizeOf(own) };
  const last = own.findLastIndex((length) => length !== 1) + 1;
  return isSame(own.slice(0, last), shape.slice(0, last)) ? { rows: sizeOf(own) } : undefined;
}

/**
 * Returns the row length on which all patterns agree. If no pattern divides the shape, that is the whole size. Returns
 * `undefined` if two patterns disagree.
 */
function rowLength(patterns: readonly Pattern[], size: number): number | undefined {
  let length: number | undefined;
  for (const pattern of patterns) {
    if (typeof pattern === 'string') continue;
    const wanted = 'columns' in pattern ? pattern.columns : size / pattern.rows;
    if (length !== undefined && length !== wanted) return undefined;
    length = wanted;
  }
  return length ?? size;
}

const steps = (pattern: Pattern, length: number): Pick<RowOperand, 'rowStep' | 'step'> => {
  if (pattern === 'dense') return { rowStep: length, step: 1 };
  if (pattern === 'scalar') return { rowStep: 0, step: 0 };
  return 'columns' in pattern ? { rowStep: 0, step: 1 } : { rowStep: 1, step: 0 };
};

/**
 * Splits the shape at an axis: the axes from `at` on form the rows, and the axes before `at` form the blocks. Returns
 * `undefined` unless each operand has either all of the axes before `at` or none.
 */
function split(shape: Shape, arrays: readonly NdArray[], at: number): Rows | undefined {
  const [lead, tail] = [shape.slice(0, at), shape.slice(at)];
  const parts = arrays.map((array) => {
    const own = [...new Array<number>(shape.length - array.shape.length).fill(1), ...array.shape];
    const [ownLead, ownTail] = [own.slice(0, at), own.slice(at)];
    const blockStep = isOnes(ownLead) ? 0 : isSame(ownLead, lead) ? sizeOf(ownTail) : undefined;
    return { array, blockStep, pattern: patternOf(ownTail, tail) };
  });
  const patterns = parts.flatMap(({ blockStep, pattern }) => (blockStep === undefined || !pattern ? [] : [pattern]));
  const size = sizeOf(tail);
  const length = patterns.length === parts.length ? rowLength(patterns, size) : undefined;
  if (length === undefined) return undefined;
  const operands = parts.map(({ array, blockStep, pattern }) => ({
    array,
    blockStep: blockStep!,
    ...steps(pattern!, length),
  }));
  return { blocks: sizeOf(lead), rows: length === 0 ? 0 : size / length, length, operands };
}

/** A block with fewer elements isn't worth a call. */
const leastBlock = 64;

/** Makes an operand contiguous, with length 1 for the axes along which it was broadcast. */
function simplify(x: NdArray): NdArray {
  if (isContiguous(x)) return x;
  const shape = x.shape.map((length, i) => (x.stride[i] === 0 ? 1 : length));
  return contiguous(new NdArray(x.data, x.dtype, shape, x.stride, x.offset));
}

/**
 * Handles the most common cases quickly: `whole` has all elements, and `part` is a scalar or a vector along the last
 * axis.
 */
function vectorOrScalar(shape: Shape, whole: NdArray, part: NdArray): Rows | undefined {
  const isVector = part.size === shape.at(-1) && part.size === part.shape.at(-1);
  if ((part.size !== 1 && !isVector) || whole.size !== sizeOf(shape)) return undefined;
  const length = part.size === 1 ? whole.size : part.size;
  const operands: readonly RowOperand[] = [
    { array: whole, blockStep: 0, rowStep: length, step: 1 },
    { array: part, blockStep: 0, rowStep: 0, step: part.size === 1 ? 0 : 1 },
  ];
  return { blocks: 1, rows: length === 0 ? 0 : whole.size / length, length, operands };
}

/** Broadcasts two operands to `shape`, copying if needed, so that each is a single row. */
function stretch(shape: Shape, operands: readonly NdArray[]): Rows {
  const size = sizeOf(shape);
  const stretched = operands.map(
    (x): RowOperand => ({ array: contiguous(broadcastView(x, shape)), blockStep: 0, rowStep: size, step: 1 }),
  );
  return { blocks: 1, rows: size === 0 ? 0 : 1, length: size, operands: stretched };
}

/** Lays out in rows two operands that broadcast to `shape`. */
export function layRows(shape: Shape, x: NdArray, y: NdArray): Rows {
  const [a, b] = [simplify(x), simplify(y)];
  const plain = vectorOrScalar(shape, a, b);
  if (plain !== undefined) return plain;
  const turned = vectorOrScalar(shape, b, a);
  if (turned !== undefined) return { ...turned, operands: turned.operands.toReversed() };
  for (let at = 0; at === 0 || sizeOf(shape.slice(at)) >= leastBlock; at++) {
    const found = split(shape, [a, b], at);
    // A kernel needs an operand that runs along the rows.
    if (found?.operands.some(({ step }) => step === 1)) return found;
  }
  return stretch(shape, [a, b]);
}
