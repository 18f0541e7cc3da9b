/**
 * Types that compute the result shapes of layers.
 *
 * A layer declares a `ShapeMap` under the key `shapes`: a type-level function from the shape of its input to the shape
 * of its output. For an invalid input, the function gives a `ShapeError` with the reason. `Sequential` composes the
 * maps of its layers.
 */

import type { Agree, Fitting, Of, Printed, SameShapes } from '@tapegrad/core/extend';
import type { Shape, ShapeError, Tensor } from '@tapegrad/core/lean';

/** The key of a layer's `ShapeMap`. Only the compiler uses it: no such field exists at run time. */
export declare const shapes: unique symbol;

/** A type-level function on shapes: an interface whose `output` depends on `this['input']`. */
export interface ShapeMap {
  readonly input: unknown;
  readonly output: unknown;
}

/** The output of a map for an input of shape `S`. */
export type Apply<Map extends ShapeMap, S extends Shape> = (Map & { readonly input: S })['output'];

/** A shape map whose output has the shape of the input. */
export interface SameShape extends ShapeMap {
  readonly output: this['input'];
}

/** A shape map whose output has shape `S`, whatever the input. */
export interface FixedShape<S extends Shape> extends ShapeMap {
  readonly output: S;
}

/** A shape map that changes the last axis from `In` to `Out` features, and keeps the axes before it. */
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

/** A shape map that turns each index into a vector of `D` features. */
export interface EmbeddingMap<D extends number> extends ShapeMap {
  readonly output: this['input'] extends infer S extends Shape ? readonly [...S, D] : never;
}

/** A shape map that keeps the shape, and whose input must have `C` channels on the second axis. */
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

/** The type of the argument of a layer's `forward`: a tensor of shape `S`, or an error message if it doesn't fit. */
export type Input<Map extends ShapeMap, S extends Shape> = Fitting<Apply<Map, S>, S>;

/** The result of a layer's `forward` for an input of shape `S`. */
export type Output<Map extends ShapeMap, S extends Shape> = Of<Apply<Map, S>>;

/** The shape map of a layer. For a layer that declares none, the map gives the shape that the layer's `forward` returns. */
type MapOf<Layer> = Layer extends { readonly [shapes]: infer Map extends ShapeMap }
  ? Map
  : Layer extends { forward(x: never): Tensor<infer S> }
    ? FixedShape<S>
    : never;

/** The composition of the shape maps of layers, in order. */
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

/** The shape map of `Residual`. The output of the layers must have the input's shape, since the two are added. */
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

/** The layers, with a `ShapeError` in place of each layer that doesn't accept the output of the layers before it. */
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
