/** Serves the built page, and starts the system's Chromium. */

import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { site } from '../build.mjs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
};

/** The path of Chromium, if it is installed. */
export const executablePath = PLACES.find((path) => existsSync(path));

/** Serves the built page. */
export async function serve(): Promise<{ readonly address: string; readonly close: () => void }> {
  const server = createServer(({ url = '/' }, answer) => {
    const { pathname } = new URL(url, 'http://localhost');
    try {
      const body = readFileSync(join(site, normalize(pathname === '/' ? '/index.html' : pathname)));
      answer.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'text/html' }).end(body);
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

/** Starts Chromium. */
export const launch = (path: string) =>
  chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] });
