/**
 * The main entry and those for pages can be bundled for a browser without code for Node, and load only the libraries
 * they need.
 */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** Returns the packages and Node modules that an entry point loads when it is imported. */
async function loadedBy(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    conditions: ['@tapegrad/source'],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    splitting: true,
    outdir: 'out',
    write: false,
    metafile: true,
    // The GGUF parser imports these in a function for local files, which is never called; docs/files.md mentions this.
    external: entry === 'gguf.ts' ? ['fs', 'fs/promises', 'stream', 'url'] : [],
    logLevel: 'silent',
  });
  const packageOf = (file: string) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
  return [...new Set(Object.keys(metafile.inputs).map((file) => (file.includes('node:') ? file : packageOf(file))))]
    .filter((name) => name !== undefined)
    .filter((name) => !['ndarray', 'ndarray-ops', 'pure-rand', 'iota-array', 'is-buffer'].includes(name))
    .sort();
}

/** Libraries for tables, images and models, which the main entry must not load. */
const HEAVY = [
  ...['@bufbuild/protobuf', '@huggingface/gguf', '@huggingface/tasks', 'fast-png', 'fzstd', 'hyparquet'],
  ...['hyparquet-compressors', 'hysnappy', 'iobuffer', 'jpeg-js', 'papaparse'],
];

test.each(['index.ts', 'browser.ts'])(
  '%s loads nothing of Node, and no library for tables, images or models',
  async (entry) => {
    const loaded = await loadedBy(entry);
    expect(loaded.filter((name) => name.includes('node:') || HEAVY.includes(name))).toEqual([]);
  },
);

test.each([
  ['csv.ts', ['fflate', 'papaparse']],
  ['gguf.ts', ['@huggingface/gguf', '@huggingface/tasks']],
  ['idx.ts', ['fflate']],
  ['images.ts', ['fast-png', 'fflate', 'iobuffer', 'jpeg-js']],
  ['parquet.ts', ['fflate', 'fzstd', 'hyparquet', 'hyparquet-compressors', 'hysnappy']],
  ['tensorboard.ts', ['@bufbuild/protobuf']],
])('%s loads its own libraries, and nothing of Node', async (entry, libraries) => {
  expect(await loadedBy(entry)).toEqual(libraries);
});
