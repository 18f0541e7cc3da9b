/**
 * Tries the README's first program as a new user would: the packed packages are installed in an empty folder, and the
 * program runs there as TypeScript, as plain JavaScript, and where no code may be generated from strings. The programs of
 * docs/first-programs.md run there, too.
 *
 * The program is the block of code under `<!-- first program -->` in README.md. It has no type annotation, so that it
 * is a program of both languages, and no clock and no luck, so that each run prints the same.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryPrograms } from './consumer-programs.mjs';
import { inEmptyFolder, pack, run } from './packing.mjs';
import { root } from './pnpm.mjs';

const MARKED_BLOCK = /<!-- first program -->\s*```ts\n(.*?)```/s;

/** The strictest reading of a consumer: our declarations are checked too, with nothing but the language's own library. */
const compilerOptions = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
};

/** Functions whose results have shapes that only types of `@tapegrad/core/extend` can tell. */
const INFERRED = `
import { type Shape, split, squeeze, type Tensor, zeros } from '@tapegrad/core';
export const sums = <S extends Shape>(x: Tensor<S>) => x.sum(0);
export const transposed = <S extends Shape>(x: Tensor<S>) => squeeze(x.transpose(), 0);
export const first = <S extends Shape>(x: Tensor<S>) => x.index(0, null);
export const pieces = split(zeros([4, 3]), 2);
`;

function firstProgram() {
  const program = MARKED_BLOCK.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  if (program === undefined) throw new Error('README.md has no block of ts under <!-- first program -->');
  return program;
}

inEmptyFolder((folder) => {
  /** @type {(name: string, content: string) => void} */
  const write = (name, content) => writeFileSync(join(folder, name), content);
  /** @type {(...args: string[]) => string} */
  const compile = (...args) => run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], folder);
  /** @type {(...args: string[]) => string} */
  const node = (...args) => run(process.execPath, args, folder);

  const program = firstProgram();
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...pack(join(folder, 'tarballs'))], folder);

  write('typed.ts', program);
  for (const [module, moduleResolution] of [
    ['ESNext', 'bundler'],
    ['NodeNext', 'NodeNext'],
  ]) {
    write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, module, moduleResolution }, files: ['typed.ts'] }),
    );
    compile();
  }
  write('plain.js', program);

  const printed = node('plain.js');
  if (printed.trim() === '') throw new Error('the program printed nothing');
  for (const args of [['typed.js'], ['--disallow-code-generation-from-strings', 'plain.js']]) {
    const other = node(...args);
    if (other !== printed) throw new Error(`node ${args.join(' ')} printed\n${other}and plain.js printed\n${printed}`);
  }

  // Types of shapes that the compiler infers have names in the declarations of a package that imports core alone.
  write('inferred.ts', INFERRED);
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: { ...compilerOptions, module: 'NodeNext', declaration: true },
      files: ['inferred.ts'],
    }),
  );
  compile();

  // A page of formulas on trial, by the command that its package brings and by the function.
  write('page.md', '$\\frac{\\partial}{\\partial x} a^T x = a$\n');
  const verdict = node('node_modules/@tapegrad/formulas/dist/command/main.js', 'page.md');
  if (!verdict.includes('1 formula, 1 holds')) throw new Error(`tapegrad-verify page.md printed\n${verdict}`);
  run(join(folder, 'node_modules/.bin/tapegrad-verify'), ['--help'], folder);
  write(
    'typed.ts',
    "import { verifyPage } from '@tapegrad/formulas';\nverifyPage('$x = x$').formulas.length.toFixed();\n",
  );
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { ...compilerOptions, module: 'NodeNext' }, files: ['typed.ts'] }),
  );
  compile();
  node('typed.js');

  tryPrograms(folder, compilerOptions);

  process.stdout.write(`The README's first program prints, however it is run:\n${printed}`);
});
