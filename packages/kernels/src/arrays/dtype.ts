import { ArgumentError, DTypeError } from '../errors.ts';

/** Element types. `bool` is stored as one byte an element, 0 or 1. */
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

/** Tells whether a dtype is float32 or float64. */
export const isFloat = (dtype: DType): dtype is FloatDType => dtype === 'float32' || dtype === 'float64';

/** Bytes of one element. */
export const bytesPerElement = (dtype: DType): number => constructors[dtype].BYTES_PER_ELEMENT;

/** A zeroed typed array of `length` elements, with a buffer of its own. */
export const newData = (dtype: DType, length: number): Data => new constructors[dtype](length);

/** A window on a buffer: `length` elements from byte `byteOffset`. */
export const viewData = (dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): Data =>
  new constructors[dtype](buffer as ArrayBuffer, byteOffset, length); // It takes a shared one as well.

/** The class of an object, in whichever realm it was made. */
const classOf = (x: unknown): string => Object.prototype.toString.call(x).slice(8, -1);

const stored: ReadonlyMap<string, DType> = new Map(dtypes.map((dtype) => [constructors[dtype].name, dtype]));

/** The element type that a typed array, of this realm or another, stores; a `Uint8Array` is read as `bool`. None for others. */
export const storedDType = (data: unknown): DType | undefined =>
  ArrayBuffer.isView(data) ? stored.get(classOf(data)) : undefined;

/** The element type that a typed array stores; a `Uint8Array` is read as `bool`. */
export function dtypeOf(call: string, data: unknown): DType {
  const dtype = storedDType(data);
  if (dtype !== undefined) return dtype;
  const wanted = 'a Float32Array, Float64Array, Int32Array or Uint8Array';
  throw new DTypeError(`${call}: expected ${wanted}, got ${classOf(data)}`);
}

/** Throws for a typed array of BigInts, and for what is no typed array. */
export function checkNumbers(call: string, data: unknown): void {
  const kind = classOf(data);
  if (kind.startsWith('Big')) {
    throw new DTypeError(
      `${call}: a ${kind} holds no numbers; make them numbers by Number, as in Array.from(data, Number)`,
    );
  }
  if (!ArrayBuffer.isView(data) || kind === 'DataView') {
    throw new DTypeError(`${call}: expected a typed array of numbers, got ${kind}`);
  }
}

/**
 * The element type that is asked for, else the one that a typed array stores. Bytes may be a mask or numbers, and there are arrays of
 * other numbers, so that for them one has to be asked for.
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

/** Throws unless `dtype` is one of ours; for callers without types. */
export function checkDType(call: string, dtype: string): asserts dtype is DType {
  if (!Object.hasOwn(constructors, dtype)) {
    throw new ArgumentError(`${call}: unknown dtype '${dtype}', expected one of ${dtypes.join(', ')}`);
  }
}

/** A value for each float dtype, made when it is first wanted. */
export function forEachFloat<T>(make: (dtype: FloatDType) => T): (dtype: FloatDType) => T {
  const made: { [D in FloatDType]?: T } = {};
  return (dtype) => (made[dtype] ??= make(dtype));
}

/** Whether a dtype has this number. Floats round, so they have all. */
export const hasNumber = (dtype: DType, value: number): boolean =>
  isFloat(dtype) || (dtype === 'bool' ? value === 0 || value === 1 : (value | 0) === value);

/**
 * A number as an int32, the fraction cut off. JavaScript would wrap a large one and make 0 of NaN, which looks like a label.
 *
 * @throws DTypeError for NaN, infinities and what is below -2^31 or above 2^31 - 1 when cut off.
 */
export function truncateToInt32(call: string, value: number): number {
  if (value > -2147483649 && value < 2147483648) return Math.trunc(value);
  throw new DTypeError(`${call}: int32 lacks ${value}; choose a number for it first, by where or clamp`);
}
