/** Bundlers, whose results run in Chromium, or for a server in Node. */

import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute, outcomeIn } from '../execute.mjs';
import { versionOf } from './row.mjs';

/** @typedef {import('./row.mjs').Place} Place */
/** @typedef {import('./row.mjs').Row} Row */

/**
 * A page that a tool of a project builds into `dist`.
 *
 * @param {Place} place
 * @param {string} project
 * @param {readonly string[]} command of Node
 */
async function visitBuilt({ stage, chromium }, project, command) {
  const cwd = stage.project(project);
  await execute(process.execPath, command, { cwd });
  return chromium.visit({ folder: join(cwd, 'dist') });
}

const VITE = join('node_modules', 'vite/bin/vite.js');

/** @param {Place} place @param {string} config */
async function renderOnServer({ stage }, config) {
  const cwd = stage.project('vite');
  const args = ['build', '--config', config, '--ssr', 'server.js', '--outDir', config.replace('.js', '')];
  await execute(process.execPath, [VITE, ...args], { cwd });
  return execute(process.execPath, [join(config.replace('.js', ''), 'server.js')], { cwd });
}

/** @param {Place} place */
async function failsByTwoCopies(place) {
  const failure = await renderOnServer(place, 'vite.two-copies.config.js').then(
    () => '',
    (/** @type {Error} */ error) => error.message,
  );
  if (!/another copy/i.test(failure)) throw new Error(`no error tells of another copy of a package: ${failure}`);
  return 'an error that tells of another copy';
}

/** @type {readonly Row[]} */
export const bundlers = [
  {
    host: 'Vite, production build',
    version: versionOf('vite'),
    needs: 'nothing',
    run: (place) => visitBuilt(place, 'vite', [VITE, 'build']),
  },
  {
    host: 'Vite, SSR build',
    version: versionOf('vite'),
    needs: 'nothing',
    run: async (place) => outcomeIn(await renderOnServer(place, 'vite.config.js')),
  },
  {
    host: 'Vite, SSR build with the packages inside',
    version: versionOf('vite'),
    needs: '[all or none](#vite-on-a-server)',
    run: async (place) => outcomeIn(await renderOnServer(place, 'vite.bundled.config.js')),
  },
  {
    host: 'Vite, SSR build with one of the packages inside',
    version: versionOf('vite'),
    needs: '[all or none](#vite-on-a-server)',
    run: failsByTwoCopies,
  },
  {
    host: 'Vite, a Vue component',
    version: versionOf('vue'),
    needs: '[`markRaw` for optimizers](#vue)',
    run: (place) => visitBuilt(place, 'vue', [VITE, 'build']),
  },
  {
    host: 'webpack',
    version: versionOf('webpack'),
    needs: 'nothing',
    run: async (place) => {
      const folder = place.stage.project('webpack');
      cpSync(join(folder, 'index.html'), join(folder, 'dist/index.html'));
      return visitBuilt(place, 'webpack', ['build.js']);
    },
  },
  {
    host: 'Parcel',
    version: versionOf('parcel'),
    needs: '[a field](#parcel)',
    run: async (place) => {
      // Parcel takes its settings from the folder that has the lock file.
      writeFileSync(join(place.stage.project('parcel'), 'yarn.lock'), '');
      return visitBuilt(place, 'parcel', [join('node_modules', 'parcel/lib/bin.js'), 'build', 'index.html']);
    },
  },
];
