/**
 * Tries out the laws that the checks enforce: in a copy of the packages each law is broken once, and the check that
 * guards it must fail and name what was broken. Unbroken, the same checks must pass.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inEmptyFolder } from './packing.mjs';
import { root } from './pnpm.mjs';

/** @typedef {(source: string) => string} Edit */
/** @typedef {{ law: string, file: string, edit: Edit, check: readonly string[], says: RegExp }} Mutation */

const types = ['tsc', '-b', 'packages/nn', 'packages/optim'];
const layers = [
  'biome',
  'lint',
  '--only=noImportCycles',
  '--only=noRestrictedImports',
  '--max-diagnostics=none',
  'packages',
];

/**
 * Removes a property, on one line or on several, from the table that a file holds.
 *
 * @type {(name: string) => Edit}
 */
const without = (name) => (source) =>
  source.replace(new RegExp(`^  ${name}[:(,].*\\n(?:(?:   .*)?\\n)*(?:  [}\\])].*\\n)?`, 'm'), '');

/** @type {(line: string) => Edit} */
const withFirstLine = (line) => (source) => `${line}\n${source}`;

/** @type {(name: string) => Mutation} */
const withoutRule = (name) => ({
  law: `a primitive without its rule (${name})`,
  file: 'packages/core/src/tape/rules/vjp-rules.ts',
  edit: without(name),
  check: types,
  says: new RegExp(`rules\\.ts.*'${name}'`),
});

/** @type {(interpreter: string, name: string) => Mutation} */
const withoutPrimitive = (interpreter, name) => ({
  law: `an interpreter without a primitive (${interpreter}, ${name})`,
  file: `packages/kernels/src/${interpreter}.ts`,
  edit: without(name),
  check: types,
  says: new RegExp(`${interpreter}\\.ts[\\s\\S]*'${name}'`),
});

/** @type {(statement: string) => Mutation} */
const cycle = (statement) => ({
  law: `a cycle of imports (${statement})`,
  file: 'packages/kernels/src/arrays/dtype.ts',
  edit: withFirstLine(statement),
  check: layers,
  says: /dtype\.ts.*noImportCycles/,
});

/** @type {(from: string, to: string) => Mutation} */
const upwardImport = (from, to) => ({
  law: `an import against the direction (${from} imports ${to})`,
  file: `packages/${from}/src/index.ts`,
  edit: withFirstLine(`import '${to}';`),
  check: layers,
  says: /index\.ts.*noRestrictedImports/,
});

/** @type {Mutation} */
const unlisted = {
  law: 'an elementwise primitive that the list lacks',
  file: 'packages/kernels/src/primitives.ts',
  edit: (source) => source.replace("  tanh: 'floats',\n", ''),
  check: types,
  says: /primitives\.ts.*'tanh'/,
};

const mutations = [
  unlisted,
  withoutRule('tanh'),
  withoutRule('where'),
  withoutRule('matmul'),
  withoutPrimitive('abstract/shape-inference', 'matmul'),
  withoutPrimitive('plain/common', 'matmul'),
  withoutPrimitive('reference', 'matmul'),
  withoutPrimitive('reference', 'erf'),
  cycle("import '../abstract.ts';"),
  cycle("import type {} from '../abstract.ts';"),
  upwardImport('kernels', '@tapegrad/core'),
  upwardImport('kernels', 'ndarray-ops'),
  upwardImport('core', '@tapegrad/kernels/reference'),
  upwardImport('core', '@tapegrad/nn'),
  upwardImport('nn', '@tapegrad/optim'),
  upwardImport('optim', '@tapegrad/nn'),
  upwardImport('compile', '@tapegrad/nn'),
  upwardImport('optim', '@tapegrad/compile'),
  upwardImport('inspect', '@tapegrad/nn'),
  upwardImport('core', '@tapegrad/inspect'),
  upwardImport('formulas', '@tapegrad/nn'),
  upwardImport('core', '@tapegrad/formulas'),
  upwardImport('core', '@tapegrad/verify'),
  upwardImport('verify', '@tapegrad/nn'),
  upwardImport('verify', '@tapegrad/inspect'),
  upwardImport('verify', '@tapegrad/formulas'),
  upwardImport('nn', '@tapegrad/files'),
  upwardImport('optim', '@tapegrad/files'),
  upwardImport('files', '@tapegrad/verify'),
  upwardImport('files', '@tapegrad/train'),
  upwardImport('train', '@tapegrad/verify'),
  upwardImport('files', '@tapegrad/data'),
  upwardImport('data', '@tapegrad/nn'),
];

inEmptyFolder((copy) => {
  for (const file of ['packages', '.gitignore', 'biome.json', 'tsconfig.base.json']) {
    cpSync(join(root, file), join(copy, file), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => basename(path) !== 'dist',
    });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');

  /** @type {(check: readonly string[]) => { passes: boolean, output: string }} */
  const run = ([program = '', ...args]) => {
    const { status, stdout, stderr } = spawnSync(join(copy, 'node_modules/.bin', program), args, {
      cwd: copy,
      encoding: 'utf8',
    });
    return { passes: status === 0, output: stdout + stderr };
  };

  for (const check of [types, layers]) {
    const { passes, output } = run(check);
    if (!passes) throw new Error(`${check.join(' ')} must pass on the packages as they are:\n${output}`);
  }
  for (const { law, file, edit, check, says } of mutations) {
    const path = join(copy, file);
    const source = readFileSync(path, 'utf8');
    const broken = edit(source);
    if (broken === source) throw new Error(`${law}: there is nothing to break in ${file}`);
    writeFileSync(path, broken);
    const { passes, output } = run(check);
    writeFileSync(path, source);
    if (passes) throw new Error(`${law}: ${check.join(' ')} did not notice it in ${file}`);
    if (!says.test(output)) throw new Error(`${law}: ${check.join(' ')} failed without naming it:\n${output}`);
    process.stdout.write(`caught: ${law}\n`);
  }
});
