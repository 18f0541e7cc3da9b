/** Finds where two texts differ. */

import type { Span } from '../text/source.ts';

/** Splits a text into commands, numbers and single characters. */
const tokensOf = (text: string): { text: string; start: number }[] =>
  Array.from(text.matchAll(/\\[a-zA-Z]+|\d+|\S/g), (match) => ({ text: match[0], start: match.index }));

/** Returns the spans of the new text that aren't in the old one, using the longest common subsequence of tokens. */
export function changesIn(before: string, after: string): Span[] {
  const [a, b] = [tokensOf(before), tokensOf(after)];
  if (a.length * b.length > 1_000_000) return [{ start: 0, end: after.length }];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        a[i]!.text === b[j]!.text ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const changes: { start: number; end: number }[] = [];
  let [i, j] = [0, 0];
  while (j < b.length) {
    const { text, start } = b[j]!;
    if (i < a.length && a[i]!.text === text && lengths[i]![j] === lengths[i + 1]![j + 1]! + 1) {
      i++;
      j++;
    } else if (i < a.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else {
      const last = changes.at(-1);
      const isNext = last !== undefined && after.slice(last.end, start).trim() === '';
      if (isNext) last.end = start + text.length;
      else changes.push({ start, end: start + text.length });
      j++;
    }
  }
  return changes;
}
