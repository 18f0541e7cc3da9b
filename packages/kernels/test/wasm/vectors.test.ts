/** Vectors of 256 bits: switched on only where the engine has them and computes the same bits with them. */

import { createWasm, type NdArray, setVectorBits } from '@tapegrad/kernels';
import { cases, runCase } from '@tapegrad/kernels/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { joinFrom } from '../../src/wasm/assembler/vector-width.ts';
import * as elsewhere from '../../src/wasm/vectors/elsewhere.ts';
import { findDifference } from '../../src/wasm/vectors/self-check.ts';

const [major = 0, minor = 0] = process.versions.v8.split('.').map(Number);
const isRecent = process.arch === 'x64' && (major > 13 || (major === 13 && minor >= 6));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('the width', () => {
  test('is 128 or 256', () => {
    expect(createWasm().engine.vectorBits).toBe(128);
    expect(() => setVectorBits('setVectors', 512 as 256)).toThrow('setVectors: expected 128 or 256 bits, got 512');
    expect(() => elsewhere.switchVectors('setVectors', 64 as 128)).toThrow('expected 128 or 256 bits, got 64');
  });

  test('stays as it was if it is set to that', () => {
    setVectorBits('setVectors', 128);
    elsewhere.switchVectors('setVectors', 128);
    expect(createWasm().engine.vectorBits).toBe(128);
  });

  test('is 128 in a browser', () => {
    elsewhere.prepareVectors();
    expect(() => elsewhere.switchVectors('setVectors', 256)).toThrow('this host has no vectors of 256 bits');
  });

  test.skipIf(isRecent)('is 128 in an older engine, which the error names', () => {
    expect(() => setVectorBits('setVectors', 256)).toThrow(`they need V8 13.6 or later, as in Node 24`);
    expect(createWasm().engine.vectorBits).toBe(128);
  });

  test.skipIf(isRecent)('is 128 where the environment asks for more, with a warning', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.stubEnv('TAPEGRAD_VECTORS', '256');
    vi.resetModules();
    const { createDefault } = await import('@tapegrad/kernels');
    expect(createDefault().engine).toMatchObject({ interpreter: 'wasm', vectorBits: 128 });
    createDefault();
    expect(warning.mock.calls).toEqual([
      [expect.stringContaining('TAPEGRAD_VECTORS: expected 128, got 256'), 'tapegrad'],
    ]);
  });

  test.runIf(isRecent)('changes no bit of a result', () => {
    const some = cases.filter((_, i) => i % 7 === 0);
    const results = (): NdArray[] => {
      const kernels = createWasm();
      return some.map((c) => runCase(kernels, c));
    };
    const expected = results();
    setVectorBits('setVectors', 256);
    expect(createWasm().engine.vectorBits).toBe(256);
    joinFrom(0);
    const actual = results();
    joinFrom();
    setVectorBits('setVectors', 128);
    expect(createWasm().engine.vectorBits).toBe(128);
    const same = ({ data }: NdArray, i: number) => data.every((x, j) => Object.is(x, expected[i]!.data[j]));
    expect(some.filter((_, i) => !same(actual[i]!, i)).map(({ name }) => name)).toEqual([]);
  });
});

describe('the check of the kernels', () => {
  test('finds no difference between two runs of the same kernels', () => {
    expect(findDifference((run) => run())).toBeUndefined();
  });

  test.each([0, 1, 13])('names the kernel whose result differs, number %i', (i) => {
    let name: string | undefined;
    const found = findDifference((run) => {
      const results = run();
      const [kernel, data] = (results as [string, Float32Array][])[i]!;
      name = kernel;
      data[0] = data[0] === 1 ? 2 : 1;
      return results;
    });
    expect(found).toMatch(/^\w+ of float(32|64)$/);
    expect(found).toBe(name);
  });
});
