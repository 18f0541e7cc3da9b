/**
 * Shapes in the type system.
 *
 * Literal axis lengths are checked at compile time; `number` is a length known only at run time, and is compatible with
 * every length. If shapes don't match, the result is the type `ShapeError<'…'>`, with the same message as the run-time
 * check. If nothing is known, the result is `Shape`.
 */

import type { Shape, ShapeError } from '@tapegrad/kernels';
import type { Plus } from './type-arithmetic.ts';

/** A type that differs whenever A differs, since it is invariant in A. */
type Exactly<A> = (a: A) => A;

/**
 * Whether two lengths can be equal; an unknown one is compatible with all.
 *
 * The first test checks whether A and B are the same type. This resolves even if both are the same unresolved type
 * parameter, whereas `A extends B` would leave the whole type unresolved. Other types whose arguments may be type
 * parameters begin with such a test, too.
 */
export type Agree<A extends number, B extends number> = readonly [Exactly<A>, Exactly<B>] extends
  | readonly [Exactly<B>, unknown]
  | readonly [Exactly<number>, unknown]
  | readonly [unknown, Exactly<number>]
  ? true
  : A extends B
    ? true
    : false;

/** The length of an axis that two operands share: the known one, if either is known. */
type Unify<A extends number, B extends number> = number extends A ? B : A;

/** Whether the rank is unknown. */
export type Unranked<S extends Shape> = number extends S['length'] ? true : false;

/** Whether two shapes can be equal, given what is known of them. */
export type SameShapes<A extends Shape, B extends Shape> =
  Exactly<A> extends Exactly<B>
    ? true
    : Unranked<B> extends true
      ? true
      : Unranked<A> extends true
        ? true
        : A extends readonly [infer M extends number, ...infer RestA extends Shape]
          ? B extends readonly [infer N extends number, ...infer RestB extends Shape]
            ? Agree<M, N> extends true
              ? SameShapes<RestA, RestB>
              : false
            : false
          : B extends readonly []
            ? true
            : false;

type Join<S extends Shape> = S extends readonly [infer Only extends number]
  ? `${Only}`
  : S extends readonly [infer First extends number, ...infer Rest extends Shape]
    ? `${First}, ${Join<Rest>}`
    : '';

/** A shape as printed in messages. */
export type Printed<S extends Shape> = `[${Join<S>}]`;

/**
 * A length in a wrapper. A conditional type can test whether a length is present, even for a type parameter. The
 * wrapper isn't an interface, since it appears written out in the declaration files of programs.
 */
type Length<N extends number> = { readonly is: N };

/** The length that two lengths broadcast to; `undefined` if they are incompatible. */
type BroadcastAxis<A extends number, B extends number> =
  Exactly<B> extends Exactly<A> | Exactly<1>
    ? Length<A>
    : A extends 1
      ? Length<B>
      : B extends 1
        ? Length<A>
        : Agree<A, B> extends true
          ? Length<Unify<A, B>>
          : undefined;

type BroadcastAxes<
  Call extends string,
  A extends Shape,
  B extends Shape,
  LeftA extends Shape,
  LeftB extends Shape,
  Out extends Shape,
> = LeftA extends readonly [...infer RestA extends Shape, infer LastA extends number]
  ? LeftB extends readonly [...infer RestB extends Shape, infer LastB extends number]
    ? BroadcastAxis<LastA, LastB> extends Length<infer Last>
      ? BroadcastAxes<Call, A, B, RestA, RestB, readonly [Last, ...Out]>
      : ShapeError<`${Call}: cannot broadcast ${Printed<A>} with ${Printed<B>}: ${LastA} and ${LastB} differ`>
    : readonly [...LeftA, ...Out]
  : readonly [...LeftB, ...Out];

/** Whether A and B are known to broadcast to A. This resolves even if A is an unknown type parameter. */
export type Absorbs<A extends Shape, B extends Shape> =
  Exactly<B> extends Exactly<A> | Exactly<readonly []> | Exactly<[]> ? true : false;

/** The shape that both shapes broadcast to. */
export type Broadcast<Call extends string, A extends Shape, B extends Shape> =
  Unranked<A> extends true ? Shape : Unranked<B> extends true ? Shape : BroadcastAxes<Call, A, B, A, B, readonly []>;

/** The shape that a condition and two values broadcast to. */
export type Where<Condition extends Shape, A extends Shape, B extends Shape> =
  Broadcast<'where', A, B> extends infer Values extends Shape
    ? Broadcast<'where', Condition, Values>
    : Broadcast<'where', A, B>;

type InnerError<K1 extends number, K2 extends number> = ShapeError<`matmul: inner dimensions ${K1} and ${K2} differ`>;

/** The shape of a matrix product of vectors, matrices, or batches of matrices; the batch axes broadcast. */
export type MatMul<A extends Shape, B extends Shape> =
  Unranked<A> extends true
    ? Shape
    : Unranked<B> extends true
      ? Shape
      : A extends readonly [infer K1 extends number]
        ? B extends readonly [infer K2 extends number]
          ? Agree<K1, K2> extends true
            ? readonly []
            : InnerError<K1, K2>
          : B extends readonly [...infer Batch extends Shape, infer K2 extends number, infer N extends number]
            ? Agree<K1, K2> extends true
              ? readonly [...Batch, N]
              : InnerError<K1, K2>
            : Shape
        : A extends readonly [...infer BatchA extends Shape, infer M extends number, infer K1 extends number]
          ? B extends readonly [infer K2 extends number]
            ? Agree<K1, K2> extends true
              ? readonly [...BatchA, M]
              : InnerError<K1, K2>
            : B extends readonly [...infer BatchB extends Shape, infer K2 extends number, infer N extends number]
              ? Agree<K1, K2> extends true
                ? Broadcast<'matmul', BatchA, BatchB> extends infer Batch extends Shape
                  ? readonly [...Batch, M, N]
                  : Broadcast<'matmul', BatchA, BatchB>
                : InnerError<K1, K2>
              : Shape
          : Shape;

/** Swaps the last two axes. */
export type Transpose<S extends Shape> = S extends readonly [
  ...infer Batch extends Shape,
  infer M extends number,
  infer N extends number,
]
  ? readonly [...Batch, N, M]
  : Shape;

/** The shape of an outer product. */
export type Outer<A extends Shape, B extends Shape> =
  Unranked<A> extends true
    ? readonly [number, number]
    : Unranked<B> extends true
      ? readonly [number, number]
      : readonly [A, B] extends readonly [readonly [infer M extends number], readonly [infer N extends number]]
        ? readonly [M, N]
        : ShapeError<`outer: expected two vectors, got shapes ${Printed<A>} and ${Printed<B>}`>;

/** The shape if it describes square matrices, otherwise an error message. */
export type Square<Call extends string, S extends Shape> =
  Unranked<S> extends true
    ? S
    : S extends readonly [...Shape, infer M extends number, infer N extends number]
      ? Agree<M, N> extends true
        ? S
        : ShapeError<`${Call}: expected square matrices, got shape ${Printed<S>}`>
      : ShapeError<`${Call}: expected square matrices, got shape ${Printed<S>}`>;

/** The axes before the last two. */
export type Batch<S extends Shape> = S extends readonly [...infer Lead extends Shape, unknown, unknown]
  ? readonly [...Lead]
  : Shape;

type DropLast<
  S extends Shape,
  Count extends number,
  Dropped extends Shape = readonly [],
> = Dropped['length'] extends Count
  ? S
  : S extends readonly [...infer Rest extends Shape, infer Last extends number]
    ? DropLast<Rest, Count, readonly [Last, ...Dropped]>
    : never;

/** An axis as a non-negative number; `never` if the shape has too few axes. */
type FromStart<S extends Shape, Axis extends number> = `${Axis}` extends `-${infer Back extends number}`
  ? DropLast<S, Back>['length']
  : Axis;

type LengthFromStart<S extends Shape, Axis extends number> = `${Axis}` extends keyof S ? S[`${Axis}`] : number;

type LengthAt<S extends Shape, Axis extends number> = LengthFromStart<S, FromStart<S, Axis>>;

/** The shape after permuting the axes: axis `i` of the result is axis `Order[i]` of `S`. */
export type Permute<S extends Shape, Order extends Shape> =
  Unranked<S> extends true
    ? Shape
    : Unranked<Order> extends true
      ? Shape
      : Order extends readonly [infer Axis extends number, ...infer Rest extends Shape]
        ? readonly [LengthAt<S, Axis>, ...Permute<S, Rest>]
        : readonly [];

/** The shape given to `reshape`; -1 becomes `number`, since it is resolved at run time. */
export type Reshape<S extends Shape> = { readonly [I in keyof S]: S[I] extends -1 ? number : S[I] };

type Padded<N extends number, Width> = Width extends readonly [infer Before extends number, infer After extends number]
  ? Plus<Plus<Before, N>, After>
  : number;

/** The shape after padding each axis by the given widths. */
export type Pad<S extends Shape, Widths extends PadWidths> = number extends Widths['length']
  ? Shape
  : Unranked<S> extends true
    ? Shape
    : { readonly [I in keyof S]: I extends keyof Widths ? Padded<S[I], Widths[I]> : number };

/** The number of elements that `pad` adds before and after each axis. */
export type PadWidths = readonly (readonly [before: number, after: number])[];

type Kept<Keep extends boolean> = Keep extends true ? readonly [1] : readonly [];

type ReplaceFromStart<
  S extends Shape,
  Axis,
  By extends Shape,
  Before extends Shape = readonly [],
> = S extends readonly [infer Head extends number, ...infer Rest extends Shape]
  ? Before['length'] extends Axis
    ? readonly [...Before, ...By, ...Rest]
    : ReplaceFromStart<Rest, Axis, By, readonly [...Before, Head]>
  : Shape;

/** The shape with one axis replaced by the axes `By`, which may be empty. */
export type ReplaceAxis<S extends Shape, Axis extends number, By extends Shape> =
  Unranked<S> extends true ? Shape : number extends Axis ? Shape : ReplaceFromStart<S, FromStart<S, Axis>, By>;

type InsertFromStart<
  S extends Shape,
  Axis,
  Length extends number,
  Before extends Shape = readonly [],
> = Before['length'] extends Axis
  ? readonly [...Before, Length, ...S]
  : S extends readonly [infer Head extends number, ...infer Rest extends Shape]
    ? InsertFromStart<Rest, Axis, Length, readonly [...Before, Head]>
    : Shape;

/** The shape with an additional axis, inserted at `Axis`. */
export type InsertAxis<S extends Shape, Axis extends number, Length extends number> =
  Unranked<S> extends true
    ? Shape
    : number extends Axis
      ? Shape
      : InsertFromStart<S, FromStart<readonly [...S, Length], Axis> & number, Length>;

/** The shape with an axis of length 1 inserted at `Axis`. */
export type Unsqueeze<S extends Shape, Axis extends number> = InsertAxis<S, Axis, 1>;

/** The axes of one shape followed by those of another. */
export type Joined<A extends Shape, B extends Shape> =
  Unranked<A> extends true ? Shape : Unranked<B> extends true ? Shape : readonly [...A, ...B];

type SqueezeAll<S extends Shape> = S extends readonly [infer Head extends number, ...infer Rest extends Shape]
  ? number extends Head
    ? Shape
    : Head extends 1
      ? SqueezeAll<Rest>
      : SqueezeAll<Rest> extends infer Others extends Shape
        ? Unranked<Others> extends true
          ? Shape
          : readonly [Head, ...Others]
        : never
  : readonly [];

/** The shape without an axis, or without all axes known to have length 1. */
export type Squeeze<S extends Shape, Axis extends Axes> =
  Unranked<S> extends true
    ? Shape
    : Axis extends undefined
      ? SqueezeAll<S>
      : Axis extends number
        ? ReplaceAxis<S, Axis, readonly []>
        : Shape;

/** The shape with two axes swapped. */
export type SwapAxes<S extends Shape, A extends number, B extends number> =
  Unranked<S> extends true
    ? Shape
    : number extends A | B
      ? Shape
      : {
          readonly [I in keyof S]: I extends `${FromStart<S, A>}`
            ? LengthAt<S, B>
            : I extends `${FromStart<S, B>}`
              ? LengthAt<S, A>
              : S[I];
        };

type Ones<S extends Shape> = S extends readonly [unknown, ...infer Rest extends Shape]
  ? readonly [1, ...Ones<Rest>]
  : readonly [];

/** The axes to reduce over: one axis, several axes, or undefined for all axes. */
export type Axes = number | readonly number[] | undefined;

/** The shape after a reduction over `A`. */
export type Reduce<S extends Shape, A extends Axes, Keep extends boolean> = A extends undefined
  ? Keep extends true
    ? Unranked<S> extends true
      ? Shape
      : Ones<S>
    : readonly []
  : A extends number
    ? ReplaceAxis<S, A, Kept<Keep>>
    : Shape;

/** An array nested to any depth. */
export type Nested<T> = T | readonly Nested<T>[];

/** The shape of an entry that is not an array: the scalar shape, or `Shape` if the entry's type also allows arrays. */
type ScalarShape<T> = [Extract<T, readonly unknown[] | ArrayBufferView>] extends [never] ? readonly [] : Shape;

/** Nested array types by rank. Higher and unknown ranks map to an array of any depth. */
type NestedTimes<T> = {
  0: T;
  1: T[];
  2: T[][];
  3: T[][][];
  4: T[][][][];
  5: T[][][][][];
  6: T[][][][][][];
  [rank: number]: Nested<T>;
};

/** A nested array with one level for each axis of a shape. */
export type NestedAs<S extends Shape, T> = NestedTimes<T>[S['length']];

/** The shape of a nested array literal, as far as the type of the literal determines it. */
export type ShapeOf<T> = [T] extends [readonly (infer Element)[]]
  ? readonly [T['length'], ...ShapeOf<Element>]
  : [T] extends [ArrayBufferView]
    ? readonly [number]
    : ScalarShape<T>;
