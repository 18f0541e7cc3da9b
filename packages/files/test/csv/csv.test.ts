import { gzipSync } from 'node:zlib';
import { ArgumentError } from '@tapegrad/core';
import { bytesSource, FormatError } from '@tapegrad/files';
import { type CsvOptions, decodeCsv, openCsv, type Table } from '@tapegrad/files/csv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const rowsOf = (table: Table) => Array.from({ length: table.length }, (_, i) => Object.values(table.row(i)));
const kindsOf = (table: Table) => Object.fromEntries(table.columns.map(({ name, kind }) => [name, kind]));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Returns a table with these values in one column. */
const column = (...values: string[]) => decodeCsv(`x,y\n${values.map((value) => `${value},1\n`).join('')}`).column('x');

describe('kinds of columns', () => {
  test.each<[kind: string, ...values: string[]]>([
    ['boolean', 'true', 'FALSE', 'True'],
    ['integer', '0', '-12', '+3', '9007199254740991'],
    ['number', '0.5', '1', '-.25', '1e3', '2.', 'inf', '-Infinity'],
    ['number', 'NA', '', '?'],
    ['category', 'red', 'blue', 'red', 'blue'],
    ['category', '1', 'two', '1', 'two'],
    ['category', '01067', '99423', '01067', '99423'],
    ['text', '01067', '99423', '01067'],
    ['text', '9007199254740993', '1'],
    ['text', '1,5', '0x10'].map((value) => (value.includes(',') ? `"${value}"` : value)) as [string, ...string[]],
    ['text', 'a', 'b', 'c'],
    ['text', '1.', '1..'],
  ])('%s: %s %s %s', (kind, ...values) => {
    expect(column(...values).kind).toBe(kind);
  });

  test('numbers are those of JavaScript', () => {
    expect([...column('0.1', '-2.5e-3', '.5', 'inf', '-inf').numbers]).toEqual([
      0.1,
      -2.5e-3,
      0.5,
      Infinity,
      -Infinity,
    ]);
  });

  test('categories are sorted, whatever the order of rows', () => {
    const { categories, numbers } = column('b', 'a', 'b', 'a', 'NA');
    expect(categories).toEqual(['a', 'b']);
    expect([...numbers]).toEqual([1, 0, 1, 0, Number.NaN]);
  });

  test('are given by kinds', () => {
    const table = decodeCsv('zip,n\n1,2\n3,4\n', { kinds: { zip: 'text', n: 'category' } });
    expect(kindsOf(table)).toEqual({ zip: 'text', n: 'category' });
    expect(rowsOf(table)).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test('are given by the schema of another file', () => {
    const train = decodeCsv('a,b\nx,1\ny,2\nx,3\ny,4\n');
    const later = decodeCsv('b,a,c\n1.0,y,5\n'.replace('1.0', '1'), { schema: train.schema });
    expect(kindsOf(later)).toEqual({ b: 'integer', a: 'category', c: 'integer' });
    expect(later.tensor('a').toArray()).toEqual([1]);
    const read = (text: string) => () => decodeCsv(text, { name: 'test.csv', schema: train.schema });
    expect(read('a,b\nx,1\nz,2\n')).toThrow(
      "test.csv: record 2, column 'a': expected a category of the schema, got 'z'",
    );
    expect(read('a,b\nx,1.5\n')).toThrow("record 1, column 'b': expected an integer, got '1.5'");
    expect(read('b\n1\n')).toThrow("expected a column 'a', got b");
  });
});

describe('missing values', () => {
  test('are named and counted', () => {
    const { missing, missingAs } = column('1', 'NA', '', '?', 'NA', '2');
    expect(missing).toBe(4);
    expect(Object.fromEntries(missingAs)).toEqual({ NA: 2, '': 1, '?': 1 });
  });

  test('are what the options say', () => {
    const table = decodeCsv('x,y\n-999,NA\n1,b\n', { missing: ['-999'], kinds: { y: 'text' } });
    expect(rowsOf(table)).toEqual([
      [undefined, 'NA'],
      [1, 'b'],
    ]);
  });

  test('stop a tensor unless something stands for them', () => {
    const table = decodeCsv('x,y\n1,2\nNA,3\n5,\n');
    expect(() => table.tensor(['x', 'y'])).toThrow("tensor: column 'x' is missing 1 of 3 values, the first in row 1");
    expect(() => table.tensor('x')).toThrow(ArgumentError);
    expect(table.withoutMissing().tensor(['x', 'y']).toArray()).toEqual([[1, 2]]);
    expect(table.withoutMissing(['x']).tensor('x').toArray()).toEqual([1, 5]);
    expect(table.tensor(['x', 'y'], { missing: 0 }).toArray()).toEqual([
      [1, 2],
      [0, 3],
      [5, 0],
    ]);
    expect(table.tensor(['x', 'y'], { missing: table.means() }).toArray()).toEqual([
      [1, 2],
      [3, 3],
      [5, 2.5],
    ]);
    expect(table.tensor('x', { missing: Number.NaN, dtype: 'float32' }).toArray()).toEqual([1, Number.NaN, 5]);
    expect(() => table.tensor('x', { missing: Number.NaN })).toThrow(
      "column 'x' has NaN in row 1, which is not a valid int32 value",
    );
    expect(() => table.tensor(['x', 'y'], { missing: { x: 1 } })).toThrow("column 'y' is missing 1 of 3 values");
  });
});

describe('tensors', () => {
  const table = decodeCsv('n,i,b,c,t\n0.1,1,true,u,p\n2.5,3,false,v,q\n3,5,true,u,r\n4,6,true,v,s\n');

  test('of one column have the dtype of its kind', () => {
    expect(['n', 'i', 'b', 'c'].map((name) => table.tensor(name).dtype)).toEqual(['float32', 'int32', 'bool', 'int32']);
    expect(table.tensor('n', { dtype: 'float64' }).toArray()).toEqual([0.1, 2.5, 3, 4]);
    expect(table.tensor('c', { categories: 'oneHot' }).toArray()).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
    expect(() => table.tensor('t')).toThrow("tensor: column 't' is text");
    expect(() => table.tensor('z')).toThrow("tensor: there is no column 'z', expected one of n, i, b, c, t");
  });

  test('of several columns are matrices of float32', () => {
    const x = table.tensor(['b', 'c', 'i'], { categories: 'oneHot' });
    expect([x.dtype, x.toArray()]).toEqual([
      'float32',
      [
        [1, 1, 0, 1],
        [0, 0, 1, 3],
        [1, 1, 0, 5],
        [1, 0, 1, 6],
      ],
    ]);
    expect(table.featureNames(['b', 'c', 'i'], { categories: 'oneHot' })).toEqual(['b', 'c=u', 'c=v', 'i']);
    expect(table.tensor(['c', 'i'], { categories: 'index' }).toArray()).toEqual([
      [0, 1],
      [1, 3],
      [0, 5],
      [1, 6],
    ]);
    expect(() => table.tensor(['c', 'i'])).toThrow("column 'c' is a category, whose index is not a quantity");
  });

  test('round no integers', () => {
    const large = decodeCsv('x,y\n16777217,3000000000\n');
    expect(() => large.tensor(['x'])).toThrow(
      "column 'x' has the integer 16777217 in row 0, which float32 would round",
    );
    expect(large.tensor(['x'], { dtype: 'float64' }).toArray()).toEqual([[16777217]]);
    expect(() => large.tensor('y')).toThrow(
      "column 'y' has 3000000000 in row 0, which is not a valid int32 value; use dtype: 'float64'",
    );
  });

  test('of missing categories are zeros if that is said', () => {
    const some = decodeCsv('c,d\nu,1\nv,2\n,3\nu,4\nv,5\n');
    const oneHot = { categories: 'oneHot' } as const;
    expect(() => some.tensor('c', oneHot)).toThrow("column 'c' is missing 1 of 5 values");
    expect(() => some.tensor('c', { ...oneHot, missing: 1 })).toThrow('use missing: 0');
    expect(some.tensor('c', { ...oneHot, missing: 0 }).toArray()).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
  });

  test('take rows', () => {
    expect(rowsOf(table.take([2, 0, 2]).select(['n', 'b', 't']))).toEqual([
      [3, true, 'r'],
      [0.1, true, 'p'],
      [3, true, 'r'],
    ]);
    expect(() => table.take([4])).toThrow('take: expected rows from 0 to 3, got 4');
  });

  test('a table prints its columns', () => {
    expect(String(decodeCsv('a,b\n1,x\n,x\n'))).toBe(
      "2 rows\n  a: integer, 1 missing ('' 1 times)\n  b: category of 1",
    );
  });
});

describe('the format', () => {
  const rows = (text: string | Uint8Array, options?: CsvOptions) => rowsOf(decodeCsv(text, options));

  test.each<[name: string, text: string, expected: unknown[][], options?: CsvOptions]>([
    [
      'quotes',
      'a,b\n"x, ""y""",1\n"line\nbreak",2\n',
      [
        ['x, "y"', 1],
        ['line\nbreak', 2],
      ],
    ],
    [
      'carriage returns',
      'a,b\r\n1,"x"\r\n2,"y"\r\n',
      [
        [1, 'x'],
        [2, 'y'],
      ],
    ],
    [
      'carriage returns alone',
      'a,b\r1,2\r3,4',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      'a mixture of ends of lines',
      'a,b\r\n1,2\n3,4\r\n',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['no end of the last line', 'a,b\n1,2', [[1, 2]]],
    [
      'empty lines',
      'a,b\n\n1,2\n \n3,4\n\n',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['blanks around values', 'a, b\n 1 ,\t2\n', [[1, 2]]],
    ['semicolons', 'a;b\n1,5;2\n', [['1,5', 2]]],
    ['tabs', 'a\tb\n1\t2\n', [[1, 2]]],
    ['a delimiter of its own', 'a:b\n1:2\n', [[1, 2]], { delimiter: ':' }],
    [
      'no header',
      '1,2\n3,4\n',
      [
        [1, 2],
        [3, 4],
      ],
      { header: false },
    ],
    [
      'names given',
      '1,2\n3,4\n',
      [
        [1, 2],
        [3, 4],
      ],
      { header: ['u', 'v'] },
    ],
    ['a byte order mark', '\ufeffa,b\n1,2\n', [[1, 2]]],
    ['one column', 'a\n1\n2\n', [[1], [2]]],
    ['a header alone', 'a,b\n', []],
  ])('reads %s', (_, text, expected, options) => {
    expect(rows(text, options)).toEqual(expected);
    expect(rows(gzipSync(text), options)).toEqual(expected);
  });

  test('names columns without a name by their number', () => {
    expect(decodeCsv(',a\n0,1\n').names).toEqual(['column 1', 'a']);
    expect(decodeCsv('1,2\n', { header: false }).names).toEqual(['column 1', 'column 2']);
  });

  test('reads other encodings', () => {
    const bytes = Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a);
    expect(rows(bytes, { encoding: 'windows-1252' })).toEqual([['é']]);
    expect(() => rows(bytes, { name: 'x.csv' })).toThrow('x.csv: byte 2: expected text in the encoding utf-8');
    expect(() => rows(bytes, { encoding: 'klingon' })).toThrow("unknown encoding 'klingon'");
  });

  test.each<[name: string, text: string, message: string, options?: CsvOptions]>([
    ['nothing', '', 'byte 0: expected a header and records, got nothing'],
    ['a short record', 'a,b\n1,2\n3\n', 'record 2: expected 2 values as in the first one, got 1'],
    ['a long record', 'a,b\n1,2,3\n', 'record 1: expected 2 values as in the first one, got 3'],
    ['two columns of one name', 'a,b,a\n1,2,3\n', "columns 1 and 3 are both called 'a'"],
    ['a quote that is not closed', 'a,b\n1,"2\n3,4\n', 'quoted field unterminated'],
    ['a quote within quotes', 'a,b\n1,"x"y"\n', 'trailing quote on quoted field is malformed'],
    [
      'names that do not fit',
      '1,2\n',
      'header names 3 columns, but the first record has 2',
      { header: ['a', 'b', 'c'] },
    ],
    [
      'a value of another kind',
      'a\nx\n',
      "record 1, column 'a': expected a number, got 'x'",
      { kinds: { a: 'number' } },
    ],
    ['a column that is not there', 'a\nx\n', "expected a column 'b', got a", { kinds: { b: 'number' } }],
    ['too many bytes', 'a\nx\n', 'expected at most 2 bytes', { maxBytes: 2 }],
  ])('refuses %s', (_, text, message, options) => {
    const read = () => decodeCsv(text, { name: 'x.csv', ...options });
    expect(read).toThrow(message);
    expect(read).toThrow(FormatError);
  });

  test('reads any values that were written in quotes', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', '😀', ' ', ';') });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }), (pairs) => {
        const text = pairs.map((pair) => pair.map((x) => `"${x.replaceAll('"', '""')}"`).join(',')).join('\n');
        const options: CsvOptions = {
          header: ['a', 'b'],
          missing: [],
          kinds: { a: 'text', b: 'text' },
          delimiter: ',',
        };
        expect(rows(text, options)).toEqual(pairs.map((pair) => pair.map((x) => x.trim())));
      }),
    );
  });
});

describe('openCsv', () => {
  const lines = Array.from(
    { length: 15_000 },
    (_, i) => `${i},"value ${i % 7}, ""quoted""",${i % 3 === 0 ? '' : i / 8}`,
  );
  const text = `id,kind,size\r\n${lines.join('\r\n')}\r\n`;

  test.each([
    ['plain', utf8(text)],
    ['packed', gzipSync(text)],
  ])('reads a large %s file in pieces', async (_, bytes) => {
    const file = await openCsv(bytesSource(bytes));
    expect(file.length).toBe(15_000);
    expect(file.schema.map(({ kind, categories }) => [kind, categories.length])).toEqual([
      ['integer', 0],
      ['category', 7],
      ['number', 0],
    ]);
    let [rows, ids, missing] = [0, 0, 0];
    for await (const table of file.tables(6_000)) {
      rows += table.length;
      ids += table.column('id').numbers.reduce((sum, id) => sum + id, 0);
      missing += table.column('size').missing;
    }
    expect([rows, ids, missing]).toEqual([15_000, (15_000 * 14_999) / 2, 5_000]);
  });

  test('reads what decodeCsv reads, wherever the pieces end', () => {
    const expected = rowsOf(decodeCsv(text)).slice(0, 400);
    const short = `id,kind,size\r\n${lines.slice(0, 400).join('\r\n')}`;
    expect(rowsOf(decodeCsv(short))).toEqual(expected);
  });

  test('names the file', async () => {
    const source = bytesSource(utf8('a\n"x\n'), 'data/broken.csv');
    await expect(openCsv(source)).rejects.toThrow('broken.csv: record 2: quoted field unterminated');
  });
});
