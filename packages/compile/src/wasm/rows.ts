/** Emits loops over rows: element by element, with reductions along the rows. */

import {
  type Accumulator,
  extremumOf,
  type FloatVector,
  type FunctionBuilder,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  type Local,
  type Operand,
  Staging,
  sumOf,
  type Value,
  v128,
} from '@tapegrad/kernels/codegen';
import { type Access, dtypeOfLanes, readSplat, readVector, writeFirst, writeVector } from './access.ts';
import type { Apply } from './element-code.ts';
import type { Loop, Reducing } from './loop.ts';
import { type Pass, scheduleRows } from './passes-over-rows.ts';

type Vector = Local<'v128'>;

/** The code of a loop's instructions, and the addresses of one of its rows. */
export interface RowScope {
  readonly loop: Loop;
  readonly v: FloatVector;
  /** The code of each instruction that is no reduction, by the number of its value. */
  readonly apply: readonly (Apply | undefined)[];
  readonly from: readonly Local<'i32'>[];
  readonly to: readonly Local<'i32'>[];
  /** Memory for the rows of values that are kept between passes. */
  readonly scratch: Local<'i32'>;
}

/** The number of vectors that a pass with reductions takes at a time, each into its own sums. */
const PARTS = 4;

/** The number of bytes of scratch memory for one row. */
export const keptRowBytes = (loop: Loop, laneBytes: number): number => (loop.axes.at(-1)! * laneBytes + 79) & -64;

/** Returns the way of accumulating the vectors of a reduction. */
export const accumulatorOf = (kind: Reducing, v: FloatVector): Accumulator =>
  kind === 'sum' ? sumOf(v.scalar) : extremumOf(v.scalar, kind);

/** The vectors of accumulators of one reduction. */
interface Reduction {
  readonly value: number;
  readonly input: number;
  readonly divisor: number;
  readonly accumulator: Accumulator;
  readonly parts: readonly (readonly Vector[])[];
  /** The result of the pieces so far, in all lanes of the state. */
  readonly total: Vector;
}

/** Emits the computation of one row. */
export function emitRow(f: FunctionBuilder, scope: RowScope): void {
  const { loop, v, apply, from, to } = scope;
  const { inputs, instructions, outputs } = loop;
  const { passes, rowValues } = scheduleRows(loop);
  const rows = new Map<number, Vector>();
  /** Reductions whose results are stored in float64, before they are rounded. */
  const totals = new Map<number, Vector>();
  inputs.forEach((access, i) => {
    if (access.strides.at(-1) === 0) rows.set(i, readSplat(f, v, access, from[i]!));
  });
  const computeRows = (values: readonly number[]): void => {
    for (const value of values) {
      const { inputs: operands } = instructions[value - inputs.length]!;
      rows.set(value, f.let(apply[value]!(...operands.map((i) => rows.get(i)!))));
    }
  };
  const keeping = keptPlaces(f, scope, passes);
  passes.forEach((pass, i) => {
    computeRows(rowValues[i]!);
    for (const { value, total, divisor, accumulator } of emitPass(f, scope, pass, rows, keeping)) {
      const { state } = accumulator;
      const result = divisor === 1 ? total : f.let(state.div(total, state.const(divisor)));
      totals.set(value, result);
      rows.set(value, state.scalar === v.scalar ? result : f.let(f32Splat(result)));
    }
  });
  computeRows(rowValues[passes.length]!);
  outputs.forEach(({ value, access }, i) => {
    const vector = rows.get(value);
    if (vector === undefined || access.strides.at(-1) !== 0) return;
    const isWide = access.dtype === 'float64' && v.scalar === 'f32';
    if (isWide) f.run(f64.store(to[i]!, f64x2.extractLane(totals.get(value)!, 0)));
    else writeFirst(f, v, access, to[i]!, vector);
  });
}

/** Rounds the first lane to float32, and repeats it. */
const f32Splat = (wide: Vector): Value<'v128'> => f32x4.splat(f32.demoteF64(f64x2.extractLane(wide, 0)));

/** Where a value is kept between passes: in an output that it is written to anyway, or in scratch memory. */
interface Place {
  readonly access: Access;
  readonly row: Local<'i32'>;
  readonly isOutput: boolean;
}

function keptPlaces(f: FunctionBuilder, scope: RowScope, passes: readonly Pass[]): ReadonlyMap<number, Place> {
  const { loop, v, to, scratch } = scope;
  const places = new Map<number, Place>();
  const bytes = keptRowBytes(loop, v.laneBytes);
  for (const value of passes.flatMap(({ kept }) => kept)) {
    const output = loop.outputs.findIndex(
      ({ value: written, access }) => written === value && access.strides.at(-1) === 1 && access.dtype !== 'bool',
    );
    const own = { dtype: dtypeOfLanes(v.scalar), strides: [1] };
    const place =
      output >= 0
        ? { access: loop.outputs[output]!.access, row: to[output]!, isOutput: true }
        : { access: own, row: f.let(i32.add(scratch, places.size * bytes)), isOutput: false };
    places.set(value, place);
  }
  return places;
}

/** Returns the number of vectors to compute at a time in a pass without reductions. */
function vectorsAtOnce({ loop }: RowScope, { computed, read }: Pass): number {
  const heavy = computed.filter((value) => loop.instructions[value - loop.inputs.length]!.op in HEAVY).length;
  if (heavy > 2) return 2;
  return read.length > 6 ? 2 : 4;
}

const HEAVY: Readonly<Record<string, true>> = { tanh: true, sigmoid: true, exp: true, log: true, pow: true, erf: true };

function emitPass(
  f: FunctionBuilder,
  scope: RowScope,
  pass: Pass,
  rows: ReadonlyMap<number, Vector>,
  places: ReadonlyMap<number, Place>,
): readonly Reduction[] {
  const { loop, v } = scope;
  const length = loop.axes.at(-1)!;
  const reductions = pass.reduced.map((value): Reduction => {
    const { inputs, reduction } = loop.instructions[value - loop.inputs.length]!;
    const accumulator = accumulatorOf(reduction!.kind, v);
    const parts = Array.from({ length: PARTS }, () => Array.from({ length: accumulator.width }, () => f.local('v128')));
    return { value, input: inputs[0]!, divisor: reduction!.divisor, accumulator, parts, total: f.local('v128') };
  });
  const atOnce = reductions.length > 0 ? PARTS : vectorsAtOnce(scope, pass);
  const block = (at: Operand<'i32'>, vectors: number, last: number, parts: boolean): void =>
    emitBlock(f, scope, pass, rows, places, reductions, { at, vectors, last, parts });
  const range = (start: number | Local<'i32'>, elements: number): void => {
    for (const reduction of reductions) reset(f, reduction);
    const whole = Math.floor(elements / v.lanes);
    const steps = Math.floor(whole / atOnce);
    const step = 16 * atOnce;
    const offset = (bytes: number): Operand<'i32'> =>
      typeof start === 'number' ? start + bytes : f.let(i32.add(start, bytes));
    if (steps === 1) block(offset(0), atOnce, v.lanes, true);
    else if (steps > 1) f.for(start, offset(steps * step), step, (i) => block(i, atOnce, v.lanes, true));
    const rest = elements - steps * atOnce * v.lanes;
    const partial = rest % v.lanes;
    const vectors = Math.ceil(rest / v.lanes);
    if (vectors > 0) block(offset(steps * step), vectors, partial === 0 ? v.lanes : partial, false);
  };
  if (reductions.length === 0 || length <= Staging.chunk) {
    range(0, length);
    for (const reduction of reductions) f.set(reduction.total, folded(f, reduction));
    return reductions;
  }
  // Long rows are reduced in pieces, as the interpreter does, so that sums have the same bits.
  const meet = (): void => {
    for (const reduction of reductions) {
      f.set(reduction.total, reduction.accumulator.combine(reduction.total, folded(f, reduction)));
    }
  };
  for (const { total, accumulator } of reductions) f.set(total, accumulator.state.const(accumulator.neutral));
  const pieces = Math.floor(length / Staging.chunk);
  const pieceBytes = Staging.chunk * v.laneBytes;
  f.for(0, pieces * pieceBytes, pieceBytes, (start) => {
    range(start, Staging.chunk);
    meet();
  });
  if (length > pieces * Staging.chunk) {
    range(pieces * pieceBytes, length - pieces * Staging.chunk);
    meet();
  }
  return reductions;
}

function reset(f: FunctionBuilder, { accumulator, parts }: Reduction): void {
  const start = accumulator.state.const(accumulator.neutral);
  for (const vector of parts.flat()) f.set(vector, start);
}

/** Combines the parts and their lanes, in the order of the interpreter. Every lane of the result holds it. */
function folded(f: FunctionBuilder, { accumulator, parts }: Reduction): Vector {
  const { state, combine, neutral } = accumulator;
  const start: Value<'v128'> = state.const(neutral);
  const lanes = f.let(parts.flat().reduce<Value<'v128'>>((sum, part) => combine(sum, part), start));
  for (let apart = state.lanes / 2; apart >= 1; apart /= 2) {
    const order = Array.from({ length: state.lanes }, (_, lane) => lane ^ apart);
    f.set(lanes, combine(lanes, state.shuffle(lanes, lanes, order)));
  }
  return lanes;
}

/** Some neighbouring vectors of a row: all loaded first and stored last, so that no store delays a load. */
interface Block {
  readonly at: Operand<'i32'>;
  readonly vectors: number;
  /** The number of elements in the last vector. */
  readonly last: number;
  /** Whether each vector has its own part of a reduction's accumulators; otherwise all use the first. */
  readonly parts: boolean;
}

function emitBlock(
  f: FunctionBuilder,
  { loop, v, apply, from, to }: RowScope,
  pass: Pass,
  rows: ReadonlyMap<number, Vector>,
  places: ReadonlyMap<number, Place>,
  reductions: readonly Reduction[],
  { at, vectors, last, parts }: Block,
): void {
  const { inputs, instructions, outputs } = loop;
  const lengths = Array.from({ length: vectors }, (_, n) => (n === vectors - 1 ? last : v.lanes));
  const values = lengths.map((length, n) => {
    const known = new Map<number, Vector>(rows);
    for (const value of pass.read) {
      const place = places.get(value);
      const [access, row, count] =
        value < inputs.length
          ? [inputs[value]!, from[value]!, length]
          : [place!.access, place!.row, place!.isOutput ? length : v.lanes];
      known.set(value, readVector(f, v, access, row, at, n, count));
    }
    return known;
  });
  for (const known of values) {
    for (const value of pass.computed) {
      const { inputs: operands } = instructions[value - inputs.length]!;
      known.set(value, f.let(apply[value]!(...operands.map((i) => known.get(i)!))));
    }
  }
  for (const { accumulator, input, parts: sums } of reductions) {
    values.forEach((known, n) => {
      const inside = lengths[n]!;
      const vector = known.get(input)!;
      const taken = inside === v.lanes ? vector : f.let(filled(v, vector, accumulator.neutral, inside));
      accumulator.add(f, sums[parts ? n : 0]!, taken);
    });
  }
  values.forEach((known, n) => {
    for (const value of pass.kept) {
      const place = places.get(value)!;
      if (!place.isOutput) f.run(v.store(i32.add(place.row, at), known.get(value)!, 16 * n));
    }
    for (const i of pass.written) {
      const { value, access } = outputs[i]!;
      writeVector(f, v, access, to[i]!, at, n, lengths[n]!, known.get(value)!);
    }
  });
}

/** Replaces the lanes from `inside` on by a number. */
function filled(v: FloatVector, vector: Vector, number: number, inside: number): Value<'v128'> {
  const words = (inside * v.laneBytes) / 4;
  const mask = i32x4.constOf(...[0, 1, 2, 3].map((word) => (word < words ? -1 : 0)));
  return v128.bitselect(vector, v.const(number), mask);
}
