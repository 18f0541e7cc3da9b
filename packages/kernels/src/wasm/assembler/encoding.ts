/** The number encodings of the WebAssembly binary format. */

/** A byte, or a list of parts, laid flat when the code of a function is written. */
export type Part = number | Code;
export type Code = readonly Part[];

/** Appends the bytes of the code. It runs too little to be optimised, and `for of` is slow until then. */
export function append(to: number[], code: Code): void {
  for (let i = 0; i < code.length; i++) {
    const part = code[i]!;
    if (typeof part === 'number') to.push(part);
    else append(to, part);
  }
}

/** The bytes of the code. */
export function flat(...code: Code): number[] {
  const bytes: number[] = [];
  append(bytes, code);
  return bytes;
}

/** LEB128 of an unsigned integer below 2^32. */
export const unsigned = (value: number): Part =>
  value < 0x80 ? value : [(value & 0x7f) | 0x80, unsigned(value >>> 7)];

/** LEB128 of a 32-bit integer, which may be given as signed or as unsigned. */
export function signed32(value: number): Part {
  const integer = value | 0;
  if (integer >= -64 && integer < 64) return integer & 0x7f;
  return [(integer & 0x7f) | 0x80, signed32(integer >> 7)];
}

/** LEB128 of a 64-bit integer, which may be given as signed or as unsigned. */
export function signed64(value: bigint): Part {
  const integer = BigInt.asIntN(64, value);
  const low = Number(integer & 0x7fn);
  return integer >= -64n && integer < 64n ? low : [low | 0x80, signed64(integer >> 7n)];
}

const scratch = new DataView(new ArrayBuffer(8));

/** The little-endian bytes of a float, 4 or 8 of them. */
export function float(value: number, bytes: 4 | 8): number[] {
  if (bytes === 4) scratch.setFloat32(0, value, true);
  else scratch.setFloat64(0, value, true);
  return Array.from({ length: bytes }, (_, i) => scratch.getUint8(i));
}

/** The little-endian bytes of an integer, 4 or 8 of them. */
export function integer(value: bigint, bytes: 4 | 8): number[] {
  scratch.setBigInt64(0, BigInt.asIntN(64, value), true);
  return Array.from({ length: bytes }, (_, i) => scratch.getUint8(i));
}

/** A sequence preceded by its length, as every list of the binary format is. */
export const sized = (items: readonly (readonly number[])[]): number[] => flat(unsigned(items.length)).concat(...items);

/** Bytes preceded by how many they are, as names, function bodies and sections are. */
export const sizedBytes = (bytes: readonly number[]): number[] => flat(unsigned(bytes.length)).concat(bytes);

/** A name in the binary format; names here are ASCII. */
export const ascii = (name: string): number[] => sizedBytes(Array.from(name, (character) => character.charCodeAt(0)));
