/** Arrays as files hold them: elements with a dtype and a shape, by name. */

import type { Data, DType, Shape } from '@tapegrad/core';

/** The elements of a tensor in row-major order. A `Tensor` is one, and so is an entry of `model.state()`. */
export interface NamedArray {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Data;
}

/** Arrays by name. */
export type NamedArrays = Readonly<Record<string, NamedArray>>;
