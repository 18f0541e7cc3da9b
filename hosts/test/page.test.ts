/** docs/hosts.md has a line for every host that is tried, in its version, and shows the files that are tried. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rows } from '../rows.mjs';
import { linesIn, page, withFiles } from '../table.mjs';

const text = readFileSync(page, 'utf8');

test('each host has its line, in order', () => {
  expect([...linesIn(text).keys()]).toEqual(rows.map(({ host }) => host));
});

test.each(rows)('$host is told in the version that is tried, with what it needs', ({ host, version, needs }) => {
  const line = linesIn(text).get(host) ?? '';
  if (version !== undefined) expect(line.startsWith(`| ${host} | ${version} | `)).toBe(true);
  expect(line.endsWith(` | ${needs} |`)).toBe(true);
});

test('the settings that the page shows are those that are tried', () => {
  expect(withFiles(text)).toBe(text);
});
