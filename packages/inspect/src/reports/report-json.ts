/** Writes reports as JSON. */

import type { Reportable } from './findings.ts';

/** Replaces NaN and the infinities, which JSON can't represent, by strings. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/**
 * Writes a whole report as JSON. Each tensor in a counterexample becomes an object with its shape, dtype and list of
 * elements.
 */
export const reportJson = (report: Reportable): string => JSON.stringify(report, plain, 2);
