import { ArgumentError } from '../../error-classes.ts';
import type { VectorBits } from '../assembler/vector-width.ts';

/** Returns `bits`, or throws unless it is 128 or 256. */
export function checkBits(call: string, bits: VectorBits): VectorBits {
  if (bits === 128 || bits === 256) return bits;
  throw new ArgumentError(`${call}: expected 128 or 256 bits, got ${String(bits)}`);
}
