/** The exit code of a program that judges pages. */

import type { PageResult } from './result.ts';

/** Returns 1 if a formula is wrong or holds only conditionally, otherwise 2 if one was not understood or decided, otherwise 0. */
export function exitCode(results: readonly PageResult[]): 0 | 1 | 2 {
  const verdicts = results.flatMap(({ formulas }) => formulas.map(({ verdict }) => verdict));
  if (verdicts.some((verdict) => verdict === 'wrong' || verdict === 'conditional')) return 1;
  return verdicts.some((verdict) => verdict !== 'holds') ? 2 : 0;
}
