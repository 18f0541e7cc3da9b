import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ArgumentError, tensor } from '@tapegrad/core';
import { FormatError } from '@tapegrad/files';
import { decodeIdx, encodeIdx, type IdxData } from '@tapegrad/files/idx';
import { readIdx, writeIdx } from '@tapegrad/files/node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** Returns the header of an IDX file. */
function header(code: number, shape: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * shape.length);
  bytes.set([0, 0, code, shape.length]);
  for (const [axis, length] of shape.entries()) bytes.writeUInt32BE(length, 4 + 4 * axis);
  return bytes;
}

const file = (code: number, shape: readonly number[], elements: Uint8Array): Buffer =>
  Buffer.concat([header(code, shape), elements]);

const pixels = file(8, [2, 3], Buffer.from([1, 2, 3, 4, 5, 255]));

const bytes = Buffer.from('0102fffe80000000', 'hex');
const kinds: [code: number, shape: readonly number[], data: IdxData][] = [
  [8, [2, 4], new Uint8Array([1, 2, 255, 254, 128, 0, 0, 0])],
  [9, [8], new Int8Array([1, 2, -1, -2, -128, 0, 0, 0])],
  [11, [4], new Int16Array([258, -2, -32768, 0])],
  [12, [2, 1], new Int32Array([0x0102fffe, -(2 ** 31)])],
  [13, [2], new Float32Array([bytes.readFloatBE(), -0])],
  [14, [1], new Float64Array([bytes.readDoubleBE()])],
  [8, [3, 0], new Uint8Array(0)],
];

describe('decodeIdx and encodeIdx', () => {
  test.each(kinds)('read and write element type %i of shape %j', (code, shape, data) => {
    const expected = file(code, shape, data.length === 0 ? new Uint8Array(0) : bytes);
    expect(decodeIdx(expected)).toEqual({ shape, data });
    expect(Buffer.from(encodeIdx({ shape, data }))).toEqual(expected);
  });

  test('read what was written, of any shape', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), fc.nat(), (shape, seed) => {
        const length = shape.reduce((product, axis) => product * axis, 1);
        const data = Float64Array.from({ length }, (_, i) => seed / (i + 1));
        expect(decodeIdx(encodeIdx({ shape, data }))).toEqual({ shape, data });
      }),
    );
  });

  test('write tensors of every dtype', () => {
    expect(decodeIdx(encodeIdx(tensor([[1, 2]]))).data).toEqual(new Float32Array([1, 2]));
    expect(decodeIdx(encodeIdx(tensor([1], { dtype: 'float64' }))).data).toEqual(new Float64Array([1]));
    expect(decodeIdx(encodeIdx(tensor([-1], { dtype: 'int32' }))).data).toEqual(new Int32Array([-1]));
    expect(decodeIdx(encodeIdx(tensor([true, false]))).data).toEqual(new Uint8Array([1, 0]));
    expect(
      decodeIdx(
        encodeIdx(
          tensor([
            [1, 2],
            [3, 4],
          ]).transpose(),
        ),
      ).data,
    ).toEqual(new Float32Array([1, 3, 2, 4]));
  });

  test.each([
    ['an empty file', [], 'byte 0: expected an IDX header of at least 4 bytes, got 0 bytes'],
    ['a foreign file', [0x50, 0x4b, 3, 4], 'byte 0: expected an IDX file, which begins with 00 00, got 50 4b 03 04'],
    ['an unknown type', [0, 0, 10, 1, 0, 0, 0, 0], 'byte 2: expected element type 8, 9, 11, 12, 13, 14, got 10'],
    ['no axes', [0, 0, 8, 0], 'byte 3: expected at least one axis, got 0'],
    ['a cut header', [0, 0, 8, 2, 0, 0], 'byte 6: truncated: 2 axes need a header of 12 bytes, got 6'],
    ['cut elements', pixels.subarray(0, -1), 'byte 17: truncated: shape [2, 3] needs 18 bytes, got 17'],
    ['too many elements', [...pixels, 0], 'byte 19: too long: shape [2, 3] needs 18 bytes, got 19'],
    ['bytes called doubles', file(14, [2, 3], Buffer.alloc(6)), 'truncated: shape [2, 3] needs 60 bytes, got 18'],
    [
      'huge lengths',
      header(8, [4294967295, 4294967295]),
      /^x: byte 12: truncated: shape \[4294967295, 4294967295\] needs/,
    ],
    ['lengths past all numbers', header(8, Array(255).fill(4294967295)), /: truncated: .* needs Infinity bytes/],
  ])('refuse %s', (_, content, message) => {
    const expected = typeof message === 'string' ? message : message;
    expect(() => decodeIdx(Uint8Array.from(content), { name: 'x' })).toThrow(expected);
    expect(() => decodeIdx(Uint8Array.from(content), { name: 'x' })).toThrow(FormatError);
  });

  test('read an array without elements, however long its other axes are', () => {
    expect(decodeIdx(header(8, [...Array(10).fill(4294967295), 0])).data).toHaveLength(0);
  });

  test.each([
    ['a scalar', { shape: [], data: new Float32Array(1) }, 'expected 1 to 255 axes, got 0; reshape a scalar to [1]'],
    ['a shape that does not fit', { shape: [2], data: new Float32Array(1) }, 'shape [2] does not fit 1 elements'],
    ['a type that the format lacks', { shape: [1], data: new Uint32Array(1) }, 'got Uint32Array'],
  ])('refuse to write %s', (_, array, message) => {
    const encode = () => encodeIdx(array as { shape: number[]; data: IdxData });
    expect(encode).toThrow(message);
    expect(encode).toThrow(ArgumentError);
  });
});

describe('readIdx and writeIdx', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'idx-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (name: string, content: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  test('read a file, packed or not, and write one', () => {
    const expected = { shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 255]) };
    expect(readIdx(written('plain', pixels))).toEqual(expected);
    expect(readIdx(written('packed.gz', gzipSync(pixels)))).toEqual(expected);
    writeIdx(join(folder, 'again'), expected);
    expect(readFileSync(join(folder, 'again'))).toEqual(pixels);
  });

  test.each([
    ['a file too large', pixels, 'expected at most 17 bytes, got 18'],
    ['what unpacks to too much', gzipSync(Buffer.alloc(1_000_000)), 'expected at most 17 bytes'],
    ['a broken gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]), 'broken gzip: '],
  ])('refuse %s', (name, content, message) => {
    expect(() => readIdx(written(name, content), { maxBytes: 17 })).toThrow(message);
  });

  test('stop unpacking at the bound', () => {
    const bomb = written('bomb.gz', gzipSync(Buffer.alloc(10_000_000)));
    expect(() => readIdx(bomb, { maxBytes: 1_000_000 })).toThrow('bomb.gz: decompresses to more than 1000000 bytes');
  });

  test.each([
    ['nothing', 'missing', 'missing: there is no such file'],
    ['a folder', '.', 'expected a file, got something else'],
  ])('refuse %s', (_, name, message) => {
    expect(() => readIdx(join(folder, name))).toThrow(message);
  });
});
