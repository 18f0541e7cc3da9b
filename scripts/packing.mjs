/** Packs the packages as they would be published, for the scripts that try them out. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm, root } from './pnpm.mjs';

/**
 * Bundles every package and packs it into a tarball of `folder`.
 *
 * @param {string} folder
 * @returns {string[]} the tarballs' paths
 */
export function pack(folder) {
  run(process.execPath, [join(root, 'scripts/bundle.mjs')], root);
  const status = pnpm(['--filter', './packages/*', 'pack', '--pack-destination', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('pnpm pack failed');
  return readdirSync(folder).map((file) => join(folder, file));
}

/**
 * Calls `work` with an empty folder that is removed afterwards. An error of `work` ends the program with its message.
 *
 * @param {(folder: string) => void} work
 */
export function inEmptyFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'tapegrad-'));
  try {
    work(folder);
  } catch (error) {
    process.stderr.write(`${/** @type {Error} */ (error).message}\n`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a program and returns what it printed. Its failure is an error that shows all of it.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export function run(program, args, cwd) {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}
