import { crc32 as expectedCrc32, gzipSync } from 'node:zlib';
import { FormatError } from '@tapegrad/files';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32, crc32c } from '../../src/compression/crc32.ts';
import { gunzip, gunzipper } from '../../src/compression/gunzip.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const options = { name: 'x.gz', maxBytes: 2 ** 26 };

describe('checksums', () => {
  test('are those of the standards', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    expect(crc32c(text('123456789'))).toBe(0xe3069283); // RFC 3720, appendix B.4, and its catalogue
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  test('continue one another, as Node computes them', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(crc32(b, crc32(a))).toBe(expectedCrc32(Buffer.concat([a, b])));
      }),
    );
  });
});

describe('gunzip', () => {
  const content = Uint8Array.from({ length: 20_000 }, (_, i) => (i * i) >> 7);

  test('unpacks files of one member and of several', () => {
    expect(gunzip(gzipSync(content), options)).toEqual(content);
    const members = Buffer.concat([gzipSync('one'), gzipSync(''), gzipSync('two')]);
    expect(Buffer.from(gunzip(members, options)).toString()).toBe('onetwo');
  });

  test('unpacks pieces of any length', () => {
    const packed = Buffer.concat([gzipSync(content.subarray(0, 5000)), gzipSync(content.subarray(5000, 9000))]);
    for (const length of [1, 7, 1000]) {
      const pieces: Uint8Array[] = [];
      const push = gunzipper(options, (piece) => pieces.push(piece.slice()));
      for (let start = 0; start < packed.length; start += length) {
        push(packed.subarray(start, start + length), start + length >= packed.length);
      }
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(content.subarray(0, 9000)));
    }
  });

  test('refuses a file that ends early, wherever', () => {
    const packed = gzipSync(content.subarray(0, 300));
    for (let length = 0; length < packed.length; length++) {
      expect(() => gunzip(packed.subarray(0, length), options)).toThrow(FormatError);
    }
  });

  test('refuses a wrong checksum and a wrong length', () => {
    for (const fromEnd of [8, 4]) {
      const packed = gzipSync(content);
      packed[packed.length - fromEnd]! ^= 1;
      expect(() => gunzip(packed, options)).toThrow('broken gzip: truncated, or its checksum or length is wrong');
    }
  });

  test('refuses a header without an end', () => {
    const endless = Buffer.alloc(50_000_000, 'name');
    endless.set([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
    expect(() => gunzip(endless, options)).toThrow('bytes decompress to nothing');
  });

  test('stops at the bound', () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    expect(() => gunzip(bomb, { name: 'x.gz', maxBytes: 1000 })).toThrow('x.gz: decompresses to more than 1000 bytes');
  });
});
