/** A page yields the same batches as Node, with and without workers. The main entry has no code for Node. */

import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Random } from '@tapegrad/core';
import { DataLoader } from '@tapegrad/data';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { augment, type Batch, dataset } from './examples.ts';

const bundle = async (entry: string) =>
  build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    ...{ conditions: ['@tapegrad/source'], bundle: true, platform: 'browser', format: 'esm', write: false },
    ...{ metafile: true, logLevel: 'silent' },
  });

test('the main entry loads nothing of Node', async () => {
  const { metafile } = await bundle('../../src/index.ts');
  expect(Object.keys(metafile.inputs).filter((file) => file.includes('node:'))).toEqual([]);
});

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => existsSync(path));

test.skipIf(executablePath === undefined)(
  'a page reads the same batches, in workers too',
  async () => {
    const [page, worker] = await Promise.all([bundle('page.ts'), bundle('examples.ts')]);
    const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
      '/': ['text/html', '<!doctype html><script type="module" src="page.js"></script>'],
      '/page.js': ['text/javascript', page.outputFiles[0]!.text],
      '/worker.js': ['text/javascript', `globalThis.serve = 'examples';\n${worker.outputFiles[0]!.text}`],
    };
    const server = createServer(({ url = '/' }, answer) => {
      const [type, text] = files[url] ?? ['text/plain', ''];
      answer.writeHead(files[url] === undefined ? 404 : 200, { 'content-type': type }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const tab = await browser.newPage();
      await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await tab.waitForFunction('globalThis.outcome');
      const [alone, inWorkers] = (await tab.evaluate('globalThis.outcome')) as [unknown[], unknown[]];
      const loader = new DataLoader<unknown, Batch>(dataset, { batchSize: 3, random: new Random(1), augment });
      const expected = [0, 1].flatMap(() =>
        Array.from(loader, ({ x, y, name }) => [x.shape, [...x.data], [...y.data], name]),
      );
      expect(alone).toEqual(expected);
      expect(inWorkers).toEqual(expected);
    } finally {
      await browser.close();
      server.close();
    }
  },
  120_000,
);
