/**
 * The matrix product on pointers, done by a pool: cut into tasks that are rows, columns, or whole products of a batch.
 */

import type { FloatType } from '../assembler/float-vector.ts';
import { i32, smaller } from '../assembler/instructions.ts';
import { ModuleBuilder } from '../assembler/module-builder.ts';
import { defineTasks, TASKS_PER_THREAD, type TaskExports } from '../threads/job-protocol.ts';
import type { ParallelFor, WorkerPool } from '../threads/worker-pool.ts';
import {
  defineProduct,
  type ProductExports,
  type ProductLayout,
  packedBytes,
  productLayout,
  type TileName,
  workBytes,
} from './microkernel.ts';

/** What a task does: packs a part of B, multiplies by a packed B, or packs the B of its own and multiplies by it. */
const PACK = 0;
const MULTIPLY = 1;
const PACK_AND_MULTIPLY = 2;

const names = [
  ...(['kind', 'm', 'n', 'k', 'depth', 'rows', 'columns', 'rowParts', 'columnParts'] as const),
  ...(['a', 'aRowStride', 'aColumnStride', 'aItem', 'b', 'bRowStride', 'bColumnStride', 'bPanel', 'bItem'] as const),
  ...(['c', 'cRowStride', 'cItem', 'base', 'baseRowStride', 'work', 'workBytes'] as const),
] as const;

type Task = { readonly [Name in (typeof names)[number]]: number };

function assembleProductTasks(type: FloatType, tile: TileName): ModuleBuilder {
  const { bytes, panelColumns } = productLayout(type, tile);
  const rowBytes = panelColumns * bytes;
  const module = new ModuleBuilder({ shared: true });
  const { pack, multiply } = defineProduct(module, type, tile);
  defineTasks(module, names, (f, task, thread, p) => {
    const parts = f.let(i32.mul(p.rowParts, p.columnParts));
    const item = f.let(i32.divU(task, parts));
    const part = f.let(i32.remU(task, parts));
    const row = f.let(i32.mul(i32.divU(part, p.columnParts), p.rows));
    const column = f.let(i32.mul(i32.remU(part, p.columnParts), p.columns));
    const rows = f.let(smaller(f.let(i32.sub(p.m, row)), p.rows));
    const columns = f.let(smaller(f.let(i32.sub(p.n, column)), p.columns));
    const panel = f.let(i32.divU(column, panelColumns));
    const b = f.let(i32.add(p.b, i32.mul(item, p.bItem)));
    const work = f.let(i32.add(p.work, i32.mul(thread, p.workBytes)));
    const source = { rowStride: p.bRowStride, columnStride: p.bColumnStride, depth: p.k, width: columns };
    f.if(
      i32.eq(p.kind, PACK),
      () => {
        const from = i32.add(b, i32.mul(column, p.bColumnStride));
        const target = i32.add(p.c, i32.mul(panel, p.cRowStride));
        f.run(pack.call({ ...source, source: from, target, panelStride: p.cRowStride }));
      },
      () => {
        f.set(b, i32.add(b, i32.mul(panel, p.bPanel)));
        f.if(i32.eq(p.kind, PACK_AND_MULTIPLY), () => {
          f.set(p.bPanel, i32.mul(p.k, rowBytes));
          f.run(pack.call({ ...source, source: b, target: work, panelStride: p.bPanel }));
          f.set(p.bRowStride, rowBytes);
          f.set(b, work);
          f.advance(work, i32.mul(i32.divU(i32.add(columns, panelColumns - 1), panelColumns), p.bPanel));
        });
        f.if(p.base, () => f.advance(p.base, i32.add(i32.mul(row, p.baseRowStride), i32.mul(column, bytes))));
        f.run(
          multiply.call({
            ...{ m: rows, n: columns, k: p.k, depth: p.depth },
            a: i32.add(i32.add(p.a, i32.mul(item, p.aItem)), i32.mul(row, p.aRowStride)),
            ...{ aRowStride: p.aRowStride, aColumnStride: p.aColumnStride },
            ...{ b, bStep: p.bRowStride, bPanel: p.bPanel },
            c: i32.add(
              i32.add(p.c, i32.mul(item, p.cItem)),
              i32.add(i32.mul(row, p.cRowStride), i32.mul(column, bytes)),
            ),
            ...{ cRowStride: p.cRowStride, base: p.base, baseRowStride: p.baseRowStride, work },
          }),
        );
      },
    );
  });
  return module;
}

/** Operations of a task at least: taking one costs as much as some hundred. */
const MIN_TASK_OPERATIONS = 1e6;
/** Elements that a task packs at least. */
const MIN_TASK_PACKED_ELEMENTS = 1 << 14;
/** Each task packs its rows of A: they should meet enough columns, and the rows of a tile be full. */
const MIN_TASK_ROWS = 24;

/** A matrix in the memory, as in a batch: `item` bytes from one to the next. */
export interface BatchOperands {
  readonly pointer: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly item: number;
}

/** The kernels of `ProductExports`, in which a pool takes part, and products of a batch. */
export class ParallelProduct implements ProductExports {
  readonly #pool: WorkerPool;
  readonly #layout: ProductLayout;
  readonly #kernels: ProductExports;
  readonly #parallelFor: ParallelFor;

  constructor(pool: WorkerPool, type: FloatType, tile: TileName) {
    this.#pool = pool;
    this.#layout = productLayout(type, tile);
    const module = assembleProductTasks(type, tile).compile();
    const { jobs, exports } = pool.load<ProductExports & TaskExports>(module, names.length);
    this.#parallelFor = jobs;
    this.#kernels = exports;
  }

  get threads(): number {
    return this.#pool.threads;
  }

  pack(
    b: number,
    bRowStride: number,
    bColumnStride: number,
    k: number,
    n: number,
    c: number,
    cRowStride: number,
  ): void {
    const { panelColumns } = this.#layout;
    const tasks = this.#tasks(n * k, MIN_TASK_PACKED_ELEMENTS);
    if (tasks < 2) {
      this.#kernels.pack(b, bRowStride, bColumnStride, k, n, c, cRowStride);
      return;
    }
    const columns = partLength(n, tasks, panelColumns);
    const columnParts = Math.ceil(n / columns);
    this.#run(columnParts, {
      ...idle,
      ...{ kind: PACK, m: 1, n, k, rows: 1, columns, columnParts },
      ...{ b, bRowStride, bColumnStride, c, cRowStride },
    });
  }

  multiply(
    m: number,
    n: number,
    k: number,
    depth: number,
    a: number,
    aRowStride: number,
    aColumnStride: number,
    b: number,
    bRowStride: number,
    bPanel: number,
    c: number,
    cRowStride: number,
    base: number,
    baseRowStride: number,
    work: number,
  ): void {
    const tasks = this.#tasks(2 * m * n * k, MIN_TASK_OPERATIONS);
    if (tasks < 2) {
      // biome-ignore format: three lines of operands
      this.#kernels.multiply(
        m, n, k, depth, a, aRowStride, aColumnStride, b, bRowStride, bPanel, c, cRowStride, base, baseRowStride, work,
      );
      return;
    }
    const { panelRows, panelColumns } = this.#layout;
    const rows = partLength(m, Math.min(tasks, Math.ceil(m / MIN_TASK_ROWS)), panelRows);
    const rowParts = Math.ceil(m / rows);
    const columns = partLength(n, Math.ceil(tasks / rowParts), panelColumns);
    const columnParts = Math.ceil(n / columns);
    this.#work(workBytes(this.#layout, rows, k), rowParts * columnParts, {
      ...{ ...idle, kind: MULTIPLY, m, n, k, depth, rows, columns, rowParts, columnParts },
      ...{ a, aRowStride, aColumnStride, b, bRowStride, bPanel, c, cRowStride, base, baseRowStride },
    });
  }

  /** `count` products of m x k by k x n, each a task. */
  batch(
    count: number,
    m: number,
    n: number,
    k: number,
    depth: number,
    a: BatchOperands,
    b: BatchOperands,
    c: BatchOperands,
  ): void {
    this.#work(packedBytes(this.#layout, k, n) + workBytes(this.#layout, m, k), count, {
      ...{ ...idle, kind: PACK_AND_MULTIPLY, m, n, k, depth, rows: m, columns: n },
      ...{ a: a.pointer, aRowStride: a.rowStride, aColumnStride: a.columnStride, aItem: a.item },
      ...{ b: b.pointer, bRowStride: b.rowStride, bColumnStride: b.columnStride, bItem: b.item },
      ...{ c: c.pointer, cRowStride: c.rowStride, cItem: c.item },
    });
  }

  /** Into how many tasks something is best cut, which is so large and should be no smaller than that. */
  #tasks(size: number, least: number): number {
    return Math.min(TASKS_PER_THREAD * this.#pool.threads, Math.floor(size / least));
  }

  /** Runs tasks with room to work in for each thread. */
  #work(bytes: number, tasks: number, task: Task): void {
    const { heap, threads } = this.#pool;
    const mark = heap.mark();
    const own = (bytes + 127) & -128;
    this.#run(tasks, { ...task, work: heap.reserve(own * threads), workBytes: own });
    heap.release(mark);
  }

  #run(tasks: number, task: Task): void {
    this.#parallelFor.run(
      tasks,
      names.map((name) => task[name]),
    );
  }
}

const idle: Task = {
  ...{ kind: PACK, m: 0, n: 0, k: 0, depth: 0, rows: 0, columns: 0, rowParts: 1, columnParts: 1 },
  ...{ a: 0, aRowStride: 0, aColumnStride: 0, aItem: 0, b: 0, bRowStride: 0, bColumnStride: 0, bPanel: 0, bItem: 0 },
  ...{ c: 0, cRowStride: 0, cItem: 0, base: 0, baseRowStride: 0, work: 0, workBytes: 0 },
};

/** The length of a part where `length` is cut into so many, or fewer, in multiples of `step`. */
const partLength = (length: number, parts: number, step: number): number => Math.ceil(length / parts / step) * step;
