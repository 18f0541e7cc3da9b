/** A run in numbers. */

import { TextTable } from '@tapegrad/example-toolkit/text-table';
import type { Round } from './run.ts';

/** A row for each round of training. */
export const roundTable = new TextTable<Round>([
  { title: 'characters', cell: ({ characters }) => count(characters) },
  { title: 'train', cell: ({ training }) => training.toFixed(3) },
  { title: 'held out', cell: ({ heldOut }) => heldOut.toFixed(3) },
  { title: 'bits', cell: ({ heldOut }) => bits(heldOut).toFixed(3) },
  { title: 'chars/s', cell: ({ characters, seconds }) => count(characters / seconds) },
  { title: 'what it writes', cell: ({ sample }) => inLine(sample), align: 'left' },
]);

/** How well a text is guessed that was not learned from. */
export interface Result {
  readonly name: string;
  readonly parameters?: number;
  /** In nats a character. */
  readonly loss: number;
  /** Characters learned from in a second. */
  readonly speed?: number;
}

/** A row for each way to guess. */
export const resultTable = new TextTable<Result>([
  { title: 'guessing with'.padEnd(27), cell: ({ name }) => name, align: 'left' },
  { title: 'parameters', cell: ({ parameters }) => (parameters === undefined ? '' : count(parameters)) },
  { title: 'nats/char', cell: ({ loss }) => loss.toFixed(3) },
  { title: 'bits/char', cell: ({ loss }) => bits(loss).toFixed(3) },
  { title: 'chars/s', cell: ({ speed }) => (speed === undefined ? '' : count(speed)) },
]);

export const count = (value: number): string => Math.round(value).toLocaleString('en');

export const bits = (nats: number): number => nats / Math.LN2;

/** Text in a line, with a sign for where it had more. */
const inLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ⏎ ');
