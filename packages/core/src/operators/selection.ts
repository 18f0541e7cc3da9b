/**
 * Functions that choose, mark, replace or scatter entries by position, range or mask. Functions without a docstring
 * here also exist as methods, and are documented there, in `methods/`.
 */

import {
  ArgumentError,
  type DType,
  DTypeError,
  formatShape,
  type NdArray,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameShape,
} from '@tapegrad/kernels';
import { pad as padWith, someAxes } from '../checks/arguments.ts';
import { checkTensor, operand, scalar } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import { gather as gatherAlong, placesAlong } from '../composites.ts';
import { arange, ones } from '../create.ts';
import {
  checkIndicesAlong,
  type Index,
  type Indexed,
  indexList,
  index as indexWith,
  nonzeroPositions,
  resolveMasks,
  slice,
} from '../indexing.ts';
import { kernels as k, type Of, Tensor } from '../tensor.ts';
import { areWithin } from '../tracing.ts';
import type { Pad, PadWidths, ReplaceAxis } from '../types/static-shapes.ts';
import { indexingKernels, positionKernels } from './extensions.ts';
import { stack } from './method-functions.ts';
import { type AlongFunction, operation } from './operation.ts';

/** The options of `oneHot`. */
export interface OneHotOptions {
  /** The dtype of the result. Defaults to float32. */
  readonly dtype?: DType;
}

/**
 * Encodes class labels as vectors of length `classes`, along a new last axis. A vector is 1 at the label and 0
 * elsewhere. No gradient flows.
 *
 * @param labels int32, from 0 to classes - 1.
 * @throws ArgumentError if a label is out of range.
 * @example
 * oneHot(tensor([2, 0], { dtype: 'int32' }), 3).toArray(); // [[0, 0, 1], [1, 0, 0]]
 */
export function oneHot<S extends Shape, const N extends number>(
  labels: Tensor<S>,
  classes: N,
  options: OneHotOptions = {},
  ...more: []
): Tensor<readonly [...S, N]> {
  checkOptions('oneHot', options, ['dtype']);
  const { dtype = 'float32' } = options;
  const { shape, elements } = checkTensor('oneHot', labels, more);
  if (labels.dtype !== 'int32') throw new DTypeError(`oneHot: expected int32 labels, got ${labels.dtype}`);
  if (!areWithin(elements, { low: 0, high: classes - 1 })) {
    const wrong = elements.findIndex((label) => label < 0 || label >= classes);
    throw new ArgumentError(
      `oneHot: label ${elements[wrong]} at index ${wrong} is out of range for ${classes} classes`,
    );
  }
  const column = (labels as Tensor).reshape([...shape, 1]);
  const positions = arange(0, classes, 1, { dtype: 'int32' });
  return (column.equal(positions) as Tensor).cast(dtype) as Tensor as never;
}

/**
 * Returns x with `value` in place of the elements where a mask is true; no gradient flows to those elements.
 *
 * @param mask A bool tensor whose shape broadcasts to that of x.
 * @example
 * maskedFill(tensor([1, 2, 3]), tensor([true, false, true]), -1).toArray(); // [-1, 2, -1]
 */
export function maskedFill<S extends Shape>(x: Tensor<S>, mask: Tensor, value: number, ...more: []): Tensor<S> {
  const { dtype, shape } = checkTensor('maskedFill', mask, more);
  if (dtype !== 'bool') throw new DTypeError(`maskedFill: expected a bool mask, got ${dtype}`);
  const filling = operand('maskedFill', checkTensor('maskedFill', x), value);
  const filled = mask.where(filling, x);
  if (!sameShape(filled.shape, x.shape)) {
    throw new ShapeError(`maskedFill: a mask ${formatShape(shape)} does not broadcast to ${formatShape(x.shape)}`);
  }
  return filled as Tensor<S>;
}

/** The options of `scatter`. */
export interface ScatterOptions {
  /** Whether entries replace those of x at the indices, or are added to them. Defaults to `replace`. */
  readonly reduce?: 'replace' | 'add';
}

/**
 * Writes the entries of `source` into a copy of x along an axis, each at its index: y[i, indices[i, j]] = source[i, j]
 * for axis 1. This is the inverse of `gather`. With `reduce: 'add'`, indices may repeat, and this is the adjoint of
 * `gather`.
 *
 * @param indices An int32 tensor. Its shape equals that of x except along the axis.
 * @param source A tensor with the same shape as the indices, or a number.
 * @throws ArgumentError if an index is out of range, or an entry would be replaced twice.
 * @example
 * const indices = tensor([2, 0], { dtype: 'int32' });
 * scatter(zeros([3]), indices, tensor([5, 7]), 0).toArray(); // [7, 0, 5]
 * scatter(ones([3]), indices, tensor([5, 7]), 0, { reduce: 'add' }).toArray(); // [8, 1, 6]
 */
export function scatter<S extends Shape>(
  x: Tensor<S>,
  indices: Tensor,
  source: Tensor | number,
  axis: number,
  options: ScatterOptions = {},
  ...more: []
): Tensor<S> {
  checkOptions('scatter', options, ['reduce']);
  const { reduce = 'replace' } = options;
  if (reduce !== 'replace' && reduce !== 'add') {
    throw new ArgumentError(`scatter: unknown reduction '${reduce}', expected 'replace' or 'add'`);
  }
  const i = normalizeAxis('scatter', axis, checkTensor('scatter', x, more).rank);
  checkIndicesAlong('scatter', x, checkTensor('scatter', indices), i);
  const entries = typeof source === 'number' ? operand('scatter', x, source).broadcastTo(indices.shape) : source;
  if (!sameShape(checkTensor('scatter', entries).shape, indices.shape)) {
    const shapes = `${formatShape(indices.shape)} and ${formatShape(entries.shape)}`;
    throw new ShapeError(`scatter: expected indices and a source of equal shapes, got ${shapes}`);
  }
  const places = placesAlong<Tensor>(positionKernels(), x.shape, indices, i).reshape([indices.size]);
  const spread = (values: Tensor): Tensor =>
    scatterAdd(values.reshape([indices.size]), places, x.size).reshape(x.shape);
  if (reduce === 'add') return k.add(x, spread(entries)) as Tensor<S>;
  const hits = spread(ones(indices.shape, { dtype: 'int32' }));
  if (!areWithin(hits.elements, { low: 0, high: 1 })) {
    const twice = hits.elements.findIndex((count) => count > 1);
    throw new ArgumentError(
      `scatter: element ${twice} would be replaced twice; with { reduce: 'add' } the values add up`,
    );
  }
  return hits.cast('bool').where(spread(entries), x) as Tensor<S>;
}

/**
 * Returns the positions of the nonzero elements, in row-major order, as an int32 tensor [count, rank].
 *
 * @example
 * nonzero(tensor([[0, 5], [7, 0]])).toArray(); // [[0, 1], [1, 0]]
 */
export function nonzero(x: Tensor, ...more: []): Tensor<readonly [number, number]> {
  const columns = nonzeroPositions(checkTensor('nonzero', x, more)).map((positions) => new Tensor(positions));
  if (columns.length > 0) return stack(columns, 1) as never;
  const count = x.item() === 0 ? 0 : 1;
  return ones([count, 0], { dtype: 'int32' });
}

const indexTensor = (call: string, indices: Tensor | readonly number[]): Tensor =>
  indices instanceof Tensor ? indices : new Tensor(indexList(call, indices));

export const flip: AlongFunction = /* @__PURE__ */ operation('flip', (x, axis: number | readonly number[]) => {
  const axes = someAxes('flip', axis, x.rank);
  const ranges = x.shape.map((_, i) => (axes.includes(i) ? slice(undefined, undefined, -1) : slice()));
  return indexWith<Tensor>(k, x, ranges);
});

const ofPositions = (positions: NdArray): Tensor => new Tensor(positions);

export const index = <S extends Shape, const L extends readonly Index<Tensor>[]>(
  x: Tensor<S>,
  ...list: L
): Of<Indexed<S, L>> =>
  indexWith<Tensor>(
    positionKernels(),
    checkTensor('index', x),
    resolveMasks<Tensor>(x.shape, list, ofPositions),
  ) as never;

export const pad: <S extends Shape, const W extends PadWidths>(
  x: Tensor<S>,
  widths: W,
  value?: number,
) => Of<Pad<S, W>> = /* @__PURE__ */ operation('pad', (x, widths: PadWidths, value?: number) => {
  const filler = Object.is(value ?? 0, 0) ? undefined : scalar('pad', value!, x.dtype);
  return padWith<Tensor>(k, x, widths, filler);
});

export const take: <S extends Shape, I extends Shape = readonly [number], const A extends number = 0>(
  x: Tensor<S>,
  indices: Tensor<I> | readonly number[],
  axis?: A,
) => Of<ReplaceAxis<S, A, I>> = /* @__PURE__ */ operation(
  'take',
  (x, indices: Tensor | readonly number[], axis?: number) =>
    indexingKernels().take(x, indexTensor('take', indices), normalizeAxis('take', axis ?? 0, x.rank)),
);

export const scatterAdd: (x: Tensor, indices: Tensor | readonly number[], size: number, axis?: number) => Tensor =
  /* @__PURE__ */ operation('scatterAdd', (x, indices: Tensor | readonly number[], size: number, axis?: number) => {
    const places = indexTensor('scatterAdd', indices);
    const into = { axis: normalizeAxis('scatterAdd', axis ?? 0, x.rank - places.rank + 1), size };
    return indexingKernels().scatterAdd(x, places, into);
  });

export const gather: <I extends Shape>(x: Tensor, indices: Tensor<I>, axis: number) => Tensor<I> =
  /* @__PURE__ */ operation('gather', (x, indices: Tensor, axis: number) => {
    const i = normalizeAxis('gather', axis, x.rank);
    checkIndicesAlong('gather', x, checkTensor('gather', indices), i);
    return gatherAlong<Tensor>(positionKernels(), x, indices, i);
  });
