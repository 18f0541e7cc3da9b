import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Row } from '../src/row.ts';
import { rows } from '../src/rows.ts';
import { findingFor } from '../src/trial.ts';

const example = fileURLToPath(new URL('..', import.meta.url));
const options = { networks: 16, seed: 1 };

/** F1 to F6, L1 to L3, B1 to B9, U1 to U6. */
const IDS = Object.entries({ F: 6, L: 3, B: 9, U: 6 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
);

test('every formula has its row', () => {
  const found = new Set(rows.map(({ id }) => id.split(' ')[0]));
  expect([...found].sort()).toEqual(IDS.sort());
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
});

test.each(rows)('$id: the verdict is as it must be', (row) => {
  const finding = findingFor(row, options);
  expect(finding.message).toContain(row.id);
  expect(finding, finding.message).toMatchObject({ passed: true });
});

describe('the wrong ones are caught, each for its right reason', () => {
  const finding = (id: string) => findingFor(rows.find((row) => row.id === id)!, options);

  test.each([
    ['B1 as printed', 'off by the factor n'],
    ['B2 for softmax', 'numbers differ'],
    ['B4 as printed', 'shapes do not match'],
    ['B5 as printed', 'shapes do not match'],
    ['B7 as printed', 'shapes do not match'],
    ['B8 as printed', 'shapes do not match'],
  ])('%s: %s', (id, verdict) => {
    expect(finding(id).verdict).toBe(verdict);
  });

  test.each(['B4', 'B5', 'B7', 'B8'])('%s by shape on unequal widths, by numbers on equal ones', (id) => {
    const evidence = Object.fromEntries(finding(`${id} as printed`).evidence);
    expect(evidence).toMatchObject({ 'unequal widths': 'shapes', 'equal widths': 'numbers' });
  });
});

describe('a formula that is changed is named, with the reason', () => {
  const copies: string[] = [];
  afterAll(() => {
    for (const copy of copies) rmSync(copy, { recursive: true });
  });

  /** Returns the finding on a row, in a copy of the sources in which one text is replaced by another. */
  async function mutated(file: string, id: string, from: string, to: string) {
    // Next to the sources, so that the packages can be imported by name.
    const copy = mkdtempSync(join(example, 'node_modules', '.mutant-'));
    copies.push(copy);
    cpSync(join(example, 'src'), copy, { recursive: true });
    const path = join(copy, `${file}.ts`);
    const source = readFileSync(path, 'utf8');
    const start = source.indexOf(from, source.indexOf(`id: '${id}'`));
    expect(start).toBeGreaterThan(0);
    writeFileSync(path, source.slice(0, start) + to + source.slice(start + from.length));
    const tables = (await import(path)) as Readonly<Record<string, readonly Row[]>>;
    return tables[file]!.map((row) => findingFor(row, { ...options, networks: 8 })).filter(({ passed }) => !passed);
  }

  test.each([
    ['its sign', 'forward', 'F4', 'W[1], b[1]', 'W[1].neg(), b[1]', /^F4 has the right shape, but other numbers/],
    ['its sign', 'updates', 'U1', 'w.sub(g', 'w.add(g', /^U1 differs in/],
    ['an index', 'backward', 'B7 mended', 'W[l + 1]', 'W[l]', /^B7 mended has the wrong shape if widths differ, and/],
    ['an index', 'backward', 'B6', 'Z[l - 1]', 'Z[l]', /^B6 has the wrong shape/],
    ['a factor', 'backward', 'B1 mended', '.mul(2)', '', /^B1 mended is off by the factor 1\/2/],
    ['a factor', 'losses', 'L2 link', '.div(n)', '', /^L2 link is off by the factor n/],
    ['what is wrong', 'backward', 'B1 as printed', '.sub(Y)', '.sub(Y).div(Y.shape[0])', /^B1 as printed is equal/],
  ])('%s, in %s: %s', async (_, file, id, from, to, message) => {
    const failed = await mutated(file, id, from, to);
    expect(failed.map(({ name }) => name)).toEqual([id]);
    expect(failed[0]!.message).toMatch(message);
  });
});
