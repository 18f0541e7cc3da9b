/** Functions that create tensors. */

import {
  ArgumentError,
  fromNdarray as arrayFromNdarray,
  checkDType,
  checkNumbers,
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
  MAX_AXES,
  NdArray,
  newData,
  type Shape,
  ShapeError,
  sizeOf,
} from '@tapegrad/kernels';
import { ownShape } from './checks/arguments.ts';
import { describeValue } from './checks/describe-value.ts';
import { checkNoMore, checkOptions } from './checks/untyped-callers.ts';
import { Tensor } from './tensor.ts';
import type { Nested, ShapeOf } from './types/static-shapes.ts';

/** The options of functions that create tensors. */
export interface TensorOptions {
  /** The dtype. Defaults to float32, or to the dtype of the data. */
  readonly dtype?: DType;
  /** Whether backward passes compute a gradient for the tensor, which must be float32 or float64. Defaults to false. */
  readonly requiresGrad?: boolean;
}

interface ShapedOptions extends TensorOptions {
  readonly shape?: Shape;
}

/** Throws if options, or any arguments after them, would be silently ignored. */
function checkTensorOptions(call: string, options: TensorOptions | undefined, more: readonly unknown[]): void {
  checkOptions(call, options, ['dtype', 'requiresGrad']);
  checkNoMore(call, more);
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

type TypedArray = ArrayBufferView & ArrayLike<number>;
type Entries = Nested<number | boolean | TypedArray>;

const isTyped = (x: unknown): x is TypedArray => ArrayBuffer.isView(x);

function nestedShape(nested: Entries): number[] {
  const shape: number[] = [];
  for (let level = nested; Array.isArray(level) || isTyped(level); level = level[0]!) {
    if (shape.length === MAX_AXES) {
      const got = 'got deeper ones, or one that contains itself';
      throw new ArgumentError(`tensor: expected arrays nested at most ${MAX_AXES} deep, ${got}`);
    }
    shape.push(level.length);
    if (level.length === 0 || isTyped(level)) break;
  }
  return shape;
}

/** Strings that represent the numbers that JSON lacks. */
const written: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/**
 * Returns an entry that is a number or boolean, or the number that a string such as 'NaN' represents. Throws for
 * anything else.
 */
function entryOf(entry: unknown): number | boolean {
  if (typeof entry === 'number' || typeof entry === 'boolean') return entry;
  const number = written.get(entry);
  if (number !== undefined) return number;
  const mend = typeof entry === 'bigint' ? '; convert it with Number' : '';
  throw new ArgumentError(`tensor: expected numbers or booleans, got ${describeValue(entry)}${mend}`);
}

/** Nested entries in row-major order, and the typed arrays among them. */
interface Flat {
  readonly entries: (number | boolean)[];
  readonly typed: TypedArray[];
}

/** Flattens nested entries. Throws if rows of the same axis differ in length, or if an entry is not a number. */
function flatten(nested: Entries, shape: Shape): Flat {
  const entries: (number | boolean)[] = [];
  const typed: TypedArray[] = [];
  const visit = (level: Entries, axis: number): void => {
    if (!Array.isArray(level) && !isTyped(level)) {
      if (axis !== shape.length) {
        throw new ShapeError(`tensor: expected arrays nested ${shape.length} deep, got a number at depth ${axis}`);
      }
      entries.push(entryOf(level));
    } else if (level.length !== shape[axis]) {
      const got = axis < shape.length ? `lengths ${shape[axis]} and ${level.length}` : `an array at depth ${axis}`;
      throw new ShapeError(`tensor: rows differ: got ${got}`);
    } else {
      if (isTyped(level)) {
        checkNumbers('tensor', level);
        typed.push(level);
      }
      for (let i = 0; i < level.length; i++) visit(level[i]!, axis + 1);
    }
  };
  visit(nested, 0);
  return { entries, typed };
}

/** Returns the default dtype of nested entries: the dtype of the typed arrays among them, if all of these have the same. */
function dtypeOfEntries({ entries, typed }: Flat): DType {
  const [first, ...others] = typed;
  if (first === undefined) {
    return entries.length > 0 && entries.every((value) => typeof value === 'boolean') ? 'bool' : 'float32';
  }
  const dtype = dtypeFor('tensor', first, undefined);
  const isOfOne = others.every((row) => dtypeFor('tensor', row, undefined) === dtype);
  if (isOfOne && typed.reduce((sum, row) => sum + row.length, 0) === entries.length) return dtype;
  throw new DTypeError('tensor: rows of several kinds need a dtype');
}

/** Converts entries to a new array of a dtype. Throws if the dtype can't represent an entry. */
function convert(call: string, values: ArrayLike<number | boolean>, dtype: DType): Data {
  const data = newData(dtype, values.length);
  if (isFloat(dtype) && isTyped(values)) {
    // A float dtype accepts every number, and `set` copies faster than a loop.
    data.set(values);
    return data;
  }
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!hasNumber(dtype, value)) throw new DTypeError(`${call}: entry ${i} is ${value}, not ${dtype}`);
    data[i] = value;
  }
  return data;
}

/** Returns a copy of a shape. Throws unless it holds `length` entries. */
function shapeFor(shape: Shape, length: number): Shape {
  const own = ownShape('tensor', shape);
  if (sizeOf(own) === length) return own;
  throw new ShapeError(`tensor: shape ${formatShape(shape)} holds ${sizeOf(shape)} entries, got ${length}`);
}

/**
 * Creates a tensor from nested arrays of numbers or booleans, with one level of nesting for each axis. Or creates it
 * from a flat list of entries in row-major order and a shape. The entries are copied.
 *
 * Unless `dtype` is given, numbers become float32 and booleans bool. A typed array, or a list of typed arrays of the
 * same type, keeps its element type. For typed arrays of bytes and other integers, `dtype` is required. Entries that
 * the dtype can't represent are an error. The strings 'NaN', 'Infinity' and '-Infinity' count as numbers, since JSON
 * lacks these.
 *
 * @throws ArgumentError for entries that are not numbers; ShapeError if rows differ in length, or the shape does not
 * match the number of entries; DTypeError for entries that the dtype can't represent, and for BigInts.
 * @example
 * tensor([[1, 2, 3], [4, 5, 6]]).shape; // [2, 3]
 * tensor(new Float64Array([1, 2, 3, 4]), { shape: [2, 2] }).dtype; // 'float64'
 * tensor([new Float32Array(3), new Float32Array(3)]).shape; // [2, 3]
 * tensor(new Int16Array([1, 2]), { dtype: 'int32' }).dtype; // 'int32'
 */
export function tensor<const S extends Shape>(
  data: Entries | TypedArray,
  options: TensorOptions & { readonly shape: S },
  ...more: []
): Tensor<S>;
export function tensor(data: TypedArray, options?: TensorOptions, ...more: []): Tensor<readonly [number]>;
export function tensor<const T extends Entries>(data: T, options?: TensorOptions, ...more: []): Tensor<ShapeOf<T>>;
export function tensor(data: Entries | TypedArray, options: ShapedOptions = {}, ...more: []): Tensor {
  checkOptions('tensor', options, ['dtype', 'requiresGrad', 'shape']);
  checkNoMore('tensor', more);
  const { requiresGrad } = options;
  if (isTyped(data)) {
    checkNumbers('tensor', data);
    const shape = options.shape === undefined ? [data.length] : shapeFor(options.shape, data.length);
    const dtype = dtypeFor('tensor', data, options.dtype);
    return make('tensor', new NdArray(convert('tensor', data, dtype), dtype, shape), requiresGrad);
  }
  const own = nestedShape(data);
  const flat = flatten(data, own);
  const shape = shapeFor(options.shape ?? own, flat.entries.length);
  const dtype = options.dtype === undefined ? dtypeOfEntries(flat) : checkedDType('tensor', options.dtype);
  return make('tensor', new NdArray(convert('tensor', flat.entries, dtype), dtype, shape), requiresGrad);
}

/**
 * Creates a tensor that shares the memory of an `ndarray` (from the npm package of that name), without a copy. The
 * ndarray must not be written to while the tensor is in use. If `dtype` differs from that of the storage, the entries
 * are copied. To convert back, use `toNdarray(x.array)` of `@tapegrad/kernels/ndarray`.
 *
 * A `Uint8Array` requires a `dtype`: `bool` for a mask, which is not copied, or `float32` or `int32` for bytes, as in
 * images. Other integer arrays require a `dtype`, too.
 *
 * @throws DTypeError if the storage is not a typed array of numbers, for bytes and other integers without a `dtype`,
 * and for entries that the dtype can't represent.
 * @example
 * import { toNdarray } from '@tapegrad/kernels/ndarray';
 * const x = tensor([[1, 2], [3, 4]]);
 * fromNdarray(toNdarray(x.array).transpose(1, 0)).toArray(); // [[1, 3], [2, 4]]
 */
export function fromNdarray(x: ForeignNdArray, options: TensorOptions = {}, ...more: []): Tensor {
  if (!isTyped(x?.data))
    throw new ArgumentError(`fromNdarray: expected an ndarray over a typed array, got ${describeValue(x)}`);
  checkTensorOptions('fromNdarray', options, more);
  return make('fromNdarray', arrayFromNdarray(x, options.dtype), options.requiresGrad);
}

function fill<const S extends Shape>(
  call: string,
  shape: S,
  value: number,
  options: TensorOptions = {},
  more: readonly unknown[] = [],
): Tensor<S> {
  const own = ownShape(call, shape);
  checkTensorOptions(call, options, more);
  const dtype = checkedDType(call, options.dtype ?? 'float32');
  if (typeof value !== 'number') throw new ArgumentError(`${call}: expected a number, got ${describeValue(value)}`);
  if (!hasNumber(dtype, value)) throw new DTypeError(`${call}: ${value} is not a valid ${dtype} value`);
  return make(call, filled(own, value, dtype), options.requiresGrad);
}

/** Creates a tensor filled with one value. */
export const full = <const S extends Shape>(shape: S, value: number, options?: TensorOptions, ...more: []): Tensor<S> =>
  fill('full', shape, value, options, more);

/** Creates a tensor of zeros. */
export const zeros = <const S extends Shape>(shape: S, options?: TensorOptions, ...more: []): Tensor<S> =>
  fill('zeros', shape, 0, options, more);

/** Creates a tensor of ones. */
export const ones = <const S extends Shape>(shape: S, options?: TensorOptions, ...more: []): Tensor<S> =>
  fill('ones', shape, 1, options, more);

/** Creates a vector of f(0), f(1), … */
function sequence(
  call: string,
  length: number,
  f: (i: number) => number,
  options: TensorOptions,
  more: readonly unknown[],
): Tensor<readonly [number]> {
  checkTensorOptions(call, options, more);
  checkShape(call, [length]);
  const dtype = checkedDType(call, options.dtype ?? 'float32');
  const values = Float64Array.from({ length }, (_, i) => f(i));
  return make(call, new NdArray(convert(call, values, dtype), dtype, [length]), options.requiresGrad);
}

/** The tolerance within which a number counts as equal to the end of the range, as a fraction of a step. */
const roundingOfSteps = 1e-9;

/**
 * Creates the vector start, start + step, …, up to but not including `stop`. A single argument is the stop, and the
 * start is then 0. Since steps such as 0.1 are rounded, a number that differs from `stop` only by a rounding error is
 * excluded, too.
 *
 * @example
 * arange(2, 8, 2).toArray(); // [2, 4, 6]
 * arange(1, 1.6, 0.1).shape; // [6]
 */
export function arange(
  start: number,
  stop?: number,
  step = 1,
  options: TensorOptions = {},
  ...more: []
): Tensor<readonly [number]> {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (!Number.isFinite(from) || !Number.isFinite(to) || !Number.isFinite(step) || step === 0) {
    const got = [from, to, step].map((x) => describeValue(x)).join(', ');
    throw new ArgumentError(`arange: expected finite numbers and a step other than 0, got ${got}`);
  }
  const count = (to - from) / step;
  const nearest = Math.round(count);
  const isWhole = Math.abs(count - nearest) <= roundingOfSteps;
  const length = Math.max(0, isWhole ? nearest : Math.ceil(count));
  return sequence('arange', length, (i) => from + i * step, options, more);
}

/** Creates a vector of `count` equally spaced numbers from `start` to `stop`, both included. */
export function linspace(
  start: number,
  stop: number,
  count: number,
  options: TensorOptions = {},
  ...more: []
): Tensor<readonly [number]> {
  if (!Number.isFinite(start) || !Number.isFinite(stop)) {
    throw new ArgumentError(`linspace: expected finite bounds, got ${start} and ${stop}`);
  }
  const last = count - 1;
  const step = last > 0 ? (stop - start) / last : 0;
  return sequence('linspace', count, (i) => (i > 0 && i === last ? stop : start + i * step), options, more);
}

/** Creates the n by n identity matrix. */
export function eye<const N extends number>(n: N, options: TensorOptions = {}, ...more: []): Tensor<readonly [N, N]> {
  checkTensorOptions('eye', options, more);
  const dtype = checkedDType('eye', options.dtype ?? 'float32');
  checkShape('eye', [n]);
  const array = filled([n, n], 0, dtype);
  for (let i = 0; i < n; i++) array.data[i * n + i] = 1;
  return make('eye', array, options.requiresGrad);
}
