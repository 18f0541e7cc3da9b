/**
 * Measures how fast 100 MB of weights are saved and loaded, beside what Node's `fs` alone takes for the same bytes.
 *
 * A save includes the wait until the disk has the file, on both sides. The runs take turns, and medians are printed: of the
 * time, and of the processor's time, which other programs disturb less.
 */

import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, restore, save, writeSafetensors } from '@tapegrad/files/node';

const RUNS = 15;
const TENSORS = 20;
const ELEMENTS = 25_000_000 / TENSORS;

const folder = mkdtempSync(join(tmpdir(), 'file-speed-'));
const path = (/** @type {string} */ name) => join(folder, name);
const state = Object.fromEntries(
  Array.from({ length: TENSORS }, (_, i) => {
    const data = Float32Array.from({ length: ELEMENTS }, (_, j) => Math.sin(i + j));
    return [`layers.${i}.weight`, { dtype: /** @type {const} */ ('float32'), shape: [ELEMENTS], data }];
  }),
);
/** @type {(bytes: Uint8Array) => void} */
const writeAlone = (bytes) => {
  const descriptor = openSync(path('alone.part'), 'w');
  writeSync(descriptor, bytes);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(path('alone.part'), path('alone'));
};

writeSafetensors(path('weights.safetensors'), state);
const bytes = readFileSync(path('weights.safetensors'));
writeAlone(bytes);
const holder = { state: () => state, load: () => {} };
save(path('run.checkpoint'), { model: holder });

/** @type {Readonly<Record<string, () => unknown>>} */
const subjects = {
  'save, fs alone': () => writeAlone(bytes),
  'save, safetensors': () => writeSafetensors(path('weights.safetensors'), state),
  'save, checkpoint with checksum': () => save(path('run.checkpoint'), { model: holder }),
  'load, fs alone': () => readFileSync(path('alone')),
  'load, safetensors': () => readSafetensors(path('weights.safetensors')),
  'load, checkpoint with checksum': () => restore(path('run.checkpoint'), { model: holder }),
};

/** @typedef {{ readonly time: number[], readonly processor: number[] }} Samples in milliseconds */

/** @type {Map<string, Samples>} */
const samples = new Map(Object.keys(subjects).map((name) => [name, { time: [], processor: [] }]));
for (let run = 0; run < RUNS; run++) {
  // In another order each time: on a busy machine, what comes after a wait for the disk gets the processor sooner.
  const order = Object.entries(subjects);
  for (const [name, work] of order.splice(run % order.length).concat(order)) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    work();
    const { user, system } = process.cpuUsage(used);
    samples.get(name)?.time.push(performance.now() - start);
    samples.get(name)?.processor.push((user + system) / 1000);
  }
}
rmSync(folder, { recursive: true });

/** @type {(name: string, kind: keyof Samples) => number} */
const median = (name, kind) => samples.get(name)?.[kind].sort((a, b) => a - b)[RUNS >> 1] ?? Number.NaN;
/** @type {(name: string, kind: keyof Samples) => string} */
const column = (name, kind) => {
  const [own, alone] = [median(name, kind), median(`${name.split(',')[0]}, fs alone`, kind)];
  return `${own.toFixed(0).padStart(6)} ms ${(alone / own).toFixed(2).padStart(5)}`;
};
process.stdout.write(`${''.padEnd(30)} ${'time'.padStart(9)} speed ${'processor'.padStart(9)} speed\n`);
for (const name of Object.keys(subjects)) {
  process.stdout.write(`${name.padEnd(30)} ${column(name, 'time')} ${column(name, 'processor')}\n`);
}
