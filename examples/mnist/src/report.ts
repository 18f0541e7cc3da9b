/** A run in numbers. */

import { TextTable } from '@tapegrad/example-toolkit/text-table';
import type { Epoch } from './training.ts';

/** A row for each epoch. */
export const epochTable = new TextTable<Epoch>([
  { title: 'epoch', cell: ({ number }) => String(number) },
  { title: 'train loss', cell: ({ training }) => training.loss.toFixed(4) },
  { title: 'train acc', cell: ({ training }) => percent(training.accuracy) },
  { title: 'test loss', cell: ({ test }) => test.loss.toFixed(4) },
  { title: 'test acc', cell: ({ test }) => percent(test.accuracy) },
  { title: 'time', cell: ({ seconds }) => `${seconds.toFixed(1)} s` },
  { title: 'digits/s', cell: ({ training, seconds }) => Math.round(training.count / seconds).toLocaleString('en') },
]);

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
