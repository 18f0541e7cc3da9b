import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = new URL('../src/', import.meta.url);
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const textOf = (file: string) => readFileSync(new URL(file.replaceAll('\\', '/'), source), 'utf8');

const importersOf = (module: RegExp) => {
  const pattern = new RegExp(`from '${module.source}'`);
  return files.filter((file) => pattern.test(textOf(file))).sort();
};

// Both packages generate code from strings, which many pages and servers forbid, so they must not be loaded by default.
test('ndarray-ops is the business of the reference interpreter alone', () => {
  expect(importersOf(/ndarray-ops/)).toEqual(['reference.ts']);
});

test('ndarray is called where one comes in or goes out, and by the reference interpreter', () => {
  expect(importersOf(/ndarray/)).toEqual([
    'arrays/interchange.ts',
    'ndarray.ts',
    'reference.ts',
    'reference/arrays.ts',
  ]);
});

test('the reference interpreter is loaded by the case table alone', () => {
  expect(importersOf(/[./]+\/reference\.ts/)).toEqual(['testing/compare.ts']);
  expect(importersOf(/[./]+\/testing(\/.*)?\.ts/).filter((file) => !file.startsWith('testing'))).toEqual([]);
});

test('no file makes code out of strings', () => {
  expect(files.filter((file) => /\bnew Function\(|\beval\(/.test(textOf(file)))).toEqual([]);
});
