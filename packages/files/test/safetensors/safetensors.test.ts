/** Safetensors: writing, reading, reading in part, and rejected files. */

import { spawnSync } from 'node:child_process';
import { ftruncateSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arange, ones, tensor, zeros } from '@tapegrad/core';
import {
  type ByteSource,
  bytesSource,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type NamedArrays,
  openSafetensors,
  openSafetensorsShards,
} from '@tapegrad/files';
import { readSafetensors, writeSafetensors, writeSafetensorsShards } from '@tapegrad/files/node';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { bundledProgram } from '../bundled-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const plainly = (tensors: NamedArrays) =>
  Object.entries(tensors).map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape: [...shape],
    data: [...data],
  }));

/** Returns a file with this header, given as JSON or text, followed by these bytes. */
export function file(header: unknown, ...bytes: number[]): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(bytes)]);
}

const some = (count: number): number[] => Array.from({ length: count }, () => 0);
const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
const four = (start: number) => entry('F32', [1], [start, start + 4]);

const tensors = {
  '2': tensor([1, -2, 3], { dtype: 'int32' }),
  '10': tensor([[1.5, -0]], { dtype: 'float64' }),
  'layers.0.weight': arange(6).reshape([2, 3]).transpose(),
  mask: tensor([true, false, true]),
  ['__proto__']: tensor(7),
  nothing: zeros([0, 3]),
};

describe('safetensors', () => {
  test('gives back what was written, views and odd names included', () => {
    const read = decodeSafetensors(encodeSafetensors(tensors, { metadata: { epochs: '4' } }));
    expect(plainly(read.tensors)).toEqual(plainly(tensors));
    expect(read.metadata).toEqual({ epochs: '4' });
  });

  test('gives back what was written, whatever the shapes', () => {
    const shapes = fc.dictionary(fc.string(), fc.array(fc.nat(4), { maxLength: 3 }));
    fc.assert(
      fc.property(shapes, (named) => {
        const written = Object.fromEntries(
          Object.entries(named).map(([name, shape], i) => [name, zeros(shape).add(i)]),
        );
        expect(plainly(decodeSafetensors(encodeSafetensors(written)).tensors)).toEqual(plainly(written));
      }),
    );
  });

  test('starts the elements at a multiple of 8, as readers that map the file expect', () => {
    for (const name of ['a', 'ab', 'abc', 'ünï']) {
      expect((encodeSafetensors({ [name]: zeros([1]) }).length - 4) % 8).toBe(0);
    }
  });

  test('gives arrays of their own', () => {
    const bytes = encodeSafetensors({ a: ones([2]), b: ones([2]) });
    const { a, b } = decodeSafetensors(bytes).tensors;
    bytes.fill(0, bytes.length - 16);
    a!.data.fill(3);
    expect([...b!.data]).toEqual([1, 1]);
  });

  test('holds 1,000 tensors', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, ones([i % 7, 3]).mul(i)]));
    const path = join(folder, 'many.safetensors');
    writeSafetensors(path, many);
    expect(plainly(readSafetensors(path).tensors)).toEqual(plainly(many));
    const reader = await openSafetensors(bytesSource(encodeSafetensors(many)));
    expect([...(await reader.read('t999')).data]).toEqual([...many['t999']!.data]);
  });

  test('writes a file whole or not at all', () => {
    const path = join(folder, 'whole', 'model.safetensors');
    writeSafetensors(path, tensors);
    expect(plainly(readSafetensors(path).tensors)).toEqual(plainly(tensors));
    expect(() => writeSafetensors(path, { __metadata__: zeros([1]) })).toThrow(
      "the name '__metadata__' is the format's",
    );
    expect(readdirSync(join(folder, 'whole'))).toEqual(['model.safetensors']);
    expect(() => readSafetensors(path, { maxBytes: 100 })).toThrow('model.safetensors: expected at most 100 bytes');
  });
});

describe('element types', () => {
  const one = (data: readonly number[], dtype: 'float32' | 'float64' | 'int32' = 'float32') => ({
    x: tensor(data, { dtype }),
  });

  test('of a kind are chosen by name, others by a function', () => {
    const mixed = { x: tensor([1.5]), n: tensor([3], { dtype: 'int32' }), mask: tensor([true]) };
    const dtypes = async (bytes: Uint8Array) =>
      Array.from((await openSafetensors(bytesSource(bytes))).entries.values(), ({ name, dtype }) => `${name} ${dtype}`);
    return Promise.all([
      expect(dtypes(encodeSafetensors(mixed, { as: 'F16' }))).resolves.toEqual(['x F16', 'n I32', 'mask BOOL']),
      expect(dtypes(encodeSafetensors(mixed, { as: 'I64' }))).resolves.toEqual(['x F32', 'n I64', 'mask BOOL']),
      expect(dtypes(encodeSafetensors(mixed, { as: (name) => (name === 'n' ? 'F32' : undefined) }))).resolves.toEqual([
        'x F32',
        'n F32',
        'mask BOOL',
      ]),
    ]);
  });

  test.each([
    [one([65520]), 'F16', "entry 0 of 'x' is 65520, which float16 cannot represent"],
    [one([1, 1e39], 'float64'), 'F32', "entry 1 of 'x' is 1e+39, which float32 cannot represent"],
    [one([1, 3.4e38]), 'BF16', 'which bfloat16 cannot represent'],
    [one([300], 'int32'), 'U8', "entry 0 of 'x' is 300, which uint8 cannot represent; write it as another type"],
    [one([-1], 'int32'), 'U64', 'is -1, which uint64 cannot represent'],
  ] as const)('%# refuses a number that the type lacks', (x, as, message) => {
    expect(() => encodeSafetensors(x, { as })).toThrow(message);
  });

  test('refuses fractions as integers, and integers that floats lack', () => {
    expect(() => encodeSafetensors(one([1.5]), { as: () => 'I64' })).toThrow('is 1.5, which int64 cannot represent');
    expect(() => encodeSafetensors(one([2 ** 24 + 1], 'int32'), { as: () => 'F32' })).toThrow(
      'which float32 cannot represent',
    );
    expect(() => encodeSafetensors(one([1]), { as: 'F8_E5M2' as never })).toThrow(
      "can't write 'F8_E5M2', expected one of F64",
    );
  });

  test('of 64 bits are refused where int32 lacks a number, or read as float64', async () => {
    const bytes = encodeSafetensors({ x: tensor([1, 2 ** 31], { dtype: 'float64' }) }, { as: () => 'I64' });
    const offset = bytes.length - 8;
    const message = `safetensors: byte ${offset}: tensor 'x': int32 cannot hold the int64 value 2147483648; read it with { int64`;
    expect(() => decodeSafetensors(bytes)).toThrow(message);
    expect([...decodeSafetensors(bytes, { int64: 'float64' }).tensors['x']!.data]).toEqual([1, 2 ** 31]);
    const reader = await openSafetensors(bytesSource(bytes));
    await expect(reader.read('x')).rejects.toThrow(FormatError);
    expect((await reader.read('x', { end: 1 })).data).toEqual(Int32Array.of(1));
  });

  test.each([
    [
      { x: { dtype: 'float32', shape: [2], data: new Float32Array(3) } },
      "'x' has 3 elements, expected 2 elements for shape [2]",
    ],
    [{ x: { dtype: 'float64', shape: [3], data: new Float32Array(3) } }, "'x' is 'float64' with an object of elements"],
    [{ x: null }, "'x' is null, expected { dtype, shape, data }"],
    [{ x: { dtype: 'float32', shape: [-1], data: new Float32Array(0) } }, 'expected a list of lengths'],
    [null, 'expected arrays by name'],
  ])('%# of arrays that are not whole are refused', (arrays, message) => {
    expect(() => encodeSafetensors(arrays as never)).toThrow(message);
  });
});

describe('a file that is read in part', () => {
  /** A source that counts its reads. */
  function counted(bytes: Uint8Array) {
    const reads: [number, number][] = [];
    const own = bytesSource(bytes, 'counted.safetensors');
    const source: ByteSource = {
      ...own,
      read(offset, length) {
        reads.push([offset, length]);
        return own.read(offset, length);
      },
    };
    return { source, reads };
  }

  test('reads one tensor, or some of its rows, at once', async () => {
    const bytes = encodeSafetensors({ big: arange(10_000).reshape([100, 100]), small: tensor(3) });
    const { source, reads } = counted(bytes);
    const reader = await openSafetensors(source);
    expect(reads).toHaveLength(1);
    const part = await reader.read('big', { start: 5, end: 7 });
    expect(part.shape).toEqual([2, 100]);
    expect([...part.data]).toEqual([...arange(10_000).data.slice(500, 700)]);
    expect(reads.slice(1)).toEqual([[bytes.length - 4 - 40_000 + 2000, 800]]);
    expect((await reader.read('big', { start: 100 })).shape).toEqual([0, 100]);
    expect((await reader.read('small')).shape).toEqual([]);
    await expect(reader.read('small', { start: 0 })).rejects.toThrow("'small' has no axis to take a part of");
    await expect(reader.read('big', { start: 3, end: 2 })).rejects.toThrow(
      "'big' has shape [100, 100], got start 3 and end 2",
    );
    await expect(reader.read('bug')).rejects.toThrow("there is no tensor 'bug'; there are big, small");
  });

  test.runIf(process.platform === 'linux')('may have 3 GB, and takes below 150 MB of memory', () => {
    const path = join(folder, 'sparse.safetensors');
    const size = 3 * 2 ** 30;
    const descriptor = openSync(path, 'w');
    const header = file({
      huge: entry('F32', [size / 4096, 1024], [0, size]),
      last: entry('F32', [1], [size, size + 4]),
    });
    writeSync(descriptor, header);
    ftruncateSync(descriptor, header.length + size + 4);
    const program = `
      import { openSafetensors } from '@tapegrad/files';
      import { fileSource } from '@tapegrad/files/node';
      const source = await fileSource(${JSON.stringify(path)});
      const reader = await openSafetensors(source);
      const rows = await reader.read('huge', { start: 500_000, end: 500_100 });
      const last = await reader.read('last');
      await source.close();
      console.log(JSON.stringify([rows.shape, last.shape, process.resourceUsage().maxRSS / 1024]));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], {
      input: bundledProgram(program),
      encoding: 'utf8',
    });
    rmSync(path);
    expect(stderr).toBe('');
    const [rows, last, megabytes] = JSON.parse(stdout);
    expect([rows, last]).toEqual([[100, 1024], [1]]);
    expect(megabytes).toBeLessThan(150);
  });

  test('may be several files', async () => {
    const path = join(folder, 'shards', 'model.safetensors.index.json');
    const parts = { a: ones([4]), b: ones([4]).mul(2), big: ones([100]), c: tensor(3) };
    writeSafetensorsShards(path, parts, { maxShardBytes: 32 });
    expect(readdirSync(join(folder, 'shards')).sort()).toEqual([
      'model-00001-of-00003.safetensors',
      'model-00002-of-00003.safetensors',
      'model-00003-of-00003.safetensors',
      'model.safetensors.index.json',
    ]);
    expect(plainly(readSafetensors(path).tensors)).toEqual(plainly(parts));
    expect(() => writeSafetensorsShards('x.json', parts)).toThrow(
      'expected a path that ends with .safetensors.index.json',
    );
  });

  test('may lack what its index says', async () => {
    const path = join(folder, 'model.safetensors.index.json');
    writeSafetensors(join(folder, 'a.safetensors'), { x: ones([1]) });
    writeFileSync(path, '{"weight_map": {"y": "a.safetensors"}}');
    expect(() => readSafetensors(path)).toThrow("a.safetensors: does not contain tensor 'y' of the index");
    const index = { files: new Map([['y', 'a.safetensors']]), metadata: {} };
    const model = openSafetensorsShards(index, async () => bytesSource(encodeSafetensors({ x: ones([1]) })));
    await expect(model.read('y')).rejects.toThrow("does not contain tensor 'y'");
    for (const [text, message] of [
      ['{', 'it is not JSON'],
      ['[]', 'expected an object with a weight_map'],
      ['{"weight_map": {"y": "../a"}}', "tensor 'y': expected the name of a file, got '../a'"],
      ['{"weight_map": {"y": ".."}}', 'expected the name of a file'],
      ['{"weight_map": {"y": 3}}', 'expected the name of a file, got 3'],
    ]) {
      writeFileSync(path, text!);
      expect(() => readSafetensors(path)).toThrow(message);
    }
  });
});

test.each([
  ['an empty file', Buffer.alloc(0), 'truncated: expected 8 bytes or more, got 0', 0],
  ['a header longer than the file', file({}).fill(0xff, 0, 8), 'expected a header of at most 2 bytes', 0],
  ['a header that is no JSON', file('{"a":'), 'the header is not JSON', 8],
  ['a header that is no UTF-8', file('{"?":1}').fill(0xff, 10, 11), 'the header is not JSON', 8],
  ['a header that is no object', file([1, 2]), 'expected a header that is an object, got [1,2]', 8],
  ['texts that are no strings', file({ __metadata__: { epochs: 4 } }), 'expected __metadata__ to hold strings', 8],
  ['an entry that is no object', file({ w: 3 }), "tensor 'w': expected dtype, shape and data_offsets, got 3", 8],
  ['an entry without dtype', file({ w: {} }), "tensor 'w': expected dtype F64, F32, F16", 8],
  ['an unknown dtype', file({ w: entry('C64', [], [0, 8]) }, ...some(8)), 'BOOL, got "C64"', 8],
  ['an inherited dtype', file({ w: entry('toString', [], [0, 1]) }, 1), 'got "toString"', 8],
  ['a fractional length', file({ w: entry('F32', [1.5], [0, 6]) }, ...some(6)), 'a shape of lengths, got [1.5]', 8],
  ['a negative length', file({ w: entry('F32', [-1, -1], [0, 4]) }, ...some(4)), 'a shape of lengths, got [-1,-1]', 8],
  ['a shape that is no list', file({ w: entry('F32', '1', [0, 4]) }, ...some(4)), 'a shape of lengths, got "1"', 8],
  ['one offset', file({ w: entry('F32', [1], [0]) }, ...some(4)), 'expected two data_offsets, got [0]', 8],
  [
    'offsets turned round',
    file({ w: entry('F32', [1], [4, 0]) }, ...some(4)),
    'needs 4 bytes, got data_offsets [4, 0]',
    8,
  ],
  [
    'a size that lies',
    file({ w: entry('F32', [2], [0, 4]) }, ...some(4)),
    'F32 of shape [2] needs 8 bytes, got data_off',
    8,
  ],
  ['a huge shape', file({ w: entry('F32', [2 ** 52, 2 ** 52], [0, 4]) }, ...some(4)), 'got data_offsets [0, 4]', 8],
  [
    'tensors that overlap',
    file({ a: four(0), b: four(2) }, ...some(6)),
    "'b' overlaps another: expected it to start at",
    8,
  ],
  ['a gap between tensors', file({ a: four(0), b: four(8) }, ...some(12)), "'b' leaves a gap before it", 8],
  ['a gap at the start', file({ a: four(4) }, ...some(8)), "'a' leaves a gap before it", 8],
  [
    'the same name twice',
    file(`{"a":${JSON.stringify(four(0))},"a":${JSON.stringify(four(4))}}`, ...some(8)),
    'a gap',
    8,
  ],
  ['cut elements', file({ a: four(0) }, ...some(3)), 'truncated: the tensors end at byte 66, but the file at 65', 65],
  [
    'bytes after the last',
    file({ a: four(0) }, ...some(5)),
    'too long: the tensors end at byte 66, but the file at 67',
    66,
  ],
  ['a BOOL of 2', file({ a: entry('BOOL', [2], [0, 2]) }, 1, 2), "'a': expected bools of 0 and 1, got 2", 64],
])('refuses %s', (_, bytes, message, offset) => {
  const path = join(folder, 'x.safetensors');
  writeFileSync(path, bytes);
  for (const read of [() => decodeSafetensors(bytes, { name: 'x.safetensors' }), () => readSafetensors(path)]) {
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^x.safetensors: byte /);
    try {
      read();
    } catch (error) {
      expect(error).toMatchObject({ offset });
    }
  }
});
