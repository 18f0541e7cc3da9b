/** The public API is listed on one page, with a description of each name. */

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { entryPoints, formatApi } from './public-api.ts';

const page = new URL('../docs/api.md', import.meta.url);
const entries = entryPoints();
if (process.env['UPDATE_DOCS']) writeFileSync(page, formatApi(entries));

test('docs/api.md lists what the packages export', () => {
  expect(readFileSync(page, 'utf8')).toBe(formatApi(entries));
});

test.each(entries)('$specifier says of each name what it is', ({ exports }) => {
  expect(exports.filter(({ summary }) => summary === '').map(({ name }) => name)).toEqual([]);
});
