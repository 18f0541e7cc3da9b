/**
 * The matrix product on typed arrays. Copies the operands into linear memory a part at a time, packs and multiplies
 * them there (see microkernel.ts), and copies the result out.
 */

import { ModuleBuilder } from '../assembler/module-builder.ts';
import { copyElements, SHORT_ELEMENTS } from '../memory/copy-elements.ts';
import type { Heap } from '../memory/heap.ts';
import type { PoolKernels } from '../threads/policy.ts';
import {
  blockDepth,
  defineProduct,
  type ProductExports,
  type ProductFunctions,
  type ProductKernels,
  type ProductLayout,
  productKernels,
  productLayout,
  type TileName,
} from './microkernel.ts';
import type { BatchOperands, ParallelProduct } from './parallel.ts';
import { type ArrayMatrix, copyDense, copyRows, type FloatArray, part, rowsOf, transposed } from './strided-copy.ts';

/** A matrix in the heap with arbitrary strides, in bytes. */
interface HeapMatrix {
  readonly pointer: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Columns of the right operand in the heap, as panels. */
interface Panels {
  readonly pointer: number;
  /** Byte strides between the rows of a panel (`step`), and between panels (`panel`). */
  readonly step: number;
  readonly panel: number;
}

/** Where a result is written in row-major order: an array, from `offset` on. */
export interface ArrayResult<T extends FloatArray = FloatArray> {
  readonly data: T;
  readonly offset: number;
}

/**
 * The term added to a product: `'result'` for the current content of the result, or a matrix whose first row is added
 * to each row.
 */
export type Added<T extends FloatArray = FloatArray> = 'result' | ArrayMatrix<T>;

/** The operands of one product of a batch, and where its result is written. */
export interface ArrayProduct<T extends FloatArray = FloatArray> {
  readonly a: ArrayMatrix<T>;
  readonly b: ArrayMatrix<T>;
  readonly c: ArrayResult<T>;
}

/**
 * The number of elements copied in or out at a time, few enough that they are still in the second-level cache when they
 * are packed.
 */
const STAGED_ELEMENTS = 1 << 18;
/** Number of elements of B packed at a time, and of a batch staged at a time. */
const PACKED_ELEMENTS = 1 << 20;
/** The maximum depth, and the maximum number of columns of C, processed at a time. */
const MAX_BLOCK_LENGTH = 1 << 12;
/** A product whose operands and result each have at most this many elements is computed in one pass. */
const SMALL_ELEMENTS = 1 << 12;
/** With at most this many rows of A, packing B takes longer than it saves. */
const MAX_UNPACKED_ROWS = 8;
/**
 * Least number of staged products per thread for which a batch is divided among threads. A smaller batch is computed
 * one product at a time, each by all threads.
 */
const MIN_BATCH_PER_THREAD = 2;

/**
 * Matrix products of float32 (`'f32'`) or of float64 over a heap.
 *
 * @example
 * const product = new MatrixProduct(new Heap(), 'f32', { tile: bestTile(features().relaxedSimd) });
 * // C = A B^T for A of 2 x 3 and B of 4 x 3, both row after row.
 * product.run(
 *   2, 4, 3,
 *   { data: a, offset: 0, rowStride: 3, columnStride: 1 },
 *   { data: b, offset: 0, rowStride: 1, columnStride: 3 },
 *   { data: c, offset: 0 },
 * );
 */
export class MatrixProduct<T extends FloatArray = FloatArray> {
  readonly #heap: Heap;
  readonly #layout: ProductLayout;
  readonly #kernels: ProductKernels;
  readonly #tasks: ParallelProduct | undefined;

  /**
   * Assembles and compiles the kernels. If `workers` is given, `heap` must be the heap of its pool, and all threads
   * share large products.
   */
  constructor(
    heap: Heap,
    type: T extends Float32Array ? 'f32' : 'f64',
    { tile, workers }: { readonly tile: TileName; readonly workers?: PoolKernels },
  ) {
    this.#heap = heap;
    this.#layout = productLayout(type, tile);
    const define = (module: ModuleBuilder) => defineProduct(module, type, tile);
    this.#tasks = workers && new workers.ParallelProduct(workers.pool, this.#layout, define, productKernels);
    this.#kernels = this.#tasks ?? assembleKernels(heap, define);
  }

  /**
   * Computes C = A B, plus `added`, with A of m x k, B of k x n and C of m x n. Any size may be 0. C must not overlap
   * A or B.
   */
  run(m: number, n: number, k: number, a: ArrayMatrix<T>, b: ArrayMatrix<T>, c: ArrayResult<T>, added?: Added<T>) {
    if (m === 0 || n === 0) return;
    if (k === 0) {
      if (added === undefined) c.data.fill(0, c.offset, c.offset + m * n);
      else if (added !== 'result') copyRows(c.data, c.offset, n, { ...added, rowStride: 0 }, m, n);
      return;
    }
    // Computes a column as the row b^T A^T, which fills the vectors.
    if (n === 1 && m > 1) {
      const column = typeof added === 'object' ? { ...added, columnStride: 0 } : added;
      this.run(1, m, k, transposed(b), transposed(a), c, column);
      return;
    }
    const depth = blockDepth(k);
    if (depth === k && Math.max(m * k, k * n, m * n) <= SMALL_ELEMENTS) {
      this.#multiplySmall(m, n, k, a, b, c, added);
      return;
    }
    const slab = k <= MAX_BLOCK_LENGTH ? k : Math.floor(MAX_BLOCK_LENGTH / depth) * depth;
    for (let start = 0; start < k; start += slab) {
      const [left, right] = [part(a, 0, start), part(b, start, 0)];
      this.#multiply(m, n, Math.min(slab, k - start), depth, left, right, c, start > 0 ? 'result' : added);
    }
  }

  /**
   * Computes several products of m x k by k x n, whose corresponding operands have the same layout. With a pool,
   * small products are computed in groups, each product by one thread.
   */
  runEach(m: number, n: number, k: number, products: readonly ArrayProduct<T>[]): void {
    const tasks = this.#tasks;
    const together = Math.min(products.length, Math.floor(PACKED_ELEMENTS / Math.max(1, m * k + k * n + m * n)));
    if (
      tasks === undefined ||
      together < MIN_BATCH_PER_THREAD * tasks.threads ||
      n < 2 ||
      k === 0 ||
      k > MAX_BLOCK_LENGTH
    ) {
      for (const { a, b, c } of products) this.run(m, n, k, a, b, c);
      return;
    }
    for (let i = 0; i < products.length; i += together) {
      const some = products.slice(i, i + together);
      const mark = this.#heap.mark();
      const [left, right] = [some.map(({ a }) => a), some.map(({ b }) => b)];
      const [a, b] = [this.#placeEach(left, m, k), this.#placeEach(right, k, n)];
      const [length, { bytes }] = [m * n, this.#layout];
      const pointer = this.#heap.reserve(some.length * length * bytes);
      const result = { pointer, rowStride: n * bytes, columnStride: bytes, item: length * bytes };
      tasks.batch(some.length, { m, n, k, depth: blockDepth(k) }, { a, b, c: result });
      for (const [j, { c }] of some.entries()) {
        copyRows(c.data, c.offset, n, rowsOf(this.#view(), pointer / bytes + j * length, n), m, n);
      }
      this.#heap.release(mark);
    }
  }

  /** Packs B, of k x n, onto the stack. */
  #pack(b: ArrayMatrix<T>, k: number, n: number): Panels {
    const { bytes, panelColumns } = this.#layout;
    const pointer = this.#heap.reserve(this.#layout.packedBytes(k, n));
    const [step, panel] = [panelColumns * bytes, k * panelColumns * bytes];
    // Copies contiguous pieces of the array if possible: whole columns if columns are contiguous, otherwise whole rows.
    const byColumns = b.rowStride === 1;
    const rows = Math.min(k, byColumns ? STAGED_ELEMENTS / panelColumns : Math.max(1, Math.floor(STAGED_ELEMENTS / n)));
    const columns = byColumns ? Math.floor(STAGED_ELEMENTS / rows / panelColumns) * panelColumns : n;
    for (let row = 0; row < k; row += rows) {
      for (let column = 0; column < n; column += columns) {
        const mark = this.#heap.mark();
        const [depth, width] = [Math.min(rows, k - row), Math.min(columns, n - column)];
        const piece = this.#place(b, row, column, depth, width);
        const at = pointer + row * step + (column / panelColumns) * panel;
        const { pointer: source, rowStride, columnStride } = piece;
        this.#kernels.pack({ source, rowStride, columnStride, depth, width, target: at, panelStride: panel });
        this.#heap.release(mark);
      }
    }
    return { pointer, step, panel };
  }

  /**
   * Multiplies small arrays in one pass, with the same steps as `#multiply`. Everything fits in the first-level cache,
   * so B is packed only if its columns are contiguous.
   */
  #multiplySmall(
    m: number,
    n: number,
    k: number,
    a: ArrayMatrix<T>,
    b: ArrayMatrix<T>,
    { data, offset }: ArrayResult<T>,
    added: Added<T> | undefined,
  ): void {
    const heap = this.#heap;
    const { bytes, panelColumns } = this.#layout;
    const mark = heap.mark();
    const [left, right, to] = [heap.reserve(m * k * bytes), heap.reserve(k * n * bytes), heap.reserve(m * n * bytes)];
    const work = heap.reserve(this.#layout.workBytes(m, k));
    const base = this.#base(added, 0, n) ?? to;
    const view = this.#view();
    if (added === 'result') view.set(data.subarray(offset, offset + m * n), to / bytes);
    const [aDown, bDown] = [copyDense(view, left / bytes, a, m, k), copyDense(view, right / bytes, b, k, n)];
    const rowBytes = panelColumns * bytes;
    let [panels, step, panel] = [right, n * bytes, rowBytes];
    if (bDown) {
      [panels, step, panel] = [heap.reserve(this.#layout.packedBytes(k, n)), rowBytes, k * rowBytes];
      this.#kernels.pack({
        source: right,
        rowStride: bytes,
        columnStride: k * bytes,
        depth: k,
        width: n,
        target: panels,
        panelStride: panel,
      });
    }
    this.#kernels.multiply({
      m,
      n,
      k,
      depth: k,
      a: left,
      aRowStride: aDown ? bytes : k * bytes,
      aColumnStride: aDown ? m * bytes : bytes,
      b: panels,
      bStep: step,
      bPanel: panel,
      c: to,
      cRowStride: n * bytes,
      base,
      baseRowStride: base === to ? n * bytes : 0,
      work,
    });
    if (m * n <= SHORT_ELEMENTS) copyElements(data, offset, this.#view(), to / bytes, m * n);
    else data.set(heap.window(to, m * n, bytes), offset);
    heap.release(mark);
  }

  /**
   * Computes a product of limited depth: packs panels of B for some columns of C at a time, then computes some rows
   * of C at a time.
   */
  #multiply(
    m: number,
    n: number,
    k: number,
    depth: number,
    a: ArrayMatrix<T>,
    b: ArrayMatrix<T>,
    c: ArrayResult<T>,
    added: Added<T> | undefined,
  ): void {
    const heap = this.#heap;
    const { bytes, panelColumns } = this.#layout;
    const columns = Math.min(n, MAX_BLOCK_LENGTH, Math.floor(PACKED_ELEMENTS / k / panelColumns) * panelColumns);
    const rows = Math.min(m, Math.max(1, Math.floor(STAGED_ELEMENTS / Math.max(k, columns))));
    for (let column = 0; column < n; column += columns) {
      const width = Math.min(columns, n - column);
      const outer = heap.mark();
      const right = this.#panels(part(b, 0, column), m, k, width);
      const base = this.#base(added, column, width);
      for (let row = 0; row < m; row += rows) {
        const height = Math.min(rows, m - row);
        const inner = heap.mark();
        const left = this.#place(a, row, 0, height, k);
        const at = c.offset + row * n + column;
        const start = heap.locate(c.data);
        if (start !== undefined) {
          const to = start + at * bytes;
          this.#compute(height, width, k, depth, left, right, to, n, base ?? to);
        } else {
          const to = heap.reserve(height * width * bytes);
          if (added === 'result') copyRows(this.#view(), to / bytes, width, rowsOf(c.data, at, n), height, width);
          this.#compute(height, width, k, depth, left, right, to, width, base ?? to);
          copyRows(c.data, at, n, rowsOf(this.#view(), to / bytes, width), height, width);
        }
        heap.release(inner);
      }
      heap.release(outer);
    }
  }

  /**
   * Returns the address of the row that is added to every row of the product, for some of its columns. Returns 0 if no
   * row is added, and `undefined` if the product is added to the result's current content.
   */
  #base(added: Added<T> | undefined, column: number, width: number): number | undefined {
    if (added === 'result') return undefined;
    return added === undefined ? 0 : this.#copied(part(added, 0, column), 1, width).pointer;
  }

  /**
   * Multiplies operands in the heap. Consecutive rows of the result are `row` elements apart. Adds the rows at `base`
   * to the product: the result's own rows, or one row for all. If `base` is 0, adds nothing.
   */
  #compute(
    m: number,
    n: number,
    k: number,
    depth: number,
    a: HeapMatrix,
    b: Panels,
    to: number,
    row: number,
    base: number,
  ): void {
    const toRowStride = row * this.#layout.bytes;
    const work = this.#heap.reserve(this.#layout.workBytes(m, k));
    this.#kernels.multiply({
      m,
      n,
      k,
      depth,
      a: a.pointer,
      aRowStride: a.rowStride,
      aColumnStride: a.columnStride,
      b: b.pointer,
      bStep: b.step,
      bPanel: b.panel,
      c: to,
      cRowStride: toRowStride,
      base,
      baseRowStride: base === to ? toRowStride : 0,
      work,
    });
  }

  /**
   * Returns the panels of B, a matrix of k x n. B is packed unless A has only a few rows; then the rows of B are used
   * in place.
   */
  #panels(b: ArrayMatrix<T>, m: number, k: number, n: number): Panels {
    if (m > MAX_UNPACKED_ROWS || b.rowStride <= 0 || b.columnStride !== 1) return this.#pack(b, k, n);
    const { bytes, panelColumns } = this.#layout;
    const { pointer, rowStride } = this.#place(b, 0, 0, k, n);
    return { pointer, step: rowStride, panel: panelColumns * bytes };
  }

  /**
   * Returns a part of the matrix of `rows` x `columns`, in place if it is in the heap, otherwise copied onto the
   * stack.
   */
  #place(matrix: ArrayMatrix<T>, row: number, column: number, rows: number, columns: number): HeapMatrix {
    const piece = part(matrix, row, column);
    const start = this.#heap.locate(piece.data);
    if (start === undefined) return this.#copied(piece, rows, columns);
    const { bytes } = this.#layout;
    const { offset, rowStride, columnStride } = piece;
    return { pointer: start + offset * bytes, rowStride: rowStride * bytes, columnStride: columnStride * bytes };
  }

  /** Copies the matrix of `rows` x `columns` onto the stack. */
  #copied(matrix: ArrayMatrix<T>, rows: number, columns: number): HeapMatrix {
    return this.#copyIn(matrix, rows, columns, this.#heap.reserve(rows * columns * this.#layout.bytes));
  }

  /**
   * Copies matrices of `rows` x `columns` onto the stack, one after another. If all are the same matrix, copies it
   * once.
   */
  #placeEach(matrices: readonly ArrayMatrix<T>[], rows: number, columns: number): BatchOperands {
    const [first] = matrices as [ArrayMatrix<T>];
    const same = matrices.every(({ data, offset }) => data === first.data && offset === first.offset);
    const item = rows * columns * this.#layout.bytes;
    const pointer = this.#heap.reserve(same ? item : item * matrices.length);
    const placed = this.#copyIn(first, rows, columns, pointer);
    if (same) return { ...placed, item: 0 };
    for (const [i, matrix] of matrices.entries()) this.#copyIn(matrix, rows, columns, pointer + i * item);
    return { ...placed, item };
  }

  #copyIn(matrix: ArrayMatrix<T>, rows: number, columns: number, pointer: number): HeapMatrix {
    const { bytes } = this.#layout;
    return copyDense(this.#view(), pointer / bytes, matrix, rows, columns)
      ? { pointer, rowStride: bytes, columnStride: rows * bytes }
      : { pointer, rowStride: columns * bytes, columnStride: bytes };
  }

  #view(): FloatArray {
    return this.#layout.type === 'f32' ? this.#heap.f32 : this.#heap.f64;
  }
}

/** Assembles the kernels of this thread over a heap. */
function assembleKernels(heap: Heap, define: (module: ModuleBuilder) => ProductFunctions): ProductKernels {
  const module = new ModuleBuilder({ shared: heap.shared });
  define(module);
  return productKernels(module.instantiate<ProductExports>(heap.memory));
}
