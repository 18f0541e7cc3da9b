/** Reports as JSON. */

import type { Reportable } from './findings.ts';

/** JSON has no word for NaN and the infinities: they are told as strings. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** Writes all that a report holds as JSON; the tensors of its counterexamples as shape, dtype and a list of elements. */
export const reportJson = (report: Reportable): string => JSON.stringify(report, plain, 2);
