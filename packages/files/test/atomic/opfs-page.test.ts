/** Tests the origin private file system in Chromium, from a page and from a worker. Skipped without Chromium. */

import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => existsSync(path));
const skipped = executablePath === undefined ? ` (skipped: no Chromium at ${places.join(', ')})` : '';

test.skipIf(executablePath === undefined)(
  `Chromium keeps checkpoints and tensors${skipped}`,
  async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('opfs-page.ts', import.meta.url))],
      ...{ conditions: ['@tapegrad/source'], bundle: true, platform: 'browser', format: 'esm', write: false },
      ...{ target: 'es2022', logLevel: 'silent' },
    });
    const server = createServer(({ url = '/' }, answer) => {
      const isProgram = url === '/page.js';
      const page = '<!doctype html><script type="module" src="page.js"></script>';
      answer.writeHead(200, { 'content-type': isProgram ? 'text/javascript' : 'text/html' });
      answer.end(isProgram ? outputFiles[0]!.text : page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      const tab = await browser.newPage();
      const errors: string[] = [];
      tab.on('pageerror', (error) => errors.push(error.message));
      await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await tab.waitForFunction('globalThis.outcome', undefined, { timeout: 60_000 }).catch((error) => {
        throw new Error(`${error}: ${errors.join('; ')}`);
      });
      const outcome = (await tab.evaluate('globalThis.outcome')) as Readonly<Record<string, object>>;
      for (const folder of ['page', 'worker']) {
        expect(outcome[folder]).toEqual({
          rest: { epoch: 4 },
          resumed: true,
          replaced: { epoch: 5 },
          row: [[1, 30], true],
          loaded: true,
          missing: expect.stringContaining(`FormatError: none: there is no such file (${folder}/runs/1/none)`),
          damaged: expect.stringContaining('FormatError: '),
        });
      }
    } finally {
      await browser.close();
      server.close();
    }
  },
  120_000,
);
