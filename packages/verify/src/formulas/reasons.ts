/**
 * Finds the reason why the values of a formula differ. The reason must be the same for the failed checks with the
 * largest tensors.
 */

import type { Tensor } from '@tapegrad/core';
import { compare } from '../compare/compare.ts';
import type { Check } from './formulas.ts';
import { Inapplicable } from './layered.ts';

/** The number of failed checks to explain. Those with the largest tensors come first. */
const explainedChecks = 4;

/**
 * Returns the quantities of a network that an explanation may mention, named with their layers. For a formula that
 * applies to every layer, layer numbers in names are relative to `l`.
 */
function knownIn(
  { quantities, named }: Check['sample']['reading'],
  l: number | undefined,
  isGeneral: boolean,
): Record<string, () => Tensor | undefined> {
  const attempt = (f: () => Tensor) => (): Tensor | undefined => {
    try {
      return f();
    } catch (error) {
      if (error instanceof Inapplicable) return undefined; // The network has no such quantity.
      throw error;
    }
  };
  const indexOf = (at: number): string => {
    if (!isGeneral || l === undefined) return String(at);
    return at === l ? 'l' : `l${at > l ? '+' : '-'}${Math.abs(at - l)}`;
  };
  const known: Record<string, () => Tensor | undefined> = {};
  for (const name of named.names) known[name] = attempt(() => named.variable(name).detach());
  for (let at = 1; at <= quantities.L; at++) {
    const index = indexOf(at);
    known[`slope(${index})`] = attempt(() => quantities.slope(at));
    for (const list of ['W', 'b', 'Z', 'A', 'delta', 'dZ'] as const) {
      known[`${list}[${index}]`] = attempt(() => quantities[list][at]!);
    }
  }
  return known;
}

/**
 * Returns the reason that the failed checks with the largest tensors share. Returns undefined if no reason was found,
 * or if their reasons differ.
 */
export function commonReason(failed: readonly Check[], isGeneral: boolean): string | undefined {
  const largest = failed
    .filter(({ comparison }) => comparison?.verdict === 'different')
    .sort((a, b) => b.expected.size - a.expected.size)
    .slice(0, explainedChecks);
  const reasons = new Set(
    largest.map(({ sample, layer, expected, actual }) => {
      const known = knownIn(sample.reading, layer, isGeneral);
      const found = compare('formula', expected, actual!, { n: sample.reading.n, known });
      return found.verdict === 'different' ? found.explanation?.message : undefined;
    }),
  );
  return reasons.size === 1 ? [...reasons][0] : undefined;
}
