/** Looks for the smallest network on which a formula fails in the same way as on a given one. */

import { type FactorName, namedFactors } from '../compare/factors.ts';
import { type Check, type Claim, checksOf, type NetworkSample } from './formulas.ts';

/**
 * Returns the factor shared by all checks that differ by a constant factor: a name that fits them all, or else the
 * number.
 */
export function commonFactor(checks: readonly Check[]): FactorName | number | undefined {
  const factors = checks.flatMap(({ sample, comparison }) =>
    comparison?.verdict === 'factor' ? [{ factor: comparison.factor, n: sample.reading.n }] : [],
  );
  const [first] = factors;
  if (first === undefined) return undefined;
  const isClose = (x: number, y: number) => Math.abs(x - y) <= 1e-9 * Math.abs(y);
  const names = [...namedFactors(first.n).keys()];
  const named = names.find((name) =>
    factors.every(({ factor, n }) => isClose(namedFactors(n).get(name) ?? Number.NaN, factor)),
  );
  return named ?? (factors.every(({ factor }) => isClose(factor, first.factor)) ? first.factor : undefined);
}

/** Returns a size for ordering networks: first by layers, then by total width, then by points and other lengths. */
export const sizeOf = ({ plan }: NetworkSample): number => {
  const lengths = Object.values(plan.sizes ?? {}).reduce((sum, size) => sum + size, plan.batch);
  return 1e6 * plan.transitions.length + 1e3 * plan.widths.reduce((sum, width) => sum + width, 0) + lengths;
};

/** Starting from a failed check, finds the smallest network on which the formula fails in the same way. */
export function shrink(claim: Claim, check: Check, bound: number | undefined): Check {
  const isAlike = (other: Check): boolean =>
    other.verdict === check.verdict && (check.verdict !== 'factor' || commonFactor([check, other]) !== undefined);
  const shrunk = (from: Check): Check | undefined => {
    for (const sample of from.sample.smaller()) {
      const found = checksOf(claim, sample, bound).checks.find(isAlike);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  let smallest = check;
  for (let next = shrunk(check); next !== undefined; next = shrunk(next)) smallest = next;
  return smallest;
}
