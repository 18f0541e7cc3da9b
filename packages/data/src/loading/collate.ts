import { ArgumentError, type Data, type DType, DTypeError, ShapeError, Tensor, tensor } from '@tapegrad/core';
import { describeValue, formatShape, isPlain, NdArray, sameShape, sizeOf } from '@tapegrad/core/extend';
import type { Collated } from '../dataset/collated.ts';

const dataTypes = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array };

/** Makes a tensor of new elements, without copying them. */
export const tensorOf = (data: Data, dtype: DType, shape: readonly number[]): Tensor =>
  new Tensor(new NdArray(data, dtype, shape));

/** Returns zeros of a dtype. */
export const newElements = (dtype: DType, length: number): Data => new dataTypes[dtype](length);

/** Returns a name for one part of an example, for messages. */
export type Namer = (position: number) => string;

/** Returns a function that names the examples of a batch in messages. */
export const namerOf = (indices: ArrayLike<number> | undefined, path: string): Namer => {
  const part = path === '' ? '' : `${path} of `;
  return (position) => `${part}example ${indices === undefined ? position : indices[position]}`;
};

/**
 * Collates examples into a batch: the default of `DataLoader`.
 *
 * | an example has | the batch has |
 * | --- | --- |
 * | a tensor `[...shape]` | a tensor `[n, ...shape]` of the same dtype |
 * | a number, a boolean | a tensor `[n]`, float32 or bool |
 * | a Float32Array, Float64Array or Int32Array, or a list of numbers | a tensor `[n, length]`; lists become float32 |
 * | text | a list of n texts |
 * | a plain object, or a list of tensors or objects | an object or a list with a batch of each entry |
 *
 * Class labels are int32, so they must come as tensors or an Int32Array, not as numbers.
 *
 * @param indices The indices of the examples in the dataset, for messages.
 * @throws ShapeError or DTypeError for tensors of different shapes or dtypes; ArgumentError for any other value, for
 *   example a missing one.
 * @example
 * collate([{ x: [1, 2], y: 0.5 }, { x: [3, 4], y: 1 }]).x.toArray(); // [[1, 2], [3, 4]]
 */
export function collate<Example>(examples: readonly Example[], indices?: ArrayLike<number>): Collated<Example> {
  if (!Array.isArray(examples) || examples.length === 0) {
    throw new ArgumentError(`collate: expected one or more examples, got ${describeValue(examples)}`);
  }
  return collated(examples, indices, '') as Collated<Example>;
}

const isNumbers = (x: unknown): x is ArrayLike<number> =>
  x instanceof Float32Array || x instanceof Float64Array || x instanceof Int32Array;

/** Returns whether a value is a list of numbers or booleans, nested or not, which becomes a tensor. */
const isNested = (x: unknown): boolean =>
  Array.isArray(x) && (typeof x[0] === 'number' || typeof x[0] === 'boolean' || isNested(x[0]));

/** Joins the path of a part with the name of one of its entries. */
const joined = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function collated(values: readonly unknown[], indices: ArrayLike<number> | undefined, path: string): unknown {
  const first = values[0];
  const name = namerOf(indices, path);
  if (first instanceof Tensor) return stacked(values, name);
  if (typeof first === 'number') return numbers(values, 'number', 'float32', name);
  if (typeof first === 'boolean') return numbers(values, 'boolean', 'bool', name);
  if (typeof first === 'string') {
    const wrong = values.findIndex((value) => typeof value !== 'string');
    if (wrong === -1) return values;
    throw new ArgumentError(`collate: expected text as ${name(wrong)}, got ${describeValue(values[wrong])}`);
  }
  if (isNumbers(first) || isNested(first))
    return stacked(
      values.map((value, i) => numbersOf(value, name(i))),
      name,
    );
  if (Array.isArray(first)) {
    return first.map((_, entry) => {
      const column = values.map((value, i) => entryOf(value, entry, first.length, name(i)));
      return collated(column, indices, joined(path, String(entry)));
    });
  }
  if (typeof first === 'object' && first !== null && isPlain(first)) {
    const names = Object.keys(first);
    return Object.fromEntries(
      names.map((key) => {
        const column = values.map((value, i) => fieldOf(value, key, names, name(i)));
        return [key, collated(column, indices, joined(path, key))];
      }),
    );
  }
  const missing = first === undefined || first === null ? '; fill missing values first, or filter them out' : '';
  const wanted = 'a tensor, number, boolean, text, list or plain object';
  throw new ArgumentError(
    `collate: expected ${wanted} as ${name(0)}, got ${describeValue(first)}${missing || '; map it, or give { collate }'}`,
  );
}

function numbersOf(value: unknown, name: string): Tensor {
  if (isNumbers(value) || isNested(value)) return tensor(value as number[]);
  throw new ArgumentError(`collate: expected numbers as ${name}, got ${describeValue(value)}`);
}

function entryOf(value: unknown, entry: number, length: number, name: string): unknown {
  if (Array.isArray(value) && value.length === length) return value[entry];
  const got = Array.isArray(value) ? `${value.length}` : describeValue(value);
  throw new ArgumentError(`collate: expected a list of ${length} entries as ${name}, got ${got}`);
}

function fieldOf(value: unknown, key: string, names: readonly string[], name: string): unknown {
  const isRecord = typeof value === 'object' && value !== null;
  if (isRecord && key in value && Object.keys(value).length === names.length) return value[key as never];
  const got = isRecord ? `{ ${Object.keys(value).join(', ')} }` : describeValue(value);
  throw new ArgumentError(`collate: expected { ${names.join(', ')} } as ${name}, got ${got}`);
}

function numbers(values: readonly unknown[], kind: string, dtype: DType, name: Namer): Tensor {
  const data = newElements(dtype, values.length);
  values.forEach((value, i) => {
    if (typeof value !== kind) {
      throw new ArgumentError(`collate: expected a ${kind} as ${name(i)}, got ${describeValue(value)}`);
    }
    data[i] = Number(value);
  });
  return tensorOf(data, dtype, [values.length]);
}

/** Returns a value if it is a tensor of a dtype; throws otherwise. */
export function checkedTensor(value: unknown, dtype: DType, name: string): Tensor {
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(`collate: expected a tensor as ${name}, got ${describeValue(value)}`);
  }
  if (value.dtype === dtype) return value;
  throw new DTypeError(`collate: expected ${dtype} as ${name}, got ${value.dtype}; cast it with x.cast('${dtype}')`);
}

function stacked(values: readonly unknown[], name: Namer): Tensor {
  const { shape, dtype } = values[0] as Tensor;
  const size = sizeOf(shape);
  const data = newElements(dtype, values.length * size);
  values.forEach((value, i) => {
    const x = checkedTensor(value, dtype, name(i));
    if (!sameShape(x.shape, shape)) {
      const mend = 'crop or resize it, or pad sequences with { collate: padded() }';
      throw new ShapeError(
        `collate: expected shape ${formatShape(shape)} as ${name(i)}, as ${name(0)} has, got ${formatShape(x.shape)}; ${mend}`,
      );
    }
    data.set(x.data, i * size);
  });
  return tensorOf(data, dtype, [values.length, ...shape]);
}
