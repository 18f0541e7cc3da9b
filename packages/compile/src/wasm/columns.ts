/** Emits loops that reduce columns: several vectors of neighbouring columns at a time, row by row. */

import {
  type FunctionBuilder,
  f32,
  f64x2,
  i32,
  type Local,
  type Operand,
  Staging,
  type Value,
  WIDEST,
} from '@tapegrad/kernels/codegen';
import { type Access, narrowed, readSplat, readVector, stepBytes, writeVector } from './access.ts';
import { accumulatorOf, type RowScope } from './rows.ts';

type Vector = Local<'v128'>;

/** The number of vectors of columns reduced at a time. Four fill a cache line. */
const ABREAST = 4;

/** Returns the number of rows that are summed before they join the others, as in the interpreter. */
function rowsOfPiece(length: number, columns: number): number {
  if (length * columns <= Staging.chunk) return length;
  return Math.floor(Staging.chunk / Math.min(columns, WIDEST));
}

/** Returns whether columns can be reduced in the order of the interpreter, which treats a single column as a row. */
export const canReduceColumns = (length: number, columns: number): boolean =>
  columns > 1 && (length * columns <= Staging.chunk || columns % WIDEST !== 1);

/** Emits the reduction of the columns of one block of rows: the last two axes of the loop. */
export function emitColumns(f: FunctionBuilder, scope: RowScope): void {
  const { loop, v } = scope;
  const columns = loop.axes.at(-1)!;
  const whole = Math.floor(columns / v.lanes);
  const steps = Math.floor(whole / ABREAST);
  const step = 16 * ABREAST;
  if (steps === 1) emitBand(f, scope, 0, ABREAST, v.lanes);
  else if (steps > 1) f.for(0, steps * step, step, (i) => emitBand(f, scope, i, ABREAST, v.lanes));
  const rest = columns - steps * ABREAST * v.lanes;
  if (rest > 0) emitBand(f, scope, steps * step, Math.ceil(rest / v.lanes), rest % v.lanes || v.lanes);
}

/** Reduces some vectors of columns, the last of which has `last` of them. */
function emitBand(f: FunctionBuilder, scope: RowScope, at: Operand<'i32'>, vectors: number, last: number): void {
  const { loop, v, apply, from, to } = scope;
  const { axes, inputs, instructions, outputs } = loop;
  const axis = axes.length - 2;
  const [rows, columns] = axes.slice(-2) as [number, number];
  const lengths = Array.from({ length: vectors }, (_, n) => (n === vectors - 1 ? last : v.lanes));
  const reductions = instructions.flatMap(({ inputs: operands, reduction }, i) => {
    if (reduction === undefined) return [];
    const accumulator = accumulatorOf(reduction.kind, v);
    const vectorsOf = () => lengths.map(() => Array.from({ length: accumulator.width }, () => f.local('v128')));
    const value = inputs.length + i;
    return [
      { value, input: operands[0]!, divisor: reduction.divisor, accumulator, states: vectorsOf(), totals: vectorsOf() },
    ];
  });
  const reads = [...inputs.keys()];
  const moving = (accesses: readonly Access[], pointers: readonly Local<'i32'>[]) =>
    pointers.map((pointer, i) => (stepBytes(accesses[i]!, axis) === 0 ? pointer : f.let(pointer)));
  const source = moving(inputs, from);
  const isReduction = (value: number): boolean => instructions[value - inputs.length]?.reduction !== undefined;
  const full = outputs.map(({ access }) => access);
  const target = outputs.map(({ value, access }, i) =>
    isReduction(value) || stepBytes(access, axis) === 0 ? to[i]! : f.let(to[i]!),
  );
  const advance = (accesses: readonly Access[], pointers: readonly Local<'i32'>[], origin: readonly Local<'i32'>[]) => {
    for (const [i, pointer] of pointers.entries()) {
      if (pointer !== origin[i]) f.advance(pointer, stepBytes(accesses[i]!, axis));
    }
  };
  const row = (): void => {
    const values = lengths.map((length, n) => {
      const known = new Map<number, Vector>();
      for (const i of reads) {
        const access = inputs[i]!;
        const isSplat = access.strides.at(-1) === 0;
        known.set(
          i,
          isSplat ? readSplat(f, v, access, source[i]!) : readVector(f, v, access, source[i]!, at, n, length),
        );
      }
      return known;
    });
    for (const known of values) {
      instructions.forEach(({ inputs: operands, reduction }, i) => {
        if (reduction !== undefined) return;
        const value = inputs.length + i;
        known.set(value, f.let(apply[value]!(...operands.map((operand) => known.get(operand)!))));
      });
    }
    values.forEach((known, n) => {
      for (const { accumulator, input, states } of reductions) accumulator.add(f, states[n]!, known.get(input)!);
      outputs.forEach(({ value, access }, i) => {
        if (!isReduction(value)) writeVector(f, v, access, target[i]!, at, n, lengths[n]!, known.get(value)!);
      });
    });
    advance(inputs, source, from);
    advance(full, target, to);
  };
  const reset = (which: 'states' | 'totals'): void => {
    for (const { accumulator, [which]: vectors } of reductions) {
      for (const vector of vectors.flat()) f.set(vector, accumulator.state.const(accumulator.neutral));
    }
  };
  const piece = rowsOfPiece(rows, columns);
  const reduce = (count: Operand<'i32'>): void => {
    reset('states');
    f.for(0, count, 1, row);
  };
  if (piece >= rows) reduce(rows);
  else {
    const meet = (): void => {
      for (const { accumulator, states, totals } of reductions) {
        const parts = states.flat();
        for (const [i, total] of totals.flat().entries()) f.set(total, accumulator.combine(total, parts[i]!));
      }
    };
    reset('totals');
    f.for(0, Math.floor(rows / piece), 1, () => {
      reduce(piece);
      meet();
    });
    if (rows % piece > 0) {
      reduce(rows % piece);
      meet();
    }
  }
  for (const { value, divisor, accumulator, states, totals } of reductions) {
    const { state } = accumulator;
    outputs.forEach((output, i) => {
      if (output.value !== value) return;
      (piece >= rows ? states : totals).forEach((parts, n) => {
        const divided = parts.map((part) => (divisor === 1 ? part : f.let(state.div(part, state.const(divisor)))));
        writeReduced(f, scope, output.access, to[i]!, at, n, lengths[n]!, divided);
      });
    });
  }
}

/** Writes the results of a vector of columns, rounded to the dtype of the output. */
function writeReduced(
  f: FunctionBuilder,
  { v }: RowScope,
  access: Access,
  row: Local<'i32'>,
  at: Operand<'i32'>,
  n: number,
  length: number,
  [low, high]: readonly Vector[],
): void {
  if (v.scalar === 'f64' && access.dtype === 'float32') {
    // The columns are float64, as an earlier reduction left them.
    const to = f.let(i32.add(row, halved(at)));
    for (let lane = 0; lane < length; lane++) {
      const rounded = f32.demoteF64(f64x2.extractLane(low!, lane));
      f.run(f32.store(to, rounded, 8 * n + 4 * lane));
    }
  } else if (v.scalar === 'f32' && access.dtype === 'float64') {
    const to = f.let(i32.add(row, i32.mul(at, 2)));
    f.run(f64x2.storePart(Math.min(2, length), to, low!, 32 * n));
    if (length > 2) f.run(f64x2.storePart(length - 2, to, high!, 32 * n + 16));
  } else {
    const vector: Value<'v128'> = high === undefined ? low! : narrowed(low!, high);
    f.run(v.storePart(length, i32.add(row, at), f.let(vector), 16 * n));
  }
}

const halved = (at: Operand<'i32'>): Operand<'i32'> => (typeof at === 'object' ? i32.divU(at, 2) : Number(at) / 2);
