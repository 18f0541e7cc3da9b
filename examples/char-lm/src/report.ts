/** The results of a run as a table. */

import { TextTable } from '@tapegrad/example-toolkit/text-table';

/** The loss of a model on held-out text. */
export interface Result {
  readonly name: string;
  readonly parameters?: number;
  /** In nats per character. */
  readonly loss: number;
  /** Training speed, in characters per second. */
  readonly speed?: number;
}

/** The table of results, with a row for each model. */
export const resultTable = new TextTable<Result>([
  { title: 'guessing with'.padEnd(27), cell: ({ name }) => name, align: 'left' },
  { title: 'parameters', cell: ({ parameters }) => (parameters === undefined ? '' : count(parameters)) },
  { title: 'nats/char', cell: ({ loss }) => loss.toFixed(3) },
  { title: 'bits/char', cell: ({ loss }) => bits(loss).toFixed(3) },
  { title: 'chars/s', cell: ({ speed }) => (speed === undefined ? '' : count(speed)) },
]);

export const count = (value: number): string => Math.round(value).toLocaleString('en');

export const bits = (nats: number): number => nats / Math.LN2;

/** Formats a text as one line, with a sign for each line break. */
export const inLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ⏎ ');
