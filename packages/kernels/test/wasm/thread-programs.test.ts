/** Whole programs that compute on several threads, in separate processes and workers. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';

const { threads: shared } = features();

describe.runIf(shared)('a program', () => {
  // Some versions of Node can't run TypeScript, so the package is compiled, to a folder in which its dependencies are
  // found.
  const root = new URL('../..', import.meta.url);
  const folder = fileURLToPath(new URL('node_modules/.cache/threads', root));
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', root));

  beforeAll(() => {
    const options = [
      '--composite',
      'false',
      '--incremental',
      'false',
      '--sourceMap',
      'false',
      '--declaration',
      'false',
    ];
    const run = spawnSync(
      process.execPath,
      [compiler, '-p', fileURLToPath(root), '--outDir', folder, '--declarationMap', 'false', ...options],
      { encoding: 'utf8' },
    );
    expect(run.stdout).toBe('');
    const threads = { page: './wasm/threads/load-on-demand.js', default: './wasm/threads/load-at-once.js' };
    const vectors = { page: './wasm/vectors/elsewhere.js', default: './wasm/vectors/in-node.js' };
    const imports = { '#parallel-kernels': threads, '#vectors': vectors };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', imports }));
  });

  const multiplying = `
    import { createWasm, NdArray } from ${JSON.stringify(pathToFileURL(join(folder, 'index.js')))};
    const kernels = createWasm({ threads: 2 });
    const x = new NdArray(new Float32Array(512 * 512).fill(1), 'float32', [512, 512]);
    for (let i = 0; i < 6; i++) kernels.matmul(x, x);`;
  const helped = `
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (let i = 0; i < 4; i++) process.stdout.write(String(kernels.matmul(x, x).data[i]));`;

  /** A program that hangs is killed by a signal, and then has no exit status. */
  const runProgram = (program: string, ...flags: string[]) =>
    spawnSync(process.execPath, ['--input-type=module', ...flags, '--eval', program], {
      encoding: 'utf8',
      timeout: 30_000,
    });

  test.each([
    ['ends when it is done', helped, 0],
    ['ends while workers still start', "process.stdout.write('512512512512');", 0],
    ['ends by process.exit', `${helped} process.exit(3);`, 3],
    ['ends by an error', `${helped} throw new Error();`, 1],
    ['ends after its workers', `${helped} kernels.engine.setThreads(1);`, 0],
  ] as const)('%s', (_, end, status) => {
    const result = runProgram(multiplying + end);
    expect(result.stdout).toBe('512512512512');
    expect(result.status).toBe(status);
  });

  describe('whose threads are loaded on demand', () => {
    const failing = `
      import { register } from 'node:module';
      const hooks = 'export const resolve = (to, at, next) => { if (to === "../parallel-kernels.js") throw 0; return next(to, at); }';
      register('data:text/javascript,' + encodeURIComponent(hooks));`;
    const multiplyingUntilHelped = `${multiplying}
      let helped = 0;
      const { load } = Atomics;
      Atomics.load = (...at) => (helped++, load(...at));
      ${helped}
      process.stdout.write(helped > 0 ? ' helped' : ' alone');`;

    test.each([
      ['is helped once they are there', '', ' helped'],
      ['computes alone where they do not load', failing, ' alone'],
    ] as const)('%s', (_, before, end) => {
      const result = runProgram(before + multiplyingUntilHelped, '--conditions=page');
      expect([result.stdout, result.stderr, result.status]).toEqual([`512512512512${end}`, '', 0]);
    });

    test('computes alone while it does not wait for them', () => {
      const program = `${multiplying} process.stdout.write(String(kernels.matmul(x, x).data[0]));`;
      const result = runProgram(program, '--conditions=page');
      expect([result.stdout, result.stderr, result.status]).toEqual(['512', '', 0]);
    });
  });

  test('needs no code made of strings', () => {
    const result = runProgram(multiplying + helped, '--disallow-code-generation-from-strings');
    expect([result.stdout, result.stderr, result.status]).toEqual(['512512512512', '', 0]);
  });
});
