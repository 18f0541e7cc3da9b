/** docs/hosts.md names the hosts that are tested, with their versions, and shows the files that are tested. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rows } from '../rows.mjs';
import { linesIn, page, withFiles } from '../table.mjs';

const text = readFileSync(page, 'utf8');
const lines = linesIn(text);
const told = rows.filter(({ host }) => lines.has(host));

test('every line is of a host, in order', () => {
  expect([...lines.keys()]).toEqual(told.map(({ host }) => host));
});

test.each(told)('$host is told in the version that is tried, with what it needs', ({ host, version, needs }) => {
  const line = lines.get(host) ?? '';
  if (version !== undefined) expect(line.startsWith(`| ${host} | ${version} | `)).toBe(true);
  expect(line.endsWith(` | ${needs} |`)).toBe(true);
});

test('the settings that the page shows are those that are tried', () => {
  expect(withFiles(text)).toBe(text);
});
