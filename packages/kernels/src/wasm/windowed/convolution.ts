/**
 * Convolutions over one or two axes: images pass through linear memory in blocks, where they are laid out and
 * multiplied.
 */

import { empty, NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { type Data, type FloatDType, newData } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import type { Convolution } from '../../primitives.ts';
import { laneTypes } from '../assembler/float-vector.ts';
import { BLOCK_ROWS, blockDepth, type ProductLayout, productLayout, type TileName } from '../matmul/microkernel.ts';
import { type BlockStage, blockSize, runPipelined, type StagedItems, stage } from '../memory/block-pipeline.ts';
import type { Heap } from '../memory/heap.ts';
import { TASKS_PER_THREAD } from '../threads/job-protocol.ts';
import { compileTasks, type TaskRunner } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { type ConvolutionExports, convolutionTasks } from './convolution-kernels.ts';
import { distances, isPlain, type Maps, mapsOf, sizesOf } from './geometry.ts';
import { inputLayout, positionsLayout } from './layout.ts';
import { type Images, laidOutAt, type Multiplication, type Weight } from './operands.ts';
import { gathered, transposed } from './weight-layout.ts';

/**
 * Bytes of images processed at a time. On one thread, these should stay in the second-level cache; on several, all
 * threads should have work.
 */
const SINGLE_THREAD_BYTES = 1 << 19;
const MULTI_THREAD_BYTES = 1 << 23;
/** Number of bytes that a task clears. */
const CLEAR_TASK_BYTES = 1 << 16;
/** The size in bytes of a task's product, small enough that it is still in the second-level cache when it is copied. */
const PRODUCT_TASK_BYTES = 1 << 18;
/**
 * The number of positions processed at a time. A single long row is split into rows of this length, which are grouped
 * into bands.
 */
const MAX_ROW_POSITIONS = 1 << 11;

/** Convolutions of one float type. Arrays must not be empty. */
export class Convolutions {
  readonly #layout: ProductLayout;
  readonly #runner: TaskRunner<ReturnType<typeof convolutionTasks>, ConvolutionExports>;

  /** With a pool, uses the pool's memory and all its threads. */
  constructor(by: WorkerPool | Heap, dtype: FloatDType, tile: TileName) {
    const type = laneTypes[dtype];
    this.#layout = productLayout(type, tile);
    this.#runner = compileTasks((module) => convolutionTasks(module, type, tile), by);
  }

  conv(x: NdArray, w: NdArray, of: Convolution, shape: Shape): NdArray {
    const { images, groups, inputs, outputs, y: down, x: across } = sizesOf(x.shape, w.shape, of);
    const [y, x1] = [inputLayout(down), inputLayout(across)];
    const maps = mapsOf(groups * inputs, down.length, across.length, y.axis, x1.axis);
    const k = inputs * down.size * across.size;
    const positions = down.positions * across.positions;
    const perImage = groups * outputs * positions;
    const source = contiguous(x);
    const out = empty(shape, x.dtype);
    this.#inBlocks(images, maps.planes * (maps.plane + maps.laid) + perImage, (atOnce) => {
      const weight = this.#packWeight(dataOf(w), groups, outputs, k);
      const list = this.#list(distances(inputs, maps, y.taps, x1.taps));
      return () => {
        const from = this.#images(source, maps, atOnce);
        const to = this.#stage(out, perImage, atOnce);
        const product = {
          weight,
          groups,
          rows: down.positions,
          columns: across.positions,
          row: x1.axis.length,
          from,
          list,
          to,
          toStart: 0,
          toImage: perImage,
          toPlane: positions,
          toRow: across.positions,
          toStep: 1,
        };
        return {
          copyIn: from.dense.copyIn,
          compute: (first, count, overlap) => {
            this.#lay(from, first, count);
            this.#multiply(first, count, product, overlap);
          },
          copyOut: to.copyOut,
        };
      };
    });
    return out;
  }

  convInput(g: NdArray, w: NdArray, of: Convolution, shape: Shape): NdArray {
    const { images, groups, inputs, outputs, y: down, x: across } = sizesOf(shape, w.shape, of);
    const [y, x1] = [positionsLayout(down), positionsLayout(across)];
    const maps = mapsOf(groups * outputs, down.positions, across.positions, y.axis, x1.axis);
    const plane = down.length * across.length;
    const perImage = groups * inputs * plane;
    const source = contiguous(g);
    const elements = dataOf(w);
    const out = empty(shape, g.dtype);
    this.#inBlocks(images, maps.planes * (maps.plane + maps.laid) + perImage, (atOnce) => {
      const parts = y.phases.flatMap((vertical) =>
        x1.phases.map((horizontal) => ({
          vertical,
          horizontal,
          weight: this.#packWeight(
            gathered(
              elements,
              groups,
              outputs,
              inputs,
              down.size * across.size,
              vertical.taps.flatMap((v) => horizontal.taps.map((h) => v.entry * across.size + h.entry)),
            ),
            groups,
            inputs,
            outputs * vertical.taps.length * horizontal.taps.length,
          ),
          list: this.#list(distances(outputs, maps, vertical.taps, horizontal.taps)),
        })),
      );
      const reached = parts.reduce(
        (sum, { vertical, horizontal, weight }) => sum + (weight.k > 0 ? vertical.count * horizontal.count : 0),
        0,
      );
      return () => {
        const from = this.#images(source, maps, atOnce);
        const to = this.#stage(out, perImage, atOnce);
        const products = parts.map(({ vertical, horizontal, weight, list }) => ({
          weight,
          groups,
          rows: vertical.count,
          columns: horizontal.count,
          row: x1.axis.length,
          from,
          list,
          to,
          toStart: vertical.from * across.length + horizontal.from,
          toImage: perImage,
          toPlane: plane,
          toRow: down.stride * across.length,
          toStep: across.stride,
        }));
        return {
          copyIn: from.dense.copyIn,
          compute: (first, count, overlap) => {
            this.#lay(from, first, count);
            if (reached < plane) this.#clear(to.pointer(first), count * perImage);
            for (const product of products) this.#multiply(first, count, product, overlap);
          },
          copyOut: to.copyOut,
        };
      };
    });
    return out;
  }

  convWeight(x: NdArray, g: NdArray, of: Convolution, shape: Shape): NdArray {
    const { images, groups, inputs, outputs, y: down, x: across } = sizesOf(x.shape, shape, of);
    const { bytes, panelRows, panelColumns } = this.#layout;
    const [y, x1] = [inputLayout(down), inputLayout(across)];
    const maps = mapsOf(groups * inputs, down.length, across.length, y.axis, x1.axis);
    const rows = inputs * down.size * across.size;
    // Positions are laid out like the elements that window entries read, with zeros in the gaps.
    const positions = (down.positions - 1) * x1.axis.length + across.positions;
    const packed = this.#layout.packedBytes(positions, outputs);
    const plane = down.positions * across.positions;
    const perMaps = groups * outputs * plane;
    const [source, cotangent] = [contiguous(x), contiguous(g)];
    const sums = newData(x.dtype, groups * rows * outputs);
    const perImage = maps.planes * (maps.plane + maps.laid) + perMaps + (groups * packed) / bytes;
    this.#inBlocks(images, perImage, (atOnce) => {
      const list = this.#list(distances(inputs, maps, y.taps, x1.taps));
      const panels = this.#zeros((atOnce * groups * packed) / bytes);
      const c = this.#reserve(sums.length);
      const parts = Math.min(Math.ceil(rows / panelRows), Math.ceil(this.#tasks() / groups));
      const partRows = Math.ceil(rows / parts / panelRows) * panelRows;
      return () => {
        const a = this.#images(source, maps, atOnce);
        const b = this.#stage(cotangent, perMaps, atOnce);
        return {
          copyIn: (first, count) => {
            a.dense.copyIn(first, count);
            b.copyIn(first, count);
          },
          compute: (first, count, overlap) => {
            this.#lay(a, first, count);
            this.#runner.run('pack', count * groups, {
              from: b.pointer(first),
              fromItem: outputs * plane * bytes,
              planes: outputs,
              rows: down.positions,
              columns: across.positions,
              rowPositions: x1.axis.length,
              to: panels,
              toItem: packed,
              panelBytes: positions * panelColumns * bytes,
            });
            const values = {
              parts: Math.ceil(rows / partRows),
              partRows,
              rows,
              images: count,
              n: outputs,
              k: positions,
              depth: blockDepth(positions),
              list,
              a: laidOutAt(a, first),
              aImage: maps.planes * maps.laid * bytes,
              aGroup: inputs * maps.laid * bytes,
              b: panels,
              bImage: groups * packed,
              bGroup: packed,
              c,
              add: first,
            };
            this.#runner.run('weightGradient', groups * Math.ceil(rows / partRows), values, overlap);
          },
          copyOut: (first, count) => {
            if (first + count === images) this.#copyOut(c, sums, 0, sums.length);
          },
        };
      };
    });
    return new NdArray(transposed(sums, groups, rows, outputs), x.dtype, shape);
  }

  /**
   * Processes all images in blocks, with staging buffers that `prepare` allocates. `elements` is the number of
   * elements staged per image.
   */
  #inBlocks(images: number, elements: number, prepare: (atOnce: number) => () => BlockStage): void {
    const { heap, threads } = this.#runner;
    const capacity = (threads > 1 ? MULTI_THREAD_BYTES : SINGLE_THREAD_BYTES) / this.#layout.bytes;
    const atOnce = blockSize(images, capacity / elements, threads);
    const mark = heap.mark();
    runPipelined(images, atOnce, threads, prepare(atOnce));
    heap.release(mark);
  }

  #multiply(first: number, images: number, product: Multiplication, overlap: () => void): void {
    const { weight, groups, rows, columns, row, from, start = 0, list, to, ...where } = product;
    const { m, k } = weight;
    if (k === 0) return;
    const { bytes } = this.#layout;
    if (rows === 1 && columns > MAX_ROW_POSITIONS) {
      const whole = Math.floor(columns / MAX_ROW_POSITIONS);
      const [done, toRow] = [whole * MAX_ROW_POSITIONS, MAX_ROW_POSITIONS * where.toStep];
      const rest = { columns: columns - done, start: done, toStart: where.toStart + done * where.toStep };
      const inRows = { ...product, rows: whole, columns: MAX_ROW_POSITIONS, row: MAX_ROW_POSITIONS, toRow };
      this.#multiply(first, images, inRows, overlap);
      if (done < columns) this.#multiply(first, images, { ...product, ...rest }, overlap);
      return;
    }
    const { heap, threads } = this.#runner;
    const items = images * groups;
    const most = Math.max(1, Math.floor(PRODUCT_TASK_BYTES / (m * row * bytes)));
    const bandRows = Math.min(most, Math.ceil(rows / Math.ceil(this.#tasks() / items)));
    const bands = Math.ceil(rows / bandRows);
    const workBytes = m * (bandRows * row * bytes + 16);
    const mark = heap.mark();
    const work = heap.reserve(threads * workBytes);
    const values = {
      bands,
      bandRows,
      rows,
      columns,
      rowBytes: row * bytes,
      m,
      k,
      depth: blockDepth(k),
      work,
      workBytes,
      a: weight.pointer,
      aGroup: weight.groupBytes,
      groups,
      list,
      b: laidOutAt(from, first) + start * bytes,
      bItem: (from.maps.planes / groups) * from.maps.laid * bytes,
      to: to.pointer(first) + where.toStart * bytes,
      toItem: (where.toImage / groups) * bytes,
      toPlane: where.toPlane * bytes,
      toRow: where.toRow * bytes,
      toStep: where.toStep * bytes,
    };
    this.#runner.run('multiply', items * bands, values, overlap);
    heap.release(mark);
  }

  /** Returns the number of tasks to divide a job into. */
  #tasks(): number {
    const { threads } = this.#runner;
    return threads > 1 ? TASKS_PER_THREAD * threads : 1;
  }

  #reserve(elements: number): number {
    return this.#runner.heap.reserve(elements * this.#layout.bytes);
  }

  #stage(array: Pick<NdArray, 'data' | 'offset'>, item: number, atOnce: number): StagedItems {
    return stage(this.#runner.heap, array, item, atOnce);
  }

  /**
   * Allocates staging buffers for some images of an array; elements of the layout to which no image element is copied
   * are zero.
   */
  #images(x: NdArray, maps: Maps, atOnce: number): Images {
    const dense = this.#stage(x, maps.planes * maps.plane, atOnce);
    return { maps, dense, laidOut: isPlain(maps) ? undefined : this.#zeros(atOnce * maps.planes * maps.laid) };
  }

  #zeros(elements: number): number {
    const pointer = this.#reserve(elements);
    this.#clear(pointer, elements);
    return pointer;
  }

  #clear(to: number, elements: number): void {
    const bytes = elements * this.#layout.bytes;
    this.#runner.run('clear', Math.ceil(bytes / CLEAR_TASK_BYTES), { to, bytes, taskBytes: CLEAR_TASK_BYTES });
  }

  /** Lays out images that were copied in. */
  #lay({ maps, dense, laidOut: pointer }: Images, first: number, images: number): void {
    if (pointer === undefined) return;
    const { bytes } = this.#layout;
    const { planes, width, plane, y, x: x1 } = maps;
    const fromPlane = plane * bytes;
    const toPlane = maps.laid * bytes;
    for (const vertical of y.segments) {
      for (const horizontal of x1.segments) {
        const part = vertical.phase * x1.phases + horizontal.phase;
        this.#runner.run('copy', images, {
          to: pointer + ((part * y.length + vertical.to) * x1.length + horizontal.to) * bytes,
          toImage: planes * toPlane,
          toPlane,
          toRow: x1.length * bytes,
          toStep: bytes,
          from: dense.pointer(first) + (vertical.from * width + horizontal.from) * bytes,
          fromImage: planes * fromPlane,
          fromPlane,
          fromRow: vertical.step * width * bytes,
          fromStep: horizontal.step * bytes,
          planes,
          rows: vertical.count,
          columns: horizontal.count,
        });
      }
    }
  }

  #copyOut(from: number, to: Data, at: number, length: number): void {
    const start = from / this.#layout.bytes;
    to.set(this.#view().subarray(start, start + length), at);
  }

  /** Writes a list of distances, given in elements, to the heap in bytes. */
  #list(elements: Int32Array): number {
    const { heap } = this.#runner;
    const pointer = heap.reserve(elements.byteLength);
    const { bytes } = this.#layout;
    heap.i32.set(
      elements.map((distance) => distance * bytes),
      pointer / 4,
    );
    return pointer;
  }

  /** Packs the rows of [groups, m, k] in the blocks of rows and depth that the product uses. */
  #packWeight(elements: Data, groups: number, m: number, k: number): Weight {
    const { heap, exports } = this.#runner;
    const { bytes, panelRows } = this.#layout;
    const depth = blockDepth(k);
    const groupBytes = Math.ceil(m / panelRows) * panelRows * k * bytes;
    const pointer = heap.reserve(groups * groupBytes);
    const mark = heap.mark();
    const source = heap.reserve(elements.length * bytes);
    this.#view().set(elements, source / bytes);
    for (let group = 0; group < groups; group++) {
      for (let row = 0; row < m; row += BLOCK_ROWS) {
        const rows = Math.min(BLOCK_ROWS, m - row);
        const step = Math.ceil(rows / panelRows) * panelRows * bytes;
        const target = pointer + group * groupBytes + row * k * bytes;
        for (let start = 0; start < k; start += depth) {
          const from = source + ((group * m + row) * k + start) * bytes;
          const part = Math.min(depth, k - start);
          exports.packWeight(from, bytes, k * bytes, part, rows, target + start * step, part * panelRows * bytes);
        }
      }
    }
    heap.release(mark);
    return { pointer, m, k, groupBytes };
  }

  #view(): Float32Array | Float64Array {
    return this.#layout.type === 'f32' ? this.#runner.heap.f32 : this.#runner.heap.f64;
  }
}

/** Returns the elements of an array in row-major order. */
function dataOf(x: NdArray): Data {
  const { data, offset, size } = contiguous(x);
  return data.subarray(offset, offset + size);
}
