/** Builds the page as static files, and measures what a browser loads of it. Layout of graphs is most of the tab of networks. */

import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const folder = dirname(fileURLToPath(import.meta.url));

/** Where the page is built. */
export const site = join(folder, 'dist/site');

/** What of the page every visitor loads may weigh, gzipped, without its fonts: in bytes. */
const LIMIT = 1_000_000;

/** The options of esbuild. */
export const options = /** @satisfies {import('esbuild').BuildOptions} */ ({
  absWorkingDir: folder,
  entryPoints: {
    main: 'src/main.ts',
    style: 'src/style.css',
    'judge-worker': 'src/judging/worker.ts',
    'network-worker': 'src/network/worker.ts',
  },
  outdir: 'dist/site',
  bundle: true,
  splitting: true,
  format: /** @type {const} */ ('esm'),
  minify: true,
  target: 'es2023',
  // Markdown's parser asks the document for the names of characters, unless it is told that a worker has none.
  conditions: ['@tapegrad/source', 'worker'],
  loader: /** @type {const} */ ({ '.woff2': 'file' }),
  assetNames: 'fonts/[name]-[hash]',
  chunkNames: 'shared-[hash]',
  legalComments: /** @type {const} */ ('linked'),
  logLevel: /** @type {const} */ ('warning'),
});

/** Puts beside the scripts what is not compiled. */
export function copyPage() {
  mkdirSync(site, { recursive: true });
  copyFileSync(join(folder, 'index.html'), join(site, 'index.html'));
}

/**
 * Builds the page.
 *
 * @returns {Promise<{ first: number, all: number }>} gzipped bytes of scripts and styles: of what every visitor loads, and of all
 */
export async function buildPage() {
  rmSync(site, { recursive: true, force: true });
  copyPage();
  const { metafile, outputFiles } = await build({ ...options, metafile: true, write: false });
  for (const { path, contents } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  /** @type {Map<string, number>} */
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [path.slice(folder.length + 1), gzipSync(contents).byteLength]),
  );
  const loaded = new Set(['dist/site/style.css']);
  const pending = ['dist/site/main.js', 'dist/site/judge-worker.js'];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    for (const { path: other, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === 'import-statement') pending.push(other);
  }
  const isCounted = (/** @type {string} */ path) => /\.(?:js|css)$/.test(path);
  const total = (/** @type {string[]} */ paths) =>
    paths.filter(isCounted).reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
  return { first: total([...loaded]), all: total([...sizes.keys()]) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { first, all } = await buildPage();
  const inKilobytes = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;
  process.stdout.write(
    `playground: ${inKilobytes(first)} gzipped are loaded at once, ${inKilobytes(all - first)} with the tab of networks, before fonts\n`,
  );
  if (first > LIMIT) {
    process.stderr.write(`playground: it may be ${inKilobytes(LIMIT)}\n`);
    process.exitCode = 1;
  }
}
