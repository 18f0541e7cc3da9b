/** The number encodings of the WebAssembly binary format. */

/** A byte, or a nested list of bytes, flattened when a function's code is written. */
export type Chunk = number | Code;
export type Code = readonly Chunk[];

/** Appends the bytes of some code. This runs too rarely for engines to optimize it, and unoptimized `for of` is slow. */
export function append(to: number[], code: Code): void {
  for (let i = 0; i < code.length; i++) {
    const part = code[i]!;
    if (typeof part === 'number') to.push(part);
    else append(to, part);
  }
}

/** Flattens code into bytes. */
export function flat(...code: Code): number[] {
  const bytes: number[] = [];
  append(bytes, code);
  return bytes;
}

/** Encodes an unsigned integer below 2^32 as LEB128. */
export const unsigned = (value: number): Chunk =>
  value < 0x80 ? value : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];

/** Encodes a 32-bit integer, given as signed or unsigned, as LEB128. */
export function signed32(value: number): Chunk {
  const integer = value | 0;
  if (integer >= -64 && integer < 64) return integer & 0x7f;
  return [(integer & 0x7f) | 0x80, signed32(integer >> 7)];
}

/** Encodes a 64-bit integer, given as signed or unsigned, as LEB128. */
export function signed64(value: bigint): Chunk {
  const integer = BigInt.asIntN(64, value);
  const low = Number(integer & 0x7fn);
  return integer >= -64n && integer < 64n ? low : [low | 0x80, signed64(integer >> 7n)];
}

const scratch = new DataView(new ArrayBuffer(8));

/** Returns the little-endian bytes of a float, 4 or 8 of them. */
export function float(value: number, bytes: 4 | 8): number[] {
  if (bytes === 4) scratch.setFloat32(0, value, true);
  else scratch.setFloat64(0, value, true);
  return Array.from({ length: bytes }, (_, i) => scratch.getUint8(i));
}

/** Returns the little-endian bytes of an integer, 4 or 8 of them. */
export function integer(value: bigint, bytes: 4 | 8): number[] {
  scratch.setBigInt64(0, BigInt.asIntN(64, value), true);
  return Array.from({ length: bytes }, (_, i) => scratch.getUint8(i));
}

/** Encodes a list, preceded by its length, as everywhere in the binary format. */
export const sized = (items: readonly (readonly number[])[]): number[] => flat(unsigned(items.length)).concat(...items);

/** Encodes bytes, preceded by their number, as for names, function bodies and sections. */
export const sizedBytes = (bytes: readonly number[]): number[] => flat(unsigned(bytes.length)).concat(bytes);

/** Encodes a name, which must be ASCII here. */
export const ascii = (name: string): number[] => sizedBytes(Array.from(name, (character) => character.charCodeAt(0)));
