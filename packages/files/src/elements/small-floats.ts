/** Floating-point numbers of 16 and 8 bits, for which JavaScript has no typed arrays. */

/** The format of a 16-bit floating-point number. */
interface Layout {
  /** The number of bits of the mantissa. */
  readonly mantissa: number;
  /** The exponent of the smallest normal number; the bias is 1 - `smallest`. */
  readonly smallest: number;
  /** The exponent of the largest number. */
  readonly largest: number;
}

const HALF: Layout = { mantissa: 10, smallest: -14, largest: 15 };
const BFLOAT: Layout = { mantissa: 7, smallest: -126, largest: 127 };

const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const highWord = isLittleEndian ? 1 : 0;

/**
 * Rounds a number to the nearest one of a format, ties to even, and returns its bits. Finite numbers beyond the largest
 * become infinite.
 */
function narrowed(value: number, { mantissa, smallest, largest }: Layout): number {
  float64[0] = value;
  const sign = (words[highWord]! >>> 31) << 15;
  const infinity = (largest - smallest + 2) << mantissa;
  if (Number.isNaN(value)) return sign | infinity | (1 << (mantissa - 1));
  const size = Math.abs(value);
  // Numbers below the smallest normal one of the format become subnormal numbers or 0.
  const exponent = Math.max(((words[highWord]! >>> 20) & 0x7ff) - 1023, smallest);
  const steps = size * 2 ** (mantissa - exponent);
  if (steps === Infinity) return sign | infinity;
  let rounded = Math.floor(steps);
  const rest = steps - rounded;
  if (rest > 0.5 || (rest === 0.5 && rounded % 2 === 1)) rounded++;
  // A mantissa that rounds up to the next power of 2 carries into the exponent.
  const bits = ((exponent - smallest) << mantissa) + rounded;
  return sign | Math.min(bits, infinity);
}

/** Returns the bits of the float16 nearest to a number, ties to even. */
export const toHalf = (value: number): number => narrowed(value, HALF);

/** Returns the bits of the bfloat16 nearest to a number, ties to even. */
export const toBfloat = (value: number): number => narrowed(value, BFLOAT);

/**
 * Returns the number that the bits of a small float represent. The special values of a format (infinities, NaN) are
 * handled by the caller.
 */
function widened(bits: number, mantissa: number, exponents: number, bias: number): number {
  const sign = bits >> (mantissa + exponents) === 1 ? -1 : 1;
  const exponent = (bits >> mantissa) & ((1 << exponents) - 1);
  const fraction = bits & ((1 << mantissa) - 1);
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - mantissa);
  return sign * ((1 << mantissa) + fraction) * 2 ** (exponent - bias - mantissa);
}

/** Returns a function that builds a table of numbers, indexed by their bits, when it is first called. */
function lazyTable(size: number, numberOf: (bits: number) => number): () => Float32Array {
  let table: Float32Array | undefined;
  return () => {
    table ??= Float32Array.from({ length: size }, (_, bits) => numberOf(bits));
    return table;
  };
}

/** All numbers of float16, indexed by their bits. */
export const halves = lazyTable(2 ** 16, (bits) => {
  if ((bits & 0x7c00) !== 0x7c00) return widened(bits, 10, 5, 15);
  return (bits & 0x3ff) !== 0 ? Number.NaN : bits >> 15 === 1 ? -Infinity : Infinity;
});

/** All numbers of float8 with 4 bits of exponent, indexed by their bits; there are no infinities. */
export const e4m3 = lazyTable(256, (bits) => ((bits & 0x7f) === 0x7f ? Number.NaN : widened(bits, 3, 4, 7)));

/** All numbers of float8 with 5 bits of exponent, indexed by their bits. */
export const e5m2 = lazyTable(256, (bits) => {
  if ((bits & 0x7c) !== 0x7c) return widened(bits, 2, 5, 15);
  return (bits & 3) !== 0 ? Number.NaN : bits >> 7 === 1 ? -Infinity : Infinity;
});

/**
 * All numbers of float8 with 4 bits of exponent, indexed by their bits. There are no infinities. There is no negative
 * zero either; its bits mean NaN.
 */
export const e4m3fnuz = lazyTable(256, (bits) => (bits === 0x80 ? Number.NaN : widened(bits, 3, 4, 8)));

/**
 * All numbers of float8 with 5 bits of exponent, indexed by their bits. There are no infinities. There is no negative
 * zero either; its bits mean NaN.
 */
export const e5m2fnuz = lazyTable(256, (bits) => (bits === 0x80 ? Number.NaN : widened(bits, 2, 5, 16)));

/** The powers of 2 that scale blocks of numbers in some formats, indexed by their bits. */
export const e8m0 = lazyTable(256, (bits) => (bits === 0xff ? Number.NaN : 2 ** (bits - 127)));
