/** Computes the checksum of bytes, for tests that change a checkpoint and its sum. */

import { Checksum } from '../../src/checksum/xxh64.ts';

export function sumOf(bytes: Uint8Array, piece: number = bytes.length): string {
  const sum = new Checksum();
  for (let from = 0; from < bytes.length; from += piece) sum.update(bytes.subarray(from, from + piece));
  return sum.digest();
}
