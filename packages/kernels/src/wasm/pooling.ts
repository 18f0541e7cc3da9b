/** Max pooling of floats: planes pass through linear memory some at a time, and each window is gone through once. */

import { NdArray } from '../array.ts';
import { contiguous } from '../copy.ts';
import type { Data, FloatDType } from '../dtype.ts';
import { allocate } from '../memory.ts';
import { type Pools, poolsOf } from '../plain/pooling.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Window } from '../views.ts';
import type { FunctionBuilder, Local, Locals, ModuleBuilder } from './assembler.ts';
import type { Crew } from './crew.ts';
import type { Heap } from './heap.ts';
import { i32, select, smaller } from './instructions.ts';
import { employ, kind, type Workforce } from './task-kinds.ts';
import { type FloatType, type FloatVector, floatVector } from './vector.ts';

const names = [
  ...(['planes', 'planesEach', 'planeBytes', 'windows', 'size', 'places'] as const),
  ...(['pooled', 'by', 'whole'] as const),
] as const;

/** Calls `visit` with the place in a window's plane of its first maximum, for each window of the task's planes. */
function forEachMaximum(
  f: FunctionBuilder,
  { one, laneBytes }: FloatVector,
  p: Locals<{ readonly [N in (typeof names)[number] | 'task']: 'i32' }>,
  visit: (place: Local<'i32'>) => void,
): void {
  const first = f.let(i32.mul(p.task, p.planesEach));
  const planes = f.let(smaller(f.let(i32.sub(p.planes, first)), p.planesEach));
  const skipped = f.let(i32.mul(first, p.planeBytes));
  f.advance(p.by, skipped);
  f.advance(p.whole, skipped);
  f.advance(p.pooled, i32.mul(i32.mul(first, p.windows), laneBytes));
  const [best, place] = [f.local('i32'), f.local('i32')];
  const [most, value] = [f.local(one.type), f.local(one.type)];
  f.for(0, planes, 1, () => {
    const list = f.let(p.places);
    f.for(0, p.windows, 1, () => {
      f.set(best, i32.load(list));
      f.set(most, one.load(i32.add(p.by, best)));
      const end = f.let(i32.add(list, i32.mul(p.size, 4)));
      f.advance(list, 4);
      f.while(i32.ltU(list, end), () => {
        f.set(place, i32.load(list));
        f.set(value, one.load(i32.add(p.by, place)));
        // Larger, or the first NaN.
        const beats = f.let(i32.and(i32.eqz(one.le(value, most)), one.eq(most, most)));
        f.set(best, select(beats, place, best));
        f.set(most, select(beats, value, most));
        f.advance(list, 4);
      });
      visit(best);
      f.advance(p.pooled, laneBytes);
    });
    f.advance(p.by, p.planeBytes);
    f.advance(p.whole, p.planeBytes);
  });
}

function poolingKinds(type: FloatType) {
  const v = floatVector(type, false) as FloatVector;
  const { one } = v;
  return {
    pool: kind(names, (f, p) =>
      forEachMaximum(f, v, p, (place) => f.run(one.store(p.pooled, one.load(i32.add(p.whole, place))))),
    ),
    unpool: kind(names, (f, p) =>
      forEachMaximum(f, v, p, (place) => {
        const to = f.let(i32.add(p.whole, place));
        f.run(one.store(to, one.add(one.load(to), one.load(p.pooled))));
      }),
    ),
  };
}

/** Bytes that pass through linear memory at a time, on one thread and on several. */
const ALONE = 1 << 18;
const TOGETHER = 1 << 22;
const TASKS_A_THREAD = 8;

/** Where in linear memory the planes lie, pooled, whole, and as they are judged by. */
interface Places {
  readonly pooled: number;
  readonly whole: number;
  readonly by: number;
}

/** Max pooling of one float type. */
export class Pooling {
  readonly #bytes: number;
  readonly #force: Workforce<ReturnType<typeof poolingKinds>, unknown>;

  constructor(by: Crew | Heap, dtype: FloatDType) {
    const type = dtype === 'float32' ? 'f32' : 'f64';
    this.#bytes = type === 'f32' ? 4 : 8;
    this.#force = employ((_module: ModuleBuilder) => poolingKinds(type), by);
  }

  maxPool(x: NdArray, by: NdArray, windows: readonly Window[], shape: Shape): NdArray {
    const pools = poolsOf(by.shape, windows);
    const judge = contiguous(by);
    const source = x === by ? judge : contiguous(x);
    const out = allocate(x.dtype, sizeOf(shape));
    const isJudge = source.data === judge.data && source.offset === judge.offset;
    this.#inBlocks(judge, pools, isJudge, (at, first, planes, run) => {
      if (!isJudge) this.#bring(source, first * pools.plane, planes * pools.plane, at.whole);
      run('pool');
      this.#fetch(at.pooled, out, first * pools.windows, planes * pools.windows);
    });
    return new NdArray(out, x.dtype, shape);
  }

  maxUnpool(y: NdArray, by: NdArray, windows: readonly Window[], shape: Shape): NdArray {
    const pools = poolsOf(by.shape, windows);
    const source = contiguous(y);
    const out = allocate(y.dtype, sizeOf(shape));
    this.#inBlocks(contiguous(by), pools, false, (at, first, planes, run) => {
      this.#bring(source, first * pools.windows, planes * pools.windows, at.pooled);
      const [start, count] = [at.whole / this.#bytes, planes * pools.plane];
      this.#view().fill(0, start, start + count);
      run('unpool');
      this.#fetch(at.whole, out, first * pools.plane, count);
    });
    return new NdArray(out, y.dtype, shape);
  }

  /** Calls `visit` for some planes at a time, after what they are judged by was copied in. */
  #inBlocks(
    by: NdArray,
    { plane, windows, size, places }: Pools,
    isJudge: boolean,
    visit: (at: Places, first: number, planes: number, run: (name: 'pool' | 'unpool') => void) => void,
  ): void {
    const { heap, threads } = this.#force;
    const bytes = this.#bytes;
    const all = by.size / plane;
    const room = (threads > 1 ? TOGETHER : ALONE) / bytes;
    const atOnce = Math.max(1, Math.min(all, Math.floor(room / (2 * plane + windows))));
    const mark = heap.mark();
    const list = heap.reserve(4 * places.length);
    const pooled = heap.reserve(atOnce * windows * bytes);
    const judge = heap.reserve(atOnce * plane * bytes);
    const whole = isJudge ? judge : heap.reserve(atOnce * plane * bytes);
    heap.i32.set(
      places.map((place) => place * bytes),
      list / 4,
    );
    for (let first = 0; first < all; first += atOnce) {
      const planes = Math.min(atOnce, all - first);
      this.#bring(by, first * plane, planes * plane, judge);
      visit({ pooled, whole, by: judge }, first, planes, (name) => {
        const planesEach = threads > 1 ? Math.ceil(planes / (TASKS_A_THREAD * threads)) : planes;
        this.#force.run(name, Math.ceil(planes / planesEach), {
          ...{ planes, planesEach, planeBytes: plane * bytes, windows, size, places: list },
          ...{ pooled, by: judge, whole },
        });
      });
    }
    heap.release(mark);
  }

  #bring({ data, offset }: NdArray, from: number, count: number, to: number): void {
    this.#view().set(data.subarray(offset + from, offset + from + count), to / this.#bytes);
  }

  #fetch(from: number, to: Data, at: number, count: number): void {
    to.set(this.#view().subarray(from / this.#bytes, from / this.#bytes + count), at);
  }

  #view(): Float32Array | Float64Array {
    return this.#bytes === 4 ? this.#force.heap.f32 : this.#force.heap.f64;
  }
}
