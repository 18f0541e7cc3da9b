/**
 * The abstract interpreter: runs the primitives on shapes and dtypes only.
 *
 * It checks every operand, once for all interpreters. They ask it for the type of a result, then compute the result.
 */

import { cumulativeResultOf } from './abstract/cumulative.ts';
import { elementProductResultOf } from './abstract/element-products.ts';
import { indexingResultOf } from './abstract/indexing.ts';
import { normalizationResultOf } from './abstract/normalization.ts';
import { orderingResultOf } from './abstract/ordering.ts';
import { resultOf } from './abstract/shape-inference.ts';
import { windowedResultOf } from './abstract/windowed.ts';
import type { ArrayLike, Kernels } from './primitives.ts';

/** The interpreter that computes only shapes and dtypes. */
export const abstract: Kernels<ArrayLike> = {
  ...resultOf,
  ...cumulativeResultOf,
  ...elementProductResultOf,
  ...indexingResultOf,
  ...normalizationResultOf,
  ...orderingResultOf,
  ...windowedResultOf,
};
