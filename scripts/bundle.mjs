/**
 * Joins the modules of each package into one file an entry point, and what entry points share in files of its own:
 * Node takes half a millisecond for each file that it loads, which in dozens of files is most of a small program's start.
 * Bundlers are given the modules as they are, since they drop what a program does not use by the file.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { root } from './pnpm.mjs';

/** The condition of a package's exports that leads to its bundle. */
const BUNDLE = '@tapegrad/bundle';
const SOURCE = '@tapegrad/source';

/** @typedef {Record<string, string | Record<string, string>>} Exports */

/** @param {string} name of the folder of a package */
async function bundle(name) {
  const folder = join(root, 'packages', name);
  /** @type {{ exports: Exports }} */
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap((entry) =>
    typeof entry === 'object' && entry[BUNDLE] && entry[SOURCE] ? [entry[SOURCE]] : [],
  );
  rmSync(join(folder, 'dist/bundle'), { recursive: true, force: true });
  const { metafile, outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: entries,
    outdir: 'dist/bundle',
    chunkNames: 'shared-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    conditions: [SOURCE],
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    metafile: true,
    write: false,
  });
  // Beside the sources, what the compiler made of them would be there a second time.
  const compiled = Object.keys(metafile.inputs).find((path) => path.startsWith('dist/'));
  if (compiled !== undefined) throw new Error(`${name}: its bundle would contain ${compiled}`);
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    // One character that is not ASCII, as comments have, doubles what the engine holds of a file and takes it longer to read.
    // esbuild escapes those of strings; what is left stands in comments, and in regular expressions, where escapes mean the same.
    writeFileSync(
      path,
      text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    );
  }
}

await Promise.all(readdirSync(join(root, 'packages')).map(bundle));
