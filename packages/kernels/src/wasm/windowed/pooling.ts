/**
 * Max pooling of floats: planes pass through linear memory in blocks. Each window is visited once, by a list of its
 * element offsets. Adjacent 2 x 2 squares, the most common windows, are processed a vector at a time.
 */

import { empty, type NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import type { FloatDType } from '../../arrays/dtype.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import type { Window } from '../../arrays/views.ts';
import { poolsOf } from '../../plain/windowed/pooling.ts';
import { type FloatType, type FloatVector, floatVector, laneBytes, laneTypes } from '../assembler/float-vector.ts';
import { f64x2, i32, select, smaller, type Value, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local, Locals } from '../assembler/module-builder.ts';
import { loadVectors, storeVectors } from '../assembler/vector-loops.ts';
import { minJoinedBytes, vectorBits } from '../assembler/vector-width.ts';
import { type StagedItems, stage } from '../memory/block-pipeline.ts';
import type { Heap } from '../memory/heap.ts';
import { TASKS_PER_THREAD } from '../threads/job-protocol.ts';
import { compileTasks, type TaskRunner, task } from '../threads/task-runner.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';

const names = [
  ...(['planes', 'planesEach', 'planeBytes', 'windows', 'size', 'places'] as const),
  ...(['pooled', 'by', 'whole'] as const),
] as const;

/** For each window of the task's planes, calls `visit` with the offset of its first maximum in the plane. */
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
        // Larger than the maximum so far, or the first NaN.
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

const ofSquares = ['planes', 'planesEach', 'width', 'down', 'across', 'pooled', 'by', 'whole'] as const;

/**
 * Returns lane orders for shuffles of two vectors: the even lanes, the odd lanes, and the low and high halves
 * interleaved.
 */
const lanesOf = ({ lanes }: FloatVector) => {
  const order = (place: (lane: number) => number): number[] => Array.from({ length: lanes }, (_, lane) => place(lane));
  const woven = (half: number) => order((lane) => half * (lanes / 2) + (lane >> 1) + (lane % 2) * lanes);
  return { even: order((lane) => 2 * lane), odd: order((lane) => 2 * lane + 1), low: woven(0), high: woven(1) };
};

/** Vectors of squares that are processed together; two of them can be joined. */
type Abreast = 1 | 2;

/**
 * Loads the four entries of 2 x 2 squares from the left of two rows, `abreast` vectors of each. The squares are in
 * order. If `isCrossed` is set, each of the two vectors has every other pair of squares instead, the order that joined
 * shuffles produce.
 */
function squaresAt(
  f: FunctionBuilder,
  v: FloatVector,
  rows: readonly Local<'i32'>[],
  abreast: Abreast,
  isCrossed = false,
): Local<'v128'>[][] {
  const { even, odd } = lanesOf(v);
  return Array.from({ length: abreast }, (_, n) =>
    rows.flatMap((row) => {
      const [near, far] = isCrossed ? [n, n + abreast] : [2 * n, 2 * n + 1];
      const [left, right] = [f.let(v.load(row, 16 * near)), f.let(v.load(row, 16 * far))];
      return [f.let(v.shuffle(left, right, even)), f.let(v.shuffle(left, right, odd))];
    }),
  );
}

/** Loads the pooled entries of squares, in the order of crossed ones. */
function crossedAt(f: FunctionBuilder, pooled: Local<'i32'>, abreast: Abreast): Local<'v128'>[] {
  const vectors = loadVectors(f, pooled, abreast);
  const [first, second] = vectors;
  if (second === undefined) return vectors;
  // An engine doesn't join these lane replacements, but joins the vectors that are computed from them.
  return [
    f.let(f64x2.replaceLane(first!, 1, f64x2.extractLane(second, 0))),
    f.let(f64x2.replaceLane(second, 0, f64x2.extractLane(first!, 1))),
  ];
}

/**
 * Returns the maximum of each square. For each entry after the first, also returns a mask of the squares in which it
 * exceeds all entries before it.
 */
function maximumOf(f: FunctionBuilder, v: FloatVector, entries: readonly Local<'v128'>[]) {
  const [first, ...others] = entries as [Local<'v128'>, ...Local<'v128'>[]];
  const most = f.let(first);
  // Larger than the maximum so far, or the first NaN.
  const beats = others.map((entry) => {
    const mask = f.let(v128.andnot(v.eq(most, most), v.le(entry, most)));
    f.set(most, v128.bitselect(entry, most, mask));
    return mask;
  });
  return { most, beats };
}

/** Returns a mask for each entry of the squares: whether it is the first maximum. */
function placeOf(f: FunctionBuilder, v: FloatVector, entries: readonly Local<'v128'>[]): Value<'v128'>[] {
  const { beats } = maximumOf(f, v, entries);
  // The last entry to exceed those before it is the maximum.
  const taken = f.let(v.const(0));
  const masks = beats.toReversed().map((mask) => {
    const own = f.let(v128.andnot(mask, taken));
    f.set(taken, v128.or(taken, mask));
    return own;
  });
  return [v128.not(taken), ...masks.reverse()];
}

/** Squares at the left of two rows: as many as `abreast` vectors have lanes. */
interface Squares {
  readonly abreast: Abreast;
  /** Returns the left ends of the squares' rows in the planes at an address. */
  rowsIn(planes: Local<'i32'>): readonly Local<'i32'>[];
  /** The address of the squares' results in the pooled planes. */
  readonly pooled: Local<'i32'>;
}

/**
 * Calls `visit` for the adjacent 2 x 2 squares that cover the task's planes, as many at a time as vectors have lanes. Each row
 * must have at least as many as one vector has; the last squares of a row may be visited twice.
 */
function forEachSquare(
  f: FunctionBuilder,
  v: FloatVector,
  p: Locals<{ readonly [N in (typeof ofSquares)[number] | 'task']: 'i32' }>,
  visit: (squares: Squares) => void,
): void {
  const rowBytes = f.let(i32.mul(p.width, v.laneBytes));
  const first = f.let(i32.mul(i32.mul(p.task, p.planesEach), p.down));
  const end = f.let(i32.add(first, i32.mul(p.planesEach, p.down)));
  const rows = f.let(smaller(end, f.let(i32.mul(p.planes, p.down))));
  const visitAll = (abreast: Abreast): void => {
    const last = f.let(i32.sub(p.across, abreast * v.lanes));
    f.for(first, rows, 1, (row) => {
      const skipped = f.let(i32.mul(i32.mul(row, 2), rowBytes));
      f.for(0, p.across, abreast * v.lanes, (column) => {
        const at = f.let(smaller(column, last));
        const distance = f.let(i32.add(skipped, i32.mul(at, 2 * v.laneBytes)));
        const rowsIn = (planes: Local<'i32'>): Local<'i32'>[] => {
          const upper = f.let(i32.add(planes, distance));
          return [upper, f.let(i32.add(upper, rowBytes))];
        };
        const pooled = f.let(i32.add(p.pooled, i32.mul(i32.add(i32.mul(row, p.across), at), v.laneBytes)));
        visit({ abreast, rowsIn, pooled });
      });
    });
  };
  if (vectorBits() === 128) visitAll(1);
  else {
    const isLarge = i32.geS(i32.mul(i32.sub(rows, first), i32.mul(rowBytes, 2)), minJoinedBytes());
    f.if(
      i32.and(isLarge, i32.geS(p.across, 2 * v.lanes)),
      () => visitAll(2),
      () => visitAll(1),
    );
  }
}

function poolingTasks(type: FloatType) {
  const v = floatVector(type, false) as FloatVector;
  const { one } = v;
  const { low, high } = lanesOf(v);
  return {
    maximumSquares: task(ofSquares, (f, p) =>
      forEachSquare(f, v, p, ({ abreast, rowsIn, pooled }) => {
        const squares = squaresAt(f, v, rowsIn(p.by), abreast);
        storeVectors(
          f,
          pooled,
          squares.map((by) => maximumOf(f, v, by).most),
          true,
        );
      }),
    ),
    poolSquares: task(ofSquares, (f, p) =>
      forEachSquare(f, v, p, ({ abreast, rowsIn, pooled }) => {
        const squares = squaresAt(f, v, rowsIn(p.by), abreast);
        const values = squaresAt(f, v, rowsIn(p.whole), abreast);
        const results = squares.map((by, n) => {
          const { beats } = maximumOf(f, v, by);
          const [first, ...others] = values[n] as [Local<'v128'>, ...Local<'v128'>[]];
          return others.reduce<Value<'v128'>>((best, entry, i) => v128.bitselect(entry, best, beats[i]!), first);
        });
        storeVectors(f, pooled, results, true);
      }),
    ),
    unpoolSquares: task(ofSquares, (f, p) =>
      forEachSquare(f, v, p, ({ abreast, rowsIn, pooled }) => {
        const masks = squaresAt(f, v, rowsIn(p.by), abreast, true).map((by) => placeOf(f, v, by).map((m) => f.let(m)));
        const values = crossedAt(f, pooled, abreast);
        for (const [i, row] of rowsIn(p.whole).entries()) {
          const pairs = values.map((value, n) => [0, 1].map((j) => f.let(v128.and(value, masks[n]![2 * i + j]!)))) as [
            even: Local<'v128'>,
            odd: Local<'v128'>,
          ][];
          const woven = [low, high].flatMap((half) => pairs.map(([even, odd]) => v.shuffle(even, odd, half)));
          storeVectors(f, row, woven, true);
        }
      }),
    ),
    pool: task(names, (f, p) =>
      forEachMaximum(f, v, p, (place) => f.run(one.store(p.pooled, one.load(i32.add(p.whole, place))))),
    ),
    unpool: task(names, (f, p) =>
      forEachMaximum(f, v, p, (place) => {
        const to = f.let(i32.add(p.whole, place));
        f.run(one.store(to, one.add(one.load(to), one.load(p.pooled))));
      }),
    ),
  };
}

/** Number of bytes that pass through linear memory at a time, on one thread and on several. */
const SINGLE_THREAD_BYTES = 1 << 18;
const MULTI_THREAD_BYTES = 1 << 22;

/** The way planes are processed: in 2 x 2 squares that cover them, or window by window. */
type Plan = { readonly plane: number; readonly windows: number } & (
  | { readonly squares: { readonly width: number; readonly down: number; readonly across: number } }
  | { readonly squares?: never; readonly size: number; readonly places: Int32Array }
);

const isSquare = ({ size, stride, dilation, padding: [before, after] }: Window, length: number): boolean =>
  size === 2 && stride === 2 && dilation === 1 && before === 0 && after === 0 && length % 2 === 0;

/**
 * Returns whether the windows are 2 x 2 squares that cover the last two axes, with at least a vector of squares in
 * each row.
 */
export function areSquares(shape: Shape, windows: readonly Window[], bytes: number): boolean {
  const [height, width] = shape.slice(-2) as [number, number];
  return windows.length === 2 && isSquare(windows[0]!, height) && isSquare(windows[1]!, width) && width * bytes >= 32;
}

/** Addresses in linear memory of the pooled planes, the whole planes, and the planes `by` that decide the maxima. */
interface Places {
  readonly pooled: number;
  readonly whole: number;
  readonly by: number;
}

/** Max pooling of one float type. */
export class Pooling {
  readonly #bytes: number;
  readonly #runner: TaskRunner<ReturnType<typeof poolingTasks>, unknown>;

  constructor(by: WorkerPool | Heap, dtype: FloatDType) {
    const type = laneTypes[dtype];
    this.#bytes = laneBytes[type];
    this.#runner = compileTasks(() => poolingTasks(type), by);
  }

  maxPool(x: NdArray, by: NdArray, windows: readonly Window[], shape: Shape): NdArray {
    const judge = contiguous(by);
    const source = x === by ? judge : contiguous(x);
    const out = empty(shape, x.dtype);
    const isJudge = source.data === judge.data && source.offset === judge.offset;
    this.#inBlocks(by.shape, windows, (plan, atOnce) => {
      const [from, pooled] = [this.#stage(judge, plan.plane, atOnce), this.#stage(out, plan.windows, atOnce)];
      const whole = isJudge ? from : this.#stage(source, plan.plane, atOnce);
      return (first, planes) => {
        from.copyIn(first, planes);
        if (!isJudge) whole.copyIn(first, planes);
        this.#run(
          'pool',
          { pooled: pooled.pointer(first), whole: whole.pointer(first), by: from.pointer(first) },
          planes,
          plan,
        );
        pooled.copyOut(first, planes);
      };
    });
    return out;
  }

  maxUnpool(y: NdArray, by: NdArray, windows: readonly Window[], shape: Shape): NdArray {
    const [judge, source] = [contiguous(by), contiguous(y)];
    const out = empty(shape, y.dtype);
    this.#inBlocks(by.shape, windows, (plan, atOnce) => {
      const [from, whole] = [this.#stage(judge, plan.plane, atOnce), this.#stage(out, plan.plane, atOnce)];
      const pooled = this.#stage(source, plan.windows, atOnce);
      return (first, planes) => {
        from.copyIn(first, planes);
        pooled.copyIn(first, planes);
        const at = { pooled: pooled.pointer(first), whole: whole.pointer(first), by: from.pointer(first) };
        const start = at.whole / this.#bytes;
        if (plan.squares === undefined) this.#view().fill(0, start, start + planes * plan.plane);
        this.#run('unpool', at, planes, plan);
        whole.copyOut(first, planes);
      };
    });
    return out;
  }

  #planOf(shape: Shape, windows: readonly Window[]): Plan {
    if (!areSquares(shape, windows, this.#bytes)) return poolsOf(shape, windows);
    const [height, width] = shape.slice(-2) as [number, number];
    const [down, across] = [height / 2, width / 2];
    return { plane: height * width, windows: down * across, squares: { width, down, across } };
  }

  /**
   * Allocates space for some planes with `prepare`, and calls the function it returns for that many planes at a time.
   */
  #inBlocks(
    shape: Shape,
    windows: readonly Window[],
    prepare: (plan: Plan, atOnce: number) => (first: number, planes: number) => void,
  ): void {
    const { heap, threads } = this.#runner;
    const plan = this.#planOf(shape, windows);
    const all = sizeOf(shape) / plan.plane;
    const capacity = (threads > 1 ? MULTI_THREAD_BYTES : SINGLE_THREAD_BYTES) / this.#bytes;
    const atOnce = Math.max(1, Math.min(all, Math.floor(capacity / (2 * plan.plane + plan.windows))));
    const mark = heap.mark();
    const visit = prepare(plan, atOnce);
    for (let first = 0; first < all; first += atOnce) visit(first, Math.min(atOnce, all - first));
    heap.release(mark);
  }

  #stage(array: NdArray, item: number, atOnce: number): StagedItems {
    return stage(this.#runner.heap, array, item, atOnce);
  }

  #run(name: 'pool' | 'unpool', at: Places, planes: number, plan: Plan): void {
    const { heap, threads } = this.#runner;
    const planesEach = threads > 1 ? Math.ceil(planes / (TASKS_PER_THREAD * threads)) : planes;
    const tasks = Math.ceil(planes / planesEach);
    if (plan.squares !== undefined) {
      const form = name === 'pool' && at.whole === at.by ? 'maximum' : name;
      this.#runner.run(`${form}Squares`, tasks, { planes, planesEach, ...plan.squares, ...at });
      return;
    }
    const { places, plane, windows, size } = plan;
    const bytes = this.#bytes;
    const mark = heap.mark();
    const list = heap.reserve(4 * places.length);
    heap.i32.set(
      places.map((place) => place * bytes),
      list / 4,
    );
    this.#runner.run(name, tasks, {
      planes,
      planesEach,
      planeBytes: plane * bytes,
      windows,
      size,
      places: list,
      ...at,
    });
    heap.release(mark);
  }

  #view(): Float32Array | Float64Array {
    return this.#bytes === 4 ? this.#runner.heap.f32 : this.#runner.heap.f64;
  }
}
