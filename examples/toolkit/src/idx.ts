/**
 * The IDX format, in which the MNIST digits and their kin are published.
 *
 * A file is: two zero bytes, a byte for the element type, a byte for the number of axes, the length of each axis as a
 * 32-bit number, then the elements in row-major order; all numbers big-endian. It may be packed with gzip.
 */

import { endianness } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { FormatError, readUntrusted } from './untrusted-file.ts';

export interface IdxArray {
  readonly shape: readonly number[];
  /** The elements in row-major order. */
  readonly data: InstanceType<(typeof ELEMENT_TYPES)[keyof typeof ELEMENT_TYPES]>;
}

const ELEMENT_TYPES = {
  8: Uint8Array,
  9: Int8Array,
  11: Int16Array,
  12: Int32Array,
  13: Float32Array,
  14: Float64Array,
} as const;

const isElementType = (code: number): code is keyof typeof ELEMENT_TYPES => code in ELEMENT_TYPES;

/** Ample for every published data set: MNIST's largest file has 47 MB. */
const MAX_BYTES = 2 ** 30;

/**
 * Reads an IDX file, packed or not.
 *
 * @throws FormatError for a file that is missing, larger than `maxBytes` (unpacked), truncated, followed by other bytes,
 * or whose header promises anything but what follows it.
 * @example
 * readIdx('t10k-images-idx3-ubyte').shape; // [10000, 28, 28]
 */
export function readIdx(path: string, { maxBytes = MAX_BYTES }: { readonly maxBytes?: number } = {}): IdxArray {
  return decodeIdx(unpack(readUntrusted(path, maxBytes), path, maxBytes), path);
}

/** Reads the bytes of an IDX file; `file` is its name for messages. */
export function decodeIdx(bytes: Uint8Array, file: string): IdxArray {
  const wrong = (message: string) => new FormatError(file, message);
  if (bytes.length < 4) throw wrong(`expected an IDX header of 4 bytes or more, got ${bytes.length} bytes`);
  const [zero, alsoZero, code, rank] = [...bytes.subarray(0, 4)] as [number, number, number, number];
  if (zero !== 0 || alsoZero !== 0) throw wrong(`expected an IDX file, which starts with 00 00, got ${hex(bytes)}`);
  if (!isElementType(code)) throw wrong(`expected element type ${Object.keys(ELEMENT_TYPES).join(', ')}, got ${code}`);
  if (rank === 0) throw wrong('expected one axis or more, got 0');

  const start = 4 + 4 * rank;
  if (bytes.length < start) throw wrong(`truncated: ${rank} axes want ${start} bytes of header, got ${bytes.length}`);
  const header = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, axis) => header.getUint32(4 + 4 * axis));

  // The product may be too large for a double to hold exactly, but then it is larger than every file too.
  const length = shape.reduce((product, axis) => product * axis, 1);
  const expected = start + length * ELEMENT_TYPES[code].BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    const fault = bytes.length < expected ? 'truncated' : 'too long';
    throw wrong(`${fault}: shape [${shape.join(', ')}] wants ${expected} bytes, got ${bytes.length}`);
  }
  return { shape, data: elements(bytes.subarray(start), code) };
}

function elements(bytes: Uint8Array, code: keyof typeof ELEMENT_TYPES): IdxArray['data'] {
  const ElementArray = ELEMENT_TYPES[code];
  const { buffer } = new Uint8Array(bytes);
  const data = new ElementArray(buffer);
  if (endianness() === 'LE') swapBytes(Buffer.from(buffer), ElementArray.BYTES_PER_ELEMENT);
  return data;
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else if (width === 8) bytes.swap64();
}

function unpack(bytes: Uint8Array, file: string, maxBytes: number): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fault =
      code === 'ERR_BUFFER_TOO_LARGE' ? `unpacks to more than ${maxBytes} bytes` : `broken gzip: ${message}`;
    throw new FormatError(file, fault);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 4)).toString('hex').replace(/..\B/g, '$& ');
