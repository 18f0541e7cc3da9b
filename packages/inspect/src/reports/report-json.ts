/** Reports as JSON. */

import type { Reportable } from './findings.ts';

/** Replaces NaN and the infinities, which JSON can't represent, by strings. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Writes a whole report as JSON. The tensors of its counterexamples become shape, dtype and a list of elements. */
export const reportJson = (report: Reportable): string => JSON.stringify(report, plain, 2);
