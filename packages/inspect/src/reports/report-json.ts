/** Reports as JSON. */

import { Tensor } from '@tapegrad/core';
import type { Reportable } from './findings.ts';

/** JSON has no word for NaN and the infinities: they are told as strings; tensors as dtype, shape and nested arrays. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value instanceof Tensor ? { dtype: value.dtype, shape: value.shape, data: value.toArray() } : value;
}

/** All that a report holds, the tensors of its counterexamples included, as JSON. */
export const reportJson = (report: Reportable): string => JSON.stringify(report, plain, 2);
