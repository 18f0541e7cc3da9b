/** Handles requests for 256-bit vectors in hosts other than Node and Deno, which have none. */

import { ArgumentError } from '../../error-classes.ts';
import type { VectorBits } from '../assembler/vector-width.ts';
import { checkBits } from './check-bits.ts';

/** Does nothing, since only hosts with a command line can ask for wider vectors at the start. */
export function prepareVectors(): void {}

/** Throws unless `bits` is 128. */
export function switchVectors(call: string, bits: VectorBits): void {
  if (checkBits(call, bits) === 256) {
    throw new ArgumentError(`${call}: expected 128, got 256; this host has no vectors of 256 bits, but Node 24 has`);
  }
}
