/** Damages files at random, depending on a seed: changes bits, bytes and lengths, and drops, repeats or cuts pieces. */

import type { Random } from '@tapegrad/core';

/** Numbers at the limits of fields. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0xffffffffffffffffn,
];

/** Returns an integer below n. */
const below = (random: Random, n: number): number => Math.min(Math.floor(random.next() * n), n - 1);

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** A piece of a file: its start and end. */
function piece(bytes: Uint8Array, random: Random): readonly [start: number, end: number] {
  const start = below(random, bytes.length);
  return [start, start + 1 + below(random, Math.min(64, bytes.length - start))];
}

const mutations: readonly Mutation[] = [
  (bytes, random) => bytes.with(below(random, bytes.length), below(random, 256)),
  (bytes, random) => {
    const at = below(random, bytes.length);
    return bytes.with(at, bytes[at]! ^ (1 << below(random, 8)));
  },
  (bytes, random) => bytes.slice(0, below(random, bytes.length)),
  (bytes, random) => joined(bytes, bytes.subarray(below(random, bytes.length))),
  (bytes, random) => {
    const [start, end] = piece(bytes, random);
    return joined(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, random) => {
    const [start, end] = piece(bytes, random);
    const at = below(random, bytes.length);
    return joined(bytes.subarray(0, at), bytes.subarray(start, end), bytes.subarray(at));
  },
  (bytes, random) => {
    const size = [1, 2, 4, 8][below(random, 4)]!;
    const edge = EDGES[below(random, EDGES.length)]!;
    const at = below(random, Math.max(bytes.length - size, 1));
    const changed = bytes.slice();
    for (let i = 0; i < size && at + i < bytes.length; i++) changed[at + i] = Number((edge >> BigInt(8 * i)) & 0xffn);
    return changed;
  },
  // One digit of a text becomes several.
  (bytes, random) => {
    const digits = Array.from(bytes.keys()).filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39);
    if (digits.length === 0) return bytes.with(0, 0x39);
    const at = digits[below(random, digits.length)]!;
    const longer = Buffer.from('9'.repeat(1 + below(random, 20)));
    return joined(bytes.subarray(0, at), longer, bytes.subarray(at + 1));
  },
];

/** Damages bytes one to four times. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let changed: Uint8Array = new Uint8Array(bytes);
  for (let count = 1 + below(random, 4); count > 0 && changed.length > 0; count--) {
    changed = new Uint8Array(mutations[below(random, mutations.length)]!(changed, random));
  }
  return changed;
}
