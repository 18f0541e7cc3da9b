/**
 * The width of the vectors that the engine's compiler makes of a kernel. Instructions have 128 bits; V8 can join two
 * neighbouring ones into one of 256 bits (`vectors/in-node.ts` switches this on).
 */

export type VectorBits = 128 | 256;

/**
 * The size from which kernels use joined vectors: clearing the upper halves of the registers takes as long as a small
 * kernel.
 */
const MIN_JOINED_BYTES = 1 << 14;

let bits: VectorBits = 128;
let minBytes = MIN_JOINED_BYTES;
let clear: () => void = () => {};

/** Returns the width for which modules are assembled from now on. */
export const vectorBits = (): VectorBits => bits;

/** Returns the number of bytes from which kernels compute in joined vectors. */
export const minJoinedBytes = (): number => minBytes;

/**
 * Sets the number of bytes from which kernels compute in joined vectors, for modules that are assembled from now on. A
 * test sets 0, to check joined vectors on small arrays.
 */
export function joinFrom(bytes: number = MIN_JOINED_BYTES): void {
  minBytes = bytes;
}

/** Sets the width. `clearUpperHalves` must clear the upper halves of the registers if vectors are joined. */
export function assembleFor(width: VectorBits, clearUpperHalves?: () => void): void {
  bits = width;
  if (clearUpperHalves !== undefined) clear = clearUpperHalves;
}

/**
 * Clears the upper halves of the registers if a kernel that processed this many elements, of up to 8 bytes, may have
 * used them. V8 doesn't clear them. On Intel's processors, code that was compiled for older instructions without
 * 256-bit vectors is up to 20 times as slow until they are cleared. `Math.log` is such code, and so is most of a
 * JavaScript engine itself.
 */
export function settleVectors(elements: number): void {
  if (8 * elements >= minBytes) clear();
}
