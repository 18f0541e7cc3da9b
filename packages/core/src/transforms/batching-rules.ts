/**
 * Batching rules: how each primitive runs on a batch of examples at once.
 *
 * A mapped operand has a batch axis in front of the axes of an example, and so does every result. Most primitives
 * ignore leading axes, or only need their axis numbers increased by one.
 */

import {
  ArgumentError,
  type AttributesOf,
  arity,
  binary,
  type Convolution,
  callPrimitive,
  comparisons,
  type InputsOf,
  mapEntries,
  type Normalization,
  type Primitive,
  type Shape,
  type Slice,
  sizeOf,
  unary,
  type VariadicPrimitive,
} from '@tapegrad/kernels';
import { arange } from '../create.ts';
import { kernels as k, type Tensor } from '../tensor.ts';

/** An operand of a primitive: one tensor shared by all examples, or one with a leading batch axis. */
export interface BatchOperand {
  readonly value: Tensor;
  readonly isMapped: boolean;
  /** The shape of one example. */
  readonly shape: Shape;
}

type MappedPrimitive = Exclude<Primitive, 'full'>;

/** Computes the result for `size` examples along a leading axis. At least one operand is mapped. */
type BatchingRule<P extends MappedPrimitive> = (
  op: P,
  size: number,
  attributes: AttributesOf<P>,
  ...operands: OperandsOf<P>
) => Tensor;

type OperandsOf<P extends MappedPrimitive> = P extends VariadicPrimitive
  ? readonly [list: readonly BatchOperand[]]
  : EachOperand<InputsOf<Exclude<P, VariadicPrimitive>>>;

type EachOperand<Inputs extends readonly unknown[]> = { readonly [I in keyof Inputs]: BatchOperand };

/** Maps each primitive to its batching rule. A primitive without a rule is a compile error. */
type Batching = { readonly [P in MappedPrimitive]: BatchingRule<P> };

const run = (op: Primitive, args: readonly Tensor[], attributes: unknown): Tensor =>
  callPrimitive(k, op, args, attributes);

/** Returns the operand with a leading batch axis. An unmapped operand is broadcast along it. */
const spread = ({ value, isMapped, shape }: BatchOperand, size: number): Tensor =>
  isMapped ? value : k.broadcastTo(value, [size, ...shape]);

/** Inserts axes of length 1 after the batch axis of a mapped operand, so that each example has rank `rank`. */
const aligned = ({ value, isMapped, shape }: BatchOperand, rank: number): Tensor =>
  isMapped && shape.length < rank
    ? k.reshape(value, [value.shape[0]!, ...new Array<number>(rank - shape.length).fill(1), ...shape])
    : value;

/** Inserts axes after the batch axis of operands of lower rank, so that the operands broadcast. */
function elementwise<P extends MappedPrimitive>(
  op: P,
  _size: number,
  attributes: unknown,
  ...operands: readonly BatchOperand[]
): Tensor {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  return run(
    op,
    operands.map((x) => aligned(x, rank)),
    attributes,
  );
}

/** Gives every operand a batch axis, for primitives that ignore leading axes. */
const spreadOut = <P extends MappedPrimitive>(
  op: P,
  size: number,
  attributes: unknown,
  ...operands: readonly BatchOperand[]
): Tensor =>
  run(
    op,
    operands.map((x) => spread(x, size)),
    attributes,
  );

/** Returns a rule that calls `change` to adapt the attributes to the additional leading axis. */
const leading =
  <P extends MappedPrimitive>(change: (attributes: AttributesOf<P>, size: number) => AttributesOf<P>) =>
  (op: P, size: number, attributes: AttributesOf<P>, ...operands: readonly BatchOperand[]): Tensor =>
    spreadOut(op, size, change(attributes, size), ...operands);

const next = (axis: number): number => axis + 1;
const nextAxes = (axes: readonly number[]): number[] => axes.map(next);

const nextSlice = ({ starts, sizes, steps }: Slice, size: number): Slice => ({
  starts: [0, ...starts],
  sizes: [size, ...sizes],
  steps: [1, ...steps],
});

/** Moves an axis, or `count` adjacent axes. */
export function moveAxes(x: Tensor, from: number, to: number, count = 1): Tensor {
  if (from === to) return x;
  const axes = x.shape.map((_, i) => i);
  const moved = axes.splice(from, count);
  return k.permute(x, axes.toSpliced(to, 0, ...moved));
}

/** Merges `axis` with the next axis. */
const mergeAxes = (x: Tensor, axis: number): Tensor =>
  k.reshape(x, x.shape.toSpliced(axis, 2, x.shape[axis]! * x.shape[axis + 1]!));

/** Splits an axis into two, the first of length `length`. */
const splitAxis = (x: Tensor, axis: number, length: number): Tensor =>
  k.reshape(x, x.shape.toSpliced(axis, 1, length, x.shape[axis]! / length));

function broadcastTo(_op: 'broadcastTo', size: number, shape: Shape, x: BatchOperand): Tensor {
  return k.broadcastTo(aligned(x, shape.length), [size, ...shape]);
}

/** If one operand is an unmapped matrix, computes a single larger product; otherwise one product per example. */
function matmul(_op: 'matmul', size: number, _attributes: undefined, x: BatchOperand, y: BatchOperand): Tensor {
  const [rows, inner] = x.shape.slice(-2) as [number, number];
  const columns = y.shape.at(-1)!;
  if (!y.isMapped && y.shape.length === 2) {
    const lead = x.value.shape.slice(0, -2);
    const product = k.matmul(k.reshape(x.value, [sizeOf(lead) * rows, inner]), y.value);
    return k.reshape(product, [...lead, rows, columns]);
  }
  if (!x.isMapped && x.shape.length === 2 && y.shape.length === 2) {
    const side = mergeAxes(moveAxes(y.value, 0, 1), 1);
    return moveAxes(splitAxis(k.matmul(x.value, side), 1, size), 1, 0);
  }
  const rank = Math.max(x.shape.length, y.shape.length);
  return k.matmul(aligned(x, rank), aligned(y, rank));
}

/**
 * If all examples share the weight and bias, stacks their rows into one linear call; otherwise uses a batched product plus
 * a sum.
 */
function affine(
  _op: 'affine',
  size: number,
  _attributes: undefined,
  x: BatchOperand,
  w: BatchOperand,
  b: BatchOperand,
): Tensor {
  if (!w.isMapped && !b.isMapped) return k.affine(x.value, w.value, b.value);
  const shape = [...x.shape.slice(0, -1), w.shape[1]!];
  const isMapped = x.isMapped || w.isMapped;
  const value = isMapped ? matmul('matmul', size, undefined, x, w) : k.matmul(x.value, w.value);
  return elementwise('add', size, undefined, { value, isMapped, shape }, b);
}

/**
 * Converts indices into a single example to indices into the concatenation of all examples. Each example has `length`
 * entries.
 */
function throughout(call: string, { value, shape }: BatchOperand, size: number, length: number): Tensor {
  const { elements } = value;
  const wrong = elements.findIndex((index) => !(index >= 0 && index < length));
  if (wrong !== -1) {
    const got = `index ${elements[wrong]} at position ${wrong % sizeOf(shape)} of an example`;
    throw new ArgumentError(`${call}: ${got} is out of range for an axis of length ${length}`);
  }
  const starts = k.mul(arange(0, size, 1, { dtype: 'int32' }), k.full({ shape: [], value: length, dtype: 'int32' }));
  return k.add(
    value,
    k.reshape(
      starts,
      value.shape.map((n, i) => (i === 0 ? n : 1)),
    ),
  );
}

function take(_op: 'take', size: number, axis: number, x: BatchOperand, indices: BatchOperand): Tensor {
  if (!indices.isMapped) return k.take(x.value, indices.value, axis + 1);
  if (!x.isMapped) return moveAxes(k.take(x.value, indices.value, axis), axis, 0);
  const places = throughout('take', indices, size, x.shape[axis]!);
  const entries = mergeAxes(moveAxes(x.value, axis + 1, 1), 0);
  return moveAxes(k.take(entries, places, 0), 1, axis + 1, indices.shape.length);
}

function scatterAdd(
  _op: 'scatterAdd',
  size: number,
  into: AttributesOf<'scatterAdd'>,
  x: BatchOperand,
  indices: BatchOperand,
): Tensor {
  const axis = into.axis + 1;
  if (!indices.isMapped) return k.scatterAdd(x.value, indices.value, { ...into, axis });
  const places = throughout('scatterAdd', indices, size, into.size);
  const entries = moveAxes(spread(x, size), axis, 1, indices.shape.length);
  const sums = k.scatterAdd(entries, places, { axis: 0, size: size * into.size });
  return moveAxes(splitAxis(sums, 0, size), 1, axis);
}

/** Concatenates the rows of all examples. */
function rowByRow<P extends 'crossEntropy' | 'crossEntropyGrad'>(
  op: P,
  size: number,
  attributes: undefined,
  ...operands: readonly BatchOperand[]
): Tensor {
  const rows = operands.map((x) => mergeAxes(spread(x, size), 0));
  return splitAxis(run(op, rows, attributes), 0, size);
}

const nextNormalization = <N extends Normalization>(of: N): N => ({ ...of, axes: nextAxes(of.axes) });

/** Aligns weights and biases with x, so that they broadcast to x with its batch axis. */
const along = <const Parts extends readonly BatchOperand[]>({ shape }: BatchOperand, parts: Parts) =>
  parts.map((part) => aligned(part, shape.length)) as { [I in keyof Parts]: Tensor };

/** Merges the batch axis into the channels, so that each example becomes a group of channels of a single image. */
const channels = (x: BatchOperand, size: number): Tensor => mergeAxes(moveAxes(spread(x, size), 0, 1), 1);

const grouped = <C extends Convolution>(of: C, size: number): C => ({ ...of, groups: of.groups * size });

/**
 * If examples share the weight, treats them as additional images. Otherwise each example gets its own groups of channels.
 */
function convolution<P extends 'conv' | 'convInput'>(
  op: P,
  size: number,
  of: AttributesOf<P>,
  x: BatchOperand,
  weight: BatchOperand,
): Tensor {
  if (!weight.isMapped) return splitAxis(run(op, [mergeAxes(x.value, 0), weight.value], of), 0, size);
  const weights = mergeAxes(weight.value, 0);
  const result = run(op, [channels(x, size), weights], grouped(of, size));
  return moveAxes(splitAxis(result, 1, size), 1, 0);
}

function convWeight(_op: 'convWeight', size: number, of: Convolution, x: BatchOperand, y: BatchOperand): Tensor {
  return splitAxis(k.convWeight(channels(x, size), channels(y, size), grouped(of, size)), 0, size);
}

const batching: Batching = {
  ...mapEntries({ ...unary, ...binary, ...comparisons }, () => elementwise),
  stopGradient: elementwise,

  activationGrad: spreadOut,

  where: elementwise,
  cast: elementwise,

  sum: leading(nextAxes),
  mean: leading(nextAxes),
  prod: leading(nextAxes),
  prodOfOthers: leading(nextAxes),
  max: leading(nextAxes),
  min: leading(nextAxes),
  argmax: leading(next),
  argmin: leading(next),
  cumsum: leading(next),
  argsort: leading((order) => ({ ...order, axis: order.axis + 1 })),

  reshape: leading((shape, size) => [size, ...shape]),
  permute: leading((order) => [0, ...nextAxes(order)]),
  broadcastTo,
  slice: leading(nextSlice),
  scatterSlice: leading((into, size) => ({ ...nextSlice(into, size), shape: [size, ...into.shape] })),
  concat: (_op, size, axis, list) =>
    k.concat(
      list.map((x) => spread(x, size)),
      next(axis),
    ),

  take,
  scatterAdd,

  matmul,
  affine,

  crossEntropy: rowByRow,
  crossEntropyGrad: rowByRow,

  normalize: (_op, size, of, x, ...parts) => k.normalize(spread(x, size), ...along(x, parts), nextNormalization(of)),
  normalizeGrad: (_op, size, of, g, x, w) =>
    k.normalizeGrad(spread(g, size), spread(x, size), ...along(x, [w]), nextNormalization(of)),
  normalizeWeightGrad: (_op, size, of, g, x) => {
    const shape = [size, ...new Array<number>(x.shape.length - of.shape.length).fill(1), ...of.shape];
    const sums = k.normalizeWeightGrad(spread(g, size), spread(x, size), { ...nextNormalization(of), shape });
    return k.reshape(sums, [size, ...of.shape]);
  },
  moments: (_op, _size, axes, x) => moveAxes(k.moments(x.value, nextAxes(axes)), 1, 0),

  unfold: spreadOut,
  fold: spreadOut,

  conv: convolution,
  convInput: convolution,
  convWeight,

  maxPool: spreadOut,
  maxUnpool: spreadOut,
};

type AnyRule = (op: Primitive, size: number, attributes: unknown, ...operands: readonly unknown[]) => Tensor;

/** Runs a primitive on `size` examples at once. `size` is at least 1, and at least one operand is mapped. */
export function runBatched(
  op: Primitive,
  size: number,
  operands: readonly BatchOperand[],
  attributes: unknown,
): Tensor {
  const rule = batching[op as MappedPrimitive] as AnyRule;
  return arity[op] === 'variadic' ? rule(op, size, attributes, operands) : rule(op, size, attributes, ...operands);
}
