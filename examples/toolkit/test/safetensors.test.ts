import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arange, tensor, zeros } from '@tapegrad/core';
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensors,
  readSafetensors,
  writeSafetensors,
} from '@tapegrad/example-toolkit/safetensors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const plainly = (tensors: NamedTensors) =>
  Object.entries(tensors).map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape: [...shape],
    data: [...data],
  }));

/** A file with this header, given as JSON or as text, and this many bytes after it. */
function file(header: unknown, bytes = 0): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bytes)]);
}

const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
const four = (start: number) => entry('F32', [1], [start, start + 4]);

describe('safetensors', () => {
  const tensors = {
    '2': tensor([1, -2, 3], { dtype: 'int32' }),
    '10': tensor([[1.5, -0]], { dtype: 'float64' }),
    'layers.0.weight': arange(6).reshape([2, 3]).transpose(),
    mask: tensor([true, false, true]),
    ['__proto__']: tensor(7),
    nothing: zeros([0, 3]),
  };

  test('gives back what was written, views and odd names included', () => {
    const read = decodeSafetensors(encodeSafetensors(tensors, { epochs: '4' }), 'x');
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
        const { tensors } = decodeSafetensors(encodeSafetensors(written), 'x');
        expect(plainly(tensors)).toEqual(plainly(written));
      }),
    );
  });

  test('starts the elements at a multiple of 8, as readers that map the file expect', () => {
    for (const name of ['a', 'ab', 'abc', 'ünï']) {
      const bytes = encodeSafetensors({ [name]: zeros([1]) });
      expect((bytes.length - 4) % 8).toBe(0);
    }
  });

  test('writes a file whole or not at all', () => {
    const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
    const path = join(folder, 'model.safetensors');
    writeSafetensors(path, tensors);
    expect(plainly(readSafetensors(path).tensors)).toEqual(plainly(tensors));
    expect(() => writeSafetensors(path, { __metadata__: zeros([1]) })).toThrow(
      "the name '__metadata__' is the format's",
    );
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
    expect(() => readSafetensors(path, { maxBytes: 100 })).toThrow('model.safetensors: expected at most 100 bytes');
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['an empty file', Buffer.alloc(0), 'truncated: expected 8 bytes or more, got 0'],
    ['a header longer than the file', file({}).fill(0xff, 0, 8), 'expected a header of at most 2 bytes'],
    ['a header that is no JSON', file('{"a":'), 'the header is not JSON'],
    ['a header that is no UTF-8', file('{"?":1}').fill(0xff, 10, 11), 'the header is not JSON'],
    ['a header that is no object', file([1, 2]), 'expected a header that is an object, got [1,2]'],
    ['notes that are no strings', file({ __metadata__: { epochs: 4 } }), 'expected __metadata__ to hold strings'],
    ['an entry that is no object', file({ w: 3 }), "tensor 'w': expected dtype, shape and data_offsets, got 3"],
    ['an entry without dtype', file({ w: {} }), "tensor 'w': expected dtype F32, F64, I32, BOOL, got nothing"],
    ['an unknown dtype', file({ w: entry('F8', [], [0, 1]) }, 1), 'expected dtype F32, F64, I32, BOOL, got "F8"'],
    ['an inherited dtype', file({ w: entry('toString', [], [0, 1]) }, 1), 'got "toString"'],
    ['a fractional length', file({ w: entry('F32', [1.5], [0, 6]) }, 6), 'a shape of integers, got [1.5]'],
    ['a negative length', file({ w: entry('F32', [-1, -1], [0, 4]) }, 4), 'a shape of integers, got [-1,-1]'],
    ['a shape that is no list', file({ w: entry('F32', '1', [0, 4]) }, 4), 'a shape of integers, got "1"'],
    ['one offset', file({ w: entry('F32', [1], [0]) }, 4), 'expected two data_offsets, got [0]'],
    ['offsets turned round', file({ w: entry('F32', [1], [4, 0]) }, 4), 'wants 4 bytes, got data_offsets [4, 0]'],
    ['a size that lies', file({ w: entry('F32', [2], [0, 4]) }, 4), 'F32 of shape [2] wants 8 bytes, got data_off'],
    ['a huge shape', file({ w: entry('F32', [2 ** 52, 2 ** 52], [0, 4]) }, 4), 'got data_offsets [0, 4]'],
    [
      'tensors that overlap',
      file({ a: four(0), b: four(2) }, 6),
      "'b' overlaps another: expected it to start at byte 4",
    ],
    ['a gap between tensors', file({ a: four(0), b: four(8) }, 12), "'b' leaves a gap before it"],
    ['a gap at the start', file({ a: four(4) }, 8), "'a' leaves a gap before it"],
    ['the same name twice', file(`{"a":${JSON.stringify(four(0))},"a":${JSON.stringify(four(4))}}`, 8), 'a gap'],
    ['cut elements', file({ a: four(0) }, 3), 'truncated: the tensors want 4 bytes after the header, got 3'],
    ['bytes after the last', file({ a: four(0) }, 5), 'too long: the tensors want 4 bytes after the header, got 5'],
    [
      'a BOOL of 2',
      Buffer.concat([file({ a: entry('BOOL', [1], [0, 1]) }), Buffer.of(2)]),
      "'a': expected BOOL elements of 0 and 1",
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'x')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'x')).toThrow(/^x: /);
  });
});
