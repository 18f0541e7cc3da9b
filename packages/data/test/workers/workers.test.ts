/** Workers read the same batches as this thread. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Random } from '@tapegrad/core';
import { DataLoader, type DataLoaderOptions, Dataset, serveExamples, type WorkersOptions } from '@tapegrad/data';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { augment, type Batch, broken, dataset } from './examples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapegrad-workers-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('examples.ts', import.meta.url))],
    outfile: join(folder, 'examples.mjs'),
    conditions: ['@tapegrad/source'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
});

const moduleOf = (serve: string) => {
  const file = join(folder, `serve-${serve}.mjs`);
  writeFileSync(file, `globalThis.serve = '${serve}';\nawait import('./examples.mjs');\n`);
  return pathToFileURL(file);
};

const started: Worker[] = [];

/** Workers that the test can observe. */
const watched = (serve: string, options: Partial<WorkersOptions> = {}): WorkersOptions => ({
  count: 2,
  start: () => {
    const worker = new Worker(moduleOf(serve));
    started.push(worker);
    return worker;
  },
  ...options,
});

const loaderOf = (seed: number, options: Partial<DataLoaderOptions<unknown, Batch>> = {}) =>
  new DataLoader<unknown, Batch>(dataset, { batchSize: 3, random: new Random(seed), augment, ...options });

async function collected<B>(batches: AsyncIterable<B>): Promise<B[]> {
  const list: B[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}

const bits = (batches: readonly Batch[]) =>
  batches.map(({ x, y, name }) => [x.dtype, x.shape, [...x.data], y.dtype, [...y.data], name]);

const ended = (worker: Worker) =>
  new Promise<void>((resolve) => {
    if (worker.threadId === -1) resolve();
    else worker.once('exit', () => resolve());
  });

describe('workers', () => {
  test('give the same batches in several epochs, for any number of them, and keep running', async () => {
    const expected = [...loaderOf(1)];
    const second = [...loaderOf(1)].length;
    expect(second).toBe(7);
    for (const count of [1, 3]) {
      const loader = loaderOf(1, { workers: { count, module: moduleOf('examples'), prefetch: 3 } });
      const plain = loaderOf(1);
      expect(bits(await collected(loader))).toEqual(bits(expected));
      for (const _ of plain);
      expect(bits(await collected(loader))).toEqual(bits([...plain]));
      expect(loader.epoch).toBe(2);
      loader.close();
    }
  });

  test('resume at every position with the same bits', async () => {
    const whole = bits([...loaderOf(5)]);
    const workers = watched('examples');
    for (let position = 1; position <= 7; position += 3) {
      const first = loaderOf(5, { workers });
      let state = first.state();
      for await (const _ of first) {
        state = first.state();
        if (first.position === position) break;
      }
      expect(state.position).toBe(position);
      const resumed = loaderOf(6, { workers });
      resumed.load(JSON.parse(JSON.stringify(state)));
      expect(bits(await collected(resumed))).toEqual(whole.slice(position));
      resumed.close();
    }
  });

  test('end when a loop is broken off, and start again in the next one', async () => {
    started.length = 0;
    const loader = loaderOf(1, { workers: watched('examples') });
    for await (const _ of loader) break;
    expect(started).toHaveLength(2);
    await Promise.all(started.map(ended));
    expect(await collected(loader)).toHaveLength(7);
    expect(started).toHaveLength(4);
    loader.close();
    await Promise.all(started.map(ended));
  });

  test('send rows of tensors in order without taking them from the dataset', async () => {
    const workers: WorkersOptions = { count: 1, module: moduleOf('tensors') };
    const loader = new DataLoader<unknown, Batch>(dataset, { batchSize: 6, workers });
    for (let epoch = 0; epoch < 2; epoch++) {
      expect((await collected(loader)).flatMap(({ y }) => [...y.data])).toEqual(
        Array.from({ length: 20 }, (_, i) => i),
      );
    }
    loader.close();
  });

  test('name the example that cannot be read, and end', async () => {
    started.length = 0;
    const loader = new DataLoader(broken, { batchSize: 3, workers: watched('broken', { count: 1 }) });
    const read: unknown[] = [];
    const reading = async () => {
      for await (const batch of loader) read.push([...batch.data]);
    };
    await expect(reading()).rejects.toMatchObject({
      name: 'ExampleError',
      message: 'example 7: no such file',
      index: 7,
      cause: { message: 'no such file' },
    });
    expect(read).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(loader.position).toBe(2);
    await Promise.all(started.map(ended));
  });

  test.each([
    ['dying', 'DataLoader: a worker failed: it ended with exit code 3'],
    ['throwing', 'DataLoader: a worker failed before it called serveExamples: no data here'],
    ['nothing', 'DataLoader: a worker failed before it called serveExamples: it ended with exit code 0'],
    ['short', "DataLoader: the dataset of the workers has 2 examples, expected 20 as in the loader's"],
  ])('that go wrong (%s) are an error', async (serve, message) => {
    const loader = loaderOf(1, { workers: { count: 1, module: moduleOf(serve) } });
    await expect(collected(loader)).rejects.toThrow(message);
  });

  test.each([
    ['no workers', { count: 0, module: moduleOf('x') }, 'expected a count of workers of 1 or more, got 0'],
    ['no module', { count: 1 }, "expected a module or a function 'start' for workers, got neither"],
    ['both', { count: 1, module: moduleOf('x'), start: () => new Worker('') }, 'for workers, got both'],
    [
      'a path',
      { count: 1, module: './x.js' as never },
      "expected a URL, as in new URL('./examples.js', import.meta.url) as the module of workers, got './x.js'",
    ],
    ['an unknown option', { count: 1, url: 'x' } as never, "DataLoader: unknown option 'url'"],
    [
      'no prefetch',
      { count: 1, module: moduleOf('x'), prefetch: 0 },
      'expected a prefetch of workers of 1 or more, got 0',
    ],
  ])('refuse %s', (_, workers, message) => {
    expect(() => loaderOf(1, { workers })).toThrow(message);
  });

  test('what start returns must be a worker', async () => {
    const loader = loaderOf(1, { workers: { count: 1, start: () => ({}) as never } });
    await expect(collected(loader)).rejects.toThrow("DataLoader: expected 'start' to return a Worker, got an object");
  });
});

test('serveExamples does nothing in a thread that is no worker', () => {
  expect(() => serveExamples({ dataset })).not.toThrow();
});

test('examples that are promises are awaited together, some batches ahead', async () => {
  let [open, most] = [0, 0];
  const slow = new Dataset(12, async (i) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    return i;
  });
  const batches = await collected(new DataLoader(slow, { batchSize: 2, prefetch: 3 }));
  expect(batches.flatMap((batch) => [...batch.data])).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(most).toBe(6);
});
