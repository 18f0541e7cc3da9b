/** Datasets made from data in memory: tensors, lists or columns. */

import { ArgumentError, type Tensor, tensor } from '@tapegrad/core';
import { checkTensor, describeValue, formatShape } from '@tapegrad/core/extend';
import type { Collated, NumberArray, Row } from './collated.ts';
import { Dataset } from './dataset.ts';

/** The types of the columns after typed arrays have been converted to tensors. */
type AsTensors<C extends Readonly<Record<string, Tensor | NumberArray>>> = {
  readonly [Name in keyof C]: C[Name] extends Tensor ? C[Name] : Tensor<readonly [number]>;
};

/** Returns whether each index is one more than the one before. */
function areConsecutive(indices: Int32Array): boolean {
  for (let i = 1; i < indices.length; i++) if (indices[i] !== indices[0]! + i) return false;
  return indices.length > 0;
}

/**
 * Makes a dataset whose examples are the rows of tensors, for example of inputs and labels. Batches are taken directly
 * from the tensors: consecutive rows as a view, without a copy, other rows by one `take` for each tensor.
 *
 * @param columns Tensors, or typed arrays of numbers, with the same number of rows.
 * @throws ArgumentError if there is no column, or their numbers of rows differ or are 0.
 * @example
 * const dataset = fromTensors({ x: zeros([100, 784]), y: new Int32Array(100) });
 * dataset.at(5).x.shape; // [784]
 * const [batch] = new DataLoader(dataset, { batchSize: 32 });
 * batch!.x.shape; // [32, 784]
 */
export function fromTensors<const C extends Readonly<Record<string, Tensor | NumberArray>>>(
  columns: C,
): Dataset<Row<AsTensors<C>>> {
  const own = Object.entries(columns ?? {}).map(([name, column]): [string, Tensor] => {
    if (ArrayBuffer.isView(column)) return [name, tensor(column)];
    checkTensor('fromTensors', column);
    return [name, column as Tensor];
  });
  const length = rowCount(own);
  const each = (part: (x: Tensor) => Tensor) => Object.fromEntries(own.map(([name, x]) => [name, part(x)]));
  return new Dataset(length, (i) => each((x) => x.index(i)) as Row<AsTensors<C>>, {
    gather(indices) {
      const [first, end] = [indices[0]!, indices[0]! + indices.length];
      if (areConsecutive(indices)) return each((x) => x.slice(0, first, end)) as Collated<Row<AsTensors<C>>>;
      const rows = tensor(indices);
      return each((x) => x.take(rows)) as Collated<Row<AsTensors<C>>>;
    },
  });
}

function rowCount(columns: readonly (readonly [string, Tensor])[]): number {
  const length = columns[0]?.[1].shape[0] ?? 0;
  if (length > 0 && columns.every(([, { shape }]) => shape[0] === length)) return length;
  const got = columns.map(([name, { shape }]) => `${name} ${formatShape(shape)}`).join(', ');
  throw new ArgumentError(
    `fromTensors: expected tensors with the same number of rows, 1 or more, got ${got || 'none'}`,
  );
}

/**
 * Makes a dataset of a list of examples. The list is not copied.
 *
 * @example
 * fromArray(['a', 'b', 'c']).at(1); // 'b'
 */
export function fromArray<Example>(examples: readonly Example[]): Dataset<Example> {
  if (!Array.isArray(examples)) {
    throw new ArgumentError(`fromArray: expected a list of examples, got ${describeValue(examples)}`);
  }
  return new Dataset(examples.length, (i) => examples[i] as Example);
}

/** The type of the elements of a column. */
type Cell<Column> = Column extends ArrayLike<infer Value> ? Value : never;

/**
 * Makes a dataset of columns of any kind, for example of a table: lists of strings, numbers or objects. An example is a
 * record with one value of each column. If all columns are numbers, `fromTensors` is faster.
 *
 * @throws ArgumentError if there is no column, or their lengths differ.
 * @example
 * fromColumns({ name: ['Ada', 'Bob'], age: [36, 41] }).at(1); // {"name": "Bob", "age": 41}
 */
export function fromColumns<C extends Readonly<Record<string, ArrayLike<unknown>>>>(
  columns: C,
): Dataset<{ readonly [Name in keyof C]: Cell<C[Name]> }> {
  const own = Object.entries(columns ?? {});
  const length = own[0]?.[1].length;
  if (length === undefined || own.some(([, column]) => column.length !== length)) {
    const got = own.map(([name, column]) => `${name} ${column?.length}`).join(', ');
    throw new ArgumentError(`fromColumns: expected one or more columns of the same length, got ${got || 'none'}`);
  }
  return new Dataset(length, (i) => Object.fromEntries(own.map(([name, column]) => [name, column[i]])) as never);
}
