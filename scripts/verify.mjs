/**
 * Judges the formulas of the pages that are named, `-` being the standard input; without a page, holds those of
 * backpropagation, as they are printed and as they are mended, against the tape.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './pnpm.mjs';

const args = process.argv.slice(2);
/** The options of the program without a page that have a value, which is no page. */
const valued = ['networks', 'seed', 'out', 'pictures'];
const { positionals } = parseArgs({
  args,
  options: Object.fromEntries(valued.map((name) => [name, { type: /** @type {const} */ ('string') }])),
  strict: false,
  allowPositionals: true,
});
const [project, main] =
  positionals.length > 0
    ? ['packages/formulas', 'packages/formulas/dist/command/main.js']
    : ['examples/verify-backprop', 'examples/verify-backprop/dist/main.js'];

/** @type {(file: string, args: readonly string[], cwd?: string) => number} */
const run = (file, args, cwd = root) =>
  spawnSync(process.execPath, [join(root, file), ...args], { cwd, stdio: 'inherit' }).status ?? 1;

if (positionals.length === 0 && (args.includes('--help') || args.includes('-h')))
  console.log(
    'npm run verify -- FILE... judges the formulas of pages; npm run verify -- FILE --help lists the options.\n',
  );

// npm starts scripts in the root, and pages are named from where npm was called.
const here = process.env.INIT_CWD ?? process.cwd();
process.exitCode =
  run('node_modules/typescript/bin/tsc', ['-b', project]) || run(main, args, positionals.length > 0 ? here : root);
