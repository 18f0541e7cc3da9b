/**
 * The width of the vectors that the engine's compiler makes of a kernel. Instructions have 128 bits; V8 can join two
 * neighbouring ones into one of 256 bits (`vectors/in-node.ts` switches this on).
 */

export type VectorBits = 128 | 256;

let bits: VectorBits = 128;

/** Returns the width for which modules are assembled from now on. */
export const vectorBits = (): VectorBits => bits;

export function assembleFor(width: VectorBits): void {
  bits = width;
}
