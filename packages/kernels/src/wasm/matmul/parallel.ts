/**
 * The matrix product on a worker pool, divided into tasks: rows and columns of one product, or whole products of a
 * batch.
 */

import { i32, smaller } from '../assembler/instructions.ts';
import type { ModuleBuilder } from '../assembler/module-builder.ts';
import { TASKS_PER_THREAD } from '../threads/job-protocol.ts';
import { compileTasks, type TaskRunner, task } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type {
  MultiplyArguments,
  ProductExports,
  ProductFunctions,
  ProductKernels,
  ProductLayout,
} from './microkernel.ts';
import type { PackArguments } from './pack.ts';

const packNames = [
  'source',
  'rowStride',
  'columnStride',
  'depth',
  'width',
  'target',
  'panelStride',
  'columns',
] as const;

const multiplyNames = [
  ...(['m', 'n', 'k', 'depth', 'rows', 'columns', 'columnParts', 'a', 'aRowStride', 'aColumnStride'] as const),
  ...(['b', 'bStep', 'bPanel', 'c', 'cRowStride', 'base', 'baseRowStride', 'work', 'workBytes'] as const),
] as const;

const batchNames = [
  ...(['m', 'n', 'k', 'depth', 'a', 'aRowStride', 'aColumnStride', 'aItem'] as const),
  ...(['b', 'bRowStride', 'bColumnStride', 'bItem', 'c', 'cRowStride', 'cItem', 'work', 'workBytes'] as const),
] as const;

function productTasks({ bytes, panelColumns }: ProductLayout, { pack, multiply }: ProductFunctions) {
  return {
    /** Packs some columns of B. */
    packColumns: task(packNames, (f, p) => {
      const column = f.let(i32.mul(p.task, p.columns));
      const width = smaller(f.let(i32.sub(p.width, column)), p.columns);
      const source = i32.add(p.source, i32.mul(column, p.columnStride));
      const target = i32.add(p.target, i32.mul(i32.divU(column, panelColumns), p.panelStride));
      f.run(pack.call({ ...p, source, width, target }));
    }),

    /** Computes some rows and columns of C from a packed B. */
    multiplyPart: task(multiplyNames, (f, p) => {
      const row = f.let(i32.mul(i32.divU(p.task, p.columnParts), p.rows));
      const column = f.let(i32.mul(i32.remU(p.task, p.columnParts), p.columns));
      const m = f.let(smaller(f.let(i32.sub(p.m, row)), p.rows));
      const n = f.let(smaller(f.let(i32.sub(p.n, column)), p.columns));
      f.if(p.base, () => f.advance(p.base, i32.add(i32.mul(row, p.baseRowStride), i32.mul(column, bytes))));
      f.run(
        multiply.call({
          ...p,
          m,
          n,
          a: i32.add(p.a, i32.mul(row, p.aRowStride)),
          b: i32.add(p.b, i32.mul(i32.divU(column, panelColumns), p.bPanel)),
          c: i32.add(p.c, i32.add(i32.mul(row, p.cRowStride), i32.mul(column, bytes))),
          work: i32.add(p.work, i32.mul(p.thread, p.workBytes)),
        }),
      );
    }),

    /** Computes one product of a batch: packs its B into the thread's scratch memory and multiplies by it. */
    multiplyItem: task(batchNames, (f, p) => {
      const packed = f.let(i32.add(p.work, i32.mul(p.thread, p.workBytes)));
      const bPanel = f.let(i32.mul(p.k, panelColumns * bytes));
      const panels = i32.divU(i32.add(p.n, panelColumns - 1), panelColumns);
      const source = i32.add(p.b, i32.mul(p.task, p.bItem));
      const strides = { rowStride: p.bRowStride, columnStride: p.bColumnStride };
      f.run(pack.call({ ...strides, source, depth: p.k, width: p.n, target: packed, panelStride: bPanel }));
      f.run(
        multiply.call({
          ...p,
          a: i32.add(p.a, i32.mul(p.task, p.aItem)),
          b: packed,
          bStep: panelColumns * bytes,
          bPanel,
          c: i32.add(p.c, i32.mul(p.task, p.cItem)),
          base: 0,
          baseRowStride: 0,
          work: i32.add(packed, i32.mul(panels, bPanel)),
        }),
      );
    }),
  };
}

/** Least number of operations in a task; taking a task costs as much as some hundred operations. */
const MIN_TASK_OPERATIONS = 1e6;
/** Least number of elements that a task packs. */
const MIN_TASK_PACKED_ELEMENTS = 1 << 14;
/**
 * The minimum number of rows in a task. Each task packs its rows of A, which pays off only with enough rows to fill the
 * tile.
 */
const MIN_TASK_ROWS = 24;

/** The matrices of a batch in linear memory, each `item` bytes after the previous one. */
export interface BatchOperands {
  readonly pointer: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly item: number;
}

/** `ProductKernels` on a worker pool, and products of a batch. */
export class ParallelProduct implements ProductKernels {
  readonly #layout: ProductLayout;
  readonly #runner: TaskRunner<ReturnType<typeof productTasks>, ProductExports>;
  readonly #kernels: ProductKernels;

  /**
   * @param define adds the functions of a product to a module
   * @param kernelsOf wraps a module's functions to take named arguments
   */
  constructor(
    pool: WorkerPool,
    layout: ProductLayout,
    define: (module: ModuleBuilder) => ProductFunctions,
    kernelsOf: (exports: ProductExports) => ProductKernels,
  ) {
    this.#layout = layout;
    this.#runner = compileTasks((module) => productTasks(layout, define(module)), pool);
    this.#kernels = kernelsOf(this.#runner.exports);
  }

  get threads(): number {
    return this.#runner.threads;
  }

  pack(p: PackArguments): void {
    const tasks = this.#tasks(p.width * p.depth, MIN_TASK_PACKED_ELEMENTS);
    if (tasks < 2) {
      this.#kernels.pack(p);
      return;
    }
    const columns = partLength(p.width, tasks, this.#layout.panelColumns);
    this.#runner.run('packColumns', Math.ceil(p.width / columns), { ...p, columns });
  }

  multiply(p: MultiplyArguments): void {
    const { m, n, k } = p;
    const tasks = this.#tasks(2 * m * n * k, MIN_TASK_OPERATIONS);
    if (tasks < 2) {
      this.#kernels.multiply(p);
      return;
    }
    const { panelRows, panelColumns } = this.#layout;
    const rows = partLength(m, Math.min(tasks, Math.ceil(m / MIN_TASK_ROWS)), panelRows);
    const rowParts = Math.ceil(m / rows);
    const columns = partLength(n, Math.ceil(tasks / rowParts), panelColumns);
    const columnParts = Math.ceil(n / columns);
    this.#withScratch(this.#layout.workBytes(rows, k), (scratch) =>
      this.#runner.run('multiplyPart', rowParts * columnParts, { ...p, rows, columns, columnParts, ...scratch }),
    );
  }

  /** Computes `count` products of m x k by k x n, each as one task. */
  batch(
    count: number,
    { m, n, k, depth }: { readonly m: number; readonly n: number; readonly k: number; readonly depth: number },
    { a, b, c }: { readonly [Name in 'a' | 'b' | 'c']: BatchOperands },
  ): void {
    this.#withScratch(this.#layout.packedBytes(k, n) + this.#layout.workBytes(m, k), (scratch) =>
      this.#runner.run('multiplyItem', count, {
        m,
        n,
        k,
        depth,
        ...scratch,
        a: a.pointer,
        aRowStride: a.rowStride,
        aColumnStride: a.columnStride,
        aItem: a.item,
        b: b.pointer,
        bRowStride: b.rowStride,
        bColumnStride: b.columnStride,
        bItem: b.item,
        c: c.pointer,
        cRowStride: c.rowStride,
        cItem: c.item,
      }),
    );
  }

  /** Returns the number of tasks for a job of a given size, so that each has at least the size `least`. */
  #tasks(size: number, least: number): number {
    return Math.min(TASKS_PER_THREAD * this.threads, Math.floor(size / least));
  }

  /** Reserves scratch memory for each thread while `run` runs. */
  #withScratch(bytes: number, run: (scratch: { readonly work: number; readonly workBytes: number }) => void): void {
    const { heap, threads } = this.#runner;
    const mark = heap.mark();
    const workBytes = (bytes + 127) & -128;
    run({ work: heap.reserve(workBytes * threads), workBytes });
    heap.release(mark);
  }
}

/** Returns the length of a part, a multiple of `step`, that divides `length` into at most `parts` parts. */
const partLength = (length: number, parts: number, step: number): number => Math.ceil(length / parts / step) * step;
