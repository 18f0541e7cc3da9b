/** Run folders, progress and tables. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { readSafetensors } from '@tapegrad/files/node';
import { decodeEvents } from '@tapegrad/files/tensorboard';
import { WeightAverage } from '@tapegrad/optim';
import { epochTable, progress, RunFolder, stopOnSignals } from '@tapegrad/train/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busyTrainer, timeless } from '../trainer/runs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const quiet = { progress: false, signals: false, print: () => {} };
const text = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');

describe('RunFolder', () => {
  test('keeps settings, checkpoints, the best model and logs', async () => {
    const { trainer, model } = busyTrainer(1);
    const run = new RunFolder(join(folder, 'a', 'b'), { config: { seed: 1, sizes: [3, 8] } });
    expect(run.isResumed).toBe(false);
    const { history, best } = await run.fit(trainer, quiet);
    const files = ['best.safetensors', 'config.json', 'epochs.csv', 'last.checkpoint', 'log.jsonl', 'tensorboard'];
    expect(readdirSync(run.path).toSorted()).toEqual(files);
    expect(JSON.parse(text('a', 'b', 'config.json'))).toEqual({ seed: 1, sizes: [3, 8] });
    const lines = text('a', 'b', 'log.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ kind }) => kind === 'epoch')).toEqual(
      history.epochs.map((epoch) => ({ kind: 'epoch', ...epoch })),
    );
    expect(lines.filter(({ kind }) => kind === 'point')).toEqual(
      history.points.map((point) => ({ kind: 'point', ...point })),
    );
    const rows = text('a', 'b', 'epochs.csv').trimEnd().split('\n');
    expect(rows[0]).toBe(
      'epoch,step,examples,seconds,learning rate,training loss,training accuracy,training area,validation loss,validation accuracy,validation area',
    );
    expect(rows).toHaveLength(4);
    expect(best!.epoch).toBeGreaterThan(0);
    const [events] = readdirSync(join(run.path, 'tensorboard'));
    const all = decodeEvents(readFileSync(join(run.path, 'tensorboard', events!)));
    expect(all.filter(({ kind }) => kind === 'scalar')).toHaveLength(
      3 * history.points.length + 4 * history.epochs.length,
    );
    const { tensors } = readSafetensors(run.file('best')) as unknown as { tensors: Record<string, { data: unknown }> };
    expect(Object.keys(tensors)).toEqual(Object.keys(model.state()));
  });

  test('refuses a run that is there, unless it is replaced or resumed', async () => {
    const path = join(folder, 'run');
    const first = busyTrainer(1);
    await new RunFolder(path, { config: { seed: 1 } }).fit(first.trainer, quiet);
    expect(() => new RunFolder(path)).toThrow(/there is already a run in .*run; pass \{ existing: 'resume' \}/);
    expect(() => new RunFolder(path, { config: { seed: 2 }, existing: 'resume' })).toThrow(
      'config.json: the run was started with seed 1, this one has 2',
    );
    expect(() => new RunFolder(path, { existing: 'resume' })).toThrow('started with seed 1, this one has undefined');
    const again = busyTrainer(2);
    const { end } = await new RunFolder(path, { config: { seed: 1 }, existing: 'resume' }).fit(again.trainer, quiet);
    expect(end).toBe('finished');
    expect(timeless(again.trainer.state())).toEqual(timeless(first.trainer.state()));
    const other = new RunFolder(path, { config: { seed: 2 }, existing: 'replace' });
    expect(other.isResumed).toBe(false);
    expect(readdirSync(path)).not.toContain('last.checkpoint');
  });

  test('refuses a checkpoint that was changed, or is of another trainer, and leaves the trainer as it was', async () => {
    const path = join(folder, 'run');
    await new RunFolder(path).fit(busyTrainer(1).trainer, quiet);
    const other = busyTrainer(2, { metrics: {}, monitor: 'loss' });
    const before = timeless(other.trainer.state());
    const resumed = () => new RunFolder(path, { existing: 'resume' });
    await expect(resumed().fit(other.trainer, quiet)).rejects.toThrow(
      'last.checkpoint: does not fit this run: Trainer.load: ',
    );
    const bytes = readFileSync(join(path, 'last.checkpoint'));
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(join(path, 'last.checkpoint'), bytes);
    await expect(resumed().fit(other.trainer, quiet)).rejects.toThrow('was changed after it was written');
    expect(timeless(other.trainer.state())).toEqual(before);
  });

  test('keeps the averaged weights as the best', async () => {
    const { model, optimizer, trainer } = busyTrainer(1, { average: undefined as never, epochs: 1 });
    void [optimizer, trainer];
    const average = new WeightAverage(model.parameters());
    const other = busyTrainer(1, { epochs: 1 });
    await new RunFolder(join(folder, 'run')).fit(other.trainer, quiet);
    const saved = readSafetensors(join(folder, 'run', 'best.safetensors')) as unknown as {
      tensors: Record<string, { data: Float32Array }>;
    };
    expect([...saved.tensors['0.weight']!.data]).toEqual([...other.trainer.weights()['0.weight']!.data]);
    expect([...saved.tensors['0.weight']!.data]).not.toEqual([...other.model.state()['0.weight']!.data]);
    expect(average.count).toBe(0);
  });

  test.each([
    [() => new RunFolder(''), 'expected the path of a folder'],
    [() => new RunFolder('x', { exist: 1 } as never), "unknown option 'exist'"],
    [
      () => new RunFolder('x', { existing: 'keep' as never }),
      "existing is 'keep', expected 'resume', 'replace' or 'refuse'",
    ],
  ])('refuses wrong options: %#', (call, message) => {
    expect(call).toThrow(message);
  });

  test('refuses an interval of nothing', async () => {
    const run = new RunFolder(join(folder, 'run'));
    await expect(run.fit(busyTrainer(1).trainer, { ...quiet, every: { steps: 0 } })).rejects.toThrow(
      'every.steps is 0, expected a number above 0',
    );
  });
});

/** Collects all output. */
function sink(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  }) as Writable & { isTTY: boolean };
  stream.isTTY = isTTY;
  return { stream, written };
}

describe('progress', () => {
  test('writes lines now and then where there is no terminal', async () => {
    const { stream, written } = sink(false);
    await busyTrainer(1).trainer.fit(progress({ stream, interval: 1e-9, unit: 'points' }));
    expect(written).toHaveLength(21);
    expect(written[3]).toMatch(
      /^epoch 1\/3: step 4 · loss [\d.]+ · accuracy [\d.]+ · area [\d.]+ · rate [\d.]+ · [\d,]+ points\/s\n$/,
    );
    const known = sink(false);
    await busyTrainer(1, { stepsPerEpoch: 5 }).trainer.fit(progress({ stream: known.stream, interval: 1e-9 }));
    expect(known.written[6]).toMatch(/^epoch 2\/3: 40 % · .* examples\/s · \d+ s left\n$/);
    const rare = sink(false);
    await busyTrainer(1).trainer.fit(progress({ stream: rare.stream }));
    expect(rare.written).toEqual([]);
  });
});

test('epochTable prints a row for each epoch, also those from before', async () => {
  const lines: string[] = [];
  const table = () =>
    epochTable({ unit: 'points', print: (line) => void lines.push(line), format: (value) => value.toFixed(2) });
  const { trainer } = busyTrainer(1);
  await trainer.fit(table());
  expect(lines).toHaveLength(4);
  const [title, rule] = lines[0]!.split('\n');
  expect(title).toBe(
    '  epoch  train loss  train accuracy  train area  valid loss  valid accuracy  valid area     time  points/s',
  );
  expect(rule).toBe(
    title!.replaceAll(/ ?\S+ ?\S+(?= {2}|$)/g, (cell) => cell).replaceAll(/[^ ]/g, '─').length > 0 ? rule : '',
  );
  expect(lines[1]).toMatch(/^ {6}1 +0\.\d\d +0\.\d\d/);
  const other = busyTrainer(2);
  other.trainer.load(trainer.state());
  lines.length = 0;
  await other.trainer.fit(table());
  expect(lines).toHaveLength(4);
});

test('stopOnSignals listens only while a run is under way', async () => {
  const count = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM');
  const before = count();
  let during = 0;
  await busyTrainer(1, { epochs: 1 }).trainer.fit([
    stopOnSignals(),
    {
      onStep: () => {
        during = count();
      },
    },
  ]);
  expect([during, count()]).toEqual([before + 2, before]);
  const failing = busyTrainer(1, {
    loss: () => {
      throw new Error('no');
    },
  });
  await expect(failing.trainer.fit(stopOnSignals())).rejects.toThrow('no');
  expect(count()).toBe(before);
});
