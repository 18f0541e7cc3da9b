/** A function of each element of a large array, done by a pool. */

import type { NdArray } from '../../arrays/array.ts';
import type { Data } from '../../arrays/dtype.ts';
import type { FloatVector } from '../assembler/float-vector.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import { ModuleBuilder } from '../assembler/module-builder.ts';
import { mapVectors, OVERRUN_BYTES, type UnaryFunction } from '../math/vector-function.ts';
import { blockSize, runPipelined, stage } from '../memory/block-pipeline.ts';
import { defineTasks } from '../threads/job-protocol.ts';
import type { ParallelFor, WorkerPool } from '../threads/worker-pool.ts';

/** Elements that pass through the memory at a time, and elements of a task: its loop ends where the next one's begins. */
const BLOCK_ELEMENTS = 1 << 17;
const TASK_ELEMENTS = 3 << 11;

const names = ['to', 'x', 'taskBytes', 'bytes'] as const;

function assembleUnaryTasks(v: FloatVector, emit: UnaryFunction): ModuleBuilder {
  const module = new ModuleBuilder({ shared: true });
  defineTasks(module, names, (f, task, _thread, { to, x, taskBytes, bytes }) => {
    const start = f.let(i32.mul(task, taskBytes));
    const next = f.let(i32.add(start, taskBytes));
    const end = f.let(smaller(next, bytes));
    mapVectors(f, v, emit(f, v), { to, x, start, end });
  });
  return module;
}

export class ParallelUnary {
  readonly pool: WorkerPool;
  readonly #elementBytes: number;
  readonly #parallelFor: ParallelFor;

  constructor(pool: WorkerPool, v: FloatVector, emit: UnaryFunction) {
    this.pool = pool;
    this.#elementBytes = v.laneBytes;
    this.#parallelFor = pool.load(assembleUnaryTasks(v, emit).compile(), names.length).jobs;
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
      const room = size + OVERRUN_BYTES / this.#elementBytes;
      const [from, to] = [stage(heap, x, 1, room), stage(heap, { data: out, offset: 0 }, 1, room)];
      return {
        copyIn: from.copyIn,
        compute: (first, count, overlap) => this.#map(from.pointer(first), to.pointer(first), count, overlap),
        copyOut: to.copyOut,
      };
    });
  }

  #map(from: number, to: number, count: number, overlap?: () => void): void {
    const bytes = this.#elementBytes;
    this.#parallelFor.run(Math.ceil(count / TASK_ELEMENTS), [to, from, TASK_ELEMENTS * bytes, count * bytes], overlap);
  }
}
