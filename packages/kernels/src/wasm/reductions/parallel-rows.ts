/** Reduces the rows of an array in a pool's memory, with the threads of that pool. */

import type { Data } from '../../arrays/dtype.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import type { Func, ModuleBuilder } from '../assembler/module-builder.ts';
import { compileTasks, type TaskRunner, task } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';

/** A function that reduces each row to one number. */
export type RowReduction = Func<{ readonly [N in 'to' | 'x' | 'rows' | 'bytes']: 'i32' }, 'void'>;

/** Least number of elements in a task. */
const TASK_ELEMENTS = 1 << 14;

const reduceTasks = (along: RowReduction, resultBytes: number) => ({
  reduceRows: task(['to', 'x', 'rows', 'bytes', 'height'], (f, p) => {
    const first = f.let(i32.mul(p.task, p.height));
    const rows = smaller(f.let(i32.sub(p.rows, first)), p.height);
    const [to, x] = [i32.add(p.to, i32.mul(first, resultBytes)), i32.add(p.x, i32.mul(first, p.bytes))];
    f.run(along.call({ to, x, rows, bytes: p.bytes }));
  }),
});

export class ParallelRows {
  readonly pool: WorkerPool;
  readonly #resultBytes: number;
  readonly #runner: TaskRunner<ReturnType<typeof reduceTasks>, unknown>;

  /** Each result has `resultBytes` bytes. */
  constructor(pool: WorkerPool, resultBytes: number, define: (module: ModuleBuilder) => RowReduction) {
    this.pool = pool;
    this.#resultBytes = resultBytes;
    this.#runner = compileTasks((module) => reduceTasks(define(module), resultBytes), pool);
  }

  /**
   * Returns the result of each row of an array in the pool's memory. It is a view that is valid until the pool
   * computes something else.
   */
  run(data: Data, offset: number, rows: number, length: number): Data {
    const { heap } = this.pool;
    const { BYTES_PER_ELEMENT: bytes } = data;
    const mark = heap.mark();
    const to = heap.reserve(rows * this.#resultBytes);
    const x = heap.locate(data)! + offset * bytes;
    const height = Math.ceil(TASK_ELEMENTS / length);
    this.#runner.run('reduceRows', Math.ceil(rows / height), { to, x, rows, bytes: length * bytes, height });
    heap.release(mark);
    return heap.window(to, rows, this.#resultBytes);
  }
}
