import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ByteSource, bytesSource, FormatError } from '@tapegrad/files';
import { readParquet } from '@tapegrad/files/node';
import { decodeParquet, openParquet, type Table } from '@tapegrad/files/parquet';
import { describe, expect, test } from 'vitest';
import { storedJson } from '../stored.ts';

type Stored = Record<string, string>;
const { files, refused, values } = storedJson<{ files: Stored; refused: Stored; values: Record<string, unknown[]> }>(
  'parquet/parquet.json',
);
const bytesOf = (base64: string | undefined) => new Uint8Array(Buffer.from(base64!, 'base64'));

/** The values of a column; `null` stands for a missing value. */
const valuesOf = (table: Table, name: string) =>
  Array.from({ length: table.length }, (_, row) => table.row(row)[name] ?? null);

const close = (name: string, expected: unknown) =>
  name === 'float' && typeof expected === 'number' ? Math.fround(expected) : expected;

describe('decodeParquet', () => {
  test.each(Object.entries(files))('reads what pyarrow wrote: %s', async (name, file) => {
    const table = await decodeParquet(bytesOf(file));
    for (const column of table.names) {
      const expected = name === 'no rows' ? [] : values[column]!.map((value) => close(column, value));
      expect(valuesOf(table, column)).toEqual(expected);
    }
    expect(table.names.length).toBeGreaterThan(0);
  });

  test('infers kinds from types and values', async () => {
    const table = await decodeParquet(bytesOf(files['all types']));
    expect(Object.fromEntries(table.columns.map(({ name, kind }) => [name, kind]))).toEqual({
      ...{ int8: 'integer', int32: 'integer', int64: 'integer', uint32: 'integer', huge: 'text' },
      ...{ half: 'number', float: 'number', double: 'number', bool: 'boolean', kind: 'category', text: 'text' },
      ...{ nothing: 'number', decimal: 'number', date: 'text', time: 'category' },
    });
    expect(table.column('kind').categories).toEqual(['blue', 'green', 'red']);
    expect(Object.fromEntries(table.column('kind').missingAs)).toEqual({ null: 75 });
    expect(table.tensor('int32').dtype).toBe('int32');
  });

  test('reads some columns with the schema of another file', async () => {
    const bytes = bytesOf(files['codec zstd']);
    const { schema } = await decodeParquet(bytes, { columns: ['kind'] });
    const table = await decodeParquet(bytes, { columns: ['kind', 'int32'], schema });
    expect(table.names).toEqual(['kind', 'int32']);
    const other = [{ name: 'kind', kind: 'category', categories: ['red'] }] as const;
    await expect(decodeParquet(bytes, { name: 'x', schema: other })).rejects.toThrow(
      "x: column 'kind': row 1: expected a value of kind category, got green",
    );
    await expect(decodeParquet(bytes, { columns: ['z'] })).rejects.toThrow(
      "there is no column 'z', expected one of int32,",
    );
  });

  test.each([
    ['nested', "column 'list' is nested or repeated; choose other columns with { columns: […] }"],
    ['bytes', "column 'bytes': it holds bytes; choose other columns with { columns: […] }"],
    ['shared prefixes', "column 's': the encoding DELTA_BYTE_ARRAY is not supported"],
  ])('refuses what is %s by name', async (name, message) => {
    await expect(decodeParquet(bytesOf(refused[name]))).rejects.toThrow(message);
    await expect(decodeParquet(bytesOf(refused[name]))).rejects.toThrow(FormatError);
    if (name !== 'shared prefixes') {
      const rest = await decodeParquet(bytesOf(refused[name]), { columns: ['x'] });
      expect(valuesOf(rest, 'x')).toEqual([1, 2]);
    }
  });

  const bytes = bytesOf(files['all types']);
  test.each([
    ['nothing', new Uint8Array(0), 'byte 0: expected a Parquet file, got 0 bytes'],
    ['a cut file', bytes.subarray(0, -4), "expected a Parquet file, which ends with 'PAR1'"],
    ['the end alone', bytes.subarray(-2000), /./],
  ])('refuses %s', async (_, content, message) => {
    await expect(decodeParquet(content, { name: 'x.parquet' })).rejects.toThrow(message);
    await expect(decodeParquet(content, { name: 'x.parquet' })).rejects.toThrow(FormatError);
  });

  test('checks the number of values before it reads them', async () => {
    const fewer = decodeParquet(bytes, { maxValues: 1000 });
    await expect(fewer).rejects.toThrow(
      'expected at most 1000 values, got 300 rows of 15 columns; choose fewer columns',
    );
  });
});

describe('openParquet', () => {
  test('reads only the columns that are asked for', async () => {
    const inner = bytesSource(bytesOf(files['all types']));
    let read = 0;
    const source: ByteSource = {
      ...inner,
      read: (offset, length) => {
        read += length;
        return inner.read(offset, length);
      },
    };
    const file = await openParquet(source);
    expect([file.length, file.groups, file.names.length]).toEqual([300, 3, 15]);
    read = 0;
    await file.table({ columns: ['bool'] });
    expect(read).toBeLessThan(inner.size / 20);
  });

  test('reads a group of rows at a time', async () => {
    const file = await openParquet(bytesSource(bytesOf(files['all types'])));
    const lengths: number[] = [];
    for await (const table of file.tables({ columns: ['kind'] })) {
      lengths.push(table.length);
      expect(table.column('kind').kind).toBe('text');
    }
    expect(lengths).toEqual([128, 128, 44]);
  });
});

test('readParquet reads a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
  try {
    writeFileSync(join(folder, 'x.parquet'), bytesOf(files['codec gzip']));
    expect((await readParquet(join(folder, 'x.parquet'), { columns: ['int32'] })).length).toBe(300);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
