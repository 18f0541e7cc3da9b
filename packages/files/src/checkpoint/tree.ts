/** Encodes trees of plain data as JSON and a list of arrays. */

import { ArgumentError, type Shape, Tensor } from '@tapegrad/core';
import { describeValue, isDataOf, isPlain } from '@tapegrad/core/extend';
import { isLittleEndianHost, swapBytes } from '../elements/decode.ts';
import { ELEMENT_TYPES, type ElementType } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import { checkedArray, type NamedArray } from '../named-array.ts';
import { METADATA } from '../safetensors/header.ts';
import type { RawTensor } from '../safetensors/safetensors.ts';

/** The key that distinguishes an encoded value from an object of the tree. */
const MARK = '$';

/** The maximum depth of a tree. */
export const MAX_DEPTH = 500;

/** The typed arrays of JavaScript, each with its element type in a file. */
const ARRAYS = {
  Float64Array: { type: 'float64', make: Float64Array },
  Float32Array: { type: 'float32', make: Float32Array },
  BigInt64Array: { type: 'int64', make: BigInt64Array },
  BigUint64Array: { type: 'uint64', make: BigUint64Array },
  Int32Array: { type: 'int32', make: Int32Array },
  Uint32Array: { type: 'uint32', make: Uint32Array },
  Int16Array: { type: 'int16', make: Int16Array },
  Uint16Array: { type: 'uint16', make: Uint16Array },
  Int8Array: { type: 'int8', make: Int8Array },
  Uint8Array: { type: 'uint8', make: Uint8Array },
  Uint8ClampedArray: { type: 'uint8', make: Uint8ClampedArray },
} as const;

type ArrayName = keyof typeof ARRAYS;

/** Returns the name of an object's class, also for objects from another realm. */
const classOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

const isArrayName = (name: string): name is ArrayName => Object.hasOwn(ARRAYS, name);

/** Returns whether an object is the state of a tensor: it has elements, a shape and a dtype, and nothing else. */
function isNamedArray(value: object): value is NamedArray {
  const { dtype, shape, data } = value as Partial<NamedArray>;
  return Object.keys(value).length === 3 && Array.isArray(shape) && dtype !== undefined && isDataOf(dtype, data);
}

/** Returns the bytes of a typed array in the byte order of files. */
function fileBytes(view: ArrayBufferView, size: number): Uint8Array {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (isLittleEndianHost || size === 1) return bytes;
  const swapped = bytes.slice();
  swapBytes(swapped, size);
  return swapped;
}

/** Turns a tree into JSON, and collects its arrays. */
class Encoder {
  readonly tensors: RawTensor[] = [];
  readonly #names = new Set<string>([METADATA]);
  readonly #ancestors = new Set<object>();

  encode(value: unknown, path: string): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : { [MARK]: 'number', value: Object.is(value, -0) ? '-0' : String(value) };
      case 'bigint':
        return { [MARK]: 'bigint', value: String(value) };
      case 'undefined':
        return { [MARK]: 'undefined' };
      case 'object':
        return value === null ? null : this.#encodeObject(value, path);
      default:
        throw refused(path, value);
    }
  }

  #encodeObject(value: object, path: string): unknown {
    const name = classOf(value);
    if (isArrayName(name)) return this.#encodeArray(name, value as Uint8Array, path);
    if (value instanceof Tensor || isNamedArray(value)) {
      const { dtype, shape, data } = checkedArray('checkpoint', path, value);
      return { [MARK]: 'tensor', tensor: this.#add(path, dtype, shape, data) };
    }
    if (this.#ancestors.has(value)) throw new ArgumentError(`checkpoint: '${path}' contains itself`);
    if (this.#ancestors.size === MAX_DEPTH) {
      throw new ArgumentError(`checkpoint: '${path.slice(0, 80)}' is nested more than ${MAX_DEPTH} deep`);
    }
    this.#ancestors.add(value);
    try {
      return this.#encodeGroup(value, path);
    } finally {
      this.#ancestors.delete(value);
    }
  }

  #encodeGroup(value: object, path: string): unknown {
    const within = (name: unknown, part: unknown) => this.encode(part, path === '' ? String(name) : `${path}.${name}`);
    if (Array.isArray(value)) return Array.from(value, (part, i) => within(i, part));
    if (value instanceof Map) {
      const entries = Array.from(value, ([key, part], i) => [within(`key ${i}`, key), within(key, part)]);
      return { [MARK]: 'map', entries };
    }
    if (value instanceof Set) return { [MARK]: 'set', values: Array.from(value, (part, i) => within(i, part)) };
    if (!isPlain(value)) throw refused(path, value);
    const entries = Object.entries(value).map(([key, part]) => [key, within(key, part)] as const);
    return Object.hasOwn(value, MARK) ? { [MARK]: 'object', entries } : Object.fromEntries(entries);
  }

  #encodeArray(name: ArrayName, array: Uint8Array, path: string): unknown {
    return { [MARK]: name, tensor: this.#add(path, ARRAYS[name].type, [array.length], array) };
  }

  /** Adds an array under its path, or under a similar name if that is taken. */
  #add(path: string, type: ElementType, shape: Shape, data: ArrayBufferView): string {
    let name = path === '' ? 'value' : path;
    for (let i = 2; this.#names.has(name); i++) name = `${path} (${i})`;
    this.#names.add(name);
    this.tensors.push({ name, type, shape, bytes: fileBytes(data, ELEMENT_TYPES[type].bytes) });
    return name;
  }
}

const refused = (path: string, value: unknown): ArgumentError => {
  const what = typeof value === 'object' && value !== null ? `a ${value.constructor?.name}` : describeValue(value);
  return new ArgumentError(
    `checkpoint: '${path}' is ${what}, expected plain data, arrays, or an object with state() and load(state)`,
  );
};

/** Encodes a tree of plain data and arrays. */
export function encodeTree(value: unknown): { readonly json: string; readonly tensors: readonly RawTensor[] } {
  const encoder = new Encoder();
  const json = JSON.stringify(encoder.encode(value, ''));
  return { json, tensors: encoder.tensors };
}

/** The arrays of a file, by name. */
export interface TreeArrays {
  /**
   * Returns the bytes of an array in this machine's byte order, in newly allocated memory that starts at a multiple of
   * 8.
   */
  bytes(name: string, type: ElementType): Uint8Array;
  /** Returns an array with its dtype and shape. */
  named(name: string): NamedArray;
}

/** Decodes the result of `encodeTree`. */
export function decodeTree(json: string, file: string, arrays: TreeArrays): unknown {
  const wrong = (message: string) => new FormatError(file, `the tree of the checkpoint ${message}`);
  const decodeMarked = (value: Readonly<Record<string, unknown>>, depth: number): unknown => {
    const kind = value[MARK];
    const list = (field: string): readonly unknown[] => {
      const found = value[field];
      if (!Array.isArray(found)) throw wrong(`has ${describeValue(kind)} without ${field}`);
      return found;
    };
    const pairs = (): readonly (readonly [unknown, unknown])[] =>
      list('entries').map((entry) => {
        if (!Array.isArray(entry) || entry.length !== 2) throw wrong(`has an entry that is ${describeValue(entry)}`);
        return [decode(entry[0], depth + 1), decode(entry[1], depth + 1)];
      });
    const text = (field: string): string => {
      const found = value[field];
      if (typeof found !== 'string') throw wrong(`has ${describeValue(kind)} with ${field} ${describeValue(found)}`);
      return found;
    };
    switch (kind) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(text('value'));
      case 'bigint':
        if (!/^-?\d{1,10000}$/.test(text('value'))) throw wrong(`has a bigint of ${describeValue(value['value'])}`);
        return BigInt(text('value'));
      case 'tensor':
        return arrays.named(text('tensor'));
      case 'map':
        return new Map(pairs());
      case 'set':
        return new Set(list('values').map((part) => decode(part, depth + 1)));
      case 'object':
        return Object.fromEntries(pairs().map(([key, part]) => [String(key), part]));
    }
    if (typeof kind !== 'string' || !isArrayName(kind)) throw wrong(`has an unknown kind, ${describeValue(kind)}`);
    const { type, make } = ARRAYS[kind];
    const { buffer, byteOffset, byteLength } = arrays.bytes(text('tensor'), type);
    return new make(buffer as ArrayBuffer, byteOffset, byteLength / ELEMENT_TYPES[type].bytes);
  };
  const decode = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (depth > 2 * MAX_DEPTH) throw wrong('is nested too deeply');
    if (Array.isArray(value)) return value.map((part) => decode(part, depth + 1));
    if (Object.hasOwn(value, MARK)) return decodeMarked(value as Record<string, unknown>, depth);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part, depth + 1)]));
  };
  let tree: unknown;
  try {
    tree = JSON.parse(json);
  } catch (error) {
    throw wrong(`is not JSON: ${(error as Error).message}`);
  }
  return decode(tree, 0);
}
