/**
 * Programs that must not compile: each `packages/<package>/test/types/*.bad.ts` contains mistakes, and below the line
 * of each the text that the compiler's message must contain:
 *
 *     zeros([64, 784]).matmul(zeros([128, 10]));
 *     // error: matmul: inner dimensions 784 and 128 differ
 */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const project = 'packages/core/test/types';
const expectation = /^\s*\/\/ error: (.*)$/;
const diagnostic = /^(.+)\((\d+),\d+\): error TS\d+: /;

interface Mistake {
  readonly line: number;
  readonly message: string;
}

const fixtures = readdirSync(`${root}packages`)
  .map((name) => `packages/${name}/test/types`)
  .filter((folder) => existsSync(root + folder))
  .flatMap((folder) => readdirSync(root + folder).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.bad.ts'));

/** The texts that a fixture requires. Several below one line all belong to that line. */
function expectedIn(fixture: string): Mistake[] {
  const lines = readFileSync(root + fixture, 'utf8').split('\n');
  const mistakes: Mistake[] = [];
  let line = 0;
  for (const [i, text] of lines.entries()) {
    const message = expectation.exec(text)?.[1];
    if (message !== undefined) mistakes.push({ line, message });
    else if (text.trim() !== '') line = i + 1;
  }
  return mistakes;
}

/** Runs the compiler once over all fixtures, and returns the mistakes found in each, with every line of their messages. */
async function compile(): Promise<Map<string, Mistake[]>> {
  const output = await new Promise<string>((resolve) => {
    const compiler = `${root}node_modules/typescript/bin/tsc`;
    execFile(process.execPath, [compiler, '-p', project, '--pretty', 'false'], { cwd: root }, (_, out) => resolve(out));
  });
  const found = new Map<string, Mistake[]>();
  for (const text of output.trimEnd().split(/\n(?! )/)) {
    const [, file, line] = diagnostic.exec(text) ?? [];
    if (file === undefined) throw new Error(`the compiler failed:\n${output}`);
    // The compiler escapes quotation marks inside a literal type.
    const message = text.replaceAll('\\"', '"');
    found.set(file, [...(found.get(file) ?? []), { line: Number(line), message }]);
  }
  return found;
}

let found: Map<string, Mistake[]>;

beforeAll(async () => {
  found = await compile();
}, 60_000);

test.each(fixtures)('%s', (fixture) => {
  const expected = expectedIn(fixture);
  const actual = (found.get(fixture) ?? []).map(({ line, message }) => {
    const sentence = expected.find((mistake) => mistake.line === line && message.includes(mistake.message));
    return { line, message: sentence?.message ?? message };
  });
  expect(actual).toEqual(expected);
});
