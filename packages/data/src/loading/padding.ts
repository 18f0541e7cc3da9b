import { ArgumentError, type Shape, ShapeError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape, sameShape, sizeOf } from '@tapegrad/core/extend';
import type { Collated } from '../dataset/collated.ts';
import { checkedTensor, collate, namerOf, newElements, tensorOf } from './collate.ts';

/** The fill value of each part of an example that is padded. */
type Fills = Readonly<Record<string, number>>;

/** The type of a batch of sequences `[steps, ...]`. */
type PaddedPart<X> =
  X extends Tensor<readonly [number, ...infer Rest extends Shape]>
    ? number extends Rest['length']
      ? Tensor
      : Tensor<readonly [number, number, ...Rest]>
    : Tensor;

/** A batch in which some parts are padded sequences. */
export type Padded<Example, F extends Fills> = {
  readonly [Name in keyof Example]: Name extends keyof F ? PaddedPart<Example[Name]> : Collated<Example[Name]>;
} & {
  /** The lengths of the sequences before padding, int32. */
  readonly lengths: { readonly [Name in keyof F]: Tensor<readonly [number]> };
};

/** The options of `padded`. */
export interface PaddedOptions {
  /** The length to pad to; no sequence may be longer. Defaults to the length of the batch's longest sequence. */
  readonly length?: number;
}

/**
 * Returns a collate function for records in which some tensors are sequences of different lengths. Sequences
 * `[steps, ...rest]` become one tensor `[n, longest, ...rest]`, padded at the end. `lengths` in the batch has their
 * original lengths, in the form that recurrent layers take. Other parts are collated as by `collate`.
 *
 * @param fills The value to pad with, for each part that is padded.
 * @throws ArgumentError if a part is not a tensor, or is longer than `length`; ShapeError if the sequences differ in
 *   other axes.
 * @example
 * const texts = fromArray([{ text: tensor([5, 6]), y: 1 }, { text: tensor([7]), y: 0 }]);
 * const [batch] = new DataLoader(texts, { batchSize: 2, collate: padded({ text: 0 }) });
 * batch!.text.toArray(); // [[5, 6], [7, 0]]
 * batch!.lengths.text.toArray(); // [2, 1]
 */
export function padded<const F extends Fills>(fills: F, options: PaddedOptions = {}) {
  checkOptions('padded', options, ['length']);
  const { length } = options;
  if (length !== undefined && (!Number.isInteger(length) || length < 0)) {
    throw new ArgumentError(`padded: expected a length of 0 or more, got ${describeValue(length)}`);
  }
  const parts = Object.entries(fills ?? {});
  if (parts.length === 0) throw new ArgumentError('padded: expected parts with their fill values, such as { text: 0 }');
  return <Example extends object>(examples: readonly Example[], indices?: ArrayLike<number>): Padded<Example, F> => {
    const others = examples.map((example) =>
      Object.fromEntries(Object.entries(example).filter(([name]) => !(name in fills))),
    );
    const lengths: Record<string, Tensor> = {};
    const sequences = parts.map(([name, fill]) => {
      const values = examples.map((example) => example[name as keyof Example]);
      const { batch, steps } = filledUp(values, fill, length, namerOf(indices, name));
      lengths[name] = tensorOf(steps, 'int32', [steps.length]);
      return [name, batch] as const;
    });
    return { ...collate(others, indices), ...Object.fromEntries(sequences), lengths } as unknown as Padded<Example, F>;
  };
}

function filledUp(
  values: readonly unknown[],
  fill: number,
  length: number | undefined,
  name: (position: number) => string,
): { readonly batch: Tensor; readonly steps: Int32Array } {
  const { dtype } = checkedTensor(values[0], (values[0] as Tensor | undefined)?.dtype as never, name(0));
  const sequences = values.map((value, i) => checkedTensor(value, dtype, name(i)));
  const rest = sequences[0]!.shape.slice(1);
  const steps = Int32Array.from(sequences, ({ shape }, i) => {
    if (shape.length > 0 && sameShape(shape.slice(1), rest)) return shape[0]!;
    const wanted = ['steps', ...rest].join(', ');
    throw new ShapeError(`padded: expected shape [${wanted}] as ${name(i)}, got ${formatShape(shape)}`);
  });
  const longest = length ?? steps.reduce((most, step) => Math.max(most, step), 0);
  const tooLong = steps.findIndex((step) => step > longest);
  if (tooLong !== -1) {
    throw new ArgumentError(
      `padded: expected at most ${longest} steps as ${name(tooLong)}, got ${steps[tooLong]}; shorten it in map`,
    );
  }
  const size = longest * sizeOf(rest);
  const data = newElements(dtype, sequences.length * size).fill(fill);
  sequences.forEach((x, i) => {
    data.set(x.data, i * size);
  });
  return { batch: tensorOf(data, dtype, [sequences.length, longest, ...rest]), steps };
}
