/** A function of two arrays, element by element, whose result lies in the memory of a crew, done by the crew there. */

import type { Data } from '../dtype.ts';
import type { Func, ModuleBuilder } from './assembler.ts';
import type { Crew } from './crew.ts';
import { i32, smaller } from './instructions.ts';
import type { RowOperand, Rows } from './rows.ts';
import { employ, kind, type Workforce } from './task-kinds.ts';

/** Elements of a task, about. */
const TASK = 1 << 14;

export type RowParameters = { readonly [N in 'to' | 'x' | 'y' | 'rows' | 'bytes' | 'xRow' | 'yRow']: 'i32' };

/** The loops along rows of two operands: both run along them, or one of them has an entry for each row. */
export type RowFunctions = { readonly [Name in 'both' | 'left' | 'right']: Func<RowParameters, 'void'> };

const names = ['to', 'end', 'toStep', 'x', 'xStep', 'xRow', 'y', 'yStep', 'yRow', 'rows', 'bytes'] as const;

/** Tasks lie some bytes apart, and the last may have less to do. */
const rowsKind = (along: Func<RowParameters, 'void'>) =>
  kind(names, (f, p) => {
    f.advance(p.to, i32.mul(p.task, p.toStep));
    f.advance(p.x, i32.mul(p.task, p.xStep));
    f.advance(p.y, i32.mul(p.task, p.yStep));
    const left = f.let(i32.sub(p.end, p.to));
    f.set(p.bytes, smaller(left, p.bytes));
    f.set(p.rows, smaller(f.let(i32.divU(left, p.bytes)), p.rows));
    f.run(along.call(p));
  });

const rowsKinds = ({ both, left, right }: RowFunctions) => ({
  shareBoth: rowsKind(both),
  shareLeft: rowsKind(left),
  shareRight: rowsKind(right),
});

/** How many tasks, how far apart their results are, and what each does. */
interface Tasks {
  readonly tasks: number;
  readonly toStep: number;
  readonly rows: number;
  readonly bytes: number;
}

export class BinaryTasks {
  readonly crew: Crew;
  readonly #force: Workforce<ReturnType<typeof rowsKinds>, unknown>;

  constructor(crew: Crew, define: (module: ModuleBuilder) => RowFunctions) {
    this.crew = crew;
    this.#force = employ((module) => rowsKinds(define(module)), crew);
  }

  /**
   * Fills `out`, which lies in the crew's memory, from operands that were laid out in rows. Where the rows can't be shared,
   * it does nothing and returns `false`.
   */
  run({ blocks, rows, length, operands }: Rows, out: Data): boolean {
    const { BYTES_PER_ELEMENT: each } = out;
    const bytes = length * each;
    if (blocks * rows === 1) {
      const part = { tasks: Math.ceil(length / TASK), toStep: TASK * each, rows, bytes: TASK * each };
      this.#share(operands, out, part, ({ step }) => step * TASK);
      return true;
    }
    // The loop along a row ends with a whole vector, and what lies behind a task's last row may have been computed already.
    const isWhole = bytes % 16 === 0;
    if (blocks > 1) {
      if (!isWhole) return false;
      const part = { tasks: blocks, toStep: rows * bytes, rows, bytes };
      this.#share(operands, out, part, ({ blockStep }) => blockStep);
    } else {
      const height = isWhole ? Math.ceil(TASK / length) : rows;
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
    const { heap } = this.crew;
    const { BYTES_PER_ELEMENT: bytes } = out;
    const [left, right] = operands as [RowOperand, RowOperand];
    const mark = heap.mark();
    const to = heap.locate(out)!;
    this.#force.run(left.step === right.step ? 'shareBoth' : left.step === 1 ? 'shareLeft' : 'shareRight', tasks, {
      ...{ ...part, to, end: to + out.byteLength },
      ...{ x: heap.place(left.array), xStep: stepOf(left) * bytes, xRow: left.rowStep * bytes },
      ...{ y: heap.place(right.array), yStep: stepOf(right) * bytes, yRow: right.rowStep * bytes },
    });
    heap.release(mark);
  }
}
