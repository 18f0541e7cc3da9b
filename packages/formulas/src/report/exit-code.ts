/** What a program that judges pages ends with. */

import type { PageResult } from './result.ts';

/** 0 where every formula holds, 1 where one is wrong or holds on a condition, 2 where one was not understood or decided. */
export function exitCode(results: readonly PageResult[]): 0 | 1 | 2 {
  const verdicts = results.flatMap(({ formulas }) => formulas.map(({ verdict }) => verdict));
  if (verdicts.some((verdict) => verdict === 'wrong' || verdict === 'conditional')) return 1;
  return verdicts.some((verdict) => verdict !== 'holds') ? 2 : 0;
}
