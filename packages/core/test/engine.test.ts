import { ArgumentError, engineInfo, setThreads, tensor, unfold } from '@tapegrad/core';
import { setInterpreter } from '@tapegrad/core/extend';
import { createDefault, createWasm, NdArray, plain } from '@tapegrad/kernels';
import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => setInterpreter(createDefault()));

const alone = { simd: false, vectorBits: 0, relaxedSimd: false, threads: 1 };

describe('engineInfo', () => {
  test('the default interpreter', () => {
    expect(engineInfo()).toEqual({
      interpreter: 'wasm',
      simd: true,
      vectorBits: 128,
      relaxedSimd: expect.any(Boolean),
      threads: process.getBuiltinModule('node:os').availableParallelism(),
    });
  });

  test('the plain interpreter', () => {
    setInterpreter(plain);
    expect(engineInfo()).toEqual({ interpreter: 'plain', ...alone });
  });

  test('one of somebody else', () => {
    setInterpreter({ ...plain });
    expect(engineInfo()).toEqual({ interpreter: 'custom', ...alone });
  });
});

describe('primitives that operations bring along', () => {
  const pair = { size: 2, stride: 1, dilation: 1, padding: [0, 0] } as const;
  const x = tensor([1, 2, 4], { requiresGrad: true });

  test('are there for an interpreter that is chosen later', () => {
    const sum = unfold(x, [pair]).sum();
    setInterpreter(createDefault());
    expect(sum.backward().of(x).toArray()).toEqual([1, 2, 1]);
  });

  test('are asked for by name where they are missing', () => {
    const bare = createDefault();
    const windows = new NdArray(Float32Array.of(1, 2, 4), 'float32', [3]);
    expect(() => bare.unfold(windows, [pair])).toThrow(
      'unfold: the interpreter has no such kernel yet; register its extension with engine.register()',
    );
    expect(createWasm({ threads: 1 }).unfold(windows, [pair]).shape).toEqual([2, 2]);
  });

  test('are plain loops where the engine has no WebAssembly', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    const core = await import('@tapegrad/core');
    vi.unstubAllGlobals();
    const x = core.tensor([1, 2, 4], { requiresGrad: true });
    const y = core.unfold(x, [pair]);
    expect(core.engineInfo()).toEqual({ interpreter: 'plain', ...alone, reason: 'no WebAssembly' });
    expect(y.toArray()).toEqual([
      [1, 2],
      [2, 4],
    ]);
    expect(y.sum().backward().of(x).toArray()).toEqual([1, 2, 1]);
    core.setThreads(2);
    expect(core.engineInfo().threads).toBe(1);
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
