/** Multi-head attention, and a cache for its keys and values. */

import { checkTensor, formatShape, sameShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  concat,
  DTypeError,
  type FloatDType,
  type Random,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core/lean';
import {
  checkCount,
  checkInputDType,
  checkLayerOptions,
  checkOptions,
  checkProbability,
  checkRandom,
} from '../checks.ts';
import { Dense } from '../dense.ts';
import { defaultRandom, xavierUniform, zeros } from '../init.ts';
import type { FeatureMap, Input, Output, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import { counted } from '../module/text-table.ts';
import { type AttentionOptions, additive, attentionWeights, scaledDotProductAttention } from './attention.ts';
import { type RotaryOptions, rotary } from './positional-encoding.ts';

/**
 * The keys and values of a sequence so far, so that later positions can attend to them without recomputation. Unless
 * gradients must flow through the cache, use it within `noGrad`.
 */
export class KeyValueCache {
  #keys: Tensor | undefined;
  #values: Tensor | undefined;

  /** The number of cached entries. */
  get length(): number {
    return this.#keys?.shape.at(-2) ?? 0;
  }

  /**
   * Appends the keys and values of new entries, each [..., heads, length, features], and returns those of all entries
   * so far.
   */
  append(keys: Tensor, values: Tensor): { readonly keys: Tensor; readonly values: Tensor } {
    this.#keys = this.#keys === undefined ? keys : concat([this.#keys, keys], -2);
    this.#values = this.#values === undefined ? values : concat([this.#values, values], -2);
    return { keys: this.#keys, values: this.#values };
  }
}

/** The options of `MultiHeadAttention`. */
export interface MultiHeadAttentionOptions {
  /** The number of features of the key input. Defaults to `dim`. */
  readonly keyDim?: number;
  /** The number of features of the value input. Defaults to `dim`. */
  readonly valueDim?: number;
  /** Whether the projections have a bias. Defaults to true. */
  readonly bias?: boolean;
  /** The probability of dropping an attention weight while training. Defaults to 0. */
  readonly dropout?: number;
  /**
   * Whether to rotate queries and keys by their positions, or the options for this rotation; see `rotary`. Defaults to
   * false.
   */
  readonly rotary?: boolean | Omit<RotaryOptions, 'offset'>;
  /** The generator that draws the initial weights and the dropout masks. Required if `dropout` is above 0. */
  readonly random?: Random;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/** The options of a call to an attention layer. */
export interface AttendOptions {
  /** The input from which keys are projected: [..., keys, keyDim]. Defaults to the query input. */
  readonly key?: Tensor;
  /** The input from which values are projected: [..., keys, valueDim]. Defaults to the key input. */
  readonly value?: Tensor;
  /**
   * A mask [queries, keys] or [batch, heads, queries, keys], where batch and heads may be 1. A bool mask is true where
   * a query may attend to a key. A float mask is added to the scores.
   */
  readonly mask?: Tensor;
  /** A bool mask [batch, keys], true for padding keys, which no query may attend to. */
  readonly keyPaddingMask?: Tensor;
  /** Whether a query may attend only to keys up to its own position. Defaults to false. */
  readonly causal?: boolean;
  /**
   * A cache of the keys and values of earlier entries, to which this call appends those of its input. For
   * self-attention only.
   */
  readonly cache?: KeyValueCache;
}

const attendOptions = ['key', 'value', 'mask', 'keyPaddingMask', 'causal', 'cache'] as const;

/** The options of a call to an attention layer that also returns its weights. */
export interface AttendWithWeightsOptions extends AttendOptions {
  /** Whether to return the mean of the weights over the heads, instead of each head's weights. Defaults to true. */
  readonly averageWeights?: boolean;
}

/** The projected inputs of the heads, each [..., heads, length, features]. */
interface Heads {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly options: AttentionOptions;
}

/** Swaps the two axes before the last axis. */
function swapHeads(x: Tensor): Tensor {
  const axes = x.shape.map((_, i) => i);
  const [a, b, last] = axes.splice(-3) as [number, number, number];
  return x.permute([...axes, b, a, last]);
}

/** Combines a key padding mask and an optional other mask into one mask. */
function withPadding(padding: Tensor, mask: Tensor | undefined, keyShape: Shape, dtype: FloatDType): Tensor {
  if (padding.dtype !== 'bool') {
    throw new DTypeError(`MultiHeadAttention: expected a keyPaddingMask of bool, got ${padding.dtype}`);
  }
  if (!sameShape(padding.shape, keyShape)) {
    const got = formatShape(padding.shape);
    throw new ShapeError(`MultiHeadAttention: expected a keyPaddingMask of shape ${formatShape(keyShape)}, got ${got}`);
  }
  const lead = padding.shape.slice(0, -1);
  const seen = padding.equal(0).reshape([...lead, 1, 1, padding.shape.at(-1)!]) as Tensor;
  if (mask === undefined) return seen;
  if (mask.dtype === 'bool') return seen.minimum(mask);
  return additive('MultiHeadAttention', seen, dtype).add(mask);
}

/**
 * Multi-head attention. Each head projects the inputs to dim / heads features. The results of the heads are
 * concatenated, and projected once more (Vaswani et al. 2017):
 *
 *     head_h = attention(x_q W_q, x_k W_k, x_v W_v), features h dim/heads … (h + 1) dim/heads of each
 *     y = [head_1, …, head_H] W_o
 *
 * The batch comes first. The four projections are `Dense` layers with weights [in, out]. PyTorch packs three of them:
 * its `in_proj_weight` [3 dim, dim] stacks the transposes of `query.weight`, `key.weight` and `value.weight`.
 *
 * @example
 * const layer = new MultiHeadAttention(8, 2, { random: new Random(1) });
 * const x = new Random(2).normal([3, 5, 8]);
 * layer.forward(x, { causal: true }).shape; // [3, 5, 8]
 * layer.forward(x, { key: ones([3, 7, 8]) }).shape; // [3, 5, 8]
 */
export class MultiHeadAttention<const E extends number = number> extends Module {
  declare readonly [shapes]: FeatureMap<E, E>;
  readonly dim: E;
  readonly heads: number;
  readonly dropout: number;
  readonly rotary: Omit<RotaryOptions, 'offset'> | undefined;
  readonly random: Random;
  readonly query: Dense<E, E>;
  readonly key: Dense<number, E>;
  readonly value: Dense<number, E>;
  readonly output: Dense<E, E>;

  constructor(dim: E, heads: number, options: MultiHeadAttentionOptions = {}) {
    super();
    const names = ['keyDim', 'valueDim', 'bias', 'dropout', 'rotary', 'random', 'dtype'] as const;
    checkLayerOptions('MultiHeadAttention', options, names);
    const { keyDim = dim, valueDim = dim, bias = true, dropout = 0, rotary: turn = false, random } = options;
    const { dtype = 'float32' } = options;
    checkCount('MultiHeadAttention', 'the dimension', dim);
    checkCount('MultiHeadAttention', 'the number of heads', heads);
    if (dim % heads !== 0) {
      throw new ArgumentError(`MultiHeadAttention: ${dim} features can't be divided among ${heads} heads`);
    }
    checkProbability('MultiHeadAttention', dropout);
    if (dropout > 0) checkRandom('MultiHeadAttention', random);
    this.dim = dim;
    this.heads = heads;
    this.dropout = dropout;
    if (typeof turn !== 'boolean') checkOptions('MultiHeadAttention: rotary', turn, ['base', 'pairs']);
    this.rotary = turn === true ? {} : turn === false ? undefined : turn;
    this.random = random ?? defaultRandom;
    // Follows PyTorch: where PyTorch packs the three weights into one, it computes the fans from the packed weight.
    const gain = keyDim === dim && valueDim === dim ? Math.SQRT1_2 : 1;
    const own = { bias, biasInit: zeros(), random: this.random, dtype };
    const input = { ...own, init: xavierUniform({ gain }) };
    this.query = new Dense(dim, dim, input);
    this.key = new Dense(keyDim, dim, input);
    this.value = new Dense(valueDim, dim, input);
    this.output = new Dense(dim, dim, own);
  }

  /** Maps queries [..., queries, dim] to a result of the same shape. */
  forward<S extends Shape>(
    query: Input<FeatureMap<E, E>, S>,
    options: AttendOptions = {},
  ): Output<FeatureMap<E, E>, S> {
    checkOptions('MultiHeadAttention', options, attendOptions);
    const heads = this.#heads(query as unknown as Tensor, options);
    return this.#merge(scaledDotProductAttention(heads.query, heads.key, heads.value, heads.options)) as never;
  }

  /**
   * Does the same as `forward`, but also returns the attention weights. They are [..., queries, keys] if averaged, or
   * [..., heads, queries, keys] with the weights of each head.
   */
  forwardWithWeights<S extends Shape>(
    query: Input<FeatureMap<E, E>, S>,
    options: AttendWithWeightsOptions = {},
  ): { readonly output: Output<FeatureMap<E, E>, S>; readonly weights: Tensor } {
    checkOptions('MultiHeadAttention', options, [...attendOptions, 'averageWeights']);
    const heads = this.#heads(query as unknown as Tensor, options);
    const weights = attentionWeights(heads.query, heads.key, heads.options);
    const output = this.#merge(weights.matmul(heads.value)) as never;
    return { output, weights: (options.averageWeights ?? true) ? weights.mean(-3) : weights };
  }

  #heads(x: Tensor, { key: keyInput = x, value: valueInput = keyInput, ...options }: AttendOptions): Heads {
    const { cache, causal = false } = options;
    for (const input of [x, keyInput, valueInput]) {
      if (checkTensor('MultiHeadAttention', input).rank > 1) {
        checkInputDType('MultiHeadAttention', input, this.query.weight as Tensor);
        continue;
      }
      const got = formatShape(input.shape);
      throw new ShapeError(`MultiHeadAttention: expected inputs [..., length, features], got shape ${got}`);
    }
    if (cache !== undefined && keyInput !== x) {
      throw new ArgumentError('MultiHeadAttention: a cache is only for self-attention, but a key was given');
    }
    const offset = cache?.length ?? 0;
    const query = this.#turn(this.#split(this.query.forward(x as never)), offset);
    const newKeys = this.#turn(this.#split(this.key.forward(keyInput as never)), offset);
    const newValues = this.#split(this.value.forward(valueInput as never));
    const { keys, values } = cache?.append(newKeys, newValues) ?? { keys: newKeys, values: newValues };
    const mask = this.#maskOf(query, keys, options);
    const dropout = this.training ? this.dropout : 0;
    const attention = { causal, dropout, random: this.random, ...(mask === undefined ? {} : { mask }) };
    return { query, key: keys, value: values, options: attention };
  }

  #maskOf(query: Tensor, keys: Tensor, { mask, keyPaddingMask }: AttendOptions): Tensor | undefined {
    // With three axes, the first could be either the batch or the heads.
    if (mask !== undefined && mask.rank !== 2 && mask.rank !== query.rank) {
      const wanted = `[queries, keys] or one with ${query.rank} axes`;
      throw new ShapeError(`MultiHeadAttention: expected a mask ${wanted}, got shape ${formatShape(mask.shape)}`);
    }
    if (keyPaddingMask === undefined) return mask;
    const keyShape = [...keys.shape.slice(0, -3), keys.shape.at(-2)!];
    return withPadding(keyPaddingMask, mask, keyShape, query.dtype as FloatDType);
  }

  /** Maps [..., length, dim] to [..., heads, length, dim / heads]. */
  #split(x: Tensor): Tensor {
    return swapHeads(x.reshape([...x.shape.slice(0, -1), this.heads, this.dim / this.heads]));
  }

  /** Undoes `#split`, and then applies the output projection. */
  #merge(x: Tensor): Tensor {
    const swapped = swapHeads(x);
    return this.output.forward(swapped.reshape([...swapped.shape.slice(0, -2), this.dim]) as never);
  }

  #turn(x: Tensor, offset: number): Tensor {
    return this.rotary === undefined ? x : rotary(x, { ...this.rotary, offset });
  }

  protected override settings(): string {
    return `${this.dim}, ${counted(this.heads, 'head')}`;
  }
}
