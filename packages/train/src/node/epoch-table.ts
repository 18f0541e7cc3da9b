/** Prints a table with a row for each epoch. */

import { checkOptions } from '@tapegrad/core/extend';
import type { Epoch } from '../trainer/history.ts';
import type { Hooks } from '../trainer/hooks.ts';

/** The options of `epochTable`. */
export interface EpochTableOptions {
  /** The word for examples in the output. Defaults to `examples`. */
  readonly unit?: string;
  /** Formats a score. Defaults to four decimals. */
  readonly format?: (value: number, name: string) => string;
  /** Called with each line. Defaults to writing it to standard output. */
  readonly print?: (line: string) => void;
}

interface Column {
  readonly title: string;
  cell(record: Epoch): string;
}

const MIN_WIDTH = 7;

function columnsOf(first: Epoch, unit: string, format: (value: number, name: string) => string): Column[] {
  const scores = (title: string, of: (record: Epoch) => Epoch['training'] | undefined): Column[] =>
    Object.keys(of(first) ?? {}).map((name) => ({
      title: `${title} ${name}`,
      cell: (record) => format(of(record)?.[name] ?? Number.NaN, name),
    }));
  return [
    { title: 'epoch', cell: ({ epoch }) => String(epoch) },
    ...scores('train', ({ training }) => training),
    ...scores('valid', ({ validation }) => validation),
    { title: 'time', cell: ({ seconds }) => `${seconds.toFixed(1)} s` },
    { title: `${unit}/s`, cell: ({ examples, seconds }) => Math.round(examples / seconds).toLocaleString('en') },
  ];
}

/**
 * Prints a table with a row for each epoch: its training and validation scores, time and speed. A resumed run first
 * prints the rows of the completed epochs.
 *
 * @example
 * const hooks = [epochTable({ unit: 'digits' })];
 */
export function epochTable(options: EpochTableOptions = {}): Hooks {
  checkOptions('epochTable', options, ['unit', 'format', 'print']);
  const { unit = 'examples', format = (value) => value.toFixed(4) } = options;
  const { print = (line: string) => void process.stdout.write(`${line}\n`) } = options;
  let columns: Column[] | undefined;
  const row = (record: Epoch): void => {
    const isFirst = columns === undefined;
    columns ??= columnsOf(record, unit, format);
    const width = ({ title }: Column): number => Math.max(MIN_WIDTH, title.length);
    const line = (cell: (column: Column) => string): string =>
      columns!.map((column) => cell(column).padStart(width(column))).join('  ');
    if (isFirst) print(`${line(({ title }) => title)}\n${line((column) => '─'.repeat(width(column)))}`);
    print(line(({ cell }) => cell(record)));
  };
  return {
    onStart({ trainer }) {
      columns = undefined;
      for (const record of trainer.history.epochs) row(record);
    },
    onEpoch: ({ record }) => row(record),
  };
}
