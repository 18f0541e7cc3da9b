/**
 * Runs that are killed at random moments, and resumed until they finish, are bit-identical to one that is not killed,
 * and no file is ever half-written. `KILLS=200 npx vitest run packages/train/test/node/kills.test.ts` kills more.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@tapegrad/core';
import { load, readSafetensors } from '@tapegrad/files/node';
import type { TrainerState } from '@tapegrad/train';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { busyTrainer, timeless } from '../trainer/runs.ts';

const KILLS = Number(process.env['KILLS'] ?? 6);
const STEPS = 21;

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kills-'));
  program = join(folder, 'tiny-run.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('tiny-run.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@tapegrad/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly output: string;
  readonly errors: string;
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
}

/** Runs the program, and calls `act` with its process once it trains. */
function start(
  run: string,
  pause: number,
  act: (kill: (signal: NodeJS.Signals) => void) => void,
  last = 0,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, run, String(pause), String(last)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (data) => {
      if (output === '') act((signal) => child.kill(signal));
      output += data;
    });
    child.stderr.on('data', (data) => {
      errors += data;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ output: output.replace('ready\n', ''), errors, code, signal }));
  });
}

const lines = (run: string): readonly { step: number }[] =>
  readFileSync(join(run, 'log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe('a run', () => {
  let whole: unknown;
  let expected: string;
  beforeAll(async () => {
    const { trainer } = busyTrainer(1);
    await trainer.fit();
    whole = timeless(trainer.state());
    const { output, errors } = await start(join(folder, 'whole'), 0, () => {});
    expect(errors).toBe('');
    expected = output;
  });

  test('in a folder has the bits of one without', () => {
    expect(timeless(load<TrainerState>(join(folder, 'whole', 'last.checkpoint')))).toEqual(whole);
    expect(expected).toMatch(/^finished [0-9a-f]{64}\n$/);
  });

  test(`that is killed ${KILLS} times ends with the same bits`, { timeout: 60_000 + 4000 * KILLS }, async () => {
    const random = new Random(Number(process.env['PROPERTY_SEED'] ?? 1));
    let run = 0;
    for (let kills = 0; kills < KILLS; run++) {
      const path = join(folder, `run ${run}`);
      let before = 0;
      for (;;) {
        // Kills it while it trains or writes; an uninterrupted run takes about half a second.
        const delay = 400 * random.next();
        const { output, errors, signal, code } = await start(
          path,
          15,
          (kill) => void setTimeout(() => kill('SIGKILL'), delay),
        );
        expect(errors).toBe('');
        if (signal === null) {
          expect(code).toBe(0);
          expect(output).toBe(expected);
          break;
        }
        kills++;
        const files = (() => {
          try {
            return readdirSync(path);
          } catch {
            return [];
          }
        })();
        if (files.includes('last.checkpoint')) {
          const { position } = load<TrainerState>(join(path, 'last.checkpoint'));
          expect(position.step).toBeGreaterThanOrEqual(before);
          const logged = Math.max(0, ...lines(path).map(({ step }) => step));
          // A point is logged every third step, and every second checkpoint is kept.
          expect(logged - position.step).toBeLessThanOrEqual(2);
          before = position.step;
        }
        if (files.includes('best.safetensors')) readSafetensors(join(path, 'best.safetensors'));
      }
      expect(timeless(load<TrainerState>(join(path, 'last.checkpoint')))).toEqual(whole);
      expect(lines(path).at(-1)!.step).toBe(STEPS);
      expect(readdirSync(path).filter((file) => file.endsWith('.part'))).toEqual([]);
    }
  });

  test.skipIf(process.platform === 'win32')(
    'ends after its step at Ctrl-C, says where it is, and goes on',
    async () => {
      const path = join(folder, 'interrupted');
      const stopped = await start(path, 60, (kill) => void setTimeout(() => kill('SIGINT'), 200));
      expect(stopped.output).toMatch(/^stopped /);
      expect(stopped.errors).toMatch(
        /^SIGINT: ending after this step; again to end at once\nstopped at step \d+; saved in .*last\.checkpoint\n$/,
      );
      expect(stopped.code).toBe(130);
      expect((await start(path, 0, () => {})).output).toBe(expected);
    },
  );

  test.skipIf(process.platform === 'win32')('ends at once at the second Ctrl-C', async () => {
    const path = join(folder, 'interrupted twice');
    const started = performance.now();
    const outcome = await start(
      path,
      15,
      (kill) => {
        setTimeout(() => kill('SIGINT'), 100);
        // By then, the first signal has been handled; the run would take another minute.
        setTimeout(() => kill('SIGINT'), 2000);
      },
      60_000,
    );
    expect(outcome.errors).toBe('SIGINT: ending after this step; again to end at once\n');
    expect(outcome.signal).toBe('SIGINT');
    expect(performance.now() - started).toBeLessThan(40_000);
  });
});
