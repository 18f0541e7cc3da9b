/**
 * Installs the workspace's dependencies, and does nothing when they are in place already.
 *
 * Every npm script of the root package begins with it, so that a fresh clone needs Node and npm alone. pnpm comes through
 * npx in the one version named here. What is installed is remembered as a hash of all that the installation depends on.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PNPM = 'pnpm@12.21.0';
const OLDEST_NODE = [20, 19];

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.tapegrad-setup');

/** Ends the program with a message that says what to do. */
function fail(/** @type {string} */ message) {
  process.stderr.write(`\nset-up failed: ${message}\n`);
  process.exit(1);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    fail(`tapegrad needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${process.versions.node}.`);
  }
}

/** The files that decide what an installation holds. */
function manifests() {
  const folders = ['packages', 'examples'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name)),
  );
  return ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...['', 'bench', ...folders].map((f) => join(f, 'package.json'))]
    .filter((file) => existsSync(join(root, file)))
    .sort();
}

/** A hash of the manifests, the platform and the version of pnpm. */
function fingerprint() {
  const hash = createHash('sha256').update(`${PNPM} ${process.platform} ${process.arch}`);
  for (const file of manifests()) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function install() {
  process.stderr.write(`Installing the dependencies with ${PNPM} (once, and after they change) ...\n`);
  const started = performance.now();
  // npx is a script file on Windows, which only a shell starts.
  const { status, error } = spawnSync(
    'npx',
    ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    },
  );
  if (error) fail(`npx did not start (${error.message}). It comes with npm: is npm installed?`);
  if (status !== 0) {
    fail(
      'the messages above say why. A first set-up needs the network; after a change to a package.json run\n' +
        `  npx ${PNPM} install\nand commit the lockfile with it.`,
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
