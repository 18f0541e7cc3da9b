/** Files of the safetensors library, and ours as read by the library (data/safetensors/make.py). */

import { createHash } from 'node:crypto';
import { tensor, zeros } from '@tapegrad/core';
import { decodeSafetensors, encodeSafetensors, type NamedArray, type WritableSafetensorsDType } from '@tapegrad/files';
import { readSafetensors } from '@tapegrad/files/node';
import { describe, expect, test } from 'vitest';
import { checkElements, checkOurs, pathOf, type StoredArray, storedBytes, storedJson } from '../stored.ts';

const outcomes = storedJson<{
  readonly exhaustive: Readonly<Record<string, string>>;
  readonly theirs: Readonly<Record<string, StoredArray>>;
  readonly ours: Readonly<Record<string, StoredArray>>;
  readonly metadata: Readonly<Record<string, string>>;
}>('safetensors/outcomes.json');

const theirs = decodeSafetensors(storedBytes('safetensors/torch.safetensors'), { name: 'torch.safetensors' });

describe('what the library writes', () => {
  test('has every tensor and text', () => {
    expect(Object.keys(theirs.tensors).sort()).toEqual(Object.keys(outcomes.theirs).sort());
    expect(theirs.metadata).toEqual({ format: 'pt', note: 'ünï' });
  });

  test.each(Object.keys(outcomes.theirs))('%s', (name) => {
    checkElements(theirs.tensors[name]!, outcomes.theirs[name]!);
    expect(readSafetensors(pathOf('safetensors/torch.safetensors')).tensors[name]).toEqual(theirs.tensors[name]);
  });

  test('has our dtypes', () => {
    const dtypes = Object.fromEntries(Object.entries(theirs.tensors).map(([name, { dtype }]) => [name, dtype]));
    expect(dtypes).toMatchObject({
      float64: 'float64',
      float16: 'float32',
      bfloat16: 'float32',
      float8_e4m3fn: 'float32',
      int64: 'int32',
      uint8: 'int32',
      bool: 'bool',
    });
  });
});

/** The tensors we write: every dtype, unusual shapes and names. */
const numbers = [0, -0, 1.5, -2.25, 1 / 3, 1e-7, 65504, Infinity, -Infinity, Number.NaN];
const types: readonly WritableSafetensorsDType[] = [
  'F64',
  'F32',
  'F16',
  'BF16',
  'I64',
  'I32',
  'I16',
  'I8',
  'U8',
  'U16',
  'U32',
  'U64',
];
const ours: Readonly<Record<string, NamedArray>> = {
  ...Object.fromEntries(types.slice(0, 4).map((type) => [type, tensor(numbers, { dtype: 'float64' })])),
  ...Object.fromEntries(
    types.slice(4).map((type) => [
      type,
      tensor(
        [
          [0, 1],
          [100, 127],
        ],
        { dtype: 'int32' },
      ),
    ]),
  ),
  'I64 of float64': tensor([-(2 ** 53), 2 ** 53], { dtype: 'float64' }),
  BOOL: tensor([true, false]),
  scalar: tensor(7.5),
  empty: zeros([0, 3]),
  transposed: tensor([
    [0, 1, 2],
    [3, 4, 5],
  ]).transpose(),
  ünï: tensor([1]),
};

describe('what the library reads of ours', () => {
  const as = (name: string): WritableSafetensorsDType | undefined => {
    const type = name.split(' ')[0]!;
    return types.find((known) => known === type);
  };
  const bytes = encodeSafetensors(ours, { metadata: { epochs: '4', note: 'ü' }, as });
  checkOurs('safetensors/ours.safetensors', bytes);

  test('is what we wrote', () => {
    expect(Object.keys(outcomes.ours).sort()).toEqual(Object.keys(ours).sort());
    expect(outcomes.metadata).toEqual({ epochs: '4', note: 'ü' });
    expect(outcomes.ours['BF16']!.dtype).toBe('bfloat16');
    expect(outcomes.ours['U64']!.dtype).toBe('uint64');
  });

  test.each(Object.keys(ours))('%s', (name) => {
    const read = decodeSafetensors(bytes, { int64: 'float64' }).tensors[name]!;
    checkElements(read, outcomes.ours[name]!);
  });
});

describe('every number of 16 bits', () => {
  const sum = (data: ArrayBufferView) =>
    createHash('sha256')
      .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      .digest('hex');

  test.each([
    ['F16', 'float16'],
    ['BF16', 'bfloat16'],
  ] as const)('%s is widened and rounded as PyTorch does', (code, name) => {
    const codes = new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).buffer);
    const bytes = encodeSafetensors({ x: zeros([2 ** 16]) }, { as: code });
    bytes.set(codes, bytes.length - codes.length);
    const wide = decodeSafetensors(bytes).tensors['x']!.data.map((x) => (Number.isNaN(x) ? 0 : x)) as Float32Array;
    expect(sum(wide)).toBe(outcomes.exhaustive[`${name} widened`]);

    const spread = new Float32Array(Uint32Array.from({ length: 2 ** 16 }, (_, i) => i * 65537).buffer);
    const data = spread.map((x) => (Number.isNaN(x) ? 0 : x));
    // We reject numbers that would become infinite; these few are replaced by infinities first, as PyTorch does.
    const limit = code === 'F16' ? 65520 : 3.3961775292304601e38;
    const bounded = data.map((x) => (Math.abs(x) >= limit ? Math.sign(x) * Infinity : x));
    const narrow = encodeSafetensors({ x: { dtype: 'float32', shape: [2 ** 16], data: bounded } }, { as: code });
    expect(sum(narrow.slice(narrow.length - 2 ** 17))).toBe(outcomes.exhaustive[`${name} rounded`]);
  });
});
