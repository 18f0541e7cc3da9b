/**
 * Runs vectors-check.mjs on a sample in versions of Node that npm fetches: `node scripts/vectors-in-node.mjs 24.21.0 26.10.0`.
 * A version that can't be had here is skipped, with a line that says so.
 */

import { spawnSync } from 'node:child_process';

/** The engine optimizes kernels at once, which is when it widens vectors. */
const FLAGS = ['--no-liftoff', '--no-wasm-lazy-compilation', '--conditions=@tapegrad/source'];
/** The number of random programs, and the period of the cases that are tried. */
const SAMPLE = ['5', '40'];

for (const version of process.argv.slice(2)) {
  /** @param {readonly string[]} args @param {'ignore' | 'inherit'} output */
  const run = (args, output) =>
    spawnSync('npx', ['--yes', `--package=node@${version}`, '--', 'node', ...args], {
      stdio: ['ignore', output, output],
      shell: process.platform === 'win32',
    });
  if (run(['--version'], 'ignore').status !== 0) {
    process.stdout.write(`Node ${version}: skipped, npx could not fetch it\n`);
  } else if (run([...FLAGS, 'scripts/vectors-check.mjs', ...SAMPLE], 'inherit').status !== 0) {
    process.stdout.write(`Node ${version}: FAILED\n`);
    process.exitCode = 1;
  }
}
