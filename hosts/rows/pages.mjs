/** Pages and their workers, under the headers that a server can send. */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** @typedef {import('./row.mjs').Place} Place */
/** @typedef {import('./row.mjs').Row} Row */

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const policies = {
  complete: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data:",
  withoutWorkers: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:",
  withoutWebAssembly: "default-src 'self'; worker-src 'self' blob:; img-src 'self' data:",
};

/** @param {Place} place */
async function bundle({ stage }) {
  const folder = stage.project('page');
  await build({
    absWorkingDir: folder,
    entryPoints: ['main.js', 'worker.js'],
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  });
  const dist = join(folder, 'dist');
  cpSync(join(folder, 'index.html'), join(dist, 'index.html'));
  return dist;
}

/**
 * @param {string} host
 * @param {{ needs?: string, headers?: Record<string, string>, search?: string }} [options]
 * @returns {Row}
 */
const page = (host, { needs = 'nothing', headers = {}, search = '' } = {}) => ({
  host,
  needs,
  run: async (place) => {
    const folder = await bundle(place);
    // A browser tells of what a policy forbids, even where the program does without it.
    return place.chromium.visit({ folder, search, headers, expected: /Content Security Policy/ });
  },
});

/** @param {string} policy */
const under = (policy) => ({
  needs: '[the policy](#content-security-policy)',
  headers: { ...ISOLATION, 'Content-Security-Policy': policy },
});

const isolated = { needs: '[two headers](#threads-in-a-page)', headers: ISOLATION };
const search = '?worker';

/** @type {readonly Row[]} */
export const pages = [
  page('Chromium, page'),
  page('Chromium, worker', { search }),
  page('Chromium, isolated page', isolated),
  page('Chromium, worker of an isolated page', { ...isolated, search }),
  page("Chromium, isolated, a policy with `'wasm-unsafe-eval'` and `blob:` workers", under(policies.complete)),
  page('Chromium, a worker under that policy', { ...under(policies.complete), search }),
  page('Chromium, isolated, a policy without `blob:` workers', under(policies.withoutWorkers)),
  page("Chromium, isolated, a policy without `'wasm-unsafe-eval'`", under(policies.withoutWebAssembly)),
];
