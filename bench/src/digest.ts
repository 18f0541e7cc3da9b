import type { Digest, Results } from './protocol.ts';

const ENTRIES = 24;

function digest(values: ArrayLike<number>): Digest {
  const count = Math.min(values.length, ENTRIES);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return {
    meanSquare: squares / values.length,
    entries: Array.from({ length: count }, (_, n) => values[Math.floor((n * values.length) / count)]!),
  };
}

/** Computes the digest of every result, by name. */
export function digestAll(results: Results): Record<string, Digest> {
  return Object.fromEntries(Object.entries(results).map(([name, values]) => [name, digest(values)]));
}
