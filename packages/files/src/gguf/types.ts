/**
 * The types of tensors in GGUF files, and the conversion of their numbers. Source: ggml, `ggml-common.h` and
 * `ggml-quants.c`; "GGUF", section "File Structure".
 */

import { decodeElements, type Elements, type Refuse } from '../elements/decode.ts';
import type { ElementType, IntegerOptions } from '../elements/element-types.ts';
import { halves } from '../elements/small-floats.ts';

/** The type of a tensor whose numbers can be read. */
export type GgufType = 'F32' | 'F16' | 'BF16' | 'F64' | 'I8' | 'I16' | 'I32' | 'I64' | 'Q8_0' | 'Q4_0';

/** The storage of a type: `block` numbers in `bytes` bytes. */
export interface Storage {
  readonly block: number;
  readonly bytes: number;
  /** The element type; none for types that are quantised in blocks. */
  readonly element?: ElementType;
}

/** The number of quantised numbers that share a scale. */
const QUANTISED = 32;

/** The size of a scale in bytes; it is a float16. */
const SCALE_BYTES = 2;

/** The storage of each type. */
export const STORAGE: Readonly<Record<GgufType, Storage>> = {
  F32: { block: 1, bytes: 4, element: 'float32' },
  F16: { block: 1, bytes: 2, element: 'float16' },
  BF16: { block: 1, bytes: 2, element: 'bfloat16' },
  F64: { block: 1, bytes: 8, element: 'float64' },
  I8: { block: 1, bytes: 1, element: 'int8' },
  I16: { block: 1, bytes: 2, element: 'int16' },
  I32: { block: 1, bytes: 4, element: 'int32' },
  I64: { block: 1, bytes: 8, element: 'int64' },
  Q8_0: { block: QUANTISED, bytes: SCALE_BYTES + QUANTISED },
  Q4_0: { block: QUANTISED, bytes: SCALE_BYTES + QUANTISED / 2 },
};

/** Returns whether the numbers of a type can be read. */
export const isReadable = (type: string): type is GgufType => Object.hasOwn(STORAGE, type);

/**
 * Multiplies the integers of each block by its scale. They are signed bytes for Q8_0; for Q4_0, each byte contains two
 * integers from -8 to 7, and the low halves of all bytes come first. The products are exact: a scale has 11 significant
 * bits, an integer 8, and float32 has 24.
 */
function dequantised(type: 'Q8_0' | 'Q4_0', bytes: Uint8Array, littleEndian: boolean): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const size = STORAGE[type].bytes;
  const numbers = new Float32Array((bytes.length / size) * QUANTISED);
  const floats = halves();
  for (let at = 0, into = 0; at < bytes.length; at += size, into += QUANTISED) {
    const scale = floats[view.getUint16(at, littleEndian)]!;
    for (let i = 0; i < QUANTISED; i++) {
      const byte = at + SCALE_BYTES + (type === 'Q8_0' ? i : i % (QUANTISED / 2));
      const integer = type === 'Q8_0' ? view.getInt8(byte) : ((bytes[byte]! >> (i < QUANTISED / 2 ? 0 : 4)) & 15) - 8;
      numbers[into + i] = scale * integer;
    }
  }
  return numbers;
}

/** Converts the bytes of a tensor to its numbers, without rounding. */
export function decodeTensor(
  type: GgufType,
  bytes: Uint8Array,
  littleEndian: boolean,
  options: IntegerOptions,
  refuse: Refuse,
): Elements {
  const { element } = STORAGE[type];
  if (element !== undefined) return decodeElements(element, bytes, { ...options, littleEndian }, refuse);
  return { dtype: 'float32', data: dequantised(type as 'Q8_0' | 'Q4_0', bytes, littleEndian) };
}
