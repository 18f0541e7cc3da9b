import { ArgumentError, engineInfo, setInterpreter, setThreads } from '@tapegrad/core';
import { createDefault, plain } from '@tapegrad/kernels';
import { afterEach, describe, expect, test } from 'vitest';

afterEach(() => setInterpreter(createDefault()));

describe('engineInfo', () => {
  test('the default interpreter', () => {
    expect(engineInfo()).toEqual({
      interpreter: 'wasm',
      simd: true,
      relaxedSimd: expect.any(Boolean),
      threads: process.getBuiltinModule('node:os').availableParallelism(),
    });
  });

  const alone = { simd: false, relaxedSimd: false, threads: 1 };

  test('the plain interpreter', () => {
    setInterpreter(plain);
    expect(engineInfo()).toEqual({ interpreter: 'plain', ...alone });
  });

  test('one of somebody else', () => {
    setInterpreter({ ...plain });
    expect(engineInfo()).toEqual({ interpreter: 'custom', ...alone });
  });
});

describe('setThreads', () => {
  test('sets the number of threads', () => {
    const { threads } = engineInfo();
    setThreads(3);
    expect(engineInfo().threads).toBe(3);
    setThreads(1);
    expect(engineInfo().threads).toBe(1);
    setThreads();
    expect(engineInfo().threads).toBe(threads);
  });

  test('leaves an interpreter without threads as it is', () => {
    setInterpreter(plain);
    setThreads(2);
    expect(engineInfo().threads).toBe(1);
  });

  test.each([0, -2, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2' as unknown as number])('refuses %s', (threads) => {
    expect(() => setThreads(threads)).toThrow(ArgumentError);
    setInterpreter(plain);
    expect(() => setThreads(threads)).toThrow(
      `setThreads: expected a number of threads from 1 to 1024, got ${threads}`,
    );
  });
});
