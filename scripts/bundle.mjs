/**
 * Joins the modules of each package into one file an entry point, and what entry points share in files of its own, or in one:
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

/** The packages most programs load several entry points of: all their code is one file, which each entry point names. */
const LOADED_TOGETHER = ['core'];

/** @typedef {Record<string, string | Record<string, string>>} Exports */

/**
 * The options that join the code of all entry points, and the entry points as modules that name what they export of it.
 *
 * @param {string} folder
 * @param {readonly string[]} entries
 */
async function together(folder, entries) {
  const { metafile } = await build({
    ...options(folder),
    entryPoints: [...entries],
    outdir: 'dist/bundle',
    write: false,
  });
  const contents = entries.map((entry) => `export * from './${entry}';`).join('\n');
  const exporting = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint !== undefined);
  return {
    joined: {
      stdin: { contents, resolveDir: folder, sourcefile: 'all.ts' },
      outfile: 'dist/bundle/all.js',
      splitting: false,
    },
    entryFiles: exporting.map(([path, { exports }]) => ({
      path: join(folder, path),
      text: `export { ${exports.join(', ')} } from './all.js';\n`,
    })),
  };
}

/** @param {string} folder */
function options(folder) {
  /** @satisfies {import('esbuild').BuildOptions} */
  const shared = {
    absWorkingDir: folder,
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
  };
  return shared;
}

/** @param {string} name of the folder of a package */
async function bundle(name) {
  const folder = join(root, 'packages', name);
  /** @type {{ exports: Exports }} */
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  // An entry point may lead to the file of an earlier one, which has all of its names.
  /** @type {Map<string, string>} */
  const sources = new Map();
  for (const entry of Object.values(exports)) {
    if (typeof entry !== 'object' || !entry[BUNDLE] || !entry[SOURCE]) continue;
    if (!sources.has(entry[BUNDLE])) sources.set(entry[BUNDLE], entry[SOURCE]);
  }
  const entries = [...sources.values()];
  rmSync(join(folder, 'dist/bundle'), { recursive: true, force: true });
  const { joined, entryFiles } = LOADED_TOGETHER.includes(name)
    ? await together(folder, entries)
    : { joined: { entryPoints: entries, outdir: 'dist/bundle', chunkNames: 'shared-[hash]' }, entryFiles: [] };
  const { metafile, outputFiles } = await build({ ...options(folder), ...joined });
  // Beside the sources, what the compiler made of them would be there a second time.
  const compiled = Object.keys(metafile.inputs).find((path) => path.startsWith('dist/'));
  if (compiled !== undefined) throw new Error(`${name}: its bundle would contain ${compiled}`);
  for (const { path, text } of [...outputFiles, ...entryFiles]) {
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
