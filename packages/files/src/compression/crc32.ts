/** Two 32-bit cyclic redundancy checks: CRC-32, for gzip and PNG files, and CRC-32C, for TFRecord files. */

/** Makes the function that computes a checksum, given its polynomial with reversed bits. */
function makeCrc(polynomial: number): (bytes: Uint8Array, previous?: number) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
    return value;
  });
  return (bytes, previous = 0) => {
    let crc = ~previous;
    for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
    return ~crc >>> 0;
  };
}

/**
 * Returns the CRC-32 of bytes, which gzip and PNG use. To continue a checksum, pass the checksum of the preceding bytes
 * as `previous`.
 */
export const crc32: (bytes: Uint8Array, previous?: number) => number = /* @__PURE__ */ makeCrc(0xedb88320);

/**
 * Returns the CRC-32C (Castagnoli) of bytes, which TFRecord files use. To continue a checksum, pass the checksum of the
 * preceding bytes as `previous`.
 */
export const crc32c: (bytes: Uint8Array, previous?: number) => number = /* @__PURE__ */ makeCrc(0x82f63b78);
