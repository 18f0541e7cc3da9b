/** Applies a function to two arrays elementwise, on a pool whose memory holds the result. */

import type { Data } from '../../arrays/dtype.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import type { Func, ModuleBuilder } from '../assembler/module-builder.ts';
import { compileTasks, type TaskRunner, task } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { RowOperand, Rows } from './operand-rows.ts';

/** Approximate number of elements in a task. */
const TASK_ELEMENTS = 1 << 14;

export type RowParameters = { readonly [N in 'to' | 'x' | 'y' | 'rows' | 'bytes' | 'xRow' | 'yRow']: 'i32' };

/** The loops along rows of two operands: both run along the rows, or one of them has one element per row. */
export type RowFunctions = { readonly [Name in 'both' | 'left' | 'right']: Func<RowParameters, 'void'> };

const names = ['to', 'end', 'toStep', 'x', 'xStep', 'xRow', 'y', 'yStep', 'yRow', 'rows', 'bytes'] as const;

/**
 * Makes a task that computes some rows. The rows of consecutive tasks are a fixed number of bytes apart, and the last
 * task may have fewer rows.
 */
const rowsTask = (along: Func<RowParameters, 'void'>) =>
  task(names, (f, p) => {
    f.advance(p.to, i32.mul(p.task, p.toStep));
    f.advance(p.x, i32.mul(p.task, p.xStep));
    f.advance(p.y, i32.mul(p.task, p.yStep));
    const left = f.let(i32.sub(p.end, p.to));
    f.set(p.bytes, smaller(left, p.bytes));
    f.set(p.rows, smaller(f.let(i32.divU(left, p.bytes)), p.rows));
    f.run(along.call(p));
  });

const rowsTasks = ({ both, left, right }: RowFunctions) => ({
  shareBoth: rowsTask(both),
  shareLeft: rowsTask(left),
  shareRight: rowsTask(right),
});

/**
 * The division of the work: the number of tasks, the step in bytes between their results, and the rows and bytes of
 * each.
 */
interface Tasks {
  readonly tasks: number;
  readonly toStep: number;
  readonly rows: number;
  readonly bytes: number;
}

export class ParallelBinary {
  readonly pool: WorkerPool;
  readonly #runner: TaskRunner<ReturnType<typeof rowsTasks>, unknown>;

  constructor(pool: WorkerPool, define: (module: ModuleBuilder) => RowFunctions) {
    this.pool = pool;
    this.#runner = compileTasks((module) => rowsTasks(define(module)), pool);
  }

  /**
   * Fills `out`, which is in the pool's memory, from operands laid out in rows. If the rows can't be divided among
   * threads, does nothing and returns `false`.
   */
  run({ blocks, rows, length, operands }: Rows, out: Data): boolean {
    const { BYTES_PER_ELEMENT: each } = out;
    const bytes = length * each;
    if (blocks * rows === 1) {
      const part = {
        tasks: Math.ceil(length / TASK_ELEMENTS),
        toStep: TASK_ELEMENTS * each,
        rows,
        bytes: TASK_ELEMENTS * each,
      };
      this.#share(operands, out, part, ({ step }) => step * TASK_ELEMENTS);
      return true;
    }
    // The loop along a row writes whole vectors, and the elements past a task's last row may have been computed
    // already.
    const isWhole = bytes % 16 === 0;
    if (blocks > 1) {
      if (!isWhole) return false;
      const part = { tasks: blocks, toStep: rows * bytes, rows, bytes };
      this.#share(operands, out, part, ({ blockStep }) => blockStep);
    } else {
      const height = isWhole ? Math.ceil(TASK_ELEMENTS / length) : rows;
      const part = { tasks: Math.ceil(rows / height), toStep: height * bytes, rows: height, bytes };
      this.#share(operands, out, part, ({ rowStep }) => rowStep * height);
    }
    return true;
  }

  #share(
    operands: readonly RowOperand[],
    out: Data,
    { tasks, ...part }: Tasks,
    stepOf: (operand: RowOperand) => number,
  ): void {
    const { heap } = this.pool;
    const { BYTES_PER_ELEMENT: bytes } = out;
    const [left, right] = operands as [RowOperand, RowOperand];
    const mark = heap.mark();
    const to = heap.locate(out)!;
    this.#runner.run(left.step === right.step ? 'shareBoth' : left.step === 1 ? 'shareLeft' : 'shareRight', tasks, {
      ...part,
      to,
      end: to + out.byteLength,
      x: heap.place(left.array),
      xStep: stepOf(left) * bytes,
      xRow: left.rowStep * bytes,
      y: heap.place(right.array),
      yStep: stepOf(right) * bytes,
      yRow: right.rowStep * bytes,
    });
    heap.release(mark);
  }
}
