/** NumPy's arrays, ours as read by NumPy (data/numpy/make.py), and rejected files. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor, zeros } from '@tapegrad/core';
import {
  decodeNpy,
  decodeNpz,
  encodeNpy,
  encodeNpz,
  FormatError,
  type NamedArray,
  type NumpyType,
} from '@tapegrad/files';
import { readNpy, readNpz, writeNpy, writeNpz } from '@tapegrad/files/node';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { checkElements, checkOurs, pathOf, type StoredArray, storedBytes, storedJson } from '../stored.ts';

const folder = mkdtempSync(join(tmpdir(), 'numpy-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Stored = Readonly<Record<string, StoredArray>>;
const outcomes = storedJson<{
  readonly theirs: Stored;
  readonly 'ours.npz': Stored;
  readonly 'ours-packed.npz': Stored;
  readonly 'ours.npy': StoredArray;
}>('numpy/outcomes.json');

describe.each(['theirs.npz', 'packed.npz'])('%s', (name) => {
  const arrays = decodeNpz(storedBytes(`numpy/${name}`));

  test('has every array', () => {
    expect(Object.keys(arrays).sort()).toEqual(Object.keys(outcomes.theirs).sort());
    expect(readNpz(pathOf(`numpy/${name}`))).toEqual(arrays);
  });

  test.each(Object.keys(outcomes.theirs))('%s', (key) => {
    checkElements(arrays[key]!, outcomes.theirs[key]!);
  });
});

const types: readonly NumpyType[] = [
  'float64',
  'float32',
  'float16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
];
const ours: Readonly<Record<string, NamedArray>> = {
  ...Object.fromEntries(
    types.map((type) => [
      type,
      type.startsWith('float')
        ? tensor([0, -0, 1.5, 1 / 3, 65504, Infinity, Number.NaN], { dtype: 'float64' })
        : tensor(
            [
              [0, 1],
              [100, 127],
            ],
            { dtype: 'int32' },
          ),
    ]),
  ),
  bool: tensor([true, false]),
  scalar: tensor(7.5),
  empty: zeros([0, 3]),
  transposed: tensor([
    [0, 1, 2],
    [3, 4, 5],
  ]).transpose(),
  'sünder/a': tensor([1]),
};
const as = (name: string): NumpyType | undefined => types.find((type) => type === name);

describe.each([
  ['ours.npz', false],
  ['ours-packed.npz', true],
] as const)('NumPy reads %s', (name, compress) => {
  const bytes = encodeNpz(ours, { as, compress });
  checkOurs(`numpy/${name}`, bytes);

  test.each(Object.keys(ours))('%s', (key) => {
    checkElements(decodeNpz(bytes)[key]!, outcomes[name][key]!);
  });

  test('with the types that were asked for', () => {
    const { float16, uint8, int64, bool } = outcomes[name] as Record<string, StoredArray>;
    expect([float16, uint8, int64, bool].map((array) => array!.dtype)).toEqual(['<f2', '|u1', '<i8', '|b1']);
  });
});

test('NumPy reads one array of ours, whose elements begin at a multiple of 64', () => {
  const bytes = encodeNpy(tensor([[1, 2, 3]]));
  checkOurs('numpy/ours.npy', bytes);
  checkElements(decodeNpy(bytes), outcomes['ours.npy']);
  expect((bytes.length - 12) % 64).toBe(0);
  writeNpy(join(folder, 'x.npy'), tensor([[1, 2, 3]]));
  expect(readNpy(join(folder, 'x.npy'))).toEqual(decodeNpy(bytes));
  writeNpz(join(folder, 'x.npz'), { x: tensor([1]) }, { compress: true });
  expect([...readNpz(join(folder, 'x.npz'))['x']!.data]).toEqual([1]);
});

test.each(['version2', 'version3'])('%s of the format is read', (name) => {
  expect([...decodeNpy(storedBytes(`numpy/${name}.npy`)).data]).toEqual([0, 1, 2]);
});

/** Returns a file with this header. */
function withHeader(text: string, bytes = 0): Uint8Array {
  const header = Buffer.from(text, 'latin1');
  return Uint8Array.from([
    0x93,
    ...Buffer.from('NUMPY'),
    1,
    0,
    header.length & 255,
    header.length >> 8,
    ...header,
    ...new Uint8Array(bytes),
  ]);
}

const usual = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";

test('a header without a last comma, and in another order, is read', () => {
  const header = "{ 'shape':(2,3),'fortran_order' :True}".replace(' :', ':').replace('}', ",'descr':'>f4'}");
  expect(decodeNpy(withHeader(header, 24)).shape).toEqual([2, 3]);
});

test.each([
  [
    'complex numbers',
    storedBytes('numpy/complex.npy'),
    "arrays of '<c16' can't be read, expected floats, integers or bools",
  ],
  ['text', storedBytes('numpy/text.npy'), "arrays of '<U2' can't be read"],
  ['records', storedBytes('numpy/records.npy'), "arrays of records can't be read"],
  ['objects', storedBytes('numpy/objects.npy'), "arrays of '|O' can't be read"],
  ['bfloat16', withHeader(usual.replace('<f4', '|V2'), 4), 'bfloat16 of ml_dtypes can be written as float32'],
  ['another file', Buffer.from('hello'), 'expected an array of NumPy'],
  ['nothing', new Uint8Array(0), 'expected an array of NumPy'],
  ['a version of later', withHeader(usual, 8).with(6, 4), 'byte 6: expected version 1, 2 or 3 of the format, got 4'],
  ['a header that goes on', withHeader(usual, 8).with(9, 2), 'byte 8: truncated: the header ends at byte'],
  ['a header that is long', withHeader(usual, 20_000).with(9, 50), 'expected a header of at most 10000 bytes'],
  [
    'a header of code',
    withHeader("{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}"),
    'byte 10: expected a header with descr',
  ],
  ['a header with more', withHeader(`{'x': 3, ${usual.slice(1)}`, 8), 'expected a header with descr'],
  ['a shape that lies', withHeader(usual, 7), 'float32 of shape (2) needs 8 bytes, got 7 after the header'],
  [
    'a huge shape',
    withHeader(usual.replace('(2,)', '(4294967296, 4294967296)'), 8),
    'needs 73786976294838210000 bytes',
  ],
  [
    'a shape beyond numbers',
    withHeader(usual.replace('(2,)', `(${'9'.repeat(400)},)`), 8),
    'expected a shape of lengths',
  ],
  ['a bool of 2', withHeader(usual.replace('<f4', '|b1'), 2).with(-1, 2), 'expected bools of 0 and 1, got 2'],
  ['many blanks', withHeader(`{'descr': '<f4'${' '.repeat(9000)}x`), 'expected a header with descr'],
  [
    'an integer that int32 lacks',
    withHeader(usual.replace('<f4', '<u4'), 8).with(-1, 255),
    'int32 cannot hold the uint32 value 4278190080',
  ],
])('refuses %s', (_, bytes, message) => {
  const path = join(folder, 'bad.npy');
  writeFileSync(path, bytes);
  expect(() => readNpy(path)).toThrow(FormatError);
  expect(() => readNpy(path)).toThrow(message);
});

test('refuses ZIP files that hold other things, or are no ZIP files', () => {
  expect(() => decodeNpz(zipSync({ 'x.txt': new Uint8Array(1) }))).toThrow("expected arrays, got a file 'x.txt'");
  expect(() => decodeNpz(new Uint8Array(100))).toThrow(
    'arrays.npz: expected a ZIP file, but there is no directory at its end',
  );
  expect(() => decodeNpz(zipSync({ 'x.npy': Uint8Array.of(1) }))).toThrow('x.npy: byte 0: expected an array of NumPy');
  expect(() => decodeNpz(encodeNpz({ x: zeros([1000]) }, { compress: true }), { maxBytes: 1000 })).toThrow(
    'decompresses to 4128 bytes, expected at most 1000',
  );
  expect(() => encodeNpz({ x: zeros([1]) }, { as: 'float16' as never })).toThrow(
    'expected a function that returns a type',
  );
  expect(() => encodeNpy(zeros([1]), { as: 'complex' as never })).toThrow(
    "can't write 'complex', expected one of float64",
  );
});
