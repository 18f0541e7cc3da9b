/** The checksum of gzip and PNG, and the one of TFRecord files: cyclic redundancy checks of 32 bits. */

/** Makes the function that adds bytes to a checksum, for a polynomial with its bits reversed. */
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

/** Returns the CRC-32 of bytes, as gzip and PNG have it. `previous` is that of the bytes before them. */
export const crc32: (bytes: Uint8Array, previous?: number) => number = /* @__PURE__ */ makeCrc(0xedb88320);

/** Returns the CRC-32C (Castagnoli) of bytes, as TFRecord files have it. `previous` is that of the bytes before them. */
export const crc32c: (bytes: Uint8Array, previous?: number) => number = /* @__PURE__ */ makeCrc(0x82f63b78);
