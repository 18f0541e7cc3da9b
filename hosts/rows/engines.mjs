/** Engines outside of browsers. */

import { join } from 'node:path';
import { build } from 'esbuild';
import { execute, quietOutcomeIn } from '../execute.mjs';
import { versionOf } from './row.mjs';

/** @typedef {import('./row.mjs').Place} Place */
/** @typedef {import('./row.mjs').Row} Row */

/** The oldest that is supported, and the last of each line after it. */
export const nodes = { 20: '20.19.0', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

/** What Node says where it has to find out that a file is a module. */
const GUESSED = /MODULE_TYPELESS_PACKAGE_JSON|Reparsing as ES module|To eliminate this warning|--trace-warnings/;

/**
 * @param {string} host
 * @param {string} version
 * @param {{ project?: string, file?: string, needs?: string, expected?: RegExp }} [options]
 * @returns {Row}
 */
const inNode = (host, version, { project = 'node', file = 'main.mjs', needs = 'nothing', expected } = {}) => ({
  host,
  version,
  needs,
  run: async ({ stage }) => {
    const cwd = stage.project(project);
    return quietOutcomeIn(await execute(await stage.node(version), [file], { cwd }), expected);
  },
});

/** @param {Place} place */
async function inWorkerd({ stage }) {
  const folder = stage.project('workerd');
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'worker.js')],
    bundle: true,
    conditions: ['workerd', 'worker', 'browser'],
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    write: false,
  });
  const { Miniflare } = stage.require('workerd')('miniflare');
  const worker = new Miniflare({ modules: true, script: outputFiles[0]?.text, compatibilityDate: '2026-01-01' });
  try {
    const answer = await worker.dispatchFetch('http://localhost/');
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  } finally {
    await worker.dispose();
  }
}

/** @type {readonly Row[]} */
export const engines = [
  ...Object.entries(nodes).map(([major, version]) => inNode(`Node ${major}`, version)),
  inNode('Node 20, a `require` in a project of CommonJS', nodes[20], {
    project: 'commonjs',
    file: 'main.js',
    needs: '[nothing](#commonjs)',
  }),
  inNode('Node 20, an `import` in a `.js` file of such a project', nodes[20], {
    project: 'commonjs',
    file: 'imports.js',
    needs: '[nothing](#commonjs)',
    expected: GUESSED,
  }),
  {
    host: 'Deno',
    version: versionOf('deno'),
    needs: 'nothing',
    run: async ({ stage }) => {
      const deno = await stage.build('deno', 'deno', 'deno');
      // For the checkpoint: the packages ask for no permission.
      const files = ['--no-prompt', '--allow-read=.', '--allow-write=.'];
      return quietOutcomeIn(await execute(deno, ['run', ...files, 'main.mjs'], { cwd: stage.project('node') }));
    },
  },
  {
    host: 'Bun',
    version: versionOf('bun'),
    needs: 'nothing',
    run: async ({ stage }) => {
      const bun = await stage.build('bun', 'bun', 'bin/bun');
      return quietOutcomeIn(await execute(bun, ['main.mjs'], { cwd: stage.project('node') }));
    },
  },
  {
    host: 'workerd (Cloudflare), by miniflare',
    version: versionOf('workerd', 'miniflare'),
    needs: '[nothing](#workerd)',
    run: inWorkerd,
  },
];
