/**
 * Measures what a step of the Trainer takes beside one of a loop written by hand, with the same metrics and schedule: for
 * the network of the digit classifier, and for a tiny one, which shows what the Trainer itself takes.
 *
 * Two processes take turns in short blocks, so that both are disturbed alike, and the medians of the processor's time and
 * of the ratio of neighboring blocks are printed.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('trainer-speed-worker.mjs', import.meta.url));
const SECONDS = 20;
const WARM_UP_BLOCKS = 8;

/** @param {string} size @param {string} way */
function start(size, way) {
  const child = fork(WORKER, [size, way]);
  const answer = () => new Promise((/** @type {(value: unknown) => void} */ resolve) => child.once('message', resolve));
  return {
    ready: answer(),
    /** @param {number} steps */
    run: async (steps) => {
      const answered = answer();
      child.send(steps);
      return Number(await answered) / steps;
    },
    kill: () => child.kill(),
  };
}

/** @type {(numbers: readonly number[]) => number} */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

for (const [size, steps] of /** @type {const} */ ([
  ['digits', 10],
  ['tiny', 400],
])) {
  const [hand, trainer] = [start(size, 'by hand'), start(size, 'by the Trainer')];
  await Promise.all([hand.ready, trainer.ready]);
  /** @type {[hand: number, trainer: number][]} */
  const blocks = [];
  const end = performance.now() + SECONDS * 1000;
  for (let i = 0; performance.now() < end || i < 2 * WARM_UP_BLOCKS; i++) {
    const turns = i % 2 === 0 ? [hand, trainer] : [trainer, hand];
    const times = [];
    for (const turn of turns) times.push(await turn.run(steps));
    const [a = 0, b = 0] = i % 2 === 0 ? times : times.toReversed();
    if (i >= WARM_UP_BLOCKS) blocks.push([a, b]);
  }
  hand.kill();
  trainer.kill();
  const [byHand, byTrainer] = [median(blocks.map(([a]) => a)), median(blocks.map(([, b]) => b))];
  const ratio = median(blocks.map(([a, b]) => a / b));
  process.stdout.write(
    `${size.padEnd(7)} by hand ${byHand.toFixed(0)} us, by the Trainer ${byTrainer.toFixed(0)} us; ${ratio.toFixed(3)} of its speed\n`,
  );
}
