import { ArgumentError, DTypeError } from '../error-classes.ts';

/** Element types. A `bool` element is stored as one byte, 0 or 1. */
export type DType = 'float32' | 'float64' | 'int32' | 'bool';

/** The element types that have gradients. */
export type FloatDType = 'float32' | 'float64';

/** The typed arrays that store the elements. */
export type Data = Float32Array | Float64Array | Int32Array | Uint8Array;

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  bool: Uint8Array,
} as const;

/** All dtypes. */
export const dtypes = Object.keys(constructors) as readonly DType[];

/** Returns whether a dtype is float32 or float64. */
export const isFloat = (dtype: DType): dtype is FloatDType => dtype === 'float32' || dtype === 'float64';

/** Returns the number of bytes of one element. */
export const bytesPerElement = (dtype: DType): number => constructors[dtype].BYTES_PER_ELEMENT;

/** Allocates a zeroed typed array of `length` elements, with its own buffer. */
export const newData = (dtype: DType, length: number): Data => new constructors[dtype](length);

/** Makes a typed array over `length` elements of a buffer, from byte `byteOffset`. */
export const viewData = (dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): Data =>
  new constructors[dtype](buffer as ArrayBuffer, byteOffset, length); // Shared buffers work as well.

/** Returns the class name of an object, whichever realm it was created in. */
const classOf = (x: unknown): string => Object.prototype.toString.call(x).slice(8, -1);

const stored: ReadonlyMap<string, DType> = new Map(dtypes.map((dtype) => [constructors[dtype].name, dtype]));

/**
 * Returns the element type that a typed array stores, in this realm or another, or `undefined` for other values. A
 * `Uint8Array` is read as `bool`.
 */
export const storedDType = (data: unknown): DType | undefined =>
  ArrayBuffer.isView(data) ? stored.get(classOf(data)) : undefined;

/**
 * Returns the element type that a typed array stores; a `Uint8Array` is read as `bool`. Throws a DTypeError for other
 * values.
 */
export function dtypeOf(call: string, data: unknown): DType {
  const dtype = storedDType(data);
  if (dtype !== undefined) return dtype;
  const wanted = 'a Float32Array, Float64Array, Int32Array or Uint8Array';
  throw new DTypeError(`${call}: expected ${wanted}, got ${classOf(data)}`);
}

/** Throws for a typed array of BigInts, and for a value that is not a typed array. */
export function checkNumbers(call: string, data: unknown): void {
  const kind = classOf(data);
  if (kind.startsWith('Big')) {
    throw new DTypeError(`${call}: a ${kind} holds no numbers; convert it with Array.from(data, Number)`);
  }
  if (!ArrayBuffer.isView(data) || kind === 'DataView') {
    throw new DTypeError(`${call}: expected a typed array of numbers, got ${kind}`);
  }
}

/**
 * Returns the requested element type. Defaults to the type that the typed array stores. Without a requested type,
 * throws for bytes, which may be a mask or numbers, and for other typed arrays that need an explicit dtype.
 */
export function dtypeFor(call: string, data: unknown, dtype: DType | undefined): DType {
  if (dtype !== undefined) {
    checkDType(call, dtype);
    return dtype;
  }
  checkNumbers(call, data);
  const kind = classOf(data);
  if (kind !== 'Uint8Array' && stored.has(kind)) return dtypeOf(call, data);
  const wanted = kind.startsWith('Uint8')
    ? "'bool' for a mask, 'float32' or 'int32' for bytes"
    : "'float32' or 'int32'";
  throw new DTypeError(`${call}: ${kind.startsWith('I') ? 'an' : 'a'} ${kind} needs a dtype: ${wanted}`);
}

/** Throws unless `dtype` is one of the element types; for callers without types. */
export function checkDType(call: string, dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(constructors, dtype)) {
    throw new ArgumentError(`${call}: unknown dtype '${dtype}', expected one of ${dtypes.join(', ')}`);
  }
}

/**
 * Returns a function from a float dtype to a value, which is made when the function is first called with that dtype.
 */
export function forEachFloat<T>(make: (dtype: FloatDType) => T): (dtype: FloatDType) => T {
  const made: { [D in FloatDType]?: T } = {};
  return (dtype) => (made[dtype] ??= make(dtype));
}

/** Returns whether a dtype can hold this number. Floats round, so they can hold any number. */
export const hasNumber = (dtype: DType, value: number): boolean =>
  isFloat(dtype) || (dtype === 'bool' ? value === 0 || value === 1 : (value | 0) === value);

/**
 * Truncates a number to an int32. JavaScript would wrap a large number, and would turn NaN into 0, which is a valid class
 * label.
 *
 * @throws DTypeError for NaN, infinities, and numbers that, truncated, are below -2^31 or above 2^31 - 1.
 */
export function truncateToInt32(call: string, value: number): number {
  if (value > -2147483649 && value < 2147483648) return Math.trunc(value);
  throw new DTypeError(`${call}: int32 cannot hold ${value}; replace it first with where or clamp`);
}
