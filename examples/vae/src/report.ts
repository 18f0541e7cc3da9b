/** The results of a run as a table. */

import { TextTable } from '@tapegrad/example-toolkit/text-table';
import { type Score, total } from './training.ts';

/** An epoch of training, and the test after it. */
export interface Epoch {
  /** 1 for the first. */
  readonly number: number;
  readonly training: Score;
  readonly test: Score;
  /** The training time. */
  readonly seconds: number;
}

/** The table of training: a row for each epoch, in nats per digit. */
export const epochTable = new TextTable<Epoch>([
  { title: 'epoch', cell: ({ number }) => String(number) },
  { title: 'train -ELBO', cell: ({ training }) => total(training).toFixed(2) },
  { title: 'test -ELBO', cell: ({ test }) => total(test).toFixed(2) },
  { title: 'reconstruction', cell: ({ test }) => test.reconstruction.toFixed(2) },
  { title: 'divergence', cell: ({ test }) => test.divergence.toFixed(2) },
  { title: 'time', cell: ({ seconds }) => `${seconds.toFixed(1)} s` },
]);
