/**
 * Measures how fast 100 MB of weights are saved and loaded, beside what Node's `fs` alone takes for the same bytes.
 *
 * A save includes the wait until the disk has the file, on both sides. The runs take turns, and medians are printed.
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
  'save, checkpoint with SHA-256': () => save(path('run.checkpoint'), { model: holder }),
  'load, fs alone': () => readFileSync(path('alone')),
  'load, safetensors': () => readSafetensors(path('weights.safetensors')),
  'load, checkpoint with SHA-256': () => restore(path('run.checkpoint'), { model: holder }),
};

/** @type {Map<string, number[]>} */
const times = new Map(Object.keys(subjects).map((name) => [name, []]));
for (let run = 0; run < RUNS; run++) {
  for (const [name, work] of Object.entries(subjects)) {
    const start = performance.now();
    work();
    times.get(name)?.push(performance.now() - start);
  }
}
rmSync(folder, { recursive: true });

/** @type {(name: string) => number} */
const median = (name) => times.get(name)?.sort((a, b) => a - b)[RUNS >> 1] ?? Number.NaN;
for (const name of Object.keys(subjects)) {
  const alone = median(`${name.split(',')[0]}, fs alone`);
  const ratio = (alone / median(name)).toFixed(2);
  process.stdout.write(
    `${name.padEnd(30)} ${median(name).toFixed(0).padStart(5)} ms  ${ratio} of the speed of fs alone\n`,
  );
}
