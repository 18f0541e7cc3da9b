/** End-to-end tests of the page in Chromium; skipped if there is none. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPage } from '../build.mjs';
import { executablePath, launch, serve } from './chromium.ts';

/** Several seconds more than on an idle machine, since the tests of all packages run at the same time. */
const PATIENCE = 30_000;

const suite = executablePath === undefined ? 'the page (skipped: there is no Chromium at /usr/bin)' : 'the page';

describe.skipIf(executablePath === undefined)(suite, () => {
  let browser: Browser;
  let address: string;
  let close: () => void;
  let weight: number;

  beforeAll(async () => {
    ({ first: weight } = await buildPage());
    ({ address, close } = await serve());
    browser = await launch(executablePath!);
  });
  afterAll(async () => {
    await browser?.close();
    close?.();
  });

  /** Opens the page, and expects it to report no errors. */
  async function visit(
    hash: string,
    options: BrowserContextOptions,
    act: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(address + hash);
    try {
      await act(page);
    } finally {
      await context.close();
    }
    expect(complaints).toEqual([]);
  }

  const settled = (page: Page, pattern: RegExp) => page.locator('#document .status', { hasText: pattern }).waitFor();
  const write = async (page: Page, text: string): Promise<void> => {
    await page.locator('#document .cm-content').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(text);
  };
  const verdicts = '#document .verdict';

  test('what everybody loads is under 1 MB, gzipped, before fonts', () => {
    expect(weight).toBeGreaterThan(50_000);
    expect(weight).toBeLessThan(1_000_000);
  });

  test('a wrong formula that is typed gets its verdict, soon, with heat maps and a mend that a button applies', async () => {
    await visit('', {}, async (page) => {
      await settled(page, /1 wrong · \d+ ms$/);
      await write(page, '$$\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X$$');
      await settled(page, /^1 wrong · \d+ ms$/);
      expect(await page.locator(`${verdicts}.wrong .reason`).textContent()).toContain('the transpose of the left side');
      expect(await page.locator(`${verdicts} .heat td`).count()).toBeGreaterThan(4);
      expect(await page.locator('.cm-wrong').count()).toBe(1);
      await page.getByRole('button', { name: 'Apply the mend' }).click();
      await settled(page, /^1 holds · \d+ ms$/);
      expect(await page.locator('.cm-content').textContent()).toContain('2 X^\\top');
    });
  });

  test('a line is judged in under 300 ms, and keys that follow end stale work', async () => {
    await visit('', {}, async (page) => {
      await settled(page, /ms$/);
      const times: number[] = [];
      for (let i = 2; i < 8; i++) {
        await write(page, `$\\frac{d}{dx} x^${i} = ${i} x^${i - 1}$`);
        await settled(page, /^1 holds · \d+ ms$/);
        times.push(Number(/(\d+) ms/.exec((await page.locator('#document .status').textContent())!)![1]));
      }
      // Takes the minimum, since other tests run at the same time.
      expect(Math.min(...times)).toBeLessThan(300);
      for (const text of ['$a', '$a = ', '$\\frac{d}{dx} x^2 = 3', '$\\frac{d}{dx} x^2 = 3 x$'])
        await write(page, text);
      await settled(page, /1 wrong/);
    });
  });

  test('what is not understood is said to be so', async () => {
    await visit('', {}, async (page) => {
      await settled(page, /ms$/);
      await write(page, '$\\frac{d}{dx} x^2 = 2 x \\odot$');
      await settled(page, /1 not understood/);
      expect(await page.locator(`${verdicts} .reason`).textContent()).toContain("expected a formula after '\\odot'");
    });
  });

  test('each example is judged, and has something to mend', async () => {
    await visit('', {}, async (page) => {
      const choice = page.getByLabel('example');
      const count = await choice.locator('option').count();
      for (let i = 0; i < count; i++) {
        await choice.selectOption(String(i));
        await settled(page, /\d+ hold.*wrong.* · \d+ ms$/);
      }
    });
  });

  test('a puzzle tells at once what is wrong, what is no answer, and what is right', async () => {
    await visit('#puzzles', {}, async (page) => {
      await page.locator('.puzzle-given math').first().waitFor();
      const answer = page.getByLabel('The right side');
      await answer.fill('\\sigma(z) (1 + \\sigma(z))');
      await page.locator('.feedback.wrong').waitFor();
      expect(await page.locator('.feedback .mend').count()).toBe(0);
      await answer.fill("\\sigma'(z)");
      await page.getByText('The answer must not contain a prime').waitFor();
      await answer.fill('\\sigma(z) (1 - \\sigma(z))');
      await page.locator('.feedback.holds').waitFor();
      await page.getByText('1 of 12 solved').waitFor();
      await page.getByRole('button', { name: 'Next puzzle' }).click();
      expect(await page.locator('#puzzle-title').textContent()).toBe('The derivative of tanh');
    });
  });

  test('a network is run, drawn and told of where it is wrong', async () => {
    await visit('#network', {}, async (page) => {
      await page.locator('.picture svg').first().waitFor();
      expect(await page.locator('.picture svg').count()).toBe(2);
      expect(await page.locator('.derived .formula.holds, .derived .holds math').count()).toBeGreaterThan(3);
      expect(await page.locator('.derived .wrong').count()).toBe(0);
      expect(await page.locator('#network .status').textContent()).toMatch(/^loss = \d/);
      const choice = page.getByLabel('network', { exact: true });
      for (const name of await choice.locator('option').allTextContents()) {
        await choice.selectOption(name);
        await page.locator('#network .status', { hasText: /^(?!running)/ }).waitFor();
        expect(await page.locator('.derived .wrong, .derived .not-understood').count()).toBe(0);
      }
      await page.locator('#network .cm-content').click();
      await page.keyboard.press('Control+a');
      await page.keyboard.insertText(
        "import { zeros } from '@tapegrad/core';\nexport const loss: unknown = zeros([2]);",
      );
      await page.getByText('loss has the shape [2]').waitFor();
    });
  });

  test('themes follow the system until one is chosen', async () => {
    const lightness = (page: Page): Promise<number> =>
      page.evaluate(`(() => {
        const context = document.createElement('canvas').getContext('2d');
        context.fillStyle = getComputedStyle(document.body).backgroundColor;
        context.fillRect(0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data[0];
      })()`);
    await visit('', { colorScheme: 'dark' }, async (page) => {
      expect(await lightness(page)).toBeLessThan(40);
      await page.getByRole('button', { name: 'theme: auto' }).click();
      expect(await lightness(page)).toBeGreaterThan(230);
      await page.reload();
      expect(await lightness(page)).toBeGreaterThan(230);
    });
    await visit('', { colorScheme: 'light' }, async (page) => {
      expect(await lightness(page)).toBeGreaterThan(230);
    });
  });

  test('tabs are operated by the keyboard', async () => {
    await visit('', {}, async (page) => {
      await page.getByRole('tab', { name: 'Document' }).focus();
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tab', { name: 'Puzzles' }).getAttribute('aria-selected')).toBe('true');
      expect(await page.locator('#puzzles').isVisible()).toBe(true);
      expect(await page.locator('#document').isVisible()).toBe(false);
    });
  });

  test.each(['', '#puzzles', '#network'])(
    'a narrow screen shows all of %j without scrolling sideways',
    async (hash) => {
      await visit(hash, { viewport: { width: 360, height: 740 } }, async (page) => {
        await page.locator('.verdict, .puzzle-given math, .picture svg').first().waitFor();
        const [inner, outer] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        );
        expect(inner).toBeLessThanOrEqual(outer);
      });
    },
  );
});
