/** The element types of files, and the dtypes that they are converted to. */

import type { DType } from '@tapegrad/core';

/** The element types of files, under PyTorch's names. */
export const ELEMENT_TYPES = {
  float64: { bytes: 8, dtype: 'float64' },
  float32: { bytes: 4, dtype: 'float32' },
  float16: { bytes: 2, dtype: 'float32' },
  bfloat16: { bytes: 2, dtype: 'float32' },
  float8_e4m3fn: { bytes: 1, dtype: 'float32' },
  float8_e5m2: { bytes: 1, dtype: 'float32' },
  float8_e4m3fnuz: { bytes: 1, dtype: 'float32' },
  float8_e5m2fnuz: { bytes: 1, dtype: 'float32' },
  float8_e8m0fnu: { bytes: 1, dtype: 'float32' },
  int64: { bytes: 8, dtype: 'int32' },
  uint64: { bytes: 8, dtype: 'int32' },
  int32: { bytes: 4, dtype: 'int32' },
  uint32: { bytes: 4, dtype: 'int32' },
  int16: { bytes: 2, dtype: 'int32' },
  uint16: { bytes: 2, dtype: 'int32' },
  int8: { bytes: 1, dtype: 'int32' },
  uint8: { bytes: 1, dtype: 'int32' },
  bool: { bytes: 1, dtype: 'bool' },
} as const satisfies Readonly<Record<string, { readonly bytes: number; readonly dtype: DType }>>;

/** The type of the elements in a file. */
export type ElementType = keyof typeof ELEMENT_TYPES;

/** The element types that arrays can be written as. */
export type WritableType = Exclude<ElementType, `float8${string}`>;

/** The conversion of integer types whose values may be outside the range of int32: int64, uint64 and uint32. */
export interface IntegerOptions {
  /**
   * The dtype that int64, uint64 and uint32 are converted to. With `int32`, numbers outside its range are an error.
   * With `float64`, numbers beyond 2^53 are rounded to the nearest. Defaults to `int32`.
   */
  readonly int64?: 'int32' | 'float64';
}

/** Returns whether an element type is a floating-point type. */
export const isFloatType = (type: ElementType): boolean => type.includes('float');
