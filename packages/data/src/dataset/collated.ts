import type { Shape, Tensor } from '@tapegrad/core';

/** A typed array that stores elements of one of the dtypes. */
export type NumberArray = Float32Array | Float64Array | Int32Array;

/** The tensor of examples of shape `S`, stacked along a new first axis. */
export type Stacked<S extends Shape> = number extends S['length'] ? Tensor : Tensor<readonly [number, ...S]>;

/**
 * The batch of examples of type `E`: tensors are stacked, numbers become a float32 tensor, booleans a bool tensor, and
 * records a record of batches. Strings become a list.
 */
export type Collated<E> =
  E extends Tensor<infer S>
    ? Stacked<S>
    : E extends number | boolean
      ? Tensor<readonly [number]>
      : E extends string
        ? readonly string[]
        : E extends NumberArray | readonly number[] | readonly boolean[]
          ? Tensor<readonly [number, number]>
          : E extends readonly (readonly number[])[]
            ? Tensor<readonly [number, number, number]>
            : E extends object
              ? { readonly [Name in keyof E]: Collated<E[Name]> }
              : never;

/** Tensors with the same number of rows, where row i of each belongs to example i: for example inputs and labels. */
export type Columns = Readonly<Record<string, Tensor>>;

/** One example: a row of each of several tensors. */
export type Row<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends Tensor<readonly [number, ...infer S extends Shape]>
    ? Tensor<Readonly<S>>
    : Tensor;
};
