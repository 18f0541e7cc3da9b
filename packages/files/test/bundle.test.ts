/** The main entry and the one for pages are bundled for a browser without code of Node. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

test.each(['index.ts', 'browser.ts'])('%s loads nothing of Node', async (entry) => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    conditions: ['@tapegrad/source'],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  expect(Object.keys(metafile.inputs).filter((file) => file.includes('node:'))).toEqual([]);
});
