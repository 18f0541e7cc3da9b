/** Reductions: blocks are copied to a staging buffer, then reduced along their rows or down their columns. */

import { NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { type Data, type FloatDType, newData } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import { allocate } from '../../memory/allocate.ts';
import { type FloatType, type FloatVector, floatVector } from '../assembler/float-vector.ts';
import { f32x4, f64x2, i32, i32x4, type Value, v128 } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Local, ModuleBuilder } from '../assembler/module-builder.ts';
import { bySize, forVectors, loadVectors, storeVectors } from '../assembler/vector-loops.ts';
import { Staging } from '../memory/staging.ts';
import type { PoolKernels, ThreadPolicy } from '../threads/policy.ts';
import type { ParallelRows, RowReduction } from './parallel-rows.ts';

type Lanes = FloatVector<FloatType>;
type Vectors = readonly Local<'v128'>[];

/** A way of accumulating vectors in state vectors. */
export interface Accumulator {
  readonly input: Lanes;
  /** Lane type of the state and of the result. */
  readonly state: Lanes;
  readonly dtype: FloatDType;
  /** Number of state vectors for one input vector. */
  readonly width: 1 | 2;
  /** The neutral element. */
  readonly neutral: number;
  add(f: FunctionBuilder, state: Vectors, x: Local<'v128'>): void;
  combine(a: Value<'v128'>, b: Value<'v128'>): Value<'v128'>;
  /** Combines the partial results of a long reduction, as `combine` does in WebAssembly. */
  readonly meet: (a: number, b: number) => number;
}

const lanesOf = (type: FloatType): Lanes => floatVector(type, false) as Lanes;
const dtypeOf = (type: FloatType): FloatDType => (type === 'f32' ? 'float32' : 'float64');

/** Sums in float64 whatever the dtype, and rounds once. */
export const sumOf = (type: FloatType): Accumulator => ({
  input: lanesOf(type),
  state: lanesOf('f64'),
  dtype: 'float64',
  width: type === 'f32' ? 2 : 1,
  neutral: 0,
  add(f, [low, high], x) {
    f.set(low!, f64x2.add(low!, high ? f64x2.promoteLowF32x4(x) : x));
    if (high) f.set(high, f64x2.add(high, f64x2.promoteLowF32x4(f32x4.shuffle(x, x, [2, 3, 2, 3]))));
  },
  combine: f64x2.add,
  meet: (a, b) => a + b,
});

/** Takes the largest or the smallest element; NaN if there is one. */
export const extremumOf = (type: FloatType, which: 'max' | 'min'): Accumulator => {
  const lanes = lanesOf(type);
  const combine = lanes[which];
  return {
    input: lanes,
    state: lanes,
    dtype: dtypeOf(type),
    width: 1,
    neutral: which === 'max' ? -Infinity : Infinity,
    add: (f, [state], x) => f.set(state!, combine(state!, x)),
    combine,
    meet: Math[which],
  };
};

interface Exports {
  /** Reduces each row to a number. */
  rows(to: number, x: number, rows: number, bytes: number): void;
  /** Reduces each column to a number, for consecutive blocks of rows. */
  columns(to: number, x: number, blocks: number, rows: number, bytes: number): void;
}

const states = (f: FunctionBuilder, count: number): Vectors => Array.from({ length: count }, () => f.local('v128'));

/**
 * The preprocessing of a row's vectors: `map` is applied to each, after elements past the end are replaced by `fill`.
 */
interface RowOptions {
  readonly map?: (x: Local<'v128'>) => Value<'v128'>;
  /** Called with neighbouring mapped vectors and the address of the first one's input. */
  readonly keep?: (mapped: readonly Local<'v128'>[], address: Local<'i32'>) => void;
  readonly fill?: number;
}

/** Emits the reduction of the row of `bytes` at x. Every lane of the vector returned holds the result. */
export function reduceRow(
  f: FunctionBuilder,
  { input, state, width, neutral, add, combine }: Accumulator,
  x: Local<'i32'>,
  bytes: Local<'i32'>,
  { map = (lanes) => lanes, keep, fill = neutral }: RowOptions = {},
): Local<'v128'> {
  // Reduces four vectors at a time, each into its own state, to avoid dependencies between them.
  const parts = [0, 1, 2, 3];
  const start = state.const(neutral);
  const accumulators = parts.map(() => states(f, width));
  const take = (mapped: readonly Local<'v128'>[], address: Local<'i32'>): void => {
    keep?.(mapped, address);
    for (const [part, vector] of mapped.entries()) add(f, accumulators[part]!, vector);
  };

  for (const accumulator of accumulators.flat()) f.set(accumulator, start);
  const whole = f.let(i32.and(bytes, -16 * parts.length));
  f.for(0, whole, 16 * parts.length, (i) => {
    const address = f.let(i32.add(x, i));
    const vectors = loadVectors(f, address, parts.length);
    take(
      vectors.map((vector) => f.let(map(vector))),
      address,
    );
  });
  f.for(whole, bytes, 16, (i) => {
    // Only the words of the last vector before the end of the row count.
    const words = i32.shrU(i32.sub(bytes, i), 2);
    const inside = i32x4.ltS(i32x4.constOf(0, 1, 2, 3), i32x4.splat(words));
    const address = f.let(i32.add(x, i));
    const vector = f.let(v128.bitselect(input.load(address), input.const(fill), inside));
    take([f.let(map(vector))], address);
  });

  const lanes = f.local('v128');
  f.set(
    lanes,
    accumulators.flat().reduce<Value<'v128'>>((sum, part) => combine(sum, part), start),
  );
  for (let apart = state.lanes / 2; apart >= 1; apart /= 2) {
    const order = Array.from({ length: state.lanes }, (_, lane) => lane ^ apart);
    f.set(lanes, combine(lanes, state.shuffle(lanes, lanes, order)));
  }
  return lanes;
}

const rowParameters = integers('to', 'x', 'rows', 'bytes');

const defineRows = (module: ModuleBuilder, accumulator: Accumulator): RowReduction =>
  module.define('rows', rowParameters, (f, { to, x, rows, bytes }) => {
    const { state } = accumulator;
    f.for(0, rows, 1, () => {
      f.run(state.storePart(1, to, reduceRow(f, accumulator, x, bytes)));
      f.advance(to, state.laneBytes);
      f.advance(x, bytes);
    });
  });

function reductionModule(accumulator: Accumulator): ModuleBuilder {
  const { state, width, neutral, add } = accumulator;
  const module = new ModuleBuilder();
  defineRows(module, accumulator);

  const parameters = { to: 'i32', x: 'i32', blocks: 'i32', rows: 'i32', bytes: 'i32' } as const;
  module.define('columns', parameters, (f, { to, x, blocks, rows, bytes }) => {
    const start = state.const(neutral);
    const from = f.local('i32');
    f.for(0, blocks, 1, () => {
      // Reduces several columns of vectors at a time, since each addition must wait for the one before it.
      const reduce = (isJoined: boolean) =>
        forVectors(f, bytes, 4, (i, count) => {
          const accumulators = Array.from({ length: count }, () => states(f, width));
          for (const accumulator of accumulators.flat()) f.set(accumulator, start);
          f.set(from, i32.add(x, i));
          f.for(0, rows, 1, () => {
            const vectors = loadVectors(f, from, count);
            for (const [part, accumulator] of accumulators.entries()) add(f, accumulator, vectors[part]!);
            f.advance(from, bytes);
          });
          // The last vector may extend past the end of the row; the next block overwrites that part.
          const target = f.let(i32.add(to, i32.mul(i, width)));
          storeVectors(f, target, accumulators.flat(), isJoined);
        });
      // Sums of float32 in float64 can't be joined: V8 has no such conversion.
      if (width === 2) reduce(false);
      else bySize(f, i32.mul(blocks, i32.mul(rows, bytes)), reduce);
      f.advance(to, i32.mul(bytes, width));
      f.advance(x, i32.mul(rows, bytes));
    });
  });
  return module;
}

/** An array seen as `outer` blocks of `length` rows of `inner` elements, to be reduced over the rows. */
interface Blocks {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** The maximum width, in columns, of the pieces in which a long block is reduced. */
export const WIDEST = 2048;

/** Divides elements in place. */
function divided(data: Data, divisor: number): Data {
  if (divisor !== 1) for (let i = 0; i < data.length; i++) data[i]! /= divisor;
  return data;
}

/** Reduces contiguous arrays of one float type. */
class Reducer {
  readonly #staging: Staging;
  readonly #accumulator: Accumulator;
  readonly #policy: ThreadPolicy;
  #exports: Exports | undefined;
  #tasks: ParallelRows | undefined;

  constructor(staging: Staging, accumulator: Accumulator, policy: ThreadPolicy) {
    this.#staging = staging;
    this.#accumulator = accumulator;
    this.#policy = policy;
  }

  /** The dtype in which results are computed, before they are rounded. */
  get dtype(): FloatDType {
    return this.#accumulator.dtype;
  }

  /** Returns a number for each outer and inner index. */
  reduce({ data, offset }: NdArray, blocks: Blocks, dtype: FloatDType, divisor: number): Data {
    const { outer, length, inner } = blocks;
    const block = length * inner;
    const results = allocate(dtype, outer * inner);
    const workers = inner === 1 && block <= Staging.chunk ? this.#policy.forArray(data) : undefined;
    if (workers !== undefined) {
      const reduced = this.#tasksOf(workers).run(data, offset, outer, length);
      results.set(divided(reduced, divisor));
    } else if (block === 0) results.fill(this.#accumulator.neutral / divisor);
    else if (block > Staging.chunk) results.set(divided(this.#reduceLong(data, offset, blocks), divisor));
    else this.#reduceShort(data, offset, blocks, results, divisor);
    return results;
  }

  #tasksOf({ pool, ParallelRows }: PoolKernels): ParallelRows {
    const { laneBytes } = this.#accumulator.state;
    if (this.#tasks?.pool !== pool) {
      this.#tasks = new ParallelRows(pool, laneBytes, (module) => defineRows(module, this.#accumulator));
    }
    return this.#tasks;
  }

  /** Reduces blocks small enough that at least one fits the staging buffer. */
  #reduceShort(data: Data, offset: number, { outer, length, inner }: Blocks, results: Data, divisor: number): void {
    const { to, x, heap } = this.#staging;
    const { laneBytes } = this.#accumulator.state;
    const block = length * inner;
    const atOnce = Math.floor(Staging.chunk / block);
    for (let from = 0; from < outer; from += atOnce) {
      const blocks = Math.min(atOnce, outer - from);
      this.#staging.copyIn(x, data, offset + from * block, blocks * block);
      this.#run(blocks, length, inner);
      divided(heap.window(to, blocks * inner, laneBytes), divisor);
      this.#staging.copyOut(to, results, from * inner, blocks * inner, laneBytes);
    }
  }

  /** Reduces blocks piece by piece, in the accumulator's dtype. */
  #reduceLong(data: Data, offset: number, { outer, length, inner }: Blocks): Data {
    const { dtype, neutral, meet } = this.#accumulator;
    const { to } = this.#staging;
    const { chunk } = Staging;
    const block = length * inner;
    const results = newData(dtype, outer * inner).fill(neutral);
    const wide = Math.min(inner, WIDEST);
    const tall = Math.floor(chunk / wide);
    const piece = newData(dtype, wide);
    for (let from = 0; from < outer; from++) {
      for (let column = 0; column < inner; column += wide) {
        const columns = Math.min(wide, inner - column);
        for (let row = 0; row < length; row += tall) {
          const rows = Math.min(tall, length - row);
          this.#copyPiece(data, offset + from * block + row * inner + column, rows, columns, inner);
          this.#run(1, rows, columns);
          this.#staging.copyOut(to, piece, 0, columns);
          const target = from * inner + column;
          for (let i = 0; i < columns; i++) results[target + i] = meet(results[target + i]!, piece[i]!);
        }
      }
    }
    return results;
  }

  #run(blocks: number, length: number, inner: number): void {
    const { to, x, heap } = this.#staging;
    this.#exports ??= reductionModule(this.#accumulator).instantiate<Exports>(heap.memory);
    const bytes = this.#accumulator.input.laneBytes;
    if (inner === 1) this.#exports.rows(to, x, blocks, length * bytes);
    else this.#exports.columns(to, x, blocks, length, inner * bytes);
  }

  /** Stages `rows` pieces of `columns` elements, whose starts are `apart` elements apart. */
  #copyPiece(data: Data, from: number, rows: number, columns: number, apart: number): void {
    const { x } = this.#staging;
    if (columns === apart) {
      this.#staging.copyIn(x, data, from, rows * columns);
    } else {
      const bytes = columns * data.BYTES_PER_ELEMENT;
      for (let row = 0; row < rows; row++) this.#staging.copyIn(x + row * bytes, data, from + row * apart, columns);
    }
  }
}

/**
 * Reduces an array to `shape`: each axis whose length differs from that in `shape` is reduced to length 1. Results are
 * divided by `divisor` before they are rounded.
 */
type Reduce = (x: NdArray, shape: Shape, divisor?: number) => NdArray;

/** Returns the number of elements along the axes from `from` up to, but not including, `to`. */
function sizeAlong(shape: Shape, from: number, to: number): number {
  let size = 1;
  for (let axis = from; axis < to; axis++) size *= shape[axis]!;
  return size;
}

/** Reduces the last run of adjacent axes first, then the runs before it. */
function reduceAxes(reducerOf: (x: NdArray) => Reducer): Reduce {
  return (x, shape, divisor = 1) => {
    const { shape: whole, dtype } = x;
    const isLeft = (axis: number): boolean => whole[axis] !== shape[axis];
    const endOfRun = (before: number): number => {
      let end = before;
      while (end > 0 && !isLeft(end - 1)) end--;
      return end;
    };
    let result = contiguous(x);
    let to = endOfRun(whole.length);
    while (to > 0) {
      let from = to - 1;
      while (from > 0 && (whole[from - 1] === 1 || isLeft(from - 1))) from--;
      const next = endOfRun(from);
      const reducer = reducerOf(result);
      const blocks = {
        outer: sizeAlong(whole, 0, from),
        length: sizeAlong(whole, from, to),
        inner: sizeAlong(shape, to, shape.length),
      };
      const resultType = next === 0 ? (dtype as FloatDType) : reducer.dtype;
      const lengths = next === 0 ? shape : [...whole.slice(0, from), ...shape.slice(from)];
      result = new NdArray(reducer.reduce(result, blocks, resultType, next === 0 ? divisor : 1), resultType, lengths);
      to = next;
    }
    return result;
  };
}

/** The reductions of float arrays. */
export function floatReductions(
  staging: Staging,
  policy: ThreadPolicy,
): {
  readonly sum: Reduce;
  readonly max: Reduce;
  readonly min: Reduce;
} {
  const make = (accumulator: (type: FloatType) => Accumulator): Reduce => {
    const reducers = {
      float32: new Reducer(staging, accumulator('f32'), policy),
      float64: new Reducer(staging, accumulator('f64'), policy),
    };
    return reduceAxes((x) => reducers[x.dtype as FloatDType]);
  };
  return {
    sum: make(sumOf),
    max: make((type) => extremumOf(type, 'max')),
    min: make((type) => extremumOf(type, 'min')),
  };
}
