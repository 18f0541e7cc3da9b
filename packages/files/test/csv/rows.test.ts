/** Tables of rows that are objects. */

import { ArgumentError } from '@tapegrad/core';
import { decodeCsv, tableOfRows } from '@tapegrad/files/csv';
import { describe, expect, test } from 'vitest';

const train = decodeCsv('a,n,b,c,t\n1,0.5,true,u,p\n2,?,false,v,q\n3,1.5,true,u,r\n4,2.5,false,v,s\n', {
  kinds: { t: 'text' },
});
const row = { a: 5, n: 0.25, b: false, c: 'v', t: 'x' };

describe('a table of rows', () => {
  test('has the kinds of the schema', () => {
    const table = tableOfRows([row, { a: null, n: Number.NaN, b: null, c: null, t: null }], train.schema);
    expect(table.schema).toEqual(train.schema);
    expect(table.row(0)).toEqual(row);
    expect(Object.values(table.row(1))).toEqual([undefined, undefined, undefined, undefined, undefined]);
    expect(table.columns.map(({ missing }) => missing)).toEqual([1, 1, 1, 1, 1]);
  });

  test('of a file gives the tensors of the file', () => {
    const rows = Array.from({ length: train.length }, (_, i) => {
      const { n = null, ...others } = train.row(i);
      return { n, ...others };
    });
    const names = ['a', 'n', 'b', 'c'];
    const options = { categories: 'oneHot', missing: train.means() } as const;
    expect(tableOfRows(rows, train.schema).tensor(names, options).toArray()).toEqual(
      train.tensor(names, options).toArray(),
    );
  });

  test.each([
    [{ ...row, a: 1.5 }, "'a' of row 1 is 1.5, expected of kind integer, or null if it is missing"],
    [{ ...row, n: '1' }, "'n' of row 1 is '1', expected of kind number"],
    [{ ...row, b: 1 }, "'b' of row 1 is 1, expected of kind boolean"],
    [{ ...row, c: 'w' }, "'c' of row 1 is 'w', expected one of 'u', 'v', or null"],
    [{ ...row, c: 0 }, "'c' of row 1 is 0, expected one of 'u', 'v'"],
    [{ ...row, t: 3 }, "'t' of row 1 is 3, expected of kind text"],
    [{ ...row, z: 3 }, "row 1 has 'z', expected only a, n, b, c, t"],
    [{ a: 1 }, "row 1 has no 'n'; write null for a missing value"],
    [{ ...row, n: undefined, constructor: 1 }, "row 1 has 'constructor'"],
    [7, 'expected an object as row 1, got 7'],
  ])('is refused with %j', (other, message) => {
    expect(() => tableOfRows([row, other as never], train.schema)).toThrow(ArgumentError);
    expect(() => tableOfRows([row, other as never], train.schema)).toThrow(message);
  });

  test('is refused without a list or a schema', () => {
    expect(() => tableOfRows(row as never, train.schema)).toThrow('expected a list of rows');
    expect(() => tableOfRows([row], undefined as never)).toThrow('expected the schema of a table');
  });
});

test('a replacement for missing values is proposed by the kind of the column', () => {
  const table = tableOfRows([{ ...row, a: null, c: null }], train.schema);
  expect(() => table.tensor(['a', 'n'])).toThrow('missing: { "a": 0 } or missing: table.means()');
  expect(() => table.tensor(['n', 'c'], { categories: 'oneHot' })).toThrow(
    'missing: { "c": 0 }, which makes them rows of zeros',
  );
});
