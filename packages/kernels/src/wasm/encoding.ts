/** The number encodings of the WebAssembly binary format. */

/** LEB128 of an unsigned integer below 2^32. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** LEB128 of a 32-bit integer, which may be given as signed or as unsigned. */
export function signed32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
  return bytes;
}

/** LEB128 of a 64-bit integer, which may be given as signed or as unsigned. */
export function signed64(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asIntN(64, value);
  while (rest < -64n || rest > 63n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest & 0x7fn));
  return bytes;
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
export function sized(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

/** A run of bytes preceded by its length, as names, function bodies and sections are. */
export function sizedBytes(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

/** A name in the binary format; names here are ASCII. */
export function name(text: string): number[] {
  return sizedBytes(Array.from(text, (character) => character.charCodeAt(0)));
}
