/**
 * Installs the workspace's dependencies, and does nothing when they are in place already.
 *
 * Every npm script of the root package begins with it, so that a fresh clone needs Node and npm alone.
 * What is installed is remembered as a hash of all that an installation depends on.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm, root, version } from './pnpm.mjs';

const OLDEST_NODE = '20.19';
const stamp = join(root, 'node_modules', '.tapegrad-setup');

/**
 * @param {string} message says what to do
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`\nset-up failed: ${message}\n`);
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  fail(`tapegrad needs Node ${OLDEST_NODE} or newer, and this is Node ${process.versions.node}.`);
}

/** The files that decide what an installation holds. */
function manifests() {
  const members = ['packages', 'examples'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name)),
  );
  const packages = ['', 'bench', 'hosts', 'playground', ...members.sort()].map((folder) =>
    join(folder, 'package.json'),
  );
  return ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...packages].filter((file) => existsSync(join(root, file)));
}

function fingerprint() {
  const hash = createHash('sha256').update(`${version} ${process.platform} ${process.arch}`);
  for (const file of manifests()) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function install() {
  process.stderr.write(`Installing the dependencies with ${version} (once, and after they change) ...\n`);
  const started = performance.now();
  // pnpm tells its errors on standard output: all of it goes to standard error, out of the way of what a script prints.
  const status = pnpm(['install', '--frozen-lockfile', '--reporter=append-only'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    fail(
      'pnpm says above why.\n' +
        '- A first set-up needs the network, to reach the npm registry.\n' +
        '- After a change to a package.json, run `npm run pnpm install` and commit pnpm-lock.yaml with it.',
    );
  }
  process.stderr.write(`Installed in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
}

checkNode();
const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  install();
  writeFileSync(stamp, wanted);
}
