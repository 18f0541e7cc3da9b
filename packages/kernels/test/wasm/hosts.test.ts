/**
 * Hosts whose interface for threads is incomplete, refuses or fails: computations continue, and the engine reports its
 * state correctly.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createDefault, createWasm, NdArray, type WasmKernels } from '@tapegrad/kernels';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';
import { parallelKernels } from '../../src/wasm/parallel-kernels.ts';
import { WorkerPool } from '../../src/wasm/threads/worker-pool.ts';
import { refuseGrowth, refuseMemory, refuseToCompile, relent } from './refusing-host.ts';

const size = 640;
const x = new NdArray(
  Float32Array.from({ length: size * size }, (_, i) => ((i * 37) % 101) / 50 - 1),
  'float32',
  [size, size],
);
const bytesOf = ({ data }: NdArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
let expected: Buffer;
let pool: WorkerPool | undefined;

class SeenPool extends WorkerPool {
  constructor(...args: ConstructorParameters<typeof WorkerPool>) {
    super(...args);
    pool = this;
  }
}

beforeAll(() => {
  Object.assign(parallelKernels, { WorkerPool: SeenPool });
  expected = bytesOf(createWasm({ threads: 1 }).matmul(x, x));
});

let kernels: WasmKernels | undefined;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  kernels?.engine.setThreads(1);
});

/** An interpreter that has just requested its helper threads. */
function calling(threads: number): WasmKernels {
  pool = undefined;
  kernels = createWasm({ threads });
  expect(kernels.engine.threads).toBe(threads);
  // They take part only in the later products.
  for (let i = 0; i < 2; i++) kernels.matmul(x, x);
  return kernels;
}

/** Waits until a condition holds, for at most some seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await pause(10);
}

/** Returns whether helpers have come, and would take part in the next job. */
const isHelped = (): boolean => pool?.isReady ?? false;

/** The product is bit-identical to that of one thread, every time. */
const expectTheSame = ({ matmul }: WasmKernels): void => {
  for (let i = 0; i < 2; i++) expect(bytesOf(matmul(x, x)).equals(expected)).toBe(true);
};

const { getBuiltinModule } = process;

/** Replaces modules of Node. */
function withModules(modules: { readonly [name: string]: unknown }): void {
  const lookUp = (name: string): unknown => (name in modules ? modules[name] : getBuiltinModule(name as 'node:os'));
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(lookUp as never);
}

const withWorkers = (class_: unknown): void => withModules({ 'node:worker_threads': { Worker: class_ } });

/** Another host that claims to be Node. */
const callItself = (name: 'bun' | 'deno'): void =>
  void vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, [name]: '1.0.0' });

/** A worker whose `performance` has this getter. */
const workerWith = (get: () => unknown) =>
  class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      Object.defineProperty(this, 'performance', { get });
    }
  };

describe.runIf(features().threads)('threads help', () => {
  const utilizations: { readonly [host: string]: () => unknown } = {
    'that lacks the utilization of loops': () => ({}),
    'that has no performance of a worker': () => undefined,
    'whose utilization fails': () => ({
      eventLoopUtilization() {
        throw new Error('not implemented');
      },
    }),
    'whose utilization is always zero': () => ({ eventLoopUtilization: () => ({ idle: 0, active: 0 }) }),
  };

  test.each(Object.entries(utilizations))('in a host %s', async (_, performanceOf) => {
    withWorkers(workerWith(performanceOf));
    const kernels = calling(2);
    await until(isHelped);
    expectTheSame(kernels);
    expect(isHelped()).toBe(true);
    expect(kernels.engine).toMatchObject({ threads: 2, reason: undefined });
  });

  test.each(['bun', 'deno'] as const)('in %s, which is not asked what it does not tell', async (name) => {
    const asked = vi.fn();
    callItself(name);
    withWorkers(workerWith(asked));
    const kernels = calling(2);
    await until(isHelped);
    expectTheSame(kernels);
    expect(asked).not.toHaveBeenCalled();
    expect(kernels.engine.threads).toBe(2);
  });

  test('as many as the host lets start', async () => {
    let left = 2;
    class Few extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        if (left-- === 0) throw new Error('too many workers');
        super(...args);
      }
    }
    withWorkers(Few);
    const kernels = calling(5);
    expect(kernels.engine.threads).toBe(3);
    await until(isHelped);
    expectTheSame(kernels);
  });

  test('without one that ends while it is idle', async () => {
    const started = vi.spyOn(Worker.prototype, 'unref');
    const kernels = calling(3);
    await until(isHelped);
    expectTheSame(kernels);
    await (started.mock.contexts[0] as Worker).terminate();
    await until(() => kernels.engine.threads === 2);
    expect(kernels.engine).toMatchObject({ threads: 2, reason: undefined });
    expectTheSame(kernels);
    await (started.mock.contexts[1] as Worker).terminate();
    await until(() => kernels.engine.threads === 1);
    expect(kernels.engine).toMatchObject({ threads: 1, reason: 'one thread: a worker has ended' });
    expectTheSame(kernels);
    expect(isHelped()).toBe(false);
  });

  test('again where they are asked for again', async () => {
    withWorkers(undefined);
    const kernels = calling(2);
    expect(kernels.engine.threads).toBe(1);
    vi.restoreAllMocks();
    kernels.engine.setThreads(2);
    expect(kernels.engine).toMatchObject({ threads: 2, reason: undefined });
    expectTheSame(kernels);
    await until(isHelped);
    expect(isHelped()).toBe(true);
  });

  test('over a smaller memory, where a large one is refused', async () => {
    const asked = refuseMemory(({ shared, maximum }) => shared === true && maximum! > 8192);
    const kernels = calling(2);
    expect(asked.flatMap(({ shared, maximum }) => (shared === true ? [maximum! / 16] : []))).toEqual([2048, 1024, 512]);
    await until(isHelped);
    expectTheSame(kernels);
    expect(kernels.engine).toMatchObject({ threads: 2, reason: undefined });
  });
});

/** A worker that runs this source instead of our program. */
const workerOf = (source: string) =>
  class extends Worker {
    constructor(_source: string, options: object) {
      super(source, options);
    }
  };

class Unsendable extends Worker {
  override postMessage(): void {
    throw Object.assign(new Error('memory could not be cloned'), { name: 'DataCloneError' });
  }
}

class Refused {
  constructor() {
    throw new Error('access to this API has been restricted');
  }
}

/** A page: without modules of Node, and with a thread that must not block. */
function leaveNode(page: object): void {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    throw new TypeError('Atomics.wait cannot be called in this context');
  });
  for (const [name, value] of Object.entries(page)) vi.stubGlobal(name, value);
}

/** The effect of a page's policy on a worker: an event without a message. */
class ForbiddenWorker {
  onerror: ((event: object) => void) | undefined;
  constructor() {
    setTimeout(() => this.onerror?.({ preventDefault() {} }), 1);
  }
  postMessage(): void {}
  terminate(): void {}
}

class PageBlob {}

describe('one thread computes alone, and the engine tells why, in a host', () => {
  const faults: readonly (readonly [fault: string, make: () => void, reason: string])[] = [
    ['without workers', () => withWorkers(undefined), 'the host has no workers'],
    ['that refuses workers', () => withWorkers(Refused), 'access to this API has been restricted'],
    ['that sends them no memory', () => withWorkers(Unsendable), 'memory could not be cloned'],
    ['whose workers fail at once', () => withWorkers(workerOf('throw new Error("no start")')), 'no start'],
    ['whose workers end at once', () => withWorkers(workerOf('process.exit(0)')), 'a worker has ended'],
    [
      'that has no shared memory',
      () => void refuseMemory(({ shared }) => shared === true),
      'the host has no memory left for WebAssembly (RangeError: could not allocate memory)',
    ],
    ['that is a page without workers', () => leaveNode({ Worker: undefined }), 'the host has no workers'],
    [
      'that is a page whose policy refuses workers with an error',
      () => leaveNode({ Worker: Refused, Blob: PageBlob, URL: { createObjectURL: () => 'blob:1' } }),
      'access to this API has been restricted',
    ],
    [
      'that is a page whose policy refuses workers with an event',
      () => leaveNode({ Worker: ForbiddenWorker, Blob: PageBlob, URL: { createObjectURL: () => 'blob:1' } }),
      'the page does not allow workers',
    ],
  ];

  test.runIf(features().threads).each(faults)('%s', async (_, make, reason) => {
    make();
    const kernels = calling(3);
    expectTheSame(kernels);
    await until(() => kernels.engine.threads === 1);
    expect(kernels.engine).toMatchObject({ interpreter: 'wasm', threads: 1, reason: `one thread: ${reason}` });
    expectTheSame(kernels);
  });

  test.runIf(features().threads)('whose workers never come', async () => {
    withWorkers(workerOf('setInterval(() => {}, 1000)'));
    vi.useFakeTimers({ toFake: ['Date'] });
    const kernels = calling(3);
    vi.advanceTimersByTime(5000);
    expect(kernels.engine.threads).toBe(3);
    vi.advanceTimersByTime(6000);
    expect(kernels.engine.threads).toBe(1);
    expectTheSame(kernels);
  });

  test('that shares no memory', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    vi.resetModules();
    const { createWasm } = await import('@tapegrad/kernels');
    const { engine, matmul } = createWasm({ threads: 4 });
    expect(engine).toMatchObject({
      threads: 1,
      reason: 'one thread: no SharedArrayBuffer; a page must be cross-origin isolated to have it',
    });
    expect(bytesOf(matmul(x, x)).equals(expected)).toBe(true);
    engine.setThreads(1);
    expect(engine.reason).toBeUndefined();
  });
});

describe.runIf(features().threads)('what several threads were refused, one does', () => {
  const helped = async (): Promise<WasmKernels> => {
    const kernels = calling(2);
    await until(isHelped);
    return kernels;
  };

  test('memory: this time', async () => {
    const kernels = await helped();
    const refusals = refuseGrowth({ shared: true });
    const ones = new NdArray(new Float32Array(1024 ** 2).fill(1), 'float32', [1024, 1024]);
    const isRight = () => kernels.matmul(ones, ones).data.every((value) => value === 1024);
    expect(isRight()).toBe(true);
    expect(refusals()).toBeGreaterThan(0);
    expect(kernels.engine).toMatchObject({ interpreter: 'wasm', threads: 2, reason: undefined });
    relent();
    expect(isRight()).toBe(true);
    expectTheSame(kernels);
  });

  test('code: from then on', async () => {
    const kernels = await helped();
    kernels.matmul(x, x);
    const large = new NdArray(new Float32Array(400_000), 'float32', [400_000]);
    const small = new NdArray(new Float32Array(3), 'float32', [3]);
    kernels.exp(small);
    refuseToCompile();
    expect(kernels.exp(large).data.every((value) => value === 1)).toBe(true);
    expect(kernels.engine).toMatchObject({ interpreter: 'wasm', threads: 1 });
    expect(kernels.engine.reason).toContain('one thread: the host does not compile WebAssembly (CompileError: ');
    expectTheSame(kernels);
  });
});

describe('the number of threads', () => {
  const failing = () => {
    throw new Error('not supported');
  };

  test.each([
    ['is that of the page where Node has none', {}, 3, 3],
    ['is that of the page where Node fails', { availableParallelism: failing }, 3, 3],
    ['is one where nobody tells', { availableParallelism: () => 0 }, Number.NaN, 1],
    ['is no fraction', { availableParallelism: () => 1.5 }, undefined, 1],
    ['is as large as can be meant', { availableParallelism: () => 5000 }, undefined, 1024],
  ])('%s', (_, os, hardwareConcurrency, threads) => {
    withModules({ 'node:os': os });
    vi.stubGlobal('navigator', { hardwareConcurrency });
    expect(createDefault().engine.threads).toBe(features().threads ? threads : 1);
  });

  test('is that of the page where modules of Node are refused', () => {
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(failing);
    vi.stubGlobal('navigator', { hardwareConcurrency: 2 });
    expect(createDefault().engine.threads).toBe(features().threads ? 2 : 1);
  });
});
