/**
 * Tries the programs of docs/first-programs.md in a project that has the packed packages: they are compiled, run, and
 * one of them is killed and run again.
 */

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './packing.mjs';
import { root } from './pnpm.mjs';

const PROGRAMS = /<!-- program (\w+\.ts) -->\s*```\n(.*?)```/gs;
const MAX_LINES = 60;

/** Starts the program of its arguments, and kills it once there is a file. */
const KILLER = `
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
const [file, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, args, { stdio: 'ignore' });
const timer = setInterval(() => existsSync(file) && child.kill('SIGKILL'), 5);
child.on('exit', (code, signal) => {
  clearInterval(timer);
  process.exitCode = signal === 'SIGKILL' ? 0 : 1;
});
`;

/**
 * @param {string} folder of a project with the packages
 * @param {Record<string, unknown>} compilerOptions
 */
export function tryPrograms(folder, compilerOptions) {
  const page = readFileSync(join(root, 'docs/first-programs.md'), 'utf8');
  const programs = Array.from(page.matchAll(PROGRAMS), ([, name, code]) => ({ name: name ?? '', code: code ?? '' }));
  if (programs.length !== 3) throw new Error(`docs/first-programs.md has ${programs.length} programs, expected 3`);
  for (const { name, code } of programs) {
    const lines = code.trim().split('\n').length;
    if (lines >= MAX_LINES) throw new Error(`${name} has ${lines} lines, expected fewer than ${MAX_LINES}`);
    writeFileSync(join(folder, name), code);
  }
  copyFileSync(join(root, 'docs/programs/circle.pt'), join(folder, 'circle.pt'));
  writeFileSync(join(folder, 'killer.js'), KILLER);
  const typeRoots = [join(root, 'node_modules/@types')];
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { ...compilerOptions, module: 'NodeNext', types: ['node'], typeRoots },
      files: programs.map(({ name }) => name),
    }),
  );
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], folder);
  /** @type {(...args: string[]) => string} */
  const node = (...args) => run(process.execPath, args, folder);
  /** @type {(name: string, printed: string, expected: RegExp) => void} */
  const check = (name, printed, expected) => {
    if (!expected.test(printed)) throw new Error(`${name} printed\n${printed}expected ${expected}`);
  };

  check('loans.ts', node('loans.js'), /accuracy 0\.9\d\n\{"paid":\[\[\d[^,]*,(1|0\.9\d*)\]\]\}\n$/);
  check('rings.ts', node('rings.js'), /as trained .*accuracy: 0\.9[\s\S]*fine-tuned .*accuracy: 0\.9/);

  const whole = node('circle.js', 'runs/whole');
  node('killer.js', 'runs/killed/last.checkpoint', 'circle.js', 'runs/killed');
  const resumed = node('circle.js', 'runs/killed');
  const end = /** @type {(text: string) => string | undefined} */ (text) => text.trimEnd().split('\n').at(-1);
  const best = /** @type {(name: string) => Buffer} */ (name) =>
    readFileSync(join(folder, 'runs', name, 'best.safetensors'));
  check('circle.ts', whole, /finished \{ loss: [\d.]+, accuracy: 0\.9\d* \}\n$/);
  if (end(resumed) !== end(whole) || !best('killed').equals(best('whole'))) {
    throw new Error(`circle.ts, killed and run again, printed\n${resumed}without being killed\n${whole}`);
  }
}
