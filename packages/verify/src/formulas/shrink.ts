/** Looks for the smallest network on which a formula fails in the same way as on a given network. */

import { type FactorName, namedFactors } from '../compare/factors.ts';
import { type Check, type Claim, checksOf, type NetworkSample } from './formulas.ts';

/**
 * Returns the factor that all checks with a constant factor share: a name that is right for all of them, or else the
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

/**
 * Returns a number by which networks are ordered: first by the number of layers, then by total width, then by points
 * and other lengths.
 */
export const sizeOf = ({ plan }: NetworkSample): number => {
  const lengths = Object.values(plan.sizes ?? {}).reduce((sum, size) => sum + size, plan.batch);
  return 1e6 * plan.transitions.length + 1e3 * plan.widths.reduce((sum, width) => sum + width, 0) + lengths;
};

/**
 * Shrinks the network of a failed check as far as possible while the formula still fails in the same way. Returns the
 * check on the smallest network.
 */
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
