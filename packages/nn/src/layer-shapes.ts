/**
 * Types that compute the result shapes of layers.
 *
 * A layer declares a `ShapeMap` under the key `shapes`: a function from the type of its input's shape to that of its
 * output's. If the input doesn't fit, it gives a `ShapeError` that says why. `Sequential` composes the maps of its layers.
 */

import type { Agree, Fitting, Of, Printed, SameShapes } from '@tapegrad/core/extend';
import type { Shape, ShapeError, Tensor } from '@tapegrad/core/lean';

/** The key of a layer's `ShapeMap`, for the compiler only: no such field exists at run time. */
export declare const shapes: unique symbol;

/** A function on shapes: an interface whose `output` depends on `this['input']`. */
export interface ShapeMap {
  readonly input: unknown;
  readonly output: unknown;
}

/** The output of a map for an input of shape `S`. */
export type Apply<Map extends ShapeMap, S extends Shape> = (Map & { readonly input: S })['output'];

/** The output has the shape of the input. */
export interface SameShape extends ShapeMap {
  readonly output: this['input'];
}

/** The output has this shape, whatever the input. */
export interface FixedShape<S extends Shape> extends ShapeMap {
  readonly output: S;
}

/** The last axis goes from `In` to `Out` features; the axes before it stay. */
export interface FeatureMap<In extends number, Out extends number> extends ShapeMap {
  readonly output: Features<this['input'], In, Out>;
}

type Features<S, In extends number, Out extends number> = S extends readonly [
  ...infer Lead extends Shape,
  infer Last extends number,
]
  ? Agree<Last, In> extends true
    ? readonly [...Lead, Out]
    : ShapeError<`expects ${In} features but receives ${Last}`>
  : S extends readonly []
    ? ShapeError<`expects ${In} features but receives a scalar`>
    : readonly [...number[], Out];

/** Each index becomes a vector of `D` features. */
export interface EmbeddingMap<D extends number> extends ShapeMap {
  readonly output: this['input'] extends infer S extends Shape ? readonly [...S, D] : never;
}

/** The second axis must have `C` channels; the shape stays the same. */
export interface ChannelMap<C extends number> extends ShapeMap {
  readonly output: Channels<this['input'], C>;
}

type Channels<S, C extends number> = S extends readonly [
  infer Batch extends number,
  infer Second extends number,
  ...infer Rest extends Shape,
]
  ? Agree<Second, C> extends true
    ? readonly [Batch, C, ...Rest]
    : ShapeError<`expects ${C} channels but receives ${Second}`>
  : S;

/** The argument of a layer's `forward`: a tensor of shape `S`, or the message that says why it doesn't fit. */
export type Input<Map extends ShapeMap, S extends Shape> = Fitting<Apply<Map, S>, S>;

/** The result of a layer's `forward` for an input of shape `S`. */
export type Output<Map extends ShapeMap, S extends Shape> = Of<Apply<Map, S>>;

/** The map of a layer. For a layer that declares none, the shape that its `forward` returns. */
type MapOf<Layer> = Layer extends { readonly [shapes]: infer Map extends ShapeMap }
  ? Map
  : Layer extends { forward(x: never): Tensor<infer S> }
    ? FixedShape<S>
    : never;

/** The composition of layers, in order. */
export interface Composed<Layers extends readonly unknown[]> extends ShapeMap {
  readonly output: Through<this['input'], Layers>;
}

type Through<S, Layers extends readonly unknown[]> = Layers extends readonly [infer First, ...infer Rest]
  ? S extends infer T extends Shape
    ? Through<Apply<MapOf<First>, T>, Rest>
    : S
  : Layers extends readonly []
    ? S
    : Shape;

/** The sum of the input and the layers' output, which must have the input's shape. */
export interface ResidualMap<Layers extends readonly unknown[]> extends ShapeMap {
  readonly output: Kept<this['input'], Through<this['input'], Layers>>;
}

type Kept<S, Out> = S extends infer S extends Shape
  ? Out extends infer Out extends Shape
    ? SameShapes<S, Out> extends true
      ? Out
      : ShapeError<`Residual: expected layers that keep the shape, but ${Printed<S>} became ${Printed<Out>}`>
    : Out
  : never;

/** The layers, with a `ShapeError` in place of each that doesn't accept the output of those before it. */
export type Checked<Layers extends readonly unknown[]> = number extends Layers['length']
  ? Layers
  : CheckedFrom<Shape, Layers, readonly []>;

type CheckedFrom<
  S extends Shape,
  Layers extends readonly unknown[],
  Done extends readonly unknown[],
> = Layers extends readonly [infer First, ...infer Rest]
  ? Apply<MapOf<First>, S> extends infer Out extends Shape
    ? CheckedFrom<Out, Rest, readonly [...Done, First]>
    : CheckedFrom<Shape, Rest, readonly [...Done, Apply<MapOf<First>, S>]>
  : Done;
