/** Package managers that install the packages from their tarballs, each in a folder of its own. */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/pnpm.mjs';
import { execute, quietOutcomeIn } from '../execute.mjs';
import { versionOf } from './row.mjs';

/** @typedef {import('./row.mjs').Place} Place */
/** @typedef {import('./row.mjs').Row} Row */

/**
 * @param {string} host
 * @param {string} version
 * @param {{ needs: string, project: string, install: (place: Place, cwd: string) => Promise<unknown> }} options
 * @returns {Row}
 */
const manager = (host, version, { needs, project, install }) => ({
  host,
  version,
  needs,
  run: async (place) => {
    const cwd = join(place.stage.folder, `by-${project}`);
    cpSync(join(root, 'hosts/managers', project), cwd, { recursive: true });
    for (const file of ['main.mjs', 'program.mjs']) cpSync(join(place.stage.project('node'), file), join(cwd, file));
    await install(place, cwd);
    return quietOutcomeIn(await execute(process.execPath, ['main.mjs'], { cwd }));
  },
});

/**
 * One that npm fetches.
 *
 * @param {string} host
 * @param {{ needs: string, project: string, specifier: string, program: string, args: readonly string[] }} options
 */
const fetched = (host, { needs, project, specifier, program, args }) =>
  manager(host, specifier.slice(specifier.lastIndexOf('@') + 1), {
    needs,
    project,
    install: ({ stage }, cwd) => stage.npx(specifier, program, ['install', ...args], cwd),
  });

const needs = '[overrides](#package-managers)';

// What CI makes them do, to insist on a lock file, is not wanted here.
/** @type {readonly Row[]} */
export const managers = [
  fetched('pnpm', {
    needs,
    project: 'pnpm',
    specifier: 'pnpm@12.21.0',
    program: 'pnpm',
    args: ['--no-frozen-lockfile', '--reporter=append-only'],
  }),
  fetched('Yarn 1', { needs, project: 'yarn', specifier: 'yarn@1.22.22', program: 'yarn', args: ['--no-lockfile'] }),
  fetched('Yarn 4', {
    needs,
    project: 'yarn-4',
    specifier: '@yarnpkg/cli-dist@4.18.1',
    program: 'yarn',
    args: ['--no-immutable'],
  }),
  manager('Bun as a package manager', versionOf('bun'), {
    needs,
    project: 'bun',
    install: async ({ stage }, cwd) => execute(await stage.build('bun', 'bun', 'bin/bun'), ['install'], { cwd }),
  }),
];
