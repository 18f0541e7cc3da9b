/** Looks up vectors by index. */

import { areWithin, checkTensor, formatShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type Data,
  DTypeError,
  type FloatDType,
  type Parameter,
  type Random,
  type Shape,
  ShapeError,
  type Tensor,
  take,
} from '@tapegrad/core/lean';
import { changeable, checkArgument, checkCount, checkLayerOptions, checkOptions } from './checks.ts';
import { defaultRandom, type Initializer, normal } from './init.ts';
import { initialized } from './initialized.ts';
import type { EmbeddingMap, Output, shapes } from './layer-shapes.ts';
import { Module } from './module/module.ts';

/** The options of `embedding`. */
export interface EmbeddingFunctionOptions {
  /** An index whose row gets no gradient, such as the index of padding. */
  readonly paddingIndex?: number;
}

/** The shape of the rows of a weight [count, dim] that indices of shape `S` look up. */
type LookUp<S extends Shape, W extends Shape> = W extends readonly [number, infer D extends number]
  ? readonly [...S, D]
  : Shape;

/**
 * Computes the Euclidean norm of a row. It doesn't call `Math.hypot`, which accepts fewer arguments than a row may have
 * elements.
 */
function lengthOf(row: Data): number {
  let length = 0;
  for (const element of row) length = Math.hypot(length, element);
  return length;
}

/** Throws if an index is out of range, naming the first such index. */
function checkIndices(indices: Tensor, count: number): void {
  if (checkTensor('embedding', indices).dtype !== 'int32')
    throw new DTypeError(`embedding: expected int32 indices, got ${indices.dtype}`);
  const { elements } = indices;
  if (areWithin(elements, { low: 0, high: count - 1 })) return;
  const wrong = elements.findIndex((index: number) => index < 0 || index >= count);
  const got = `the index at position ${wrong} is ${elements[wrong]}`;
  throw new ArgumentError(`embedding: ${got}, expected one from 0 to ${count - 1}: the weight has ${count} rows`);
}

/**
 * Looks up the rows of a weight: y[i, j] = weight[indices[i, j]].
 *
 * The gradient adds the cotangent of each looked-up row to that row of the weight. Apart from filling the gradient with
 * zeros, its cost depends only on the number of rows looked up.
 *
 * @param indices An int32 tensor of any shape.
 * @param weight [count, dim]
 * @returns [...indices' shape, dim]
 * @throws ArgumentError if an index is out of range; the message gives its position.
 * @example
 * const weight = tensor([[1, 2], [3, 4], [5, 6]]);
 * embedding(tensor([2, 0], { dtype: 'int32' }), weight).toArray(); // [[5, 6], [1, 2]]
 */
export function embedding<S extends Shape, W extends Shape>(
  indices: Tensor<S>,
  weight: Tensor<W>,
  options: EmbeddingFunctionOptions = {},
): Tensor<LookUp<S, W>> {
  checkOptions('embedding', options, ['paddingIndex']);
  const { paddingIndex } = options;
  checkTensor('embedding', indices);
  checkArgument('embedding', 'the weight', weight);
  const [count] = weight.shape;
  if (count === undefined || weight.rank !== 2) {
    throw new ShapeError(`embedding: expected a weight of shape [count, dim], got ${formatShape(weight.shape)}`);
  }
  checkIndices(indices, count);
  const rows = take(weight, indices) as Tensor;
  if (paddingIndex === undefined) return rows as never;
  const isPadding: Tensor = indices.equal(paddingIndex).reshape([...indices.shape, 1]);
  return isPadding.where(rows.detach(), rows) as never;
}

/** The options of `Embedding`. */
export interface EmbeddingOptions extends EmbeddingFunctionOptions {
  /**
   * The largest Euclidean norm of a row. When a longer row is looked up, it is first shortened to this norm in the
   * weight itself.
   */
  readonly maxNorm?: number;
  /**
   * The initialiser of the weight. Defaults to a normal distribution with standard deviation 1, as in PyTorch. The row
   * of `paddingIndex` starts at 0.
   */
  readonly init?: Initializer;
  /** The generator that the initialiser draws from. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
  /** The dtype of the weight. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/**
 * A layer that looks up vectors by int32 indices, for example a vector for each word; see `embedding`.
 *
 * @example
 * const layer = new Embedding(1000, 64, { random: new Random(1) });
 * layer.forward(tensor([[1, 2, 3], [4, 5, 6]], { dtype: 'int32' })).shape; // [2, 3, 64]
 */
export class Embedding<const N extends number = number, const D extends number = number> extends Module {
  declare readonly [shapes]: EmbeddingMap<D>;
  readonly count: N;
  readonly dim: D;
  readonly paddingIndex: number | undefined;
  readonly maxNorm: number | undefined;
  /** The vectors as rows, [count, dim]. */
  readonly weight: Parameter<readonly [N, D]>;

  constructor(count: N, dim: D, options: EmbeddingOptions = {}) {
    super();
    checkLayerOptions('Embedding', options, ['paddingIndex', 'maxNorm', 'init', 'random', 'dtype']);
    const { paddingIndex, maxNorm, init = normal(), random = defaultRandom, dtype = 'float32' } = options;
    checkCount('Embedding', 'the number of rows', count);
    checkCount('Embedding', 'the dimension', dim);
    if (paddingIndex !== undefined && !(Number.isInteger(paddingIndex) && paddingIndex >= 0 && paddingIndex < count)) {
      throw new ArgumentError(`Embedding: paddingIndex is ${paddingIndex}, expected an index from 0 to ${count - 1}`);
    }
    if (maxNorm !== undefined && !(maxNorm > 0)) {
      throw new ArgumentError(`Embedding: maxNorm is ${maxNorm}, expected a number above 0`);
    }
    this.count = count;
    this.dim = dim;
    this.paddingIndex = paddingIndex;
    this.maxNorm = maxNorm;
    this.weight = initialized('Embedding', 'weight', [count, dim], { init, random, dtype });
    if (paddingIndex === undefined) return;
    this.weight.update((elements) => elements.fill(0, paddingIndex * dim, (paddingIndex + 1) * dim));
  }

  /** The axis of the weight along which its vectors are counted. */
  get outputAxis(): number {
    return 0;
  }

  /** Maps int32 indices [...] to [..., dim]. */
  forward<S extends Shape>(indices: Tensor<S>): Output<EmbeddingMap<D>, S> {
    const { weight, paddingIndex, maxNorm } = this;
    if (maxNorm !== undefined) {
      checkIndices(indices, this.count);
      this.#shorten(indices, maxNorm);
    }
    return embedding(indices, weight as Tensor, paddingIndex === undefined ? {} : { paddingIndex }) as never;
  }

  /** Shortens, to the norm `maxNorm`, the rows that will be looked up next. */
  #shorten(indices: Tensor, maxNorm: number): void {
    const { dim } = this;
    const weight = changeable(
      'Embedding',
      'weight',
      this.weight,
      'maxNorm can only shorten the rows of a parameter: { weight: parameter(w) }',
    );
    const rowsOf = (elements: Data) =>
      [...new Set(indices.elements)]
        .map((index) => elements.subarray(index * dim, (index + 1) * dim))
        .filter((row) => lengthOf(row) > maxNorm);
    if (rowsOf(weight.elements).length === 0) return;
    weight.update((elements) => {
      for (const row of rowsOf(elements)) {
        // PyTorch adds the same 1e-7 to avoid a division by 0.
        const factor = maxNorm / (lengthOf(row) + 1e-7);
        row.forEach((element, i) => {
          row[i] = element * factor;
        });
      }
    });
  }

  protected override settings(): string {
    return `${this.count}, ${this.dim}`;
  }
}
