/** Elementwise kernels: each primitive is a loop over vectors, assembled on first use. */

import { empty, isContiguous, NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { type Shape, sameShape } from '../../arrays/shape.ts';
import { allocate } from '../../memory/allocate.ts';
import type { ArrayLike, Binary, Kernels } from '../../primitives.ts';
import { type FloatType, type FloatVector, floatVector } from '../assembler/float-vector.ts';
import { i8x16, i16x8, i32, i32x4, type Value, v128 } from '../assembler/instructions.ts';
import { type FunctionBuilder, type Local, ModuleBuilder } from '../assembler/module-builder.ts';
import { bySize, forVectors, storeVectors } from '../assembler/vector-loops.ts';
import { vectorBits } from '../assembler/vector-width.ts';
import {
  applyEach,
  type BinaryFunction,
  mapVectors,
  OVERRUN_BYTES,
  type UnaryFunction,
} from '../math/vector-function.ts';
import { Staging } from '../memory/staging.ts';
import type { ThreadPolicy } from '../threads/policy.ts';
import { layRows, type RowOperand, type Rows } from './operand-rows.ts';
import type { ParallelBinary, RowFunctions } from './parallel-binary.ts';
import type { EmitMap, ParallelUnary } from './parallel-unary.ts';

/**
 * The cost of one value of an elementary function, as the number of matrix product operations that take the same time.
 */
const FUNCTION_OPERATIONS = 40;

interface UnaryExports {
  run(to: number, x: number, bytes: number): void;
}

function unaryModule(v: FloatVector, emit: UnaryFunction): ModuleBuilder {
  const module = new ModuleBuilder();
  module.define('run', { to: 'i32', x: 'i32', bytes: 'i32' }, (f, { to, x, bytes }) => {
    mapVectors(f, v, emit, { to, x, start: 0, end: bytes });
  });
  return module;
}

const pointers = { to: 'i32', x: 'i32', y: 'i32' } as const;
const rowParameters = { ...pointers, rows: 'i32', bytes: 'i32', xRow: 'i32', yRow: 'i32' } as const;

type RunRows = (to: number, x: number, y: number, rows: number, bytes: number, xRow: number, yRow: number) => void;

interface BinaryExports {
  /** For operands that both vary along the rows. */
  readonly both: RunRows;
  /** For y with a single element per row. */
  readonly left: RunRows;
  /** For x with a single element per row. */
  readonly right: RunRows;
}

/** A row of two operands, and where its results are written. */
interface Row {
  readonly to: Local<'i32'>;
  /** Bytes of an operand's row; a multiple of the lanes' width. */
  readonly bytes: Local<'i32'>;
  /** Reads neighbouring vectors of an operand, from a byte offset in the row on. */
  readonly x: ReadVectors;
  readonly y: ReadVectors;
  /** Whether the engine may join vectors. */
  readonly isJoined: boolean;
}

/** Returns a function that reads the n-th vector after a byte offset. */
type ReadVectors = (at: Local<'i32'>) => (n: number) => Value<'v128'>;

/** Returns a function that reads an operand's vectors: either along a row, or the same number in all lanes. */
function reader(f: FunctionBuilder, v: FloatVector, pointer: Local<'i32'>, runs: boolean): ReadVectors {
  if (!runs) {
    const number = f.let(v.loadSplat(pointer));
    return () => () => number;
  }
  return (at) => {
    const from = f.let(i32.add(pointer, at));
    return (n) => v.load(from, 16 * n);
  };
}

/**
 * Defines the kernels of two operands. `prepare` emits the code before the rows, and returns a function that emits the
 * loop along a row. The loop may write past the end of a row, since the next row overwrites that part. A result has 1 /
 * `share` as many bytes as an operand.
 */
function defineRows(
  module: ModuleBuilder,
  v: FloatVector,
  share: 1 | 4 | 8,
  prepare: (f: FunctionBuilder) => (row: Row) => void,
): RowFunctions {
  const define = (name: keyof BinaryExports, xRuns: boolean, yRuns: boolean) =>
    module.define(name, rowParameters, (f, { to, x, y, rows, bytes, xRow, yRow }) => {
      const results = f.let(i32.divU(bytes, share));
      const emitRows = (isJoined: boolean): void => {
        const emitRow = prepare(f);
        f.for(0, rows, 1, () => {
          emitRow({ to, bytes, x: reader(f, v, x, xRuns), y: reader(f, v, y, yRuns), isJoined });
          f.advance(to, results);
          f.advance(x, xRow);
          f.advance(y, yRow);
        });
      };
      // An engine doesn't join vectors that are narrowed to bytes.
      if (share === 1) bySize(f, i32.mul(rows, bytes), emitRows);
      else emitRows(false);
    });
  return { both: define('both', true, true), left: define('left', true, false), right: define('right', false, true) };
}

/** The number of vectors that a loop over two operands processes per iteration. */
const ABREAST = 4;

const defineBinary = (module: ModuleBuilder, v: FloatVector, emit: BinaryFunction): RowFunctions =>
  defineRows(module, v, 1, (f) => {
    const apply = emit(f, v);
    return ({ to, bytes, x, y, isJoined }) =>
      forVectors(f, bytes, ABREAST, (i, count) => {
        const [into, readX, readY] = [f.let(i32.add(to, i)), x(i), y(i)];
        const inputs = Array.from({ length: count }, (_, n) => [f.let(readX(n)), f.let(readY(n))] as const);
        storeVectors(f, into, applyEach(f, apply, inputs), isJoined);
      });
  });

type Comparison = 'eq' | 'lt' | 'le';

/** Compares pairs of elements, sixteen at a time. The result for each pair is a byte, 0 or 1. */
const defineComparison = (module: ModuleBuilder, v: FloatVector, compare: Comparison): RowFunctions =>
  defineRows(module, v, v.laneBytes, (f) => {
    const ones = f.let(v128.const(new Array(16).fill(1)));
    return ({ to, bytes, x, y }) =>
      f.for(0, bytes, 16 * v.laneBytes, (i) => {
        const [readX, readY] = [x(i), y(i)];
        const mask = (part: number): Value<'v128'> => v[compare](readX(part), readY(part));
        // Handles four elements as 32-bit lanes. Of a 64-bit mask, either half can be used.
        const four = (part: number): Value<'v128'> =>
          v.laneBytes === 4 ? mask(part) : i32x4.shuffle(mask(2 * part), mask(2 * part + 1), [0, 2, 4, 6]);
        // The operands of a narrowing must differ in form. Otherwise, an engine would try to join them, which gains
        // nothing.
        const other = (x: Value<'v128'>): Value<'v128'> => {
          if (vectorBits() === 128) return x;
          const local = f.let(x);
          return v128.or(local, local);
        };
        const lower = i16x8.narrowS(four(0), other(four(1)));
        const narrow = i8x16.narrowS(lower, other(i16x8.narrowS(four(2), other(four(3)))));
        f.run(v128.store(i32.add(to, i32.divU(i, v.laneBytes)), v128.and(narrow, ones)));
      });
  });

const choicePointers = { to: 'i32', condition: 'i32', x: 'i32', y: 'i32', bytes: 'i32' } as const;
type Choose = (to: number, condition: number, x: number, y: number, bytes: number) => void;

/**
 * The kernels that select elements. For `both`, each operand has an element for each element of the condition. For
 * `left` and `right`, only that operand does, and the other is a scalar.
 */
interface ChoiceExports {
  readonly both: Choose;
  readonly left: Choose;
  readonly right: Choose;
}

/** Selects x if a byte of the condition is not 0, otherwise y; sixteen pairs at a time. */
function choiceModule(v: FloatVector): ModuleBuilder {
  const module = new ModuleBuilder();
  const define = (name: keyof ChoiceExports, xRuns: boolean, yRuns: boolean) =>
    module.define(name, choicePointers, (f, { to, condition, x, y, bytes }) => {
      const zero = f.let(v.const(0));
      const [xs, ys] = [reader(f, v, x, xRuns), reader(f, v, y, yRuns)];
      f.for(0, bytes, 16 * v.laneBytes, (i) => {
        const chosen = f.let(v128.load(i32.add(condition, i32.divU(i, v.laneBytes))));
        const [readX, readY] = [xs(i), ys(i)];
        const choices = Array.from({ length: v.laneBytes }, (_, part) => {
          // Repeats each byte to fill a lane: read as a float, it is 0 or not.
          const lanes = Array.from({ length: 16 }, (_, byte) => part * v.lanes + Math.floor(byte / v.laneBytes));
          const unchosen = v.eq(v128.shuffle(chosen, chosen, lanes), zero);
          return f.let(v128.bitselect(readY(part), readX(part), unchosen));
        });
        storeVectors(f, f.let(i32.add(to, i)), choices, true);
      });
    });
  define('both', true, true);
  define('left', true, false);
  define('right', false, true);
  return module;
}

function instantiateRows(staging: Staging, define: (module: ModuleBuilder) => RowFunctions): BinaryExports {
  const module = new ModuleBuilder();
  define(module);
  return module.instantiate<BinaryExports>(staging.heap.memory);
}

/** Returns whether an operand has an element for each element of the result, in the same order. */
const covers = (x: NdArray, out: NdArray): boolean => x.size === out.size && isContiguous(x);

/** Treats two contiguous arrays of the same size as a single row each. */
const alongside = (x: NdArray, y: NdArray): Rows => ({
  blocks: 1,
  rows: 1,
  length: x.size,
  operands: [x, y].map((array) => ({ array, blockStep: 0, rowStep: 0, step: 1 })),
});

/** Makes primitives of one float type from functions of vectors. */
export class Elementwise {
  readonly #staging: Staging;
  readonly #lanes: FloatVector;
  readonly #policy: ThreadPolicy;

  constructor(staging: Staging, type: FloatType, relaxed: boolean, policy: ThreadPolicy) {
    this.#staging = staging;
    this.#lanes = floatVector(type, relaxed) as FloatVector;
    this.#policy = policy;
  }

  /**
   * Makes a unary primitive. Set `isDear` for a function so expensive that copying large arrays to the workers' memory
   * pays off.
   */
  unary(emit: UnaryFunction, isDear: boolean): (x: NdArray) => NdArray {
    const staging = this.#staging;
    const bytes = this.#lanes.laneBytes;
    const emitMap: EmitMap = (f, p) => mapVectors(f, this.#lanes, emit, p);
    let kernel: UnaryExports | undefined;
    let tasks: ParallelUnary | undefined;
    return (operand) => {
      const x = contiguous(operand);
      const out = allocate(x.dtype, x.size);
      const workers =
        this.#policy.forArray(out) ?? (isDear ? this.#policy.forWork(FUNCTION_OPERATIONS * x.size) : undefined);
      if (workers !== undefined) {
        const { pool, ParallelUnary } = workers;
        if (tasks?.pool !== pool)
          tasks = new ParallelUnary(pool, { elementBytes: bytes, overrunBytes: OVERRUN_BYTES }, emitMap);
        tasks.run(x, out);
        return new NdArray(out, x.dtype, x.shape, x.stride);
      }
      kernel ??= unaryModule(this.#lanes, emit).instantiate<UnaryExports>(staging.heap.memory);
      for (let from = 0; from < x.size; from += Staging.chunk) {
        const count = Math.min(Staging.chunk, x.size - from);
        staging.copyIn(staging.x, x.data, x.offset + from, count);
        kernel.run(staging.to, staging.x, count * bytes);
        staging.copyOut(staging.to, out, from, count);
      }
      return new NdArray(out, x.dtype, x.shape, x.stride);
    };
  }

  /** Makes a binary primitive. If the operands differ in shape or dtype, `check` computes the result's type. */
  binary(check: Kernels<ArrayLike>[Binary], emit: BinaryFunction): (x: NdArray, y: NdArray) => NdArray {
    const staging = this.#staging;
    const bytes = this.#lanes.laneBytes;
    const define = (module: ModuleBuilder) => defineBinary(module, this.#lanes, emit);
    let kernel: BinaryExports | undefined;
    let tasks: ParallelBinary | undefined;
    return (x, y) => {
      const { shape, dtype } = x.dtype === y.dtype && sameShape(x.shape, y.shape) ? x : check(x, y);
      const out = empty(shape, dtype);
      const laid = covers(x, out) && covers(y, out) ? undefined : layRows(shape, x, y);
      const workers = this.#policy.forArray(out.data);
      if (workers !== undefined) {
        const { pool, ParallelBinary } = workers;
        if (tasks?.pool !== pool) tasks = new ParallelBinary(pool, define);
        if (tasks.run(laid ?? alongside(x, y), out.data)) return out;
      }
      kernel ??= instantiateRows(staging, define);
      if (laid !== undefined) return this.#rows(kernel, laid, out);
      for (let from = 0; from < out.size; from += Staging.chunk) {
        const count = Math.min(Staging.chunk, out.size - from);
        staging.copyIn(staging.x, x.data, x.offset + from, count);
        staging.copyIn(staging.y, y.data, y.offset + from, count);
        kernel.both(staging.to, staging.x, staging.y, 1, count * bytes, 0, 0);
        staging.copyOut(staging.to, out.data, from, count);
      }
      return out;
    };
  }

  comparison(check: Kernels<ArrayLike>[Binary], compare: Comparison): (x: NdArray, y: NdArray) => NdArray {
    let kernel: BinaryExports | undefined;
    return (x, y) => {
      kernel ??= instantiateRows(this.#staging, (module) => defineComparison(module, this.#lanes, compare));
      const { shape, dtype } = check(x, y);
      return this.#rows(kernel, layRows(shape, x, y), empty(shape, dtype));
    };
  }

  /**
   * Makes a function that selects x where a condition holds and y elsewhere, for a result of the given shape. The
   * function returns `undefined` if an operand is neither a scalar nor contiguous in this shape.
   */
  choice(): (condition: NdArray, x: NdArray, y: NdArray, shape: Shape) => NdArray | undefined {
    const staging = this.#staging;
    const bytes = this.#lanes.laneBytes;
    let kernel: ChoiceExports | undefined;
    return (condition, x, y, shape) => {
      const out = empty(shape, x.dtype);
      const [xRuns, yRuns] = [covers(x, out), covers(y, out)];
      const serves = (xRuns || x.size === 1) && (yRuns || y.size === 1) && (xRuns || yRuns);
      if (!serves || !covers(condition, out)) return undefined;
      kernel ??= choiceModule(this.#lanes).instantiate<ChoiceExports>(staging.heap.memory);
      const choose = kernel[xRuns ? (yRuns ? 'both' : 'left') : 'right'];
      for (let from = 0; from < out.size; from += Staging.chunk) {
        const count = Math.min(Staging.chunk, out.size - from);
        staging.copyIn(staging.condition, condition.data, condition.offset + from, count);
        staging.copyIn(staging.x, x.data, x.offset + (xRuns ? from : 0), xRuns ? count : 1);
        staging.copyIn(staging.y, y.data, y.offset + (yRuns ? from : 0), yRuns ? count : 1);
        choose(staging.to, staging.condition, staging.x, staging.y, count * bytes);
        staging.copyOut(staging.to, out.data, from, count);
      }
      return out;
    };
  }

  #rows(kernel: BinaryExports, { blocks, rows, length, operands }: Rows, out: NdArray): NdArray {
    const staging = this.#staging;
    const bytes = this.#lanes.laneBytes;
    const [left, right] = operands as [RowOperand, RowOperand];
    const run = left.step === right.step ? kernel.both : left.step === 1 ? kernel.left : kernel.right;
    const height = Math.max(1, Math.floor(Staging.chunk / length));
    for (let block = 0; block < blocks; block++) {
      for (let row = 0; row < rows; row += height) {
        const tall = Math.min(height, rows - row);
        for (let column = 0; column < length; column += Staging.chunk) {
          const wide = Math.min(Staging.chunk, length - column);
          const xRow = this.#stage(staging.x, left, block, row, tall, column, wide);
          const yRow = this.#stage(staging.y, right, block, row, tall, column, wide);
          run(staging.to, staging.x, staging.y, tall, wide * bytes, xRow * bytes, yRow * bytes);
          staging.copyOut(staging.to, out.data, (block * rows + row) * length + column, tall * wide);
        }
      }
    }
    return out;
  }

  /**
   * Copies part of an operand block, either whole rows or part of one row, into a staging buffer. Returns the row
   * stride of the copy.
   */
  #stage(
    slot: number,
    { array, blockStep, rowStep, step }: RowOperand,
    block: number,
    row: number,
    tall: number,
    column: number,
    wide: number,
  ): number {
    const rowApart = rowStep === 0 ? 0 : step === 0 ? 1 : wide;
    const count = (tall - 1) * rowApart + (step === 0 ? 1 : wide);
    this.#staging.copyIn(slot, array.data, array.offset + block * blockStep + row * rowStep + column * step, count);
    return rowApart;
  }
}
