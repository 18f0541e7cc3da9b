/**
 * The abstract interpreter: runs the primitives on shapes and dtypes alone.
 *
 * It is where every operand is checked, once for all interpreters: they ask it for the result's type and then compute.
 */

import { resultOf } from './abstract/shape-inference.ts';
import { windowedResultOf } from './abstract/windowed.ts';
import type { ArrayLike, Kernels } from './primitives.ts';

/** The interpreter that computes shapes and dtypes alone. */
export const abstract: Kernels<ArrayLike> = { ...resultOf, ...windowedResultOf };
