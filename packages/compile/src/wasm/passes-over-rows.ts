/** Divides the computation of a row into passes: what uses the result of a reduction must wait until its pass is done. */

import { isLight } from './element-code.ts';
import { type Loop, rowValues } from './loop.ts';

/** A pass over the elements of a row. */
export interface Pass {
  /** The values to compute for each element, in order. */
  readonly computed: readonly number[];
  /** The values to read for each element: inputs of the loop, or values that an earlier pass kept. */
  readonly read: readonly number[];
  /** The values to keep for later passes. */
  readonly kept: readonly number[];
  /** The indices of the outputs to write. */
  readonly written: readonly number[];
  /** The instructions, by number of their value, that reduce a value of this pass. */
  readonly reduced: readonly number[];
}

export interface RowSchedule {
  readonly passes: readonly Pass[];
  /** The values of whole rows to compute before each pass, and after the last. */
  readonly rowValues: readonly (readonly number[])[];
}

/** Schedules a loop that has no reductions or reduces its last axis. */
export function scheduleRows(loop: Loop): RowSchedule {
  const { inputs, instructions, outputs } = loop;
  const areRows = rowValues(loop);
  const instruction = (value: number) => instructions[value - inputs.length];
  // The first pass in which a value of an element can be computed, or before which a value of a row is known.
  const first: number[] = inputs.map(() => 0);
  for (const { inputs: operands, reduction } of instructions) {
    const known = operands.reduce((latest, i) => Math.max(latest, first[i]!), 0);
    first.push(reduction === undefined ? known : known + 1);
  }
  const isFull = (value: number): boolean => !areRows[value];
  const reductions = instructions.flatMap(({ reduction }, i) => (reduction ? [i + inputs.length] : []));
  const reducedIn = (value: number): number => first[value]! - 1;
  const isWrittenAlong = ({ value, access }: (typeof outputs)[number]): boolean =>
    isFull(value) || access.strides.at(-1) !== 0;
  const lastOf = [
    ...reductions.map(reducedIn),
    ...outputs.filter(isWrittenAlong).map(({ value }) => first[value]!),
    -1,
  ];
  const count = Math.max(...lastOf) + 1;
  const kept = new Set<number>();
  const passes: Pass[] = [];
  for (let pass = count - 1; pass >= 0; pass--) {
    const computed = new Set<number>();
    const read = new Set<number>();
    const visit = (value: number): void => {
      if (!isFull(value) || computed.has(value) || read.has(value)) return;
      const made = instruction(value);
      if (made === undefined) read.add(value);
      else if (first[value]! < pass && (kept.has(value) || !isLight(made.op))) {
        kept.add(value);
        read.add(value);
      } else {
        made.inputs.forEach(visit);
        computed.add(value);
      }
    };
    const written = outputs.flatMap((output, i) => (isWrittenAlong(output) && first[output.value] === pass ? [i] : []));
    const reduced = reductions.filter((value) => reducedIn(value) === pass);
    const keptHere = [...kept].filter((value) => first[value] === pass);
    for (const i of written) visit(outputs[i]!.value);
    for (const value of reduced) visit(instruction(value)!.inputs[0]!);
    keptHere.forEach(visit);
    const inOrder = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);
    passes.unshift({ computed: inOrder(computed), read: inOrder(read), kept: keptHere, written, reduced });
  }
  const rows = Array.from({ length: count + 1 }, (_, pass) =>
    instructions.flatMap(({ reduction }, i) => {
      const value = i + inputs.length;
      return areRows[value] && reduction === undefined && Math.min(first[value]!, count) === pass ? [value] : [];
    }),
  );
  return { passes, rowValues: rows };
}
