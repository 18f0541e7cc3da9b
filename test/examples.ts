/**
 * Examples in docstrings and READMEs, as programs that are compiled and run.
 *
 * Two kinds of comments are checked: a literal after an expression, `expression; // value`, and text in comment lines
 * below its expression; other comments are prose. In `console.log(expression); // value`, the value is checked instead
 * of printed.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Example {
  readonly title: string;
  /** Its import statements. */
  readonly imports: string;
  /** The code after them. */
  readonly code: string;
}

const importStatement = /^import [\s\S]*?;\n/gm;

/** Returns the code below each `@example` of a source file, up to the end of the docstring, or the programs in a README. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(root + file, 'utf8');
  const blocks = file.endsWith('.md')
    ? text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)
    : text.matchAll(/^ *\* @example\n([\s\S]*?)^ *\*\/$/gm);
  return Array.from(blocks, ([, block], i) => {
    const program = block!.replaceAll(/^ *\* ?/gm, '');
    const imports = (program.match(importStatement) ?? []).join('').replaceAll('import {', 'import type {');
    const code = program.replaceAll(importStatement, '');
    return { title: `${file}, example ${i + 1}`, imports: imports.replaceAll(/\btype (?=\w+[,} ])/g, ''), code };
  });
}

/** Returns the value in a comment; `undefined` if the comment is prose. */
function literalIn(comment: string): string | undefined {
  const literal = comment.replaceAll("'", '"');
  try {
    JSON.parse(literal);
    return literal;
  } catch {
    return undefined;
  }
}

/** Returns the code, in which each expression with a value in a comment is passed to `check`. */
const withChecks = (code: string): string =>
  code
    .replaceAll(/^console\.log\((.*)\);(?= \/\/ )/gm, '$1;')
    .replaceAll(/^(?!const |let |\/\/)(\S.*);\n((?:\/\/ .*\n)+)/gm, (_, expression: string, text: string) => {
      const expected = text.trimEnd().replaceAll(/^\/\/ /gm, '');
      return `check(${expression}, ${JSON.stringify(expected)});\n`;
    })
    .replaceAll(/^(?!const |let |\/\/)(\S.*); \/\/ (.*)$/gm, (line, expression: string, comment: string) => {
      const value = literalIn(comment);
      return value === undefined ? line : `check(${expression}, ${value});`;
    });

/** Returns the source of a module whose function runs an example, with the exports of some modules in scope. */
function moduleOf({ imports, code }: Example, modules: Readonly<Record<string, object>>): string {
  const specifiers = Object.keys(modules);
  const names = new Set(Object.values(modules).flatMap(Object.keys));
  // A class is also in scope as a type, unless the example imports it.
  const isClass = ([name, value]: [string, unknown]) =>
    typeof value === 'function' && /^class\b/.test(String(value)) && !new RegExp(`\\b${name}\\b`).test(imports);
  const classes = Object.values(modules).map((module) => Object.entries(module).filter(isClass));
  return `
${specifiers.map((specifier, i) => `import type * as module${i} from '${specifier}';`).join('\n')}
${specifiers.map((specifier, i) => `import type { ${classes[i]!.map(([name]) => name).join(', ')} } from '${specifier}';`).join('\n')}
${imports}
export default async (
  { ${[...names].join(', ')} }: ${specifiers.map((_, i) => `typeof module${i}`).join(' & ') || 'object'},
  check: (actual: unknown, expected: unknown) => void,
): Promise<void> => {
  {
    ${withChecks(code)}
  }
};
`;
}

/** Returns the compiler's messages about the modules in a folder, with the packages resolved to their sources. */
function compile(folder: string, options: object): string {
  const paths = Object.fromEntries(
    ['kernels', 'core', 'nn', 'optim', 'compile', 'files', 'data', 'train', 'verify', 'inspect', 'formulas'].flatMap(
      (name) => [
        [`@tapegrad/${name}`, [`${root}packages/${name}/src/index.ts`]],
        [`@tapegrad/${name}/*`, [`${root}packages/${name}/src/*.ts`]],
      ],
    ),
  );
  const compilerOptions = { paths, noEmit: true, composite: false, incremental: false, ...options };
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ extends: `${root}tsconfig.base.json`, compilerOptions, include: ['*.mts'] }));
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  return spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' }).stdout;
}

/** Compares a value with the one in a comment, numbers to six digits. */
function check(actual: unknown, expected: unknown): void {
  if (typeof expected === 'number') expect(actual).toBeCloseTo(expected, 6);
  else if (!Array.isArray(expected) || !Array.isArray(actual)) expect(actual).toEqual(expected);
  else {
    expect(actual).toHaveLength(expected.length);
    actual.forEach((element, i) => {
      check(element, expected[i]);
    });
  }
}

/** Joins several programs, each of which continues where the previous one ended. */
const continued = (file: string, parts: readonly Example[]): Example => ({
  title: `${file}, all of it`,
  imports: parts.map(({ imports }) => imports).join(''),
  code: parts.map(({ code }) => code).join('\n'),
});

interface ExamplesOptions {
  /** Whether the programs of a file continue where the previous one ended. Defaults to false. */
  readonly continued?: boolean;
  /** Compiler options that replace the workspace's. */
  readonly compilerOptions?: object;
}

/** Tests that the examples of some files compile and run, with the exports of some modules in scope. */
export function testExamples(
  files: readonly string[],
  modules: Readonly<Record<string, object>>,
  { continued: isContinued = false, compilerOptions = {} }: ExamplesOptions = {},
): void {
  const folder = mkdtempSync(join(tmpdir(), 'tapegrad-examples-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const programsIn = (file: string) => (isContinued ? [continued(file, examplesIn(file))] : examplesIn(file));
  // What the examples write goes into the folder, which is removed.
  const within = `'${folder.replaceAll('\\', '/')}/`;
  const examples = files.flatMap(programsIn).map(({ code, ...example }, i) => ({
    ...example,
    code: code.replaceAll("'/tmp/", within),
    path: join(folder, `${i}.mts`),
  }));
  for (const example of examples) writeFileSync(example.path, moduleOf(example, modules));

  test('the examples compile', () => {
    expect(compile(folder, compilerOptions)).toBe('');
    // The compiler reads every package, which takes a while on a busy machine.
  }, 120_000);

  test.each(examples)('$title runs', async ({ path }) => {
    const { default: run } = await import(path);
    await run(Object.assign({}, ...Object.values(modules)), check);
  });
}
