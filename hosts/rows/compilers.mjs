/** TypeScript in its versions, with the declarations of the packages checked too. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../execute.mjs';
import { versionOf } from './row.mjs';

/** @typedef {import('./row.mjs').Row} Row */

const compilerOptions = {
  target: 'es2022',
  lib: ['es2022'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};

/**
 * @param {string} version
 * @param {readonly string[]} resolutions settings of `moduleResolution` to try
 * @returns {Row}
 */
const compiler = (version, resolutions) => ({
  host: `TypeScript ${version}, \`skipLibCheck: false\``,
  version: versionOf('typescript', `typescript-${version}`).replace('npm:typescript@', ''),
  needs: resolutions.includes('node10') ? '[nothing](#typescript)' : 'nothing',
  run: async ({ stage }) => {
    const cwd = stage.project('typescript');
    for (const moduleResolution of resolutions) {
      const module = moduleResolution === 'nodenext' ? 'nodenext' : 'esnext';
      const options = { ...compilerOptions, module, moduleResolution };
      writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['program.ts'] }));
      await execute(process.execPath, [join('node_modules', `typescript-${version}`, 'lib/tsc.js')], { cwd });
    }
    return `\`moduleResolution\` ${resolutions.map((name) => `\`${name}\``).join(', ')}`;
  },
});

/** @type {Row} */
const commonjs = {
  host: 'TypeScript 5.9, a project of CommonJS',
  version: versionOf('typescript', 'typescript-5.9').replace('npm:typescript@', ''),
  needs: '[`nodenext`](#commonjs)',
  run: async ({ stage }) => {
    const cwd = stage.project('typescript');
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck'];
    const tsc = join('node_modules', 'typescript-5.9', 'lib/tsc.js');
    await execute(process.execPath, [tsc, ...options, join('commonjs', 'main.ts')], { cwd });
    await execute(process.execPath, [join('commonjs', 'main.js')], { cwd });
    return 'compiles to `require`, and runs';
  },
};

/** @type {readonly Row[]} */
export const compilers = [
  // The oldest that reads the declarations, then those around a change of the language's own library, then the last that is
  // a program of JavaScript.
  compiler('5.0', ['nodenext', 'node10']),
  compiler('5.6', ['nodenext']),
  compiler('5.9', ['bundler']),
  compiler('6.0', ['nodenext']),
  commonjs,
];
