/** Chromium, as the system has it, and a server for the pages that it visits. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { locate, places } from './browser.mjs';
import { Unavailable } from './stage.mjs';

/** @typedef {import('./program.mjs').Outcome} Outcome */
/** @typedef {import('./stage.mjs').Stage} Stage */

/** @typedef {object} Visit
 * @property {string} folder what is served
 * @property {string} [search] of the page's address
 * @property {Record<string, string>} [headers] of every answer
 * @property {RegExp} [expected] what the browser itself is expected to complain of
 */

const ARGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** @param {string} folder @param {Record<string, string>} headers */
function serve(folder, headers) {
  const server = createServer(({ url = '/' }, answer) => {
    const { pathname } = new URL(url, 'http://localhost');
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
    try {
      const body = readFileSync(file);
      const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(file))] ?? 'application/octet-stream';
      answer.writeHead(200, { 'content-type': type, ...headers }).end(body);
    } catch {
      answer.writeHead(404, headers).end();
    }
  });
  return new Promise((/** @type {(served: { address: string, close(): void }) => void} */ resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({ address: `http://127.0.0.1:${port}/`, close: () => server.close() });
    });
  });
}

/** A browser that is started once, when a page is first visited. */
export class Chromium {
  /** @type {Stage} */
  #stage;
  /** @type {Promise<{ context: any, version: string }> | undefined} */
  #started;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
  }

  async #start() {
    const found = await locate(this.#stage.folder);
    if (found === undefined) throw new Unavailable(`no Chromium at ${places.join(', ')}`);
    const { path, version } = found;
    const { chromium } = this.#stage.require('page')('playwright-core');
    const profile = join(this.#stage.folder, 'profile');
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: path,
      headless: true,
      args: ARGS,
    });
    return { context, version };
  }

  /** The number of its version. */
  async version() {
    this.#started ??= this.#start();
    return (await this.#started).version;
  }

  /**
   * Visits a page, and waits for what it promises as `globalThis.outcome`. What the page complains of is an error.
   *
   * @param {Visit} visit
   * @returns {Promise<Outcome>}
   */
  async visit({ folder, search = '', headers = {}, expected = /^$/ }) {
    this.#started ??= this.#start();
    const { context } = await this.#started;
    const { address, close } = await serve(folder, headers);
    const page = await context.newPage();
    /** @type {string[]} */
    const complaints = [];
    /** @param {string} text */
    const note = (text) => !expected.test(text) && complaints.push(text);
    page.on('pageerror', (/** @type {Error} */ error) => note(String(error.stack)));
    page.on('console', (/** @type {{ type(): string, text(): string }} */ message) => {
      if (['error', 'warning'].includes(message.type())) note(message.text());
    });
    try {
      await page.goto(address + search);
      const outcome = await page.evaluate('globalThis.outcome');
      if (complaints.length > 0) throw new Error(`the page complains:\n${complaints.join('\n')}`);
      if (outcome === undefined) throw new Error('the page has no outcome');
      return outcome;
    } finally {
      await page.close();
      close();
    }
  }

  async close() {
    const started = await this.#started?.catch(() => undefined);
    await started?.context.close();
  }
}
