import {
  ArgumentError,
  allocate,
  assign,
  bytesPerElement,
  checkDType,
  DTypeError,
  dtypeOf,
  dtypes,
  empty,
  filled,
  isFloat,
  newData,
  zeroed,
} from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';

describe.each(dtypes)('%s', (dtype) => {
  test('is stored in the typed array that is read as it', () => {
    const data = newData(dtype, 3);
    expect(dtypeOf('test', data)).toBe(dtype);
    expect(data.BYTES_PER_ELEMENT).toBe(bytesPerElement(dtype));
    expect(isFloat(dtype)).toBe(dtype.startsWith('float'));
    expect(() => checkDType('test', dtype)).not.toThrow();
  });

  test('arrays cut from one slab share nothing and are zero', () => {
    const pieces = Array.from({ length: 2000 }, (_, i) => zeroed(dtype, i % 50));
    for (const piece of pieces) {
      expect(piece.every((value) => value === 0)).toBe(true);
      piece.fill(1);
    }
    expect(pieces.map((piece) => piece.length)).toEqual(pieces.map((_, i) => i % 50));
  });

  test('large arrays have a buffer of their own', () => {
    expect(allocate(dtype, 10_000).buffer.byteLength).toBe(10_000 * bytesPerElement(dtype));
  });
});

test('filling keeps the sign of zero', () => {
  expect(filled([2], -0, 'float64').data[1]).toBe(-0);
});

test('assigning converts as a typed array does', () => {
  const from = filled([2, 2], -1.75, 'float64');
  expect(Array.from(assign(empty([2, 2], 'int32'), from).data)).toEqual([-1, -1, -1, -1]);
});

test.each([
  [new Int8Array(2), 'Int8Array'],
  [new Uint8ClampedArray(2), 'Uint8ClampedArray'],
  [[1, 2], 'Array'],
  [undefined, 'Undefined'],
])('storage that tapegrad does not know is refused: %o', (data, name) => {
  expect(() => dtypeOf('tensor', data)).toThrow(
    new DTypeError(`tensor: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got ${name}`),
  );
});

test.each(['float16', 'toString', ''])("the dtype '%s' is refused", (dtype) => {
  const sentence = `tensor: unknown dtype '${dtype}', expected one of float32, float64, int32, bool`;
  expect(() => checkDType('tensor', dtype)).toThrow(new ArgumentError(sentence));
});
