/** Converts tensors of PyTorch, and trees of them, to arrays. */

import { sizeOf } from '@tapegrad/core/extend';
import { type DecodeOptions, decodeElements } from '../elements/decode.ts';
import { ELEMENT_TYPES } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import type { NamedArray } from '../named-array.ts';
import { Global, Storage, TensorView } from './globals.ts';

/** The maximum nesting depth of a tree. */
const MAX_DEPTH = 500;
/**
 * The maximum number of tensors in a file. Otherwise, a small file whose lists contain the same list many times could
 * have billions of tensors.
 */
const MAX_TENSORS = 1_000_000;

/** The bytes of a storage that are read for tensors. */
export interface StorageBytes {
  readonly bytes: Uint8Array;
  /** The offset of the first byte in the file. */
  readonly offset: number;
}

/** Returns the range of elements of a storage that a tensor uses. */
export function rangeOf({ offset, shape, stride }: TensorView): readonly [start: number, end: number] {
  if (shape.includes(0)) return [offset, offset];
  const last = shape.reduce((sum, length, i) => sum + (length - 1) * stride[i]!, offset);
  return [offset, last + 1];
}

/** Returns whether the elements of a view are contiguous in row-major order. */
function isContiguous({ shape, stride }: TensorView): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

const units = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/** Copies the elements of a view in row-major order. */
function gathered({ shape, stride }: TensorView, bytes: Uint8Array, size: keyof typeof units): Uint8Array {
  const own = bytes.slice();
  const source = new units[size](own.buffer) as Uint8Array;
  const target = new units[size](sizeOf(shape)) as Uint8Array;
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < target.length; i++) {
    target[i] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * stride[axis]!;
      index[axis] = 0;
    }
  }
  return new Uint8Array(target.buffer);
}

/**
 * Converts a tensor to an array.
 *
 * @param read Returns the elements of the storage from the first to the last that the tensor uses.
 */
export function arrayOfView(
  view: TensorView,
  { bytes, offset }: StorageBytes,
  file: string,
  name: string,
  options: DecodeOptions,
): NamedArray {
  const size = ELEMENT_TYPES[view.type].bytes;
  const empty = view.shape.includes(0);
  const elements = empty || isContiguous(view) ? bytes : gathered(view, bytes, size);
  const refuse = (message: string, at: number): never => {
    throw new FormatError(file, `tensor '${name}': ${message}`, offset + (elements === bytes ? at : 0));
  };
  return { ...decodeElements(view.type, elements, options, refuse), shape: view.shape };
}

/**
 * Lists the tensors of a tree under their paths: `model.0.weight`.
 *
 * @throws FormatError for a tree that is nested too deeply or has too many tensors.
 */
export function tensorsIn(tree: unknown, file: string): ReadonlyMap<string, TensorView> {
  const found = new Map<string, TensorView>();
  let visits = 0;
  const visit = (value: unknown, path: string, ancestors: Set<unknown>): void => {
    if (value instanceof TensorView) {
      let name = path === '' ? 'tensor' : path;
      for (let i = 2; found.has(name); i++) name = `${path} (${i})`;
      found.set(name, value);
      return;
    }
    if (!(value instanceof Map || Array.isArray(value)) || ancestors.has(value)) return;
    if (ancestors.size >= MAX_DEPTH) throw new FormatError(file, 'the tree of the checkpoint is nested too deeply');
    ancestors.add(value);
    for (const [key, part] of value.entries()) {
      if (++visits > MAX_TENSORS) throw new FormatError(file, `expected at most ${MAX_TENSORS} values`);
      if (typeof part === 'object') visit(part, path === '' ? String(key) : `${path}.${String(key)}`, ancestors);
    }
    ancestors.delete(value);
  };
  visit(tree, '', new Set());
  return found;
}

/** Converts the contents of a pickle to plain data: dicts to records, names to texts, and tensors with `convert`. */
export function plainTree(tree: unknown, convert: (view: TensorView) => unknown): unknown {
  // An object that occurs in several places is converted only once, so that a small file can't become a large tree.
  const known = new Map<unknown, unknown>();
  const plain = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (known.has(value)) return known.get(value);
    if (value instanceof Global) return value.name;
    if (value instanceof TensorView) return remember(value, convert(value));
    if (value instanceof Storage) return `storage ${value.key}`;
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      known.set(value, list);
      for (const part of value) list.push(plain(part));
      return list;
    }
    if (value instanceof Set) return remember(value, new Set([...value].map(plain)));
    return record(value as ReadonlyMap<unknown, unknown>);
  };
  const remember = <T>(value: unknown, result: T): T => {
    known.set(value, result);
    return result;
  };
  const record = (map: ReadonlyMap<unknown, unknown>): unknown => {
    const isRecord = [...map.keys()].every((key) => typeof key === 'string' || typeof key === 'number');
    const names = new Set([...map.keys()].map(String));
    if (!isRecord || names.size < map.size) {
      const result = remember(map, new Map<unknown, unknown>());
      for (const [key, part] of map) result.set(plain(key), plain(part));
      return result;
    }
    const result = remember(map, {});
    for (const [key, part] of map) {
      Object.defineProperty(result, String(key), {
        value: plain(part),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return result;
  };
  return plain(tree);
}
