/**
 * The abstract interpreter: runs the primitives on shapes and dtypes alone.
 *
 * Every operand is checked here, once for all interpreters: they ask it for the result's type and then compute.
 */

import { resultOf } from './abstract/shape-inference.ts';
import { windowedResultOf } from './abstract/windowed.ts';
import type { ArrayLike, Kernels } from './primitives.ts';

/** The interpreter that computes only shapes and dtypes. */
export const abstract: Kernels<ArrayLike> = { ...resultOf, ...windowedResultOf };
