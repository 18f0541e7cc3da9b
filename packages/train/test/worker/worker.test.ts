/** Training in a worker: over a message channel in Node, and in a page in Chromium. */

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@tapegrad/core';
import { tensor } from '@tapegrad/core';
import { serveTraining, trainInWorker, WorkerTrainingError } from '@tapegrad/train/worker';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { busyTrainer } from '../trainer/runs.ts';
import { type FineTuning, fineTuning, network } from './training-worker.ts';

const stored = JSON.parse(readFileSync(new URL('../data/fine_tuning.json', import.meta.url), 'utf8')) as {
  readonly x: number[][];
  readonly y: number[];
  readonly outputs: number[][];
  readonly accuracy: number;
};
const weights = new Uint8Array(readFileSync(new URL('../data/pretrained.safetensors', import.meta.url)));
const config = (epochs: number): FineTuning => ({ weights, x: stored.x, y: stored.y, epochs });

describe('a network that PyTorch trained', () => {
  test('gives PyTorch’s outputs, and learns other labels with adapters alone', async () => {
    const { model, adapters, trainer } = fineTuning(config(200));
    const before = model.state();
    const x = tensor(stored.x) as Tensor;
    const outputs = (model.forward(x as never) as Tensor).toArray() as unknown as number[][];
    outputs.flat().forEach((output, i) => {
      expect(output).toBeCloseTo(stored.outputs.flat()[i]!, 4);
    });
    expect(stored.accuracy).toBeLessThan(0.1);
    const { history } = await trainer.fit();
    expect(history.epochs[0]!.training['accuracy']).toBeCloseTo(stored.accuracy, 6);
    expect(history.epochs.at(-1)!.training['accuracy']).toBeGreaterThan(0.9);
    expect(model.state()).toEqual(before);
    expect(adapters.parameterCount * 2).toBeLessThan(model.parameterCount);

    const adapted = adapters.forward(x as never) as unknown as Tensor;
    const merged = adapters.merge().remove();
    expect((merged.forward(x as never) as Tensor).sub(adapted).abs().max().item()).toBeLessThan(1e-4);
    const plain = network();
    plain.load(merged.state());
    expect((plain.forward(x as never) as Tensor).sub(adapted).abs().max().item()).toBeLessThan(1e-4);
  });
});

describe('through a channel', () => {
  let channel: InstanceType<typeof MessageChannel>;
  beforeEach(() => {
    channel = new MessageChannel();
  });
  afterEach(() => {
    channel.port1.close();
    channel.port2.close();
  });

  test('reports come, and the result is that of a trainer here', async () => {
    const { trainer } = busyTrainer(1);
    await trainer.fit();
    serveTraining(({ seed }: { seed: number }) => busyTrainer(seed).trainer, channel.port1);
    const seen: number[] = [];
    const epochs: number[] = [];
    const run = trainInWorker(
      channel.port2,
      { seed: 1 },
      {
        onProgress: ({ step }) => void seen.push(step),
        onEpoch: ({ epoch }) => void epochs.push(epoch),
      },
    );
    const { end, model, history } = await run.finished;
    expect([end, history.epochs.length, epochs]).toEqual(['finished', 3, [1, 2, 3]]);
    expect(seen[0]).toBe(1);
    expect(model).toEqual(trainer.weights());
  });

  test('a run is stopped, also before it begins', async () => {
    serveTraining(async () => busyTrainer(1, { epochs: 1_000_000 }).trainer, channel.port1);
    const run = trainInWorker(channel.port2, {});
    run.stop();
    expect((await run.finished).end).toBe('stopped');
    const second = trainInWorker(channel.port2, {}, { onProgress: () => second.stop() });
    expect((await second.finished).end).toBe('stopped');
  });

  test('an error comes back', async () => {
    serveTraining(() => {
      throw new Error('no such data');
    }, channel.port1);
    const failed = trainInWorker(channel.port2, {}).finished;
    await expect(failed).rejects.toThrow(WorkerTrainingError);
    await expect(failed).rejects.toThrow('no such data');
  });

  test('wrong arguments', () => {
    expect(() => serveTraining(3 as never)).toThrow('serveTraining: expected a function that makes a trainer, got 3');
    expect(() => trainInWorker(channel.port2, {}, { onprogress: () => {} } as never)).toThrow(
      "unknown option 'onprogress'",
    );
  });
});

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const suite = executablePath === undefined ? 'a page (skipped: there is no Chromium at /usr/bin)' : 'a page';

describe.skipIf(executablePath === undefined)(suite, () => {
  let browser: Browser;
  let server: Server;
  beforeAll(async () => {
    const entry = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const { outputFiles } = await build({
      entryPoints: { page: entry('page.ts'), worker: entry('training-worker.ts') },
      outdir: '/',
      bundle: true,
      write: false,
      format: 'esm',
      // The main entry of the package must not need Node.
      platform: 'browser',
      conditions: ['@tapegrad/source'],
    });
    const files = new Map(outputFiles.map(({ path, text }) => [path, text]));
    const page =
      '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';
    server = createServer(({ url = '/' }, answer) => {
      const script = files.get(url);
      answer
        .writeHead(200, { 'content-type': script === undefined ? 'text/html' : 'text/javascript' })
        .end(script ?? page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test('fine-tunes in its worker, draws meanwhile, and gets the adapters', { timeout: 90_000 }, async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.fineTune !== undefined');
    const call = (epochs: number, stopAfter?: number) =>
      page.evaluate(
        `fineTune(${JSON.stringify({ x: stored.x, y: stored.y, epochs })}, ${JSON.stringify([...weights])}, ${stopAfter})`,
      );
    const done = (await call(1500)) as Record<string, number> & { end: string };
    expect(done.end).toBe('finished');
    expect(done['accuracy']).toBeGreaterThan(0.9);
    expect(done['epochs']).toBe(1500);
    expect(done['reports']).toBeGreaterThan(1);
    expect(done['frames']).toBeGreaterThan(10);
    const stopped = (await call(1_000_000, 2)) as { end: string; epochs: number };
    expect(stopped.end).toBe('stopped');
    expect(stopped.epochs).toBeLessThan(1_000_000);
    expect(complaints).toEqual([]);
  });
});
