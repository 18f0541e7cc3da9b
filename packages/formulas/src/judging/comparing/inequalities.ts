/** Judges inequalities: for which random data they hold. */

import type { Data, Distribution } from '../data.ts';
import type { Pair } from '../trial.ts';
import { type Judgement, judgement } from '../verdict.ts';

const comparisons: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  '<': (x, y) => x < y,
  '>': (x, y) => x > y,
  le: (x, y) => x <= y + slack(x, y),
  ge: (x, y) => x + slack(x, y) >= y,
  ne: (x, y) => Math.abs(x - y) > slack(x, y),
};

/** The difference that rounding may make. */
const slack = (x: number, y: number): number => 1e-12 * Math.max(1, Math.abs(x), Math.abs(y));

export const isInequality = (relation: string): boolean => Object.hasOwn(comparisons, relation);

const draws: readonly Distribution[] = ['any', 'any', 'any', 'positive'];

interface Outcome {
  readonly isTrue: boolean;
  /** Whether both sides are 0. */
  readonly isZero: boolean;
  /** Whether one side is 0, so that the inequality is about a sign, which doesn't depend on the size of the data. */
  readonly isOfSign: boolean;
}

/** Returns whether an inequality holds for each of several random data; data without finite values are left out. */
function outcomes(relation: string, pairs: readonly Pair[], data: Data): Outcome[] {
  const compare = comparisons[relation]!;
  const found: Outcome[] = [];
  const isNone = (elements: Float64Array): boolean => elements.every((x) => x === 0);
  for (let seed = 1; seed <= 24; seed++) {
    const floats = data.drawn(seed, draws[seed % draws.length]!);
    for (const { left, right } of pairs) {
      const [a, b] = [floats.elements(left.node), floats.elements(right.node)];
      if (![...a, ...b].every(Number.isFinite)) continue;
      found.push({
        isTrue: a.every((x, i) => compare(x, b[b.length === 1 ? 0 : i]!)),
        isZero: isNone(a) && isNone(b),
        isOfSign: isNone(a) || isNone(b),
      });
    }
  }
  return found;
}

/** Judges an inequality. `doubt` is a reason why it may mean something else. */
export function inequality(relation: string, pairs: readonly Pair[], data: Data, doubt: string | undefined): Judgement {
  const found = outcomes(relation, pairs, data);
  if (found.length === 0) return judgement('undecided', 'none', 'it has no finite value on any data that were tried');
  if (found.every(({ isTrue }) => isTrue))
    return judgement('holds', 'numeric', `it holds for all ${found.length} random cases that were tried`);
  const isCondition = relation !== 'ne' && !found.every(({ isOfSign }) => isOfSign);
  if (isCondition || found.some(({ isTrue }) => isTrue))
    return judgement('conditional', 'numeric', 'it holds for some data only, so it is a condition on its letters');
  if (found.every(({ isZero }) => isZero))
    return judgement('not understood', 'none', 'as the page is understood, both sides are 0 everywhere');
  if (doubt !== undefined) return judgement('not understood', 'none', doubt);
  return judgement('wrong', 'numeric', `it holds for none of ${found.length} random cases`);
}
