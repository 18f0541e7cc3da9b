/**
 * The examples in the docstrings and READMEs of nn and optim: each compiles, runs, and gives what its comments say.
 *
 * Checked are lines `expression; // value` where the value is a literal, and a text in comment lines of its own below its
 * expression. Other comments are prose.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as core from '@tapegrad/core';
import * as nn from '@tapegrad/nn';
import * as optim from '@tapegrad/optim';
import { afterAll, expect, test } from 'vitest';

interface Example {
  readonly title: string;
  readonly code: string;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const packages = { core, nn, optim };
const names = Object.values(packages).flatMap((exported) => Object.keys(exported));

const documents = ['nn', 'optim'].flatMap((name) => [
  `packages/${name}/README.md`,
  ...readdirSync(`${root}packages/${name}/src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `packages/${name}/src/${file}`),
]);

/** The code below each `@example` of a file, up to the end of the docstring; or the programs of a README. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(root + file, 'utf8');
  const blocks = file.endsWith('.md')
    ? text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)
    : text.matchAll(/^ *\* @example\n([\s\S]*?)^ *\*\/$/gm);
  return [...blocks].map(([, block], i) => ({
    title: `${file}, example ${i + 1}`,
    code: block!.replaceAll(/^ *\* ?|^import .*;$/gm, ''),
  }));
}

/** The code with each expression that a comment tells the value of handed to `check`. */
const withChecks = (code: string): string =>
  code
    .replaceAll(/^(?!const |\/\/)(\S.*);\n((?:\/\/ .*\n)+)/gm, (_, expression: string, text: string) => {
      const expected = text.trimEnd().replaceAll(/^\/\/ /gm, '');
      return `check(${expression}, ${JSON.stringify(expected)});\n`;
    })
    .replaceAll(/^(?!const |\/\/|check\()(\S.*); \/\/ (.*)$/gm, (line, expression: string, comment: string) => {
      const literal = comment.replaceAll("'", '"');
      return isLiteral(literal) ? `check(${expression}, ${literal});` : line;
    });

function isLiteral(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A module whose function runs an example, with all that the packages export in scope. */
const moduleOf = (code: string): string => `
import type * as core from '@tapegrad/core';
import type { Parameter, Tensor } from '@tapegrad/core';
import type * as nn from '@tapegrad/nn';
import type * as optim from '@tapegrad/optim';
import type { OptimizerOptions, Update } from '@tapegrad/optim';
export default (
  { ${names.join(', ')} }: typeof core & typeof nn & typeof optim,
  check: (actual: unknown, expected: unknown) => void,
): void => {
  {
    ${withChecks(code)}
  }
};
`;

const folder = mkdtempSync(join(tmpdir(), 'tapegrad-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const examples = documents.flatMap(examplesIn).map((example, i) => ({ ...example, path: join(folder, `${i}.mts`) }));
for (const { path, code } of examples) writeFileSync(path, moduleOf(code));

test('the examples compile', () => {
  const paths = Object.fromEntries(
    ['kernels', ...Object.keys(packages)].map((name) => [
      `@tapegrad/${name}`,
      [`${root}packages/${name}/src/index.ts`],
    ]),
  );
  const compilerOptions = { paths, noEmit: true, composite: false, incremental: false };
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ extends: `${root}tsconfig.base.json`, compilerOptions, include: ['*.mts'] }));
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

/** Holds a value against a literal: numbers, also within arrays, to six digits. */
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

test.each(examples)('$title runs', async ({ path }) => {
  const { default: run } = await import(path);
  run({ ...core, ...nn, ...optim }, check);
});
