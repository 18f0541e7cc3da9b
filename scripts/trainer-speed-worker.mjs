/** Trains the digit classifier's network, by the Trainer or by a loop written by hand, as many steps as it is asked for. */

import { Random, setThreads, tensor } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { crossEntropy, Dense, Dropout, ReLU, Sequential } from '@tapegrad/nn';
import { cosine, SGD } from '@tapegrad/optim';
import { accuracy, deferred, supervised, Trainer } from '@tapegrad/train';

const [, , size, way] = process.argv;
const [features, first, second, batchSize] =
  size === 'tiny' ? [4, 8, 8, 16] : /** @type {const} */ ([784, 256, 128, 128]);
setThreads(1);
const random = new Random(1);
const x = random.normal([20_000, features]);
const y = tensor(Int32Array.from({ length: 20_000 }, (_, i) => i % 10));
const model = new Sequential(
  new Dense(features, first, { random }),
  new ReLU(),
  new Dropout(0.2, { random }),
  new Dense(first, second, { random }),
  new ReLU(),
  new Dropout(0.2, { random }),
  new Dense(second, 10, { random }),
);
const optimizer = new SGD(model.parameters(), { learningRate: 0.01, momentum: 0.9 });
const loader = new DataLoader(fromTensors({ x, y }), { batchSize, random });
const schedule = cosine(0.01, { steps: 1e9 });

let left = 0;
let start = process.cpuUsage();
/** @type {() => void} */
let go = () => {};
const asked = () =>
  new Promise((/** @type {(value: void) => void} */ resolve) => {
    go = resolve;
  });
process.on('message', (steps) => {
  left = Number(steps);
  start = process.cpuUsage();
  go();
});
/** Counts a step. After the last one, reports the processor's microseconds, and waits for the next request. */
function stepDone() {
  left--;
  if (left > 0) return;
  const { user, system } = process.cpuUsage(start);
  const next = asked();
  process.send?.(user + system);
  return next;
}

async function byHand() {
  const metric = accuracy();
  let [step, sum, count] = [0, 0, 0];
  for (;;) {
    for (const read of loader.deferred()) {
      optimizer.learningRate = schedule(step++);
      optimizer.minimize(() => {
        const batch = read();
        const predictions = model.forward(batch.x);
        const loss = crossEntropy(predictions, batch.y);
        const value = loss.item();
        if (!Number.isFinite(value)) throw new Error(`the loss is ${value}`);
        metric.update({ predictions, targets: batch.y });
        sum += value * batchSize;
        count += batchSize;
        return loss;
      });
      if (sum / count > 100) throw new Error('the loss grows');
      await stepDone();
    }
  }
}

const started = asked();
process.send?.('ready');
await started;
if (way === 'by hand') await byHand();
else {
  const loss = supervised(model, crossEntropy);
  const options = { model, optimizer, loss, metrics: { accuracy }, train: deferred(loader), epochs: 1e9, schedule };
  await new Trainer({ ...options, hooks: { onStep: stepDone } }).fit();
}
