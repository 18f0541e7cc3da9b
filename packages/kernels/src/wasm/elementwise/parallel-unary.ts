/** Applies a function to each element of a large array, on a pool. */

import type { NdArray } from '../../arrays/array.ts';
import type { Data } from '../../arrays/dtype.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import type { FunctionBuilder, Locals } from '../assembler/module-builder.ts';
import { blockSize, runPipelined, stage } from '../memory/block-pipeline.ts';
import { compileTasks, type TaskRunner, task } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';

/**
 * The number of elements in a task, and in a block that passes through linear memory at a time. A task's loop ends
 * where the next task's begins.
 */
const BLOCK_ELEMENTS = 1 << 17;
const TASK_ELEMENTS = 3 << 11;

/** Emits the loop of a function over the elements of x from byte `start` to byte `end`. */
export type EmitMap = (f: FunctionBuilder, p: Locals<{ readonly [N in 'to' | 'x' | 'start' | 'end']: 'i32' }>) => void;

/** The size of an element in bytes, and the number of bytes past the end that the loop may read and write. */
export interface MapBytes {
  readonly elementBytes: number;
  readonly overrunBytes: number;
}

const unaryTasks = (emit: EmitMap) => ({
  map: task(['to', 'x', 'taskBytes', 'bytes'], (f, p) => {
    const start = f.let(i32.mul(p.task, p.taskBytes));
    const next = f.let(i32.add(start, p.taskBytes));
    const end = f.let(smaller(next, p.bytes));
    emit(f, { to: p.to, x: p.x, start, end });
  }),
});

export class ParallelUnary {
  readonly pool: WorkerPool;
  readonly #bytes: MapBytes;
  readonly #runner: TaskRunner<ReturnType<typeof unaryTasks>, unknown>;

  constructor(pool: WorkerPool, bytes: MapBytes, emit: EmitMap) {
    this.pool = pool;
    this.#bytes = bytes;
    this.#runner = compileTasks(() => unaryTasks(emit), pool);
  }

  /** Fills `out` with the function's values at the elements of a contiguous array. */
  run(x: NdArray, out: Data): void {
    const { heap } = this.pool;
    const mark = heap.mark();
    const to = heap.locate(out);
    if (to === undefined) this.#pass(x, out);
    else this.#map(heap.place(x), to, out.length);
    heap.release(mark);
  }

  #pass(x: NdArray, out: Data): void {
    const { heap, threads } = this.pool;
    const size = blockSize(out.length, BLOCK_ELEMENTS, threads);
    runPipelined(out.length, size, threads, () => {
      const capacity = size + this.#bytes.overrunBytes / this.#bytes.elementBytes;
      const [from, to] = [stage(heap, x, 1, capacity), stage(heap, { data: out, offset: 0 }, 1, capacity)];
      return {
        copyIn: from.copyIn,
        compute: (first, count, overlap) => this.#map(from.pointer(first), to.pointer(first), count, overlap),
        copyOut: to.copyOut,
      };
    });
  }

  #map(x: number, to: number, count: number, overlap?: () => void): void {
    const { elementBytes: bytes } = this.#bytes;
    const values = { to, x, taskBytes: TASK_ELEMENTS * bytes, bytes: count * bytes };
    this.#runner.run('map', Math.ceil(count / TASK_ELEMENTS), values, overlap);
  }
}
