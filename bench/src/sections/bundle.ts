/** Measures the size of the code that a browser loads to train W1. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import type { BundleRecipe } from '../contenders.ts';
import { paths } from '../paths.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import type { Run } from '../run.ts';
import type { Table } from '../table.ts';

interface BundleSize {
  /** The size of the minified code in bytes, and its size after gzip. */
  readonly minified: number;
  readonly gzipped: number;
  /** The size of separate binaries in bytes, after gzip. */
  readonly binaries: number;
}

/** By label. */
type BundleResult = Readonly<Record<string, BundleSize>>;

/**
 * Returns the outputs that load immediately: the entry and its static imports. Backends imported on demand are left
 * out.
 */
function loadedAtOnce({ outputs }: Metafile): string[] {
  const entry = Object.keys(outputs).find((path) => outputs[path]!.entryPoint !== undefined)!;
  const loaded = new Set([entry]);
  for (const path of loaded) {
    for (const { path: imported, kind } of outputs[path]!.imports) {
      if (kind === 'import-statement' && imported in outputs) loaded.add(imported);
    }
  }
  return [...loaded];
}

async function sizeOf({ modules, alias, binaries }: BundleRecipe): Promise<BundleSize> {
  const folder = fileURLToPath(paths.peers);
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: modules.map((path, n) => `export * as module${n} from ${JSON.stringify(path)};`).join('\n'),
      resolveDir: folder,
    },
    ...(alias ? { alias } : {}),
    absWorkingDir: folder,
    outdir: 'bundle',
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    external: ['node:*'],
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const loaded = loadedAtOnce(metafile);
  const files = outputFiles.filter(({ path }) => loaded.some((each) => path.endsWith(each)));
  const require = createRequire(paths.peers);
  const wasm = await Promise.all((binaries ?? []).map((name) => readFile(require.resolve(name))));
  const gzipped = (contents: readonly Uint8Array[]) =>
    contents.reduce((sum, content) => sum + gzipSync(content, { level: 9 }).length, 0);
  return {
    minified: files.reduce((sum, { contents }) => sum + contents.length, 0),
    gzipped: gzipped(files.map(({ contents }) => contents)),
    binaries: gzipped(wasm),
  };
}

async function measure(run: Run): Promise<BundleResult> {
  const bundled = run.contenders.filter(({ framework, threads }) => framework.bundle && threads === 1);
  const result: Record<string, BundleSize> = {};
  for (const { label, framework } of withProgress('bundles', bundled, (contender) => contender.label)) {
    result[label] = await sizeOf(framework.bundle!);
  }
  return result;
}

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);

function table(result: BundleResult): Table {
  return {
    title: 'Bundle of W1',
    note: 'kB that a browser loads before it can train W1, bundled by esbuild; backends that load on demand are left out.',
    columns: ['', 'minified', 'gzipped', 'binaries, gzipped'],
    rows: Object.entries(result).map(([label, { minified, gzipped, binaries }]) => [
      label,
      kilobytes(minified),
      kilobytes(gzipped),
      binaries === 0 ? '-' : kilobytes(binaries),
    ]),
    remarks: [],
  };
}

export async function bundle(run: Run): Promise<Report> {
  const result = await measure(run);
  return { data: result, tables: [table(result)] };
}
