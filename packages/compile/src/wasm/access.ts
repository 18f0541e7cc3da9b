/** Emits the code with which a loop reads and writes elements in linear memory, by dtype and stride. */

import { bytesPerElement, type DType } from '@tapegrad/kernels';
import {
  byteLanes,
  type FloatType,
  type FloatVector,
  type FunctionBuilder,
  f32,
  f32x4,
  f64x2,
  i8x16,
  i16x8,
  i32,
  i32x4,
  type Local,
  type Operand,
  type Value,
  v128,
} from '@tapegrad/kernels/codegen';
import type { Kind } from './element-code.ts';

/** An array as a loop sees it: its dtype, and the step in elements along each axis of the loop. */
export interface Access {
  readonly dtype: DType;
  readonly strides: readonly number[];
}

export const kindOf = (dtype: DType): Kind => (dtype === 'bool' ? 'mask' : 'number');

export const dtypeOfLanes = (type: FloatType): DType => (type === 'f32' ? 'float32' : 'float64');

/** Returns the distance in bytes between neighbours along an axis. */
export const stepBytes = ({ dtype, strides }: Access, axis: number): number => strides[axis]! * bytesPerElement(dtype);

/** Returns a vector with the element at an address in all lanes. */
export function readSplat(f: FunctionBuilder, v: FloatVector, { dtype }: Access, at: Operand<'i32'>): Local<'v128'> {
  if (dtype !== 'bool') return f.let(v.loadSplat(at));
  const bytes = f.let(byteLanes.loadSplat(at));
  return f.let(v.ne(bytes, f.let(v.const(0))));
}

/**
 * Reads the vector at byte `i` of a row of lanes, as if elements had the size of a lane, plus a constant number of
 * `vectors`. Only the first `length` elements must be in memory.
 */
export function readVector(
  f: FunctionBuilder,
  v: FloatVector,
  access: Access,
  row: Local<'i32'>,
  i: Operand<'i32'>,
  vectors: number,
  length: number,
): Local<'v128'> {
  const step = access.strides.at(-1)!;
  if (access.dtype === 'bool') return readMask(f, v, step, row, i, vectors, length);
  if (step === 1) return f.let(v.loadPart(length, i32.add(row, i), 16 * vectors));
  const bytes = step * v.laneBytes;
  const at = f.let(i32.add(row, i32.add(i32.mul(i, step), vectors * v.lanes * bytes)));
  const lanes = f.let(v.loadSplat(at));
  for (let lane = 1; lane < length; lane++) {
    f.set(lanes, v.replaceLane(lanes, lane, v.one.load(i32.add(at, lane * bytes))));
  }
  return lanes;
}

function readMask(
  f: FunctionBuilder,
  v: FloatVector,
  step: number,
  row: Local<'i32'>,
  i: Operand<'i32'>,
  vectors: number,
  length: number,
): Local<'v128'> {
  const first = f.let(i32.add(row, i32.mul(i32.divU(i, v.laneBytes), step)));
  const start = vectors * v.lanes * step;
  const bytes = f.let(byteLanes.loadSplat(i32.add(first, start)));
  for (let lane = 1; lane < length; lane++) {
    f.set(bytes, byteLanes.loadLane(i32.add(first, start + lane * step), bytes, lane));
  }
  // Repeats each byte to fill a lane. Read as a float, the lane is then 0 or not.
  const order = Array.from({ length: 16 }, (_, byte) => Math.floor(byte / v.laneBytes));
  return f.let(v.ne(v128.shuffle(bytes, bytes, order), v.const(0)));
}

/** Writes the first `length` lanes of a vector, at the address that `readVector` would read. */
export function writeVector(
  f: FunctionBuilder,
  v: FloatVector,
  access: Access,
  row: Local<'i32'>,
  i: Operand<'i32'>,
  vectors: number,
  length: number,
  vector: Local<'v128'>,
): void {
  const step = access.strides.at(-1)!;
  if (access.dtype === 'bool') {
    const bytes = f.let(maskBytes(v, vector));
    const at = f.let(i32.add(row, i32.mul(i32.divU(i, v.laneBytes), step)));
    for (let lane = 0; lane < length; lane++) {
      f.run(byteLanes.storeLane(at, bytes, lane, (vectors * v.lanes + lane) * step));
    }
  } else if (step === 1) {
    f.run(v.storePart(length, i32.add(row, i), vector, 16 * vectors));
  } else {
    const bytes = step * v.laneBytes;
    const at = f.let(i32.add(row, i32.add(i32.mul(i, step), vectors * v.lanes * bytes)));
    for (let lane = 0; lane < length; lane++) {
      f.run(v.one.store(i32.add(at, lane * bytes), v.extractLane(vector, lane)));
    }
  }
}

/** Writes the first lane of a vector of lanes of `v`, rounded to the dtype of the access if that is narrower. */
export function writeFirst(
  f: FunctionBuilder,
  v: FloatVector,
  { dtype }: Access,
  at: Operand<'i32'>,
  vector: Local<'v128'>,
): void {
  if (dtype === 'bool') f.run(byteLanes.storeLane(at, f.let(maskBytes(v, vector)), 0));
  else if (dtype === 'float32' && v.scalar === 'f64') {
    f.run(f32.store(at, f32.demoteF64(f64x2.extractLane(vector, 0))));
  } else f.run(v.storePart(1, at, vector));
}

/** Narrows a mask to one byte a lane, 0 or 1. */
function maskBytes(v: FloatVector, mask: Local<'v128'>): Value<'v128'> {
  const words = v.lanes === 4 ? mask : i32x4.shuffle(mask, mask, [0, 2, 0, 2]);
  const halves = i16x8.narrowS(words, words);
  return v128.and(i8x16.narrowS(halves, halves), v128.const(new Array<number>(16).fill(1)));
}

/** Rounds vectors of float64 lanes, two for one of float32, and joins them. */
export const narrowed = (low: Local<'v128'>, high: Local<'v128'>): Value<'v128'> =>
  f32x4.shuffle(f32x4.demoteF64x2Zero(low), f32x4.demoteF64x2Zero(high), [0, 1, 4, 5]);
