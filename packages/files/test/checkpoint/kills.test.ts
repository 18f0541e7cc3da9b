/** A program killed while saving leaves the complete old or new checkpoint. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, save } from '@tapegrad/files/node';
import { expect, test } from 'vitest';
import { bundledProgram } from '../bundled-program.ts';

/** The number of killed programs; more with `KILL_RUNS=200`. */
const RUNS = Number(process.env['KILL_RUNS'] ?? 5);

/** Saves one checkpoint after another, each filled with a single number. */
const program = `
  import { writeSync } from 'node:fs';
  import { save, load } from '@tapegrad/files/node';
  const path = process.argv[2];
  for (let n = load(path).n; ; ) {
    n++;
    writeSync(1, 'saving');
    save(path, { n, weights: new Float32Array(250_000).fill(n), more: new Float64Array(1000).fill(n) });
  }
`;

test(
  'a checkpoint is whole whenever the program that saves it is killed',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kills-'));
    const path = join(folder, 'run.checkpoint');
    save(path, { n: 0, weights: new Float32Array(250_000), more: new Float64Array(1000) });
    const script = join(folder, 'program.mjs');
    writeFileSync(script, bundledProgram(program));
    let last = 0;
    for (let run = 0; run < RUNS; run++) {
      const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = new Promise((resolve) => child.on('exit', resolve));
      await new Promise((resolve) => child.stdout.once('data', resolve));
      // A save takes a few ms.
      await new Promise((resolve) => setTimeout(resolve, (run * 7.7) % 40));
      child.kill('SIGKILL');
      await ended;
      const { n, weights, more } = load<{ n: number; weights: Float32Array; more: Float64Array }>(path);
      expect(n).toBeGreaterThanOrEqual(last);
      expect(weights.every((x) => x === n) && more.every((x) => x === n)).toBe(true);
      last = n;
    }
    expect(last).toBeGreaterThan(0);
    save(path, { n: 0 });
    expect(readdirSync(folder)).toEqual(['program.mjs', 'run.checkpoint']);
    rmSync(folder, { recursive: true });
  },
  120_000 + 5000 * RUNS,
);
