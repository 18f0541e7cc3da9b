/** Chromium, as the system has it. As a program it says where that is, so that tests which visit pages find it. */

import { fileURLToPath } from 'node:url';
import { execute } from './execute.mjs';

/** Where a system keeps Chromium, or a browser made of it. */
export const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** @param {string} cwd */
async function find(cwd) {
  for (const path of places) {
    const version = await execute(path, ['--version'], { cwd }).catch(() => undefined);
    if (version !== undefined) return { path, version: /\d+/.exec(version.stdout)?.[0] ?? '' };
  }
  return undefined;
}

/**
 * Finds Chromium. On a machine of CI it is installed where it is missing; any other machine is left as it is.
 *
 * @param {string} cwd
 * @returns {Promise<{ path: string, version: string } | undefined>}
 */
export async function locate(cwd) {
  const found = await find(cwd);
  if (found !== undefined || !process.env.CI || process.getuid?.() !== 0) return found;
  const options = { cwd, seconds: 300, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  await execute('apt-get', ['update', '-qq'], options).catch(() => undefined);
  await execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], options).catch(() => {});
  return find(cwd);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = await locate(process.cwd());
  process.stdout.write(
    found === undefined
      ? 'There is no Chromium here: tests that visit pages are skipped.\n'
      : `Chromium ${found.version} at ${found.path}\n`,
  );
}
