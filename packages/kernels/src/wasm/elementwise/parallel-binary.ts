/** A function of two arrays, element by element, whose result lies in the memory of a pool, done by the pool there. */

import type { Data } from '../../arrays/dtype.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import type { Func, ModuleBuilder } from '../assembler/module-builder.ts';
import { compileTasks, type TaskRunner, task } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { RowOperand, Rows } from './operand-rows.ts';

/** Elements of a task, about. */
const TASK_ELEMENTS = 1 << 14;

export type RowParameters = { readonly [N in 'to' | 'x' | 'y' | 'rows' | 'bytes' | 'xRow' | 'yRow']: 'i32' };

/** The loops along rows of two operands: both run along them, or one of them has an entry for each row. */
export type RowFunctions = { readonly [Name in 'both' | 'left' | 'right']: Func<RowParameters, 'void'> };

const names = ['to', 'end', 'toStep', 'x', 'xStep', 'xRow', 'y', 'yStep', 'yRow', 'rows', 'bytes'] as const;

/** Tasks lie some bytes apart, and the last may have less to do. */
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

/** How many tasks, how far apart their results are, and what each does. */
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
   * Fills `out`, which lies in the pool's memory, from operands that were laid out in rows. Where the rows can't be shared,
   * it does nothing and returns `false`.
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
    // The loop along a row ends with a whole vector, and what lies behind a task's last row may have been computed already.
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
