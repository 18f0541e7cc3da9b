/** WebAssembly's instructions on single bytes of vectors, which only generated loops over bool elements use. */

import { unsigned } from './encoding.ts';
import { access, codeOf, loader, type Operand, type Statement, type Value, value } from './instructions.ts';

const SIMD = 0xfd_0000;

// The call is marked as pure, so that bundlers can drop it from programs that don't use its result.
const makeByteLanes = () => ({
  /** Loads one byte into all lanes. */
  loadSplat: loader('v128', SIMD + 0x07, 0),
  /** Returns the vector with one byte replaced from memory. */
  loadLane: (address: Operand<'i32'>, vector: Value<'v128'>, lane: number, offset = 0): Value<'v128'> =>
    value('v128', codeOf('i32', address), vector.code, access(SIMD + 0x54, 0), unsigned(offset), lane),
  /** Stores one byte. */
  storeLane: (address: Operand<'i32'>, vector: Value<'v128'>, lane: number, offset = 0): Statement =>
    value('void', codeOf('i32', address), vector.code, access(SIMD + 0x58, 0), unsigned(offset), lane),
});

/** Instructions on single bytes of a vector. */
export const byteLanes = /* @__PURE__ */ makeByteLanes();
