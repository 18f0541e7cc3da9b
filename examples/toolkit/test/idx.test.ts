import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decodeIdx, readIdx } from '@tapegrad/example-toolkit/idx';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The header of an IDX file. */
function header(code: number, shape: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * shape.length);
  bytes.set([0, 0, code, shape.length]);
  for (const [axis, length] of shape.entries()) bytes.writeUInt32BE(length, 4 + 4 * axis);
  return bytes;
}

const file = (code: number, shape: readonly number[], elements: Uint8Array): Buffer =>
  Buffer.concat([header(code, shape), elements]);

const pixels = file(8, [2, 3], Buffer.from([1, 2, 3, 4, 5, 255]));

describe('decodeIdx', () => {
  const bytes = Buffer.from('0102fffe80000000', 'hex');
  test.each([
    [8, [2, 4], new Uint8Array([1, 2, 255, 254, 128, 0, 0, 0])],
    [9, [8], new Int8Array([1, 2, -1, -2, -128, 0, 0, 0])],
    [11, [4], new Int16Array([258, -2, -32768, 0])],
    [12, [2, 1], new Int32Array([0x0102fffe, -(2 ** 31)])],
    [13, [2], new Float32Array([bytes.readFloatBE(), -0])],
    [14, [1], new Float64Array([bytes.readDoubleBE()])],
    [8, [3, 0], new Uint8Array(0)],
  ])('reads element type %i of shape %j', (code, shape, data) => {
    const read = decodeIdx(file(code, shape, data.length === 0 ? (data as Uint8Array) : bytes), 'x');
    expect(read).toEqual({ shape, data });
  });

  test('reads what was written, whatever the shape', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), fc.nat(), (shape, seed) => {
        const length = shape.reduce((product, axis) => product * axis, 1);
        const data = Uint8Array.from({ length }, (_, i) => seed + 31 * i);
        expect(decodeIdx(file(8, shape, data), 'x')).toEqual({ shape, data });
      }),
    );
  });

  test.each([
    ['an empty file', [], 'expected an IDX header of 4 bytes or more, got 0 bytes'],
    ['a foreign file', [0x50, 0x4b, 3, 4], 'expected an IDX file, which starts with 00 00, got 50 4b 03 04'],
    ['an unknown type', [0, 0, 10, 1, 0, 0, 0, 0], 'expected element type 8, 9, 11, 12, 13, 14, got 10'],
    ['no axes', [0, 0, 8, 0], 'expected one axis or more, got 0'],
    ['a cut header', [0, 0, 8, 2, 0, 0], 'truncated: 2 axes want 12 bytes of header, got 6'],
    ['cut elements', pixels.subarray(0, -1), 'truncated: shape [2, 3] wants 18 bytes, got 17'],
    ['elements too many', [...pixels, 0], 'too long: shape [2, 3] wants 18 bytes, got 19'],
    ['bytes called doubles', file(14, [2, 3], Buffer.alloc(6)), 'truncated: shape [2, 3] wants 60 bytes, got 18'],
    ['huge lengths', header(8, [4294967295, 4294967295]), /^x: truncated: shape \[4294967295, 4294967295\] wants/],
    ['lengths past all numbers', header(8, Array(255).fill(4294967295)), /^x: truncated: .* wants Infinity bytes/],
    ['such lengths and none', header(8, [...Array(254).fill(4294967295), 0]), /wants NaN bytes, got 1024/],
  ])('refuses %s', (_, bytes, message) => {
    const expected = typeof message === 'string' ? `x: ${message}` : message;
    expect(() => decodeIdx(Uint8Array.from(bytes), 'x')).toThrow(expected);
  });
});

describe('readIdx', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'idx-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (name: string, bytes: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };

  test('reads a file, packed or not', () => {
    const expected = { shape: [2, 3], data: new Uint8Array([1, 2, 3, 4, 5, 255]) };
    expect(readIdx(written('plain', pixels))).toEqual(expected);
    expect(readIdx(written('packed.gz', gzipSync(pixels)))).toEqual(expected);
  });

  test.each([
    ['a file too large', pixels, 'expected at most 17 bytes, got 18'],
    ['what unpacks to too much', gzipSync(Buffer.alloc(1_000_000)), 'expected at most 17 bytes'],
    ['a broken gzip', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2]), 'broken gzip: unexpected end of file'],
  ])('refuses %s', (name, bytes, message) => {
    expect(() => readIdx(written(name, bytes), { maxBytes: 17 })).toThrow(message);
  });

  test('stops unpacking at the bound', () => {
    const bomb = written('bomb.gz', gzipSync(Buffer.alloc(10_000_000)));
    expect(() => readIdx(bomb, { maxBytes: 1_000_000 })).toThrow('bomb.gz: unpacks to more than 1000000 bytes');
  });

  test.each([
    ['nothing', 'missing', 'missing: there is no such file'],
    ['a folder', '.', 'expected a file, got something else'],
  ])('refuses %s', (_, name, message) => {
    expect(() => readIdx(join(folder, name))).toThrow(message);
  });
});
