/** Checks that the page `docs/operators.md` agrees with the measurements. `UPDATE_DOCS=1` rewrites it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { formatPage, measureOperators, namesOfConventions } from './operator-table.ts';

const page = new URL('../../../../docs/operators.md', import.meta.url);

/** The last two cells of a line. */
const figures = / \| ([\de-]+) \| (\d+) \|$/gm;
const withoutFigures = (text: string): string => text.replaceAll(figures, ' |');

const rows = measureOperators();
if (process.env['UPDATE_DOCS']) writeFileSync(page, formatPage(rows));
const committed = readFileSync(page, 'utf8');

test('the page has a line for each operator, as the tests find it', () => {
  expect(withoutFigures(committed)).toBe(withoutFigures(formatPage(rows)));
});

test('no operator is less accurate than the page says', () => {
  const bounds = new Map(
    Array.from(committed.matchAll(/^\| `(\w+)` .* \| ([\de-]+) \| (\d+) \|$/gm), ([, name, error, ulps]) => [
      name!,
      { error: Number(error), ulps: Number(ulps) },
    ]),
  );
  const worse = rows.filter(({ name, error, ulps }) => {
    const bound = bounds.get(name)!;
    return !(error <= bound.error && ulps <= bound.ulps);
  });
  expect(worse).toEqual([]);
});

test('every convention is that of an operator', () => {
  const names = new Set(rows.map(({ name }) => name));
  expect(namesOfConventions.filter((name) => !names.has(name))).toEqual([]);
});
