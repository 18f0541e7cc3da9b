/** The exit code of a program that judges pages. */

import type { PageResult } from './result.ts';

/**
 * Returns 1 if a formula is wrong or holds only conditionally. Otherwise returns 2 if one was not understood or decided, and
 * 0 if all hold.
 */
export function exitCode(results: readonly PageResult[]): 0 | 1 | 2 {
  const verdicts = results.flatMap(({ formulas }) => formulas.map(({ verdict }) => verdict));
  if (verdicts.some((verdict) => verdict === 'wrong' || verdict === 'conditional')) return 1;
  return verdicts.some((verdict) => verdict !== 'holds') ? 2 : 0;
}
