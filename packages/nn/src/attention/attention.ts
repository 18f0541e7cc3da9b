/** Scaled dot-product attention, and the masks that say which keys each query may attend to. */

import { checkFloat, formatShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  DTypeError,
  type FloatDType,
  max,
  type Random,
  type Shape,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core/lean';
import { checkArgument, checkLikeInput, checkOptions, checkRandom } from '../checks.ts';
import { dropout as drop } from '../dropout.ts';

/** The options of `scaledDotProductAttention` and `attentionWeights`. */
export interface AttentionOptions {
  /**
   * A mask that broadcasts to [..., queries, keys]. A bool mask is true where a query may attend to a key. A float mask
   * is added to the scores, and is -Infinity where a query may not attend to a key.
   */
  readonly mask?: Tensor;
  /**
   * Whether a query may attend only to keys up to its own position. The last query is aligned with the last key.
   * Defaults to false.
   */
  readonly causal?: boolean;
  /** The factor by which scores are multiplied. Defaults to 1 / sqrt(features). */
  readonly scale?: number;
  /** The probability of dropping an attention weight. Defaults to 0. */
  readonly dropout?: number;
  /** The generator that draws the dropout masks. Required if `dropout` is above 0. */
  readonly random?: Random;
}

/**
 * Returns a mask as numbers to add to scores. A bool mask becomes 0 where true and -Infinity elsewhere; a float mask is
 * returned unchanged.
 */
export function additive(call: string, mask: Tensor, dtype: FloatDType): Tensor {
  if (mask.dtype === 'bool') return mask.where(zeros([], { dtype }), Number.NEGATIVE_INFINITY);
  if (mask.dtype === dtype) return mask;
  throw new DTypeError(`${call}: expected a mask of bool or ${dtype}, got ${mask.dtype}`);
}

/**
 * Returns the causal bias [queries, keys]: 0 where a query may attend to a key, -Infinity elsewhere. The last query has
 * the position of the last key.
 */
function causalBias(queries: number, keys: number, dtype: FloatDType): Tensor {
  const values = new Float64Array(queries * keys);
  for (let i = 0; i < queries; i++) {
    const next = Math.max(0, keys - queries + i + 1);
    values.fill(Number.NEGATIVE_INFINITY, i * keys + next, (i + 1) * keys);
  }
  return tensor(values, { shape: [queries, keys], dtype });
}

function checkOperands(call: string, query: Tensor, key: Tensor): void {
  checkFloat(call, query);
  checkArgument(call, 'the key', key);
  for (const x of [query, key]) {
    if (x.rank > 1) continue;
    throw new ShapeError(`${call}: expected [..., length, features], got shape ${formatShape(x.shape)}`);
  }
  const [features, found] = [query.shape.at(-1)!, key.shape.at(-1)!];
  if (features === found) {
    checkLikeInput(call, 'the key', key, query);
    return;
  }
  const shapes = `${formatShape(query.shape)} and ${formatShape(key.shape)}`;
  throw new ShapeError(`${call}: queries have ${features} features and keys ${found} (${shapes})`);
}

function checkMask(call: string, mask: Tensor, scores: Shape): void {
  const lead = scores.length - mask.rank;
  if (lead >= 0 && mask.shape.every((length, i) => length === 1 || length === scores[lead + i])) return;
  const shapes = `to the scores' shape ${formatShape(scores)}, got ${formatShape(mask.shape)}`;
  throw new ShapeError(`${call}: expected a mask that broadcasts ${shapes}`);
}

interface Sight {
  /** The numbers to add to the scores; `undefined` if there is nothing to add. */
  readonly bias: Tensor | undefined;
  /**
   * A bool tensor [..., queries, 1] that says whether each query may attend to at least one key. `undefined` if every
   * query may.
   */
  readonly seeing: Tensor | undefined;
}

/** Returns which keys each query may attend to, for scores [..., queries, keys]. */
function sightOf(call: string, { shape, dtype }: Tensor, { mask, causal = false }: AttentionOptions): Sight {
  const [queries, keys] = shape.slice(-2) as [number, number];
  if (mask !== undefined) {
    checkArgument(call, 'the mask', mask);
    checkMask(call, mask, shape);
  }
  const given = mask === undefined ? undefined : additive(call, mask, dtype as FloatDType);
  const order = causal && queries > 1 ? causalBias(queries, keys, dtype as FloatDType) : undefined;
  const bias = given === undefined || order === undefined ? (given ?? order) : given.add(order);
  const allSee = keys === 0 || (given === undefined && queries <= keys);
  if (bias === undefined || allSee) return { bias, seeing: undefined };
  // If all scores of a query are -Infinity, their softmax and its gradient are NaN.
  const sees = max(bias.detach(), -1, { keepDims: true }).greater(Number.NEGATIVE_INFINITY) as Tensor;
  return { bias: sees.where(bias, 0), seeing: sees };
}

interface MaskedWeights {
  /** The attention weights [..., queries, keys]. The rows of queries that may attend to no key are meaningless. */
  readonly weights: Tensor;
  readonly seeing: Tensor | undefined;
}

/** Computes the weights that each query gives to the keys. */
function maskedWeights(call: string, query: Tensor, key: Tensor, options: AttentionOptions): MaskedWeights {
  checkOptions(call, options, ['mask', 'causal', 'scale', 'dropout', 'random']);
  checkOperands(call, query, key);
  const { scale = 1 / Math.sqrt(query.shape.at(-1)!), dropout = 0, random } = options;
  if (!Number.isFinite(scale)) throw new ArgumentError(`${call}: the scale is ${scale}, expected a finite number`);
  const scores: Tensor = query.mul(scale).matmul(key.transpose());
  const { bias, seeing } = sightOf(call, scores, options);
  const weights = (bias === undefined ? scores : scores.add(bias)).softmax(-1);
  return { weights: dropout === 0 ? weights : drop(weights, dropout, checkRandom(call, random)), seeing };
}

const onlySeeing = (x: Tensor, seeing: Tensor | undefined): Tensor => seeing?.where(x, 0) ?? x;

/**
 * Returns the weights that `scaledDotProductAttention` applies to the values: softmax(Q K^T scale + mask), with the
 * softmax over the keys. A query that may attend to no key has weights of 0.
 *
 * @param query [..., queries, features]
 * @param key [..., keys, features]
 * @returns [..., queries, keys]
 * @example
 * attentionWeights(zeros([3, 4]), zeros([3, 4]), { causal: true }).index(1).toArray(); // [0.5, 0.5, 0]
 */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions = {}): Tensor {
  const { weights, seeing } = maskedWeights('attentionWeights', query, key, options);
  return onlySeeing(weights, seeing);
}

/** The shape of the result of attention for queries of shape `Q` and values of shape `V`. */
type Gathered<Q extends Shape, V extends Shape> = Q extends readonly [...infer Lead extends Shape, number]
  ? V extends readonly [...Shape, infer Features extends number]
    ? readonly [...Lead, Features]
    : Shape
  : Shape;

/**
 * Computes softmax(Q K^T scale + mask) V: for each query, a weighted mean of the values. A value's weight depends on
 * how well its key matches the query (Vaswani et al. 2017). For a query that may attend to no key, the result is 0, and
 * no gradient flows.
 *
 * @param query [..., queries, features]
 * @param key [..., keys, features]
 * @param value [..., keys, valueFeatures]
 * @returns [..., queries, valueFeatures]
 * @example
 * const [query, key] = [zeros([2, 4]), zeros([2, 4])];
 * scaledDotProductAttention(query, key, tensor([[1], [3]]), { causal: true }).toArray(); // [[1], [2]]
 */
export function scaledDotProductAttention<Q extends Shape, V extends Shape>(
  query: Tensor<Q>,
  key: Tensor,
  value: Tensor<V>,
  options: AttentionOptions = {},
): Tensor<Gathered<Q, V>> {
  const call = 'scaledDotProductAttention';
  const { weights, seeing } = maskedWeights(call, query, key, options);
  checkArgument(call, 'the value', value as Tensor);
  const [keys, values] = [key.shape.at(-2), value.shape.at(-2)];
  if (keys !== values) throw new ShapeError(`${call}: expected a value for each of ${keys} keys, got ${values}`);
  checkLikeInput(call, 'the value', value as Tensor, key);
  return onlySeeing(weights.matmul(value as Tensor), seeing) as never;
}
