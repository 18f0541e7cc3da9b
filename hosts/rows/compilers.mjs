/** TypeScript in its versions, with the declarations of the packages checked too. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../execute.mjs';
import { toolsOf } from '../stage.mjs';

/** @typedef {import('./row.mjs').Row} Row */

/** @type {Readonly<Record<string, string>>} */
const modules = { nodenext: 'nodenext', bundler: 'esnext', node10: 'esnext' };

const compilerOptions = {
  target: 'es2022',
  lib: ['es2022', 'dom'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};

/** @type {readonly Row[]} */
export const compilers = Object.entries(toolsOf('typescript')).map(([name, specifier]) => ({
  host: name.replace('typescript-', 'TypeScript '),
  version: specifier.replace('npm:typescript@', ''),
  needs: 'nothing',
  run: async ({ stage }) => {
    const cwd = stage.project('typescript');
    for (const [moduleResolution, module] of Object.entries(modules)) {
      // The last version that has what it calls deprecated.
      const more = name.endsWith('-6.0') && moduleResolution === 'node10' ? { ignoreDeprecations: '6.0' } : {};
      const options = { ...compilerOptions, module, moduleResolution, ...more };
      writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['program.ts'] }));
      await execute(process.execPath, [join('node_modules', name, 'lib/tsc.js')], { cwd });
    }
    return `compiles with \`moduleResolution\` ${Object.keys(modules)
      .map((resolution) => `\`${resolution}\``)
      .join(', ')}`;
  },
}));
