/** Datasets of the pieces of a sequence, such as a text or a time series. */

import { ArgumentError, arange, type Tensor, tensor } from '@tapegrad/core';
import { checkOptions, checkTensor, describeValue, formatShape } from '@tapegrad/core/extend';
import { Dataset } from './dataset.ts';

/** The options of `windows`. */
export interface WindowsOptions {
  /** The number of elements in a window. */
  readonly length: number;
  /**
   * The distance between the starts of consecutive windows. If it equals `length`, the windows don't overlap. Elements
   * at the end that don't fill a window are left out. Defaults to 1.
   */
  readonly stride?: number;
}

/** The shape of a window of a sequence with shape `S`. */
type Window<S extends readonly number[]> = S extends readonly [number, ...infer Rest extends readonly number[]]
  ? Tensor<readonly [number, ...Rest]>
  : Tensor;

/**
 * Makes a dataset of the windows of a sequence: pieces of equal length, which may overlap. A language model learns from
 * windows of a text: it predicts each element but the first from those before it.
 *
 * @param sequence a tensor, whose first axis is the sequence
 * @throws ArgumentError if the length or the stride isn't an integer of at least 1, or the sequence is shorter than a
 *   window.
 * @example
 * const text = tensor([5, 1, 4, 1, 3], { dtype: 'int32' });
 * windows(text, { length: 3 }).toArray().map((window) => window.toArray()); // [[5, 1, 4], [1, 4, 1], [4, 1, 3]]
 *
 * const [pieces] = new DataLoader(windows(text, { length: 3 }), { batchSize: 2 });
 * pieces!.slice(1, 0, -1).toArray(); // [[5, 1], [1, 4]]
 * pieces!.slice(1, 1).toArray(); // [[1, 4], [4, 1]]
 */
export function windows<const S extends readonly number[]>(
  sequence: Tensor<S>,
  options: WindowsOptions,
): Dataset<Window<S>> {
  checkTensor('windows', sequence);
  checkOptions('windows', options, ['length', 'stride']);
  const { length, stride = 1 } = options ?? {};
  for (const [name, value] of Object.entries({ length, stride })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ArgumentError(`windows: ${name} is ${describeValue(value)}, expected an integer of at least 1`);
  }
  const [size] = sequence.shape;
  if (size === undefined || size < length) {
    const got = formatShape(sequence.shape);
    throw new ArgumentError(`windows: expected a sequence of at least ${length} elements, got shape ${got}`);
  }
  const offsets = arange(0, length, 1, { dtype: 'int32' });
  return new Dataset(
    Math.floor((size - length) / stride) + 1,
    (i) => sequence.slice(0, i * stride, i * stride + length) as never,
    {
      gather(indices) {
        const starts = tensor(
          indices.map((i) => i * stride),
          { shape: [indices.length, 1] },
        );
        return sequence.take(starts.add(offsets)) as never;
      },
    },
  );
}
