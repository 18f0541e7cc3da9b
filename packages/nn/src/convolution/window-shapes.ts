/** Types that compute the result shapes of convolutions and pooling. */

import type { Agree, Minus, Plus, Printed, Quotient, SameShapes, Size, Times } from '@tapegrad/core/extend';
import type { Shape, ShapeError } from '@tapegrad/core/lean';
import type { Apply, ShapeMap } from '../layer-shapes.ts';
import type { PerAxis } from './per-axis.ts';

/** The value that a per-axis option has for axis `I`. */
type At<P, I extends 0 | 1> = P extends number
  ? P
  : P extends readonly number[]
    ? P[I] extends number
      ? P[I]
      : number
    : number;

/** The type of an option. If `O` lacks the option, its default; if the option may be undefined, `number`. */
type Option<O, Name extends string, Otherwise> = Name extends keyof O
  ? undefined extends O[Name]
    ? number
    : O[Name]
  : Otherwise;

type Groups<O> = Option<O, 'groups', 1> extends infer G extends number ? G : number;

/** The distance from the first to the last element of a window. */
type Reach<K extends number, D extends number> = Times<D, Minus<K, 1>>;

/**
 * The number of window positions, (N + 2 P - R - 1) / S + 1, rounded down. R is the reach of a window, S the stride and
 * P the padding.
 */
type Positions<N extends number, R extends number, S extends number, P extends number> = Plus<
  Quotient<Minus<Plus<N, Times<2, P>>, Plus<R, 1>>, S>,
  1
>;

/** The number of window positions along axis `I`, which has length `N`. */
type WindowLength<N extends number, K, O, S, I extends 0 | 1> =
  Option<O, 'ceilMode', false> extends false
    ? Option<O, 'padding', 0> extends 'same'
      ? N
      : Positions<
          N,
          Reach<At<K, I>, At<Option<O, 'dilation', 1>, I>>,
          At<S, I>,
          Option<O, 'padding', 0> extends 'valid' ? 0 : At<Option<O, 'padding', 0>, I>
        >
    : number;

/**
 * The length after a transposed convolution, (n - 1) s - 2 p + r + 1 + output padding, where r is the reach of a
 * window. It is computed in steps, since the whole expression is too complex for the compiler.
 */
type TransposedLength<N extends number, K, O, I extends 0 | 1> =
  Times<Minus<N, 1>, At<Option<O, 'stride', 1>, I>> extends infer Steps extends number
    ? Reach<At<K, I>, At<Option<O, 'dilation', 1>, I>> extends infer R extends number
      ? Plus<Plus<Steps, R>, Plus<At<Option<O, 'outputPadding', 0>, I>, 1>> extends infer Full extends number
        ? Minus<Full, Times<2, At<Option<O, 'padding', 0>, I>>>
        : never
      : never
    : never;

/** The kinds of layers with sliding windows. */
type Sliding = 'convolution' | 'transposed' | 'pooling';

type SlidLength<Way extends Sliding, N extends number, K, O, I extends 0 | 1> = Way extends 'transposed'
  ? TransposedLength<N, K, O, I>
  : WindowLength<N, K, O, Option<O, 'stride', Way extends 'pooling' ? K : 1>, I>;

type Slid<Way extends Sliding, Spatial, K, O> = Spatial extends readonly [
  infer H extends number,
  infer W extends number,
]
  ? readonly [SlidLength<Way, H, K, O, 0>, SlidLength<Way, W, K, O, 1>]
  : Spatial extends readonly [infer L extends number]
    ? readonly [SlidLength<Way, L, K, O, 0>]
    : never;

type Unranked<S> = S extends { readonly length: infer Rank } ? (number extends Rank ? true : false) : true;

type Mismatch<Expected extends number, C extends number> = ShapeError<`expects ${Expected} channels but receives ${C}`>;

type Axes<N extends 1 | 2> = N extends 1 ? readonly [number] : readonly [number, number];

/** The error type for an input that is not a batch of maps with `Rank` spatial axes. */
type MapsError<Rank extends 1 | 2, S> = S extends Shape
  ? ShapeError<`expected an input of shape ${Rank extends 1 ? '[batch, channels, length]' : '[batch, channels, height, width]'}, got ${Printed<S>}`>
  : never;

/** The result shape for windows of size `K` that slide over the spatial axes, and turn `In` channels into `Out`. */
type Maps<
  Way extends 'convolution' | 'transposed',
  Rank extends 1 | 2,
  In extends number,
  Out extends number,
  K,
  O,
  S,
> =
  Unranked<S> extends true
    ? readonly [number, Out, ...Axes<Rank>]
    : S extends readonly [infer B extends number, infer C extends number, ...infer Spatial extends Axes<Rank>]
      ? Agree<C, In> extends true
        ? readonly [B, Out, ...Slid<Way, Spatial, K, O>]
        : Mismatch<In, C>
      : MapsError<Rank, S>;

/**
 * The shape map of convolutions: `In` channels become `Out` channels, and the length of each spatial axis becomes the
 * number of window positions.
 */
export interface ConvolutionMap<Rank extends 1 | 2, In extends number, Out extends number, K, O> extends ShapeMap {
  readonly output: Maps<'convolution', Rank, In, Out, K, O, this['input']>;
}

/**
 * The shape map of transposed convolutions: `In` channels become `Out` channels, and each spatial axis becomes as long
 * as the windows of its elements reach.
 */
export interface TransposedMap<Rank extends 1 | 2, In extends number, Out extends number, K, O> extends ShapeMap {
  readonly output: Maps<'transposed', Rank, In, Out, K, O, this['input']>;
}

/** The error type for a weight with the wrong number of axes. */
type WeightError<
  Call extends string,
  Wanted extends string,
  W extends Shape,
> = ShapeError<`${Call}: expected a weight of shape ${Wanted}, got ${Printed<W>}`>;

/** The shape of the convolution of shape `S` with a weight of shape `W`, [out, in / groups, ...kernel]. */
export type ByWeight<Call extends string, Rank extends 1 | 2, S extends Shape, W extends Shape, O> =
  Unranked<W> extends true
    ? Apply<ConvolutionMap<Rank, number, number, PerAxis, O>, S>
    : W extends readonly [infer Out extends number, infer C extends number, ...infer K extends Axes<Rank>]
      ? Apply<ConvolutionMap<Rank, Times<C, Groups<O>>, Out, K, O>, S>
      : WeightError<Call, '[out, in / groups, ...kernel]', W>;

/** The shape of the transposed convolution of shape `S` with a weight of shape `W`, [in, out / groups, ...kernel]. */
export type ByTransposedWeight<Call extends string, Rank extends 1 | 2, S extends Shape, W extends Shape, O> =
  Unranked<W> extends true
    ? Apply<TransposedMap<Rank, number, number, PerAxis, O>, S>
    : W extends readonly [infer In extends number, infer C extends number, ...infer K extends Axes<Rank>]
      ? Apply<TransposedMap<Rank, In, Times<C, Groups<O>>, K, O>, S>
      : WeightError<Call, '[in, out / groups, ...kernel]', W>;

/**
 * The shape map of pooling: the lengths of the last `Rank` axes become the numbers of positions of windows of size `K`.
 * The stride defaults to `K`.
 */
export interface PoolingMap<Rank extends 1 | 2, K, O> extends ShapeMap {
  readonly output: Rank extends 1
    ? this['input'] extends readonly [...infer Lead extends Shape, infer L extends number]
      ? readonly [...Lead, ...Slid<'pooling', readonly [L], K, O>]
      : Shape
    : this['input'] extends readonly [...infer Lead extends Shape, infer H extends number, infer W extends number]
      ? readonly [...Lead, ...Slid<'pooling', readonly [H, W], K, O>]
      : Shape;
}

/** The shape map of resizing: the last two axes get the lengths `P`. */
export interface ResizedMap<P extends PerAxis> extends ShapeMap {
  readonly output: this['input'] extends readonly [...infer Lead extends Shape, unknown, unknown]
    ? readonly [...Lead, At<P, 0>, At<P, 1>]
    : Shape;
}

/** The shape map of scaling: the lengths of the last two axes are multiplied by `P`. */
export interface ScaledMap<P extends PerAxis> extends ShapeMap {
  readonly output: this['input'] extends readonly [
    ...infer Lead extends Shape,
    infer H extends number,
    infer W extends number,
  ]
    ? readonly [...Lead, Times<H, At<P, 0>>, Times<W, At<P, 1>>]
    : Shape;
}

/** The shape map of global pooling: the axes after the first two are removed. */
export interface PooledMap extends ShapeMap {
  readonly output: this['input'] extends readonly [infer B extends number, infer C extends number, ...unknown[]]
    ? readonly [B, C]
    : Shape;
}

/** The shape map of `Flatten`: all axes after the first are merged into one. */
export interface FlattenMap extends ShapeMap {
  readonly output: Unranked<this['input']> extends true
    ? readonly [number, number]
    : this['input'] extends readonly [infer B extends number, ...infer Others extends Shape]
      ? readonly [B, Size<Others>]
      : Shape;
}

/** The shape map of `Reshape`: the axes after the first become those of `T`, with the same number of elements. */
export interface ReshapeMap<T extends Shape> extends ShapeMap {
  readonly output: Unranked<this['input']> extends true
    ? readonly [number, ...T]
    : this['input'] extends readonly [infer B extends number, ...infer Others extends Shape]
      ? Agree<Size<Others>, Size<T>> extends true
        ? readonly [B, ...T]
        : ShapeError<`expects ${Size<T>} elements per example but receives ${Size<Others>}`>
      : Shape;
}

/** The shape map of `InputShape`: the axes after the first must be `S`. */
export interface InputMap<S extends Shape> extends ShapeMap {
  readonly output: Unranked<this['input']> extends true
    ? readonly [number, ...S]
    : this['input'] extends readonly [infer B extends number, ...infer Others extends Shape]
      ? SameShapes<Others, S> extends true
        ? readonly [B, ...S]
        : ShapeError<`expects examples of shape ${Printed<S>} but receives ${Printed<Others>}`>
      : ShapeError<`expects examples of shape ${Printed<S>} but receives a scalar`>;
}

/** The shape map of `PixelShuffle`: channels become blocks of `R` by `R` elements. */
export interface ShuffleMap<R extends number> extends ShapeMap {
  readonly output: this['input'] extends readonly [
    infer B extends number,
    infer C extends number,
    infer H extends number,
    infer W extends number,
  ]
    ? readonly [B, Quotient<C, Times<R, R>>, Times<H, R>, Times<W, R>]
    : readonly [number, number, number, number];
}
