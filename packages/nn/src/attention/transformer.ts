/** Transformer layers (attention and two dense layers, each with a residual connection and a norm), and stacks of them. */

import { checkSynchronous, checkTensor, formatShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type FloatDType,
  gelu,
  type Random,
  relu,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core/lean';
import {
  checkArgument,
  checkCount,
  checkInputDType,
  checkLayerOptions,
  checkLikeInput,
  checkOptions,
} from '../checks.ts';
import { Dense } from '../dense.ts';
import { dropout } from '../dropout.ts';
import type { FeatureMap, Input, Output, shapes } from '../layer-shapes.ts';
import { errorAt } from '../module/layer-errors.ts';
import { Module } from '../module/module.ts';
import { counted } from '../module/text-table.ts';
import { LayerNorm } from '../normalization/layer-norm.ts';
import {
  type AttendOptions,
  KeyValueCache,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
} from './multi-head-attention.ts';

const activations = { relu, gelu: (x: Tensor): Tensor => gelu(x) };

/** The options of transformer layers. */
export interface TransformerOptions {
  /** The number of features between the two dense layers. Defaults to four times `dim`. */
  readonly feedForward?: number;
  /** The activation function between the two dense layers. Defaults to `relu`. */
  readonly activation?: 'relu' | 'gelu' | ((x: Tensor) => Tensor);
  /** Whether to normalise the input of each sublayer, instead of the sum of its input and output. Defaults to false. */
  readonly normFirst?: boolean;
  /** The epsilon of the normalisations. Defaults to 1e-5. */
  readonly eps?: number;
  /** Whether dense layers and normalisations have a bias. Defaults to true. */
  readonly bias?: boolean;
  /** The probability of dropping an element or an attention weight while training. Defaults to 0. */
  readonly dropout?: number;
  /** Whether self-attention rotates queries and keys by their positions, or the options for this rotation; see `rotary`. */
  readonly rotary?: MultiHeadAttentionOptions['rotary'];
  /** The generator that draws the initial weights and the dropout masks. Required if `dropout` is above 0. */
  readonly random?: Random;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

const layerOptions = [
  'feedForward',
  'activation',
  'normFirst',
  'eps',
  'bias',
  'dropout',
  'rotary',
  'random',
  'dtype',
] as const;

const encodeOptions = ['mask', 'keyPaddingMask', 'causal'] as const;
const decodeOptions = [...encodeOptions, 'memoryMask', 'memoryKeyPaddingMask'] as const;

/** The options of a call to an encoder layer. */
export type EncodeOptions = Pick<AttendOptions, 'mask' | 'keyPaddingMask' | 'causal'>;

/** The options of a call to a decoder layer. */
export interface DecodeOptions extends EncodeOptions {
  /** A mask that says which entries of the memory each query may attend to, in the same form as `mask`. */
  readonly memoryMask?: Tensor;
  /** A bool mask [batch, memory length] of the memory, true for padding entries. */
  readonly memoryKeyPaddingMask?: Tensor;
}

/** The base of encoder and decoder layers: self-attention, two dense layers, and residual connections. */
abstract class TransformerLayer<E extends number> extends Module {
  declare readonly [shapes]: FeatureMap<E, E>;
  readonly dim: E;
  readonly heads: number;
  readonly normFirst: boolean;
  readonly dropout: number;
  readonly activation: (x: Tensor) => Tensor;
  readonly selfAttention: MultiHeadAttention<E>;
  readonly linear1: Dense<E, number>;
  readonly linear2: Dense<number, E>;
  readonly norm1: LayerNorm<E>;
  readonly norm2: LayerNorm<E>;

  constructor(dim: E, heads: number, options: TransformerOptions = {}) {
    super();
    checkLayerOptions(this.constructor.name, options, layerOptions);
    const { feedForward = 4 * dim, activation = 'relu', normFirst = false, dropout = 0, rotary = false } = options;
    const f = typeof activation === 'function' ? activation : activations[activation];
    if (f === undefined) {
      const { name } = this.constructor;
      throw new ArgumentError(`${name}: unknown activation '${activation}', expected 'relu', 'gelu' or a function`);
    }
    checkCount(this.constructor.name, 'the dimension', dim);
    checkCount(this.constructor.name, 'the number of heads', heads);
    this.dim = dim;
    this.heads = heads;
    this.normFirst = normFirst;
    this.dropout = dropout;
    this.activation = f;
    this.selfAttention = new MultiHeadAttention(dim, heads, { ...attentionOptions(options), rotary });
    this.linear1 = new Dense(dim, feedForward, denseOptions(options));
    this.linear2 = new Dense(feedForward, dim, denseOptions(options));
    this.norm1 = new LayerNorm(dim, normOptions(options));
    this.norm2 = new LayerNorm(dim, normOptions(options));
  }

  /** Returns an input. Throws unless it has shape [..., length, dim] and the layer's dtype. */
  protected check(x: Tensor): Tensor {
    const { name } = this.constructor;
    if (checkTensor(name, x).rank < 2 || x.shape.at(-1) !== this.dim) {
      throw new ShapeError(`${name}: expected an input [..., length, ${this.dim}], got shape ${formatShape(x.shape)}`);
    }
    checkInputDType(name, x, this.linear1.weight as Tensor);
    return x;
  }

  /** Returns norm(x + part(x)), or x + part(norm(x)) if `normFirst` is set. */
  protected add(x: Tensor, norm: LayerNorm<E>, part: (x: Tensor) => Tensor): Tensor {
    const normalized = (y: Tensor): Tensor => norm.forward(y as never) as Tensor;
    if (this.normFirst) return x.add(this.#drop(part(normalized(x))));
    return normalized(x.add(this.#drop(part(x))));
  }

  protected feedForward(x: Tensor): Tensor {
    const activated = this.activation(this.linear1.forward(x as never) as Tensor);
    const hidden = this.#drop(checkSynchronous(this.constructor.name, activated, 'an activation'));
    return this.linear2.forward(hidden as never) as Tensor;
  }

  #drop(x: Tensor): Tensor {
    return this.training && this.dropout > 0 ? dropout(x, this.dropout, this.selfAttention.random) : x;
  }

  protected override settings(): string {
    return `${this.dim}, ${counted(this.heads, 'head')}`;
  }
}

/** Returns the named options that are defined. */
const given = <O extends object, K extends keyof O>(options: O, ...names: readonly K[]): Pick<O, K> =>
  Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]])) as Pick<
    O,
    K
  >;
const attentionOptions = (options: TransformerOptions) => given(options, 'bias', 'dropout', 'random', 'dtype');
const denseOptions = (options: TransformerOptions) => given(options, 'bias', 'random', 'dtype');
const normOptions = (options: TransformerOptions) => given(options, 'eps', 'bias', 'dtype');

/**
 * Self-attention and two dense layers, each with a residual connection and a norm (Vaswani et al. 2017):
 *
 *     x ← norm(x + attention(x)), then norm(x + dense(activation(dense(x))))
 *
 * With `normFirst`, the norm is applied to the input of each part: x + attention(norm(x)), and so on (Xiong et al.
 * 2020). With `causal`, this is the layer that language models use.
 *
 * @example
 * const layer = new TransformerEncoderLayer(8, 2, { normFirst: true, activation: 'gelu', random: new Random(1) });
 * layer.forward(zeros([3, 5, 8]), { causal: true }).shape; // [3, 5, 8]
 */
export class TransformerEncoderLayer<const E extends number = number> extends TransformerLayer<E> {
  /** Maps [..., length, dim] to the same shape. With a cache, x holds the entries that follow the cached ones. */
  forward<S extends Shape>(
    x: Input<FeatureMap<E, E>, S>,
    options: EncodeOptions & Pick<AttendOptions, 'cache'> = {},
  ): Output<FeatureMap<E, E>, S> {
    checkOptions('TransformerEncoderLayer', options, [...encodeOptions, 'cache']);
    const t = this.check(x as unknown as Tensor);
    const attended = this.add(t, this.norm1, (y) => this.selfAttention.forward(y as never, options) as Tensor);
    return this.add(attended, this.norm2, (y) => this.feedForward(y)) as never;
  }
}

/**
 * Self-attention, attention to a memory, and two dense layers, each with a residual connection and a norm; see
 * `TransformerEncoderLayer`.
 *
 * @example
 * const layer = new TransformerDecoderLayer(8, 2, { random: new Random(1) });
 * layer.forward(zeros([3, 5, 8]), zeros([3, 7, 8]), { causal: true }).shape; // [3, 5, 8]
 */
export class TransformerDecoderLayer<const E extends number = number> extends TransformerLayer<E> {
  readonly crossAttention: MultiHeadAttention<E>;
  readonly norm3: LayerNorm<E>;

  constructor(dim: E, heads: number, options: TransformerOptions = {}) {
    super(dim, heads, options);
    this.crossAttention = new MultiHeadAttention(dim, heads, attentionOptions(options));
    this.norm3 = new LayerNorm(dim, normOptions(options));
  }

  /** Maps x [..., length, dim] and a memory [..., memory length, dim] to the shape of x. */
  forward<S extends Shape>(
    x: Input<FeatureMap<E, E>, S>,
    memory: Tensor,
    options: DecodeOptions & Pick<AttendOptions, 'cache'> = {},
  ): Output<FeatureMap<E, E>, S> {
    checkOptions('TransformerDecoderLayer', options, [...decodeOptions, 'cache']);
    const { memoryMask, memoryKeyPaddingMask, ...own } = options;
    const cross = {
      key: memory,
      ...(memoryMask === undefined ? {} : { mask: memoryMask }),
      ...(memoryKeyPaddingMask === undefined ? {} : { keyPaddingMask: memoryKeyPaddingMask }),
    };
    const t = this.check(x as unknown as Tensor);
    checkArgument(this.constructor.name, 'the memory', memory);
    checkLikeInput(this.constructor.name, 'the memory', memory, t);
    const attended = this.add(t, this.norm1, (y) => this.selfAttention.forward(y as never, own) as Tensor);
    const crossed = this.add(attended, this.norm2, (y) => this.crossAttention.forward(y as never, cross) as Tensor);
    return this.add(crossed, this.norm3, (y) => this.feedForward(y)) as never;
  }
}

/** The options of stacks of transformer layers. */
export interface TransformerStackOptions extends TransformerOptions {
  /** Whether to normalise the output of the last layer. Defaults to `normFirst`. */
  readonly finalNorm?: boolean;
}

/** The base of encoder and decoder stacks. */
abstract class TransformerStack<E extends number, L extends TransformerLayer<E>> extends Module {
  declare readonly [shapes]: FeatureMap<E, E>;
  readonly layers: readonly L[];
  readonly norm: LayerNorm<E> | undefined;

  constructor(
    count: number,
    dim: E,
    heads: number,
    options: TransformerStackOptions,
    make: (options: TransformerOptions) => L,
  ) {
    super();
    checkLayerOptions(this.constructor.name, options, [...layerOptions, 'finalNorm']);
    checkCount(this.constructor.name, 'the number of layers', count);
    checkCount(this.constructor.name, 'the dimension', dim);
    checkCount(this.constructor.name, 'the number of heads', heads);
    const { normFirst = false, finalNorm = normFirst } = options;
    const { finalNorm: _, ...ofLayers } = options;
    this.layers = Array.from({ length: count }, () => make(ofLayers));
    this.norm = finalNorm ? new LayerNorm(dim, normOptions(options)) : undefined;
  }

  /** Returns a list with an empty cache for each layer. */
  caches(): KeyValueCache[] {
    return this.layers.map(() => new KeyValueCache());
  }

  /** Runs the layers in order, each with its cache, and then the final norm, if any. */
  protected run(x: Tensor, caches: readonly KeyValueCache[] | undefined, step: LayerCall<L>): Tensor {
    if (caches !== undefined && caches.length !== this.layers.length) {
      const counts = `${this.layers.length} layers, got ${caches.length}`;
      throw new ArgumentError(`${this.constructor.name}: expected a cache for each of ${counts}`);
    }
    const y = this.layers.reduce((h, layer, i) => {
      try {
        return step(layer, h, caches === undefined ? {} : { cache: caches[i]! });
      } catch (error) {
        throw errorAt(error, `layers.${i}`, layer);
      }
    }, x);
    return this.norm === undefined ? y : (this.norm.forward(y as never) as Tensor);
  }

  protected override settings(): string {
    return counted(this.layers.length, 'layer');
  }
}

type LayerCall<L> = (layer: L, x: Tensor, cache: Pick<AttendOptions, 'cache'>) => Tensor;

interface CachesOption {
  /** The keys and values of earlier entries, to which this call appends those of its input. Create them with `caches()`. */
  readonly caches?: readonly KeyValueCache[];
}

/**
 * A stack of encoder layers.
 *
 * @example
 * const model = new TransformerEncoder(2, 8, 2, { normFirst: true, random: new Random(1) });
 * const x = new Random(2).normal([1, 3, 8]);
 * const whole = model.forward(x, { causal: true });
 * const caches = model.caches(); // entry by entry gives the same
 * const parts = [0, 1, 2].map((i) => model.forward(x.slice(1, i, i + 1), { causal: true, caches }));
 * concat(parts, 1).sub(whole).abs().max().item() < 1e-5; // true
 */
export class TransformerEncoder<const E extends number = number> extends TransformerStack<
  E,
  TransformerEncoderLayer<E>
> {
  constructor(count: number, dim: E, heads: number, options: TransformerStackOptions = {}) {
    super(count, dim, heads, options, (own) => new TransformerEncoderLayer(dim, heads, own));
  }

  /** Maps [..., length, dim] to the same shape. */
  forward<S extends Shape>(
    x: Input<FeatureMap<E, E>, S>,
    options: EncodeOptions & CachesOption = {},
  ): Output<FeatureMap<E, E>, S> {
    checkOptions('TransformerEncoder', options, [...encodeOptions, 'caches']);
    const { caches, ...own } = options;
    const step: LayerCall<TransformerEncoderLayer<E>> = (layer, h, cache) =>
      layer.forward(h as never, { ...own, ...cache }) as Tensor;
    return this.run(x as unknown as Tensor, caches, step) as never;
  }
}

/**
 * A stack of decoder layers, all of which attend to the same memory.
 *
 * @example
 * const model = new TransformerDecoder(2, 8, 2, { random: new Random(1) });
 * model.forward(zeros([3, 5, 8]), zeros([3, 7, 8]), { causal: true }).shape; // [3, 5, 8]
 */
export class TransformerDecoder<const E extends number = number> extends TransformerStack<
  E,
  TransformerDecoderLayer<E>
> {
  constructor(count: number, dim: E, heads: number, options: TransformerStackOptions = {}) {
    super(count, dim, heads, options, (own) => new TransformerDecoderLayer(dim, heads, own));
  }

  /** Maps x [..., length, dim] and a memory [..., memory length, dim] to the shape of x. */
  forward<S extends Shape>(
    x: Input<FeatureMap<E, E>, S>,
    memory: Tensor,
    options: DecodeOptions & CachesOption = {},
  ): Output<FeatureMap<E, E>, S> {
    checkOptions('TransformerDecoder', options, [...decodeOptions, 'caches']);
    const { caches, ...own } = options;
    const step: LayerCall<TransformerDecoderLayer<E>> = (layer, h, cache) =>
      layer.forward(h as never, memory, { ...own, ...cache }) as Tensor;
    return this.run(x as unknown as Tensor, caches, step) as never;
  }
}
