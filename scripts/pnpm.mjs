/**
 * Runs pnpm, in the one version that this workspace uses, through npx:
 *
 *     node scripts/pnpm.mjs --filter @tapegrad/core add pure-rand
 */

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const version = 'pnpm@12.21.0';

/** The root of the workspace. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {number} pnpm's exit code
 */
export function pnpm(args, options = {}) {
  const { status, error } = spawnSync('npx', ['--yes', `--package=${version}`, '--', 'pnpm', ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    // Without a network, say so in seconds: npm's own pauses between its tries add up to more than a minute.
    env: { ...process.env, npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '4000' },
    // On Windows npx is a script file, which only a shell starts.
    shell: process.platform === 'win32',
    ...options,
  });
  if (error) throw new Error(`npx did not start, which comes with npm: is npm installed? (${error.message})`);
  return status ?? 1;
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) process.exit(pnpm(process.argv.slice(2)));
