import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ArgumentError, createDefault, createWasm, NdArray, type WasmKernels } from '@tapegrad/kernels';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { atomic } from '../../src/wasm/assembler/atomics.ts';
import { features } from '../../src/wasm/assembler/features.ts';
import { i32 } from '../../src/wasm/assembler/instructions.ts';
import { type FunctionBuilder, type Local, ModuleBuilder } from '../../src/wasm/assembler/module-builder.ts';
import { type ArrayProduct, MatrixProduct } from '../../src/wasm/matmul/blocked.ts';
import { bestTile } from '../../src/wasm/matmul/microkernel.ts';
import type { ArrayMatrix, FloatArray } from '../../src/wasm/matmul/strided-copy.ts';
import { Heap } from '../../src/wasm/memory/heap.ts';
import { parallelKernels } from '../../src/wasm/parallel-kernels.ts';
import { defineTasks } from '../../src/wasm/threads/job-protocol.ts';
import { WorkerPool } from '../../src/wasm/threads/worker-pool.ts';

const { relaxedSimd: relaxed, threads: shared } = features();

let seed = 1;
const random = () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647 - 0.5;
};

const filled = (type: 'f32' | 'f64', length: number): FloatArray =>
  (type === 'f32' ? new Float32Array(length) : new Float64Array(length)).map(random);

const matrix = (type: 'f32' | 'f64', rows: number, columns: number, transposed: boolean): ArrayMatrix => ({
  ...{ data: filled(type, rows * columns), offset: 0 },
  ...(transposed ? { rowStride: 1, columnStride: rows } : { rowStride: columns, columnStride: 1 }),
});

/** A pool whose workers have started. */
async function crewOf(threads: number): Promise<WorkerPool> {
  const pool = new WorkerPool(threads);
  while (!pool.isReady) await pause(1);
  return pool;
}

const helpersOf = (pool: WorkerPool) => ({ ...parallelKernels, pool });

const shapes = [
  [512, 512, 512],
  [300, 257, 130],
  [1, 4001, 300],
  [7, 2050, 600],
  [2050, 7, 600],
  [3000, 1, 500],
  [97, 33, 5000],
  [25, 15, 40_000],
  [1200, 1100, 33],
] as const;

describe.runIf(shared)('the bits of a product do not depend on the threads', () => {
  test.each([
    ['f32', 2],
    ['f32', 3],
    ['f64', 2],
  ] as const)('%s, %i threads', async (type, threads) => {
    const pool = await crewOf(threads);
    const options = { relaxed, tile: bestTile(relaxed) };
    const alone = new MatrixProduct(new Heap(), type, options);
    const together = new MatrixProduct(pool.heap, type, { ...options, workers: helpersOf(pool) });
    for (const [m, n, k] of shapes) {
      for (const [aTransposed, bTransposed] of [
        [false, false],
        [true, true],
      ] as const) {
        const [a, b] = [matrix(type, m, k, aTransposed), matrix(type, k, n, bTransposed)];
        for (const added of [undefined, 'result'] as const) {
          const initial = filled(type, m * n);
          const [one, several] = [initial.slice(), initial.slice()];
          alone.run(m, n, k, a, b, { data: one, offset: 0 }, added);
          together.run(m, n, k, a, b, { data: several, offset: 0 }, added);
          expect(bytesOf(several).equals(bytesOf(one)), `${m} x ${k} by ${k} x ${n}`).toBe(true);
        }
      }
    }
    pool.close();
  });

  test.each([
    [64, 32, 196, 144],
    [65, 3, 5, 7],
    [200, 33, 50, 130],
    [5, 300, 300, 20],
    [9, 8, 1, 300],
    [4, 1, 300, 300],
  ] as const)('%i products of %i x %i, depth %i', async (count, m, n, k) => {
    const pool = await crewOf(3);
    const alone = new MatrixProduct(new Heap(), 'f32', { tile: bestTile(relaxed) });
    const together = new MatrixProduct(pool.heap, 'f32', { tile: bestTile(relaxed), workers: helpersOf(pool) });
    const one = matrix('f32', m, k, true) as ArrayMatrix<Float32Array>;
    for (const same of [false, true]) {
      const [expected, actual] = [new Float32Array(count * m * n), new Float32Array(count * m * n)];
      const products = Array.from({ length: count }, (_, i) => ({
        a: same ? one : (matrix('f32', m, k, false) as ArrayMatrix<Float32Array>),
        b: matrix('f32', k, n, same) as ArrayMatrix<Float32Array>,
        c: { data: actual, offset: i * m * n },
      })) satisfies ArrayProduct<Float32Array>[];
      together.runEach(m, n, k, products);
      for (const { a, b, c } of products) alone.run(m, n, k, a, b, { ...c, data: expected });
      expect(bytesOf(actual).equals(bytesOf(expected))).toBe(true);
    }
    pool.close();
  });

  test('many jobs one after the other, of two types in turn', async () => {
    const pool = await crewOf(3);
    const [alone, together] = [
      new MatrixProduct(new Heap(), 'f64', { tile: bestTile(relaxed) }),
      new MatrixProduct(pool.heap, 'f64', { tile: bestTile(relaxed), workers: helpersOf(pool) }),
    ];
    const other = new MatrixProduct(pool.heap, 'f32', { tile: bestTile(relaxed), workers: helpersOf(pool) });
    const [a, b] = [matrix('f64', 128, 128, false), matrix('f64', 128, 128, true)] as ArrayMatrix<Float64Array>[];
    const [x, y] = [matrix('f32', 128, 128, false), matrix('f32', 128, 128, true)] as ArrayMatrix<Float32Array>[];
    const [expected, actual, z] = [new Float64Array(128 ** 2), new Float64Array(128 ** 2), new Float32Array(128 ** 2)];
    alone.run(128, 128, 128, a!, b!, { data: expected, offset: 0 });
    for (let i = 0; i < 300; i++) {
      if (i % 3 === 0) other.run(128, 128, 128, x!, y!, { data: z, offset: 0 });
      if (i % 50 === 0) await pause(1);
      actual.fill(0);
      together.run(128, 128, 128, a!, b!, { data: actual, offset: 0 });
      expect(bytesOf(actual).equals(bytesOf(expected))).toBe(true);
    }
    pool.close();
  });
});

/** Runs three jobs of three tasks, each of which waits until all have begun; returns the threads that ran them. */
function joint(pool: WorkerPool): number[] {
  const module = new ModuleBuilder({ shared: true });
  defineTasks(module, ['met'], (f, _task, thread, { met }) => {
    f.drop(atomic.add(met, 1));
    f.while(i32.ne(atomic.load(met), 3), () => {});
    f.drop(atomic.add(met, i32.shl(1, thread), 4));
  });
  const { jobs } = pool.load(module.compile(), 1);
  const met = pool.heap.allocate(8) / 4;
  return [1, 2, 3].map(() => {
    pool.heap.i32.fill(0, met, met + 2);
    jobs.run(3, [4 * met]);
    return pool.heap.i32[met + 1]!;
  });
}

test.runIf(shared)('tasks are done by several threads at the same time', async () => {
  const pool = await crewOf(3);
  expect(joint(pool)).toEqual([0b111, 0b111, 0b111]);
  pool.close();
});

describe.runIf(shared)('what is to be done overlap', () => {
  /** A job of three tasks, each of which counts one. */
  const counting = (pool: WorkerPool) => {
    const module = new ModuleBuilder({ shared: true });
    defineTasks(module, ['counter'], (f, _task, _thread, { counter }) => {
      f.drop(atomic.add(counter, 1));
      f.drop(atomic.notify(counter, 1));
    });
    const { jobs } = pool.load(module.compile(), 1);
    const counter = pool.heap.allocate(4);
    const { i32 } = pool.heap;
    i32[counter / 4] = 0;
    return {
      count: () => i32[counter / 4],
      waitForOne: () => void Atomics.wait(i32, counter / 4, 0),
      run: (overlap: () => void) => jobs.run(3, [counter], overlap),
    };
  };

  test('is done while workers are at work', async () => {
    const pool = await crewOf(2);
    const { run, count, waitForOne } = counting(pool);
    run(waitForOne);
    expect(count()).toBe(3);
    pool.close();
  });

  test('may fail, and the job is done all the same', async () => {
    const pool = await crewOf(2);
    const { run, count } = counting(pool);
    const fail = (): void => {
      throw new Error('no room');
    };
    expect(() => run(fail)).toThrow('no room');
    expect(count()).toBe(3);
    pool.close();
  });
});

/** A job of two tasks. The worker's task does something once `begun` is 1. */
function helped(pool: WorkerPool, fate: (f: FunctionBuilder, begun: Local<'i32'>) => void): () => void {
  const module = new ModuleBuilder({ shared: true });
  defineTasks(module, ['begun'], (f, _task, thread, { begun }) => {
    f.if(thread, () => {
      f.run(atomic.store(begun, 1));
      fate(f, begun);
    });
    f.while(i32.eqz(atomic.load(begun)), () => {});
  });
  const { jobs } = pool.load(module.compile(), 1);
  const begun = pool.heap.allocate(4);
  return () => jobs.run(2, [begun]);
}

describe.runIf(shared)('a worker that ends in the middle of a task is an error, and no worker any more', () => {
  const message = 'a worker ended during a computation; later computations run on one thread';

  test('by an error', async () => {
    const pool = await crewOf(2);
    const run = helped(pool, (f) => f.drop(i32.load(-4)));
    expect(run).toThrow(message);
    expect(pool.isReady).toBe(false);
  });

  test('killed', async () => {
    const started = vi.spyOn(Worker.prototype, 'unref');
    const pool = await crewOf(2);
    const worker = started.mock.contexts[0] as Worker;
    const run = helped(pool, (f) => f.while(i32.const(1), () => {}));
    const { wait } = Atomics;
    vi.spyOn(Atomics, 'wait').mockImplementation((...args) => {
      void worker.terminate();
      return wait(...args);
    });
    expect(run).toThrow(message);
    expect(pool.isReady).toBe(false);
    vi.restoreAllMocks();
  });
});

test.runIf(shared)('a worker that ended while it was idle is none to wait for', async () => {
  const started = vi.spyOn(Worker.prototype, 'unref');
  const pool = await crewOf(3);
  await pause(100);
  const run = helped(pool, (f, begun) => f.drop(atomic.wait(begun, 1, 300_000_000)));
  // Its termination is an event, and the event loop doesn't run before the job.
  void (started.mock.contexts[0] as Worker).terminate();
  Atomics.wait(pool.heap.i32, 0, pool.heap.i32[0]!, 200);
  vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
  expect(run).not.toThrow();
  vi.restoreAllMocks();
  expect(pool.isReady).toBe(true);
  pool.close();
});

test.runIf(shared)('a worker is waited for where the event loop has not turned since it was started', () => {
  const pool = new WorkerPool(2);
  const { i32: words } = pool.heap;
  while (!pool.isReady) Atomics.wait(words, 0, words[0]!, 10);
  const run = helped(pool, (f, begun) => f.drop(atomic.wait(begun, 1, 300_000_000)));
  expect(run).not.toThrow();
  expect(pool.isReady).toBe(true);
  pool.close();
});

const bytesOf = ({ buffer, byteOffset, byteLength }: FloatArray) => Buffer.from(buffer, byteOffset, byteLength);

describe.runIf(shared)('an interpreter', () => {
  const size = 640;
  const x = new NdArray(filled('f32', size * size), 'float32', [size, size]);
  /** Multiplies until workers have been requested and have had time to start. */
  const warm = async (kernels: WasmKernels) => {
    for (let i = 0; i < 3; i++) kernels.matmul(x, x);
    await pause(200);
  };

  test('gives the same bits, however many threads it has', async () => {
    const kernels = createWasm({ threads: 1 });
    const expected = kernels.matmul(x, x).data as Float32Array;
    for (const threads of [2, 3, 1, 2]) {
      kernels.engine.setThreads(threads);
      expect(kernels.engine.threads).toBe(threads);
      await warm(kernels);
      expect(bytesOf(kernels.matmul(x, x).data as Float32Array).equals(bytesOf(expected))).toBe(true);
    }
    kernels.engine.setThreads(1);
  });

  test.each(['float32', 'float64'] as const)('gives the same bits of functions of large arrays, %s', async (dtype) => {
    const [alone, together] = [createWasm({ threads: 1 }), createWasm({ threads: 3 })];
    await warm(together);
    const data = filled(dtype === 'float32' ? 'f32' : 'f64', 700_003);
    for (const length of [300_000, 700_001, 262_144]) {
      const z = new NdArray(data, dtype, [length], [1], 2);
      const [one, several] = [alone, together].map((kernels) => kernels.exp(z).data as FloatArray);
      expect(bytesOf(several!).equals(bytesOf(one!))).toBe(true);
    }
    const line = new NdArray(data, dtype, [2, 300_000], [1, 2]);
    const [one, several] = [alone, together].map((kernels) => kernels.sin(line).data as FloatArray);
    expect(bytesOf(several!).equals(bytesOf(one!))).toBe(true);
    together.engine.setThreads(1);
  });

  test('asks for help with large products only, after some of them, and no longer than it may', async () => {
    const run = vi.spyOn(Atomics, 'load');
    const kernels = createWasm({ threads: 2 });
    const small = new NdArray(filled('f32', 100), 'float32', [10, 10]);
    for (let i = 0; i < 100; i++) kernels.matmul(small, small);
    kernels.matmul(x, x);
    expect(run).not.toHaveBeenCalled();
    await warm(kernels);
    kernels.matmul(x, x);
    expect(run).toHaveBeenCalled();
    kernels.engine.setThreads(1);
    run.mockClear();
    kernels.matmul(x, x);
    expect(run).not.toHaveBeenCalled();
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e6, '2' as unknown as number])(
    'has no %s threads',
    (threads) => {
      expect(() => createWasm({ threads })).toThrow(ArgumentError);
      const { engine } = createWasm({ threads: 1 });
      expect(() => engine.setThreads(threads)).toThrow(`setThreads: expected a number of threads from 1 to`);
    },
  );

  describe('elsewhere than in Node', () => {
    const builtin = process.getBuiltinModule;

    /** A page has no modules of Node, and its thread must not block. */
    const leaveNode = () => {
      vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
      vi.spyOn(Atomics, 'wait').mockImplementation(() => {
        throw new TypeError('Atomics.wait cannot be called in this context');
      });
    };

    afterEach(() => {
      vi.restoreAllMocks();
      vi.unstubAllGlobals();
    });

    test('computes alone where there are no workers', async () => {
      leaveNode();
      const kernels = createWasm({ threads: 2 });
      await warm(kernels);
      const { data } = kernels.matmul(x, x);
      expect(data).toEqual(createWasm({ threads: 1 }).matmul(x, x).data);
    });

    test('a page starts workers from a blob, and waits without sleeping', async () => {
      const { Worker } = builtin('node:worker_threads');
      class BlobOfText {
        readonly text: string;
        constructor(parts: readonly string[]) {
          this.text = parts.join('');
        }
      }
      class PageWorker extends Worker {
        constructor(source: string) {
          const page = `const { parentPort } = process.getBuiltinModule('node:worker_threads');
            process.getBuiltinModule = undefined;
            parentPort.on('message', (data) => globalThis.onmessage({ data }));`;
          super(page + source, { eval: true });
        }
      }
      vi.stubGlobal('Blob', BlobOfText);
      vi.stubGlobal('Worker', PageWorker);
      vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => (blob as unknown as BlobOfText).text);
      leaveNode();
      const pool = await crewOf(3);
      expect(joint(pool)).toEqual([0b111, 0b111, 0b111]);
      pool.close();
    });
  });

  test('has as many threads as cores where nothing is said', () => {
    const cores = process.getBuiltinModule('node:os').availableParallelism();
    expect((createDefault() as WasmKernels).engine.threads).toBe(cores);
  });
});
