/**
 * A tiny run as a program: `node tiny-run.ts FOLDER [PAUSE [LAST]]`. It prints a line when it begins, and the checksum
 * of its final state.
 */

import { createHash } from 'node:crypto';
import { RunFolder } from '@tapegrad/train/node';
import { busyTrainer, timeless } from '../trainer/runs.ts';

const [folder = '', pause = '0', last = '0'] = process.argv.slice(2);

/** Blocks for a while, so that the process can be killed at any point. */
const wait = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

const { trainer } = busyTrainer(1);
const run = new RunFolder(folder, { config: { seed: 1 }, existing: 'resume' });
const { end } = await run.fit(trainer, {
  every: { steps: 2 },
  progress: false,
  hooks: {
    onStart: () => void process.stdout.write('ready\n'),
    onStep: () => wait(Number(pause)),
    onEnd: () => wait(Number(last)),
  },
});
const sum = createHash('sha256')
  .update(JSON.stringify(timeless(trainer.state())))
  .digest('hex');
process.stdout.write(`${end} ${sum}\n`);
