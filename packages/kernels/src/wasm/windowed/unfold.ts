/**
 * Sliding windows over the last two axes. Planes are staged in blocks, and the rows of their windows are copied out
 * (`unfold`) or added in (`fold`).
 */

import { NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { sizeOf } from '../../arrays/shape.ts';
import { type Window, windowPositions } from '../../arrays/views.ts';
import { allocate } from '../../memory/allocate.ts';
import { zeroed } from '../../memory/slab.ts';
import { type FloatType, type FloatVector, floatVector, laneBytes } from '../assembler/float-vector.ts';
import { i32, larger, select, smaller, type Value } from '../assembler/instructions.ts';
import { type FunctionBuilder, type Local, ModuleBuilder } from '../assembler/module-builder.ts';
import type { Heap } from '../memory/heap.ts';

/** The geometry of one axis, in the form the kernels take. */
export interface Axis {
  readonly length: number;
  readonly size: number;
  readonly positions: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

const axisOf = (length: number, w: Window): Axis => ({
  length,
  size: w.size,
  positions: windowPositions(length, w),
  stride: w.stride,
  dilation: w.dilation,
  before: w.padding[0],
});

const single: Axis = { length: 1, size: 1, positions: 1, stride: 1, dilation: 1, before: 0 };

/** Returns the geometry of two axes of lengths `shape`. A single axis becomes two, the first of length 1. */
export function planarAxes(shape: readonly number[], windows: readonly Window[]): readonly [y: Axis, x: Axis] {
  const axes = windows.map((w, i) => axisOf(shape[i]!, w));
  return axes.length === 1 ? [single, axes[0]!] : (axes as [Axis, Axis]);
}

const numbersOf = (a: Axis) => [a.length, a.size, a.positions, a.stride, a.dilation, a.before] as const;
type AxisNumbers = ReturnType<typeof numbersOf>;

type Run = (rows: number, plane: number, planes: number, ...geometry: [...AxisNumbers, ...AxisNumbers]) => void;

interface Exports {
  /** Copies the rows of the windows out of planes. */
  readonly unfold: Run;
  /** Adds the rows of the windows into planes, which must be zero at first. */
  readonly fold: Run;
}

const pointers = { rows: 'i32', plane: 'i32', planes: 'i32' } as const;
const vertical = { height: 'i32', tall: 'i32', down: 'i32', yStride: 'i32', yDilation: 'i32', above: 'i32' } as const;
const horizontal = { width: 'i32', wide: 'i32', across: 'i32', xStride: 'i32', xDilation: 'i32', left: 'i32' } as const;

type I32 = Local<'i32'>;

function windowModule(v: FloatVector): ModuleBuilder {
  const module = new ModuleBuilder();
  const { laneBytes, one } = v;

  /**
   * A row of the unfolded windows: the elements that one window entry reads at a row of positions. Elements outside the
   * plane are padding.
   */
  interface Row {
    /** Address of the row's first element; advanced to the next row afterwards. */
    readonly rows: I32;
    /** Elements `from` to `to` of the row are inside the plane; element `from` is at `source`. */
    readonly from: I32;
    readonly to: I32;
    readonly source: I32;
    readonly across: I32;
    readonly xStride: I32;
  }

  const define = (name: keyof Exports, visit: (f: FunctionBuilder, row: Row) => void) =>
    module.define(name, { ...pointers, ...vertical, ...horizontal }, (f, p) => {
      const planeBytes = f.let(i32.mul(i32.mul(p.height, p.width), laneBytes));
      const [x, y, from, to, source] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32'), f.local('i32')];
      f.for(0, p.planes, 1, () => {
        f.for(0, p.tall, 1, (ky) => {
          f.for(0, p.wide, 1, (kx) => {
            // Element `position` of a row reads x = position * stride + first, which is inside from ceil(-first /
            // stride) on.
            const first = f.let(i32.sub(i32.mul(kx, p.xDilation), p.left));
            const step = f.let(i32.sub(p.xStride, 1));
            f.set(from, i32.divS(larger(f.let(i32.sub(step, first)), i32.const(0)), p.xStride));
            const span = f.let(i32.add(i32.sub(i32.sub(p.width, 1), first), p.xStride));
            f.set(to, i32.divS(larger(span, i32.const(0)), p.xStride));
            f.set(to, smaller(to, p.across));
            f.set(from, smaller(from, to));
            f.set(x, i32.add(i32.mul(from, p.xStride), first));
            f.for(0, p.down, 1, (oy) => {
              f.set(y, i32.sub(i32.add(i32.mul(oy, p.yStride), i32.mul(ky, p.yDilation)), p.above));
              const inside = i32.ltU(y, p.height);
              const [start, end] = [f.let(select(inside, from, p.across)), f.let(select(inside, to, p.across))];
              f.set(source, i32.add(p.plane, i32.mul(i32.add(i32.mul(y, p.width), x), laneBytes)));
              visit(f, { rows: p.rows, from: start, to: end, source, across: p.across, xStride: p.xStride });
              f.advance(p.rows, i32.mul(p.across, laneBytes));
            });
          });
        });
        f.advance(p.plane, planeBytes);
      });
    });

  const at = (base: I32, entry: I32): Value<'i32'> => i32.add(base, i32.mul(entry, laneBytes));
  /** Sets elements `from` to `to` of a row to 0. */
  const clear = (f: FunctionBuilder, rows: I32, from: I32 | number, to: I32): void =>
    f.for(from, to, 1, (i) => f.run(one.store(at(rows, i), one.const(0))));

  define('unfold', (f, { rows, from, to, source, across, xStride }) => {
    clear(f, rows, 0, from);
    f.if(
      i32.eq(xStride, 1),
      // The last vector may extend past `to`; the elements after it are written later.
      () => {
        const bytes = f.let(i32.mul(i32.sub(to, from), laneBytes));
        const target = f.let(at(rows, from));
        f.for(0, bytes, 16, (i) => f.run(v.store(i32.add(target, i), v.load(i32.add(source, i)))));
      },
      () =>
        f.for(from, to, 1, (i) => {
          f.run(one.store(at(rows, i), one.load(source)));
          f.advance(source, i32.mul(xStride, laneBytes));
        }),
    );
    clear(f, rows, to, across);
  });

  define('fold', (f, { rows, from, to, source, xStride }) => {
    const i = f.let(from);
    f.if(i32.eq(xStride, 1), () => {
      f.while(i32.leS(i32.add(i, v.lanes), to), () => {
        f.run(v.store(source, v.add(v.load(source), v.load(at(rows, i)))));
        f.advance(source, 16);
        f.advance(i, v.lanes);
      });
    });
    f.while(i32.ltS(i, to), () => {
      f.run(one.store(source, one.add(one.load(source), one.load(at(rows, i)))));
      f.advance(source, i32.mul(xStride, laneBytes));
      f.advance(i, 1);
    });
  });
  return module;
}

/** Number of bytes that pass through linear memory at a time. */
const mostBytes = 1 << 18;

/** Unfolds and folds over two axes of one float type. A single axis counts as two, the first of length 1. */
export class Unfold {
  readonly #heap: Heap;
  readonly #kernels: Exports;
  readonly #bytes: number;

  constructor(heap: Heap, type: FloatType) {
    this.#heap = heap;
    this.#kernels = windowModule(floatVector(type, false) as FloatVector).instantiate<Exports>(heap.memory);
    this.#bytes = laneBytes[type];
  }

  /** Returns the windows of an array, as `shape`. */
  unfold(operand: NdArray, windows: readonly Window[], shape: readonly number[]): NdArray {
    const x = contiguous(operand);
    const out = allocate(x.dtype, sizeOf(shape));
    this.#forEachBlock(x.shape, windows, (rows, plane, start, planes, run) => {
      const [from, to] = [x.offset + start * plane.size, start * rows.size];
      this.#view().set(x.data.subarray(from, from + planes * plane.size), plane.at / this.#bytes);
      run(this.#kernels.unfold);
      const at = rows.at / this.#bytes;
      out.set(this.#view().subarray(at, at + planes * rows.size), to);
    });
    return new NdArray(out, x.dtype, shape);
  }

  /** Adds the elements of windows to their original positions, in an array of shape `shape`. */
  fold(operand: NdArray, windows: readonly Window[], shape: readonly number[]): NdArray {
    const x = contiguous(operand);
    const out = zeroed(x.dtype, sizeOf(shape));
    this.#forEachBlock(shape, windows, (rows, plane, start, planes, run) => {
      const [from, to] = [x.offset + start * rows.size, start * plane.size];
      this.#view().set(x.data.subarray(from, from + planes * rows.size), rows.at / this.#bytes);
      const at = plane.at / this.#bytes;
      this.#view().fill(0, at, at + planes * plane.size);
      run(this.#kernels.fold);
      out.set(this.#view().subarray(at, at + planes * plane.size), to);
    });
    return new NdArray(out, x.dtype, shape);
  }

  /** Calls `visit` for as many planes at a time as fit, with the staging buffers of their windows and of the planes. */
  #forEachBlock(
    shape: readonly number[],
    windows: readonly Window[],
    visit: (rows: StagedRows, plane: StagedRows, start: number, planes: number, run: (kernel: Run) => void) => void,
  ): void {
    const lead = shape.length - windows.length;
    const all = sizeOf(shape.slice(0, lead));
    const [y, x] = planarAxes(shape.slice(lead), windows);
    const planeSize = y.length * x.length;
    const rowsSize = y.size * y.positions * x.size * x.positions;
    const atOnce = Math.max(1, Math.min(all, Math.floor(mostBytes / (this.#bytes * (planeSize + rowsSize)))));
    const mark = this.#heap.mark();
    // Vector accesses may extend past the end.
    const plane = { at: this.#heap.reserve(atOnce * planeSize * this.#bytes + 16), size: planeSize };
    const rows = { at: this.#heap.reserve(atOnce * rowsSize * this.#bytes + 16), size: rowsSize };
    for (let start = 0; start < all; start += atOnce) {
      const planes = Math.min(atOnce, all - start);
      visit(rows, plane, start, planes, (kernel) =>
        kernel(rows.at, plane.at, planes, ...numbersOf(y), ...numbersOf(x)),
      );
    }
    this.#heap.release(mark);
  }

  #view(): Float32Array | Float64Array {
    return this.#bytes === 4 ? this.#heap.f32 : this.#heap.f64;
  }
}

/** A staging buffer's address in linear memory, and the number of elements per plane. */
interface StagedRows {
  readonly at: number;
  readonly size: number;
}
