/** docs/files.md names the formats that are read and written, and the libraries used. */

import { readFileSync } from 'node:fs';
import * as files from '@tapegrad/files';
import * as csv from '@tapegrad/files/csv';
import * as gguf from '@tapegrad/files/gguf';
import * as idx from '@tapegrad/files/idx';
import * as images from '@tapegrad/files/images';
import * as node from '@tapegrad/files/node';
import * as parquet from '@tapegrad/files/parquet';
import * as tensorboard from '@tapegrad/files/tensorboard';
import { expect, test } from 'vitest';
import { MISSING_NAMES } from '../src/csv/inference.ts';
import { STORAGE } from '../src/gguf/types.ts';

const page = readFileSync(new URL('../../../docs/files.md', import.meta.url), 'utf8');
const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>;
};

const entries: Readonly<Record<string, object>> = {
  '@tapegrad/files': files,
  '@tapegrad/files/csv': csv,
  '@tapegrad/files/gguf': gguf,
  '@tapegrad/files/idx': idx,
  '@tapegrad/files/images': images,
  '@tapegrad/files/parquet': parquet,
  '@tapegrad/files/tensorboard': tensorboard,
};

/** The rows of the first table, cell by cell. */
const rows = page
  .slice(page.indexOf('| --- |'), page.indexOf('\n\nEach library'))
  .split('\n')
  .slice(1)
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );

/** The names in backticks in a cell. */
const namesIn = (cell: string | undefined): string[] => Array.from(cell!.matchAll(/`([^`]+)`/g), ([, name]) => name!);

test.each(rows.map((row) => [row[0], row] as const))('%s is read and written as the page says', (_, row) => {
  const [, read, written, pieces, entry, library] = row;
  const [specifier] = namesIn(entry);
  const exported = { ...entries[specifier!], ...node };
  for (const name of [read, written, pieces].flatMap(namesIn)) expect(exported).toHaveProperty(name);
  for (const name of namesIn(library)) expect(dependencies).toHaveProperty([name]);
});

test('the page has every function that reads or writes a format', () => {
  const named = new Set(rows.flatMap((row) => row.flatMap(namesIn)));
  const functions = [...Object.values(entries), node].flatMap(Object.keys);
  const isOfFormat = (name: string) => /^(decode|encode|open|read|write)[A-Z]/.test(name);
  // These accept files of any format, or belong to a function that the page names.
  const others = ['decodeImage', 'decodeSafetensorsIndex', 'readBytes', 'writeFileAtomic', 'writeSafetensorsShards'];
  expect(functions.filter((name) => isOfFormat(name) && !named.has(name) && !others.includes(name))).toEqual([]);
});

test('the page has every library', () => {
  const named = new Set(rows.flatMap((row) => namesIn(row[5])));
  expect(Object.keys(dependencies).filter((name) => !name.startsWith('@tapegrad/') && !named.has(name))).toEqual([]);
});

test('the page has every type of GGUF and every name of a missing value', () => {
  for (const type of Object.keys(STORAGE)) expect(page).toContain(type);
  for (const name of MISSING_NAMES.filter((text) => text !== '')) expect(page).toContain(`\`${name}\``);
});
