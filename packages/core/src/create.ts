/** Making tensors. */

import {
  ArgumentError,
  fromNdarray as arrayFromNdarray,
  checkDType,
  checkShape,
  type Data,
  type DType,
  DTypeError,
  dtypeFor,
  type ForeignNdArray,
  filled,
  formatShape,
  hasNumber,
  isFloat,
  NdArray,
  newData,
  type Shape,
  ShapeError,
  sizeOf,
} from '@tapegrad/kernels';
import { Tensor } from './tensor.ts';
import type { Nested, ShapeOf } from './types/static-shapes.ts';

/** The options of functions that make tensors. */
export interface TensorOptions {
  /** float32 unless the data says otherwise. */
  readonly dtype?: DType;
  /** Whether a backward sweep gives a gradient for it; floats only. */
  readonly requiresGrad?: boolean;
}

function make<S extends Shape>(call: string, array: NdArray, requiresGrad = false): Tensor<S> {
  if (requiresGrad && !isFloat(array.dtype)) {
    throw new DTypeError(`${call}: a tensor of ${array.dtype} has no gradient; expected float32 or float64`);
  }
  return new Tensor<S>(array, undefined, requiresGrad);
}

function checkedDType(call: string, dtype: DType): DType {
  checkDType(call, dtype);
  return dtype;
}

type Entries = Nested<number | boolean>;
type TypedArray = ArrayBufferView & ArrayLike<number>;

function nestedShape(nested: Entries): number[] {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

/** Writes nested entries one after the other; throws where an axis has several lengths, or an entry is no number. */
function flatten(nested: Entries, shape: Shape): (number | boolean)[] {
  const flat: (number | boolean)[] = [];
  const visit = (level: Entries, axis: number): void => {
    if (!Array.isArray(level)) {
      if (axis !== shape.length) {
        throw new ShapeError(`tensor: expected arrays nested ${shape.length} deep, got a number at depth ${axis}`);
      }
      if (typeof level !== 'number' && typeof level !== 'boolean') {
        throw new ArgumentError(`tensor: expected numbers or booleans, got ${level === null ? 'null' : typeof level}`);
      }
      flat.push(level);
    } else if (level.length !== shape[axis]) {
      const got = axis < shape.length ? `lengths ${shape[axis]} and ${level.length}` : `an array at depth ${axis}`;
      throw new ShapeError(`tensor: rows differ: got ${got}`);
    } else {
      for (const entry of level) visit(entry, axis + 1);
    }
  };
  visit(nested, 0);
  return flat;
}

/** A new array of a dtype with these entries; throws where an entry is not a number of that dtype. */
function convert(call: string, values: ArrayLike<number | boolean>, dtype: DType): Data {
  const data = newData(dtype, values.length);
  if (isFloat(dtype) && ArrayBuffer.isView(values)) {
    // Every number is one of a float dtype, and the engine copies faster than a loop.
    data.set(values as unknown as TypedArray);
    return data;
  }
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!hasNumber(dtype, value)) throw new DTypeError(`${call}: entry ${i} is ${value}, not ${dtype}`);
    data[i] = value;
  }
  return data;
}

function checkHolds(shape: Shape, length: number): void {
  checkShape('tensor', shape);
  if (sizeOf(shape) === length) return;
  throw new ShapeError(`tensor: shape ${formatShape(shape)} holds ${sizeOf(shape)} entries, got ${length}`);
}

/**
 * A tensor from numbers or booleans nested once for each axis, or from entries in row-major order and a shape. The entries
 * are copied.
 *
 * Numbers become float32, booleans bool and a typed array keeps its element type (`Uint8Array` needs a `dtype`), unless
 * `dtype` says otherwise; entries that the dtype can't hold are an error.
 *
 * @example
 * tensor([[1, 2, 3], [4, 5, 6]]).shape; // [2, 3]
 * tensor(new Float64Array([1, 2, 3, 4]), { shape: [2, 2] }).dtype; // 'float64'
 */
export function tensor<const S extends Shape>(
  data: Entries | TypedArray,
  options: TensorOptions & { readonly shape: S },
): Tensor<S>;
export function tensor(data: TypedArray, options?: TensorOptions): Tensor<readonly [number]>;
export function tensor<const T extends Entries>(data: T, options?: TensorOptions): Tensor<ShapeOf<T>>;
export function tensor(data: Entries | TypedArray, options: TensorOptions & { readonly shape?: Shape } = {}): Tensor {
  const { requiresGrad } = options;
  if (ArrayBuffer.isView(data)) {
    const { shape = [data.length] } = options;
    checkHolds(shape, data.length);
    const dtype = dtypeFor('tensor', data, options.dtype);
    return make('tensor', new NdArray(convert('tensor', data, dtype), dtype, shape), requiresGrad);
  }
  const own = nestedShape(data);
  const flat = flatten(data, own);
  const { shape = own } = options;
  checkHolds(shape, flat.length);
  const booleans = flat.length > 0 && flat.every((value) => typeof value === 'boolean');
  const dtype = checkedDType('tensor', options.dtype ?? (booleans ? 'bool' : 'float32'));
  return make('tensor', new NdArray(convert('tensor', flat, dtype), dtype, shape), requiresGrad);
}

/**
 * A tensor on the memory of an `ndarray` of the package of that name, without a copy; the ndarray is not to be written to
 * while the tensor is in use. With a `dtype` other than that of its storage, the entries are copied. The way back is
 * `toNdarray(x.array)` of `@tapegrad/kernels/ndarray`.
 *
 * A `Uint8Array` needs a `dtype`: `bool` for a mask, which is not copied, `float32` or `int32` for bytes, as images have.
 *
 * @throws DTypeError for storage other than Float32Array, Float64Array, Int32Array and Uint8Array, for a Uint8Array without a
 * dtype, and for entries that the dtype can't hold.
 * @example
 * import { toNdarray } from '@tapegrad/kernels/ndarray';
 * const x = tensor([[1, 2], [3, 4]]);
 * fromNdarray(toNdarray(x.array).transpose(1, 0)).toArray(); // [[1, 3], [2, 4]]
 */
export const fromNdarray = (x: ForeignNdArray, { dtype, requiresGrad }: TensorOptions = {}): Tensor =>
  make('fromNdarray', arrayFromNdarray(x, dtype), requiresGrad);

function fill<const S extends Shape>(call: string, shape: S, value: number, options: TensorOptions = {}): Tensor<S> {
  const dtype = checkedDType(call, options.dtype ?? 'float32');
  checkShape(call, shape);
  if (typeof value !== 'number') throw new ArgumentError(`${call}: expected a number, got ${typeof value}`);
  if (!hasNumber(dtype, value)) throw new DTypeError(`${call}: ${value} is no ${dtype} number`);
  return make(call, filled(shape, value, dtype), options.requiresGrad);
}

/** A tensor filled with one value. */
export const full = <const S extends Shape>(shape: S, value: number, options?: TensorOptions): Tensor<S> =>
  fill('full', shape, value, options);

/** A tensor of zeros. */
export const zeros = <const S extends Shape>(shape: S, options?: TensorOptions): Tensor<S> =>
  fill('zeros', shape, 0, options);

/** A tensor of ones. */
export const ones = <const S extends Shape>(shape: S, options?: TensorOptions): Tensor<S> =>
  fill('ones', shape, 1, options);

/** Fills a vector with f(0), f(1), … */
function sequence(
  call: string,
  length: number,
  f: (i: number) => number,
  options: TensorOptions,
): Tensor<readonly [number]> {
  checkShape(call, [length]);
  const dtype = checkedDType(call, options.dtype ?? 'float32');
  const values = Float64Array.from({ length }, (_, i) => f(i));
  return make(call, new NdArray(convert(call, values, dtype), dtype, [length]), options.requiresGrad);
}

/**
 * start, start + step, … up to, not including, stop. With one number, from 0 to it.
 *
 * @example
 * arange(2, 8, 2).toArray(); // [2, 4, 6]
 */
export function arange(start: number, stop?: number, step = 1, options: TensorOptions = {}): Tensor<readonly [number]> {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (!Number.isFinite(from) || !Number.isFinite(to) || !Number.isFinite(step) || step === 0) {
    throw new ArgumentError(`arange: expected finite numbers and a step other than 0, got ${from}, ${to}, ${step}`);
  }
  return sequence('arange', Math.max(0, Math.ceil((to - from) / step)), (i) => from + i * step, options);
}

/** `count` numbers from `start` to `stop`, both included, equally far apart. */
export function linspace(
  start: number,
  stop: number,
  count: number,
  options: TensorOptions = {},
): Tensor<readonly [number]> {
  if (!Number.isFinite(start) || !Number.isFinite(stop)) {
    throw new ArgumentError(`linspace: expected finite bounds, got ${start} and ${stop}`);
  }
  const last = count - 1;
  const step = last > 0 ? (stop - start) / last : 0;
  return sequence('linspace', count, (i) => (i > 0 && i === last ? stop : start + i * step), options);
}

/** The identity matrix. */
export function eye<const N extends number>(n: N, options: TensorOptions = {}): Tensor<readonly [N, N]> {
  const dtype = checkedDType('eye', options.dtype ?? 'float32');
  checkShape('eye', [n]);
  const array = filled([n, n], 0, dtype);
  for (let i = 0; i < n; i++) array.data[i * n + i] = 1;
  return make('eye', array, options.requiresGrad);
}
