/** Mini-batches: rows of several tensors, taken together. */

import { ArgumentError, type Random, type Shape, type Tensor } from '@tapegrad/core';

/** Tensors whose rows belong together, such as inputs and labels. */
export type Columns = Readonly<Record<string, Tensor>>;

/** The same tensors with only some of their rows. */
export type Rows<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends Tensor<readonly [number, ...infer Row extends Shape]>
    ? Tensor<readonly [number, ...Row]>
    : Tensor;
};

export interface BatchOptions {
  /** The number of rows in a batch. */
  readonly size: number;
  /** Shuffles the rows. Without it, they keep their order. */
  readonly random?: Random;
  /** Whether to leave out a last batch with fewer rows. */
  readonly dropLast?: boolean;
}

/**
 * Yields the batches of one epoch.
 *
 * @example
 * for (const { x, y } of batches({ x: images, y: labels }, { size: 128, random })) { … }
 */
export function* batches<const C extends Columns>(
  columns: C,
  { size, random, dropLast = false }: BatchOptions,
): Generator<Rows<C>, void, undefined> {
  const count = rowCount(columns);
  if (!Number.isInteger(size) || size < 1) {
    throw new ArgumentError(`batches: expected a size of 1 or more rows, got ${size}`);
  }
  const order = random?.permutation(count);
  const stop = dropLast ? count - (count % size) : count;
  for (let start = 0; start < stop; start += size) {
    const end = Math.min(start + size, stop);
    const rows = order?.slice(0, start, end);
    const part = (x: Tensor): Tensor => (rows === undefined ? x.slice(0, start, end) : x.take(rows));
    yield Object.fromEntries(Object.entries(columns).map(([name, x]) => [name, part(x)])) as Rows<C>;
  }
}

function rowCount(columns: Columns): number {
  const counts = Object.entries(columns).map(([name, { shape }]) => [name, shape[0] ?? 0] as const);
  const [[, count] = ['', 0]] = counts;
  if (count === 0 || counts.some(([, other]) => other !== count)) {
    const got = counts.map(([name, rows]) => `${name} ${rows}`).join(', ');
    throw new ArgumentError(`batches: expected columns of the same number of rows, 1 or more, got ${got || 'none'}`);
  }
  return count;
}
