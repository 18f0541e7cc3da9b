/** docs/reading-order.md lists the files of each package, each after those that it imports. */

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../packages/', import.meta.url));
const page = readFileSync(`${root}../docs/reading-order.md`, 'utf8');

/** Returns the files named before the colon in the items of a list. */
function listed(name: string): string[] {
  const [, section = ''] = page.split(`\n## ${name}\n`);
  const items = section.split('\n## ')[0]!.matchAll(/^\d+\. (.*?):/gm);
  return Array.from(items, ([, files]) => files!.matchAll(/`([^`]+\.ts)`/g))
    .flatMap((files) => [...files])
    .map(([, file]) => file!);
}

function importsOf(name: string, file: string): string[] {
  const text = readFileSync(`${root}${name}/src/${file}`, 'utf8');
  const specifiers = text.matchAll(/^(?:import|export|\}) .*?from '(\..*?)';$/gm);
  return Array.from(specifiers, ([, specifier]) => posix.join(posix.dirname(file), specifier!));
}

const packages = [
  'kernels',
  'core',
  'nn',
  'optim',
  'compile',
  'files',
  'data',
  'train',
  'verify',
  'inspect',
  'formulas',
];

test.each(packages)('%s', (name) => {
  const order = listed(name);
  const all = readdirSync(`${root}${name}/src`, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  // The entry point of a package comes last, whether it is listed or not.
  const files = order.includes('index.ts') ? order : [...order, 'index.ts'];
  expect(files.toSorted()).toEqual(all.toSorted());
  const early = files.flatMap((file, place) =>
    importsOf(name, file)
      .filter((imported) => !files.slice(0, place).includes(imported))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(early).toEqual([]);
});
