/** Test runners, whose tests see modules, and often objects, of a realm of their own. */

import { join } from 'node:path';
import { execute, outcomeIn } from '../execute.mjs';
import { nodes } from './engines.mjs';
import { versionOf } from './row.mjs';

/** @typedef {import('./row.mjs').Row} Row */

const MODULES = '--experimental-vm-modules';

/**
 * @param {string} host
 * @param {string} project
 * @param {{ needs: string, args?: string[], node?: string, flags?: string }} options
 * @returns {Row}
 */
const jest = (host, project, { needs, args = [], node, flags = '' }) => ({
  host,
  version: versionOf(project, 'jest'),
  needs,
  run: async ({ stage }) => {
    const cwd = stage.project(project);
    const program = node === undefined ? process.execPath : await stage.node(node);
    const env = { NODE_OPTIONS: flags };
    return outcomeIn(await execute(program, [join('node_modules', 'jest/bin/jest.js'), ...args], { cwd, env }));
  },
});

/** @param {string} pool @returns {Row} */
const vitest = (pool) => ({
  host: `Vitest, the pool \`${pool}\``,
  version: versionOf('vitest'),
  needs: 'nothing',
  run: async ({ stage }) => {
    const cwd = stage.project('vitest');
    const args = [join('node_modules', 'vitest/vitest.mjs'), 'run', '--pool', pool];
    return outcomeIn(await execute(process.execPath, args, { cwd }));
  },
});

/** @type {readonly Row[]} */
export const testRunners = [
  vitest('forks'),
  vitest('threads'),
  vitest('vmThreads'),
  jest('Jest, modules', 'jest-esm', { needs: '[a flag](#jest)', flags: MODULES }),
  jest('Jest, CommonJS', 'jest-commonjs', { needs: '[a transform](#jest)' }),
  jest('Jest, CommonJS in Node 24', 'jest-commonjs', {
    needs: '[a flag](#jest)',
    args: ['--config', 'jest.node24.config.js'],
    node: nodes[24],
    flags: MODULES,
  }),
];
