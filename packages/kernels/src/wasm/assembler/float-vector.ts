/**
 * One type for float vectors of both widths, so that one source gives float32 and float64 kernels, with plain or
 * relaxed SIMD.
 */

import type { FloatDType } from '../../arrays/dtype.ts';
import { f32, f32x4, f64, f64x2, type floatScalar, i32x4, i64x2, type Operand, type Value } from './instructions.ts';

/** The type of a float in WebAssembly. */
export type FloatType = 'f32' | 'f64';

/** The lane type of each dtype that has vectors. */
export const laneTypes = { float32: 'f32', float64: 'f64' } as const satisfies Record<FloatDType, FloatType>;
/** The number of bytes in a lane, by type. */
export const laneBytes: Readonly<Record<FloatType, number>> = { f32: 4, f64: 8 };

type Vector = Value<'v128'>;
type ByScalar = 'scalar' | 'splat' | 'extractLane' | 'replaceLane';
type Common<A, B> = Omit<Pick<A, keyof A & keyof B>, ByScalar>;

/** The instructions that `i32x4` and `i64x2` share, except those on one lane. */
export type IntegerVector = Common<typeof i32x4, typeof i64x2>;

/** The scalar instructions that `f32` and `f64` share. */
export type FloatScalar<S extends FloatType> = ReturnType<typeof floatScalar<S>>;

/** The instructions that `f32x4` and `f64x2` share, and others that kernels need. */
export interface FloatVector<S extends FloatType = FloatType> extends Common<typeof f32x4, typeof f64x2> {
  /** The type of one lane, and the scalar instructions on that type. */
  readonly scalar: S;
  readonly one: FloatScalar<S>;
  /** The instructions on integer lanes of the same width. */
  readonly bits: IntegerVector;
  splat(x: Operand<S>): Vector;
  extractLane(vector: Vector, lane: number): Value<S>;
  replaceLane(vector: Vector, lane: number, x: Operand<S>): Vector;
  /** Computes a b + c, rounded once with `relaxed` SIMD on a processor that supports it, otherwise twice. */
  madd(a: Vector, b: Vector, c: Vector): Vector;
  /** Computes c - a b, rounded as `madd` does. */
  nmadd(a: Vector, b: Vector, c: Vector): Vector;
}

/**
 * Returns the instructions of `f32x4` or `f64x2`. With `relaxed`, multiply-add is the relaxed instruction, which not
 * every engine has.
 */
export function floatVector<S extends FloatType>(scalar: S, relaxed: boolean): FloatVector<S>;
export function floatVector(scalar: FloatType, relaxed: boolean): FloatVector<'f32'> | FloatVector<'f64'> {
  return scalar === 'f32'
    ? { ...f32x4, one: f32, bits: i32x4, ...multiplyAdd(f32x4, relaxed) }
    : { ...f64x2, one: f64, bits: i64x2, ...multiplyAdd(f64x2, relaxed) };
}

function multiplyAdd(v: typeof f32x4 | typeof f64x2, relaxed: boolean): Pick<FloatVector, 'madd' | 'nmadd'> {
  if (relaxed) return { madd: v.relaxedMadd, nmadd: v.relaxedNmadd };
  return { madd: (a, b, c) => v.add(v.mul(a, b), c), nmadd: (a, b, c) => v.sub(c, v.mul(a, b)) };
}
