/** Takes the README's picture of a verdict, in Chromium as the system has it: `node playground/picture.mjs`. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { buildPage, site } from './build.mjs';

const picture = join(dirname(fileURLToPath(import.meta.url)), '../docs/pictures/verdict.png');

await buildPage();
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const server = createServer(({ url = '/' }, answer) => {
  const path = url === '/' ? '/index.html' : url;
  const type = types[/** @type {keyof typeof types} */ (extname(path))] ?? 'application/octet-stream';
  answer.writeHead(200, { 'content-type': type }).end(readFileSync(join(site, path)));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage({
    viewport: { width: 1180, height: 860 },
    colorScheme: 'light',
    deviceScaleFactor: 1.5,
  });
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.locator('#document .apply').waitFor();
  await page.screenshot({ path: picture });
} finally {
  await browser.close();
  server.close();
}
