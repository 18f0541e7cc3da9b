/** sin and cos, on vectors. */

import { floatVector } from '../assembler/float-vector.ts';
import { f32x4, f64, f64x2, i32x4, i64x2, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder } from '../assembler/module-builder.ts';
import { type Phase, reduceLarge } from './argument-reduction.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  polynomial,
  type UnaryFunction,
  unitsOf,
  type Vector,
  type VectorLocal,
} from './vector-function.ts';

/**
 * S such that sin(r) = r + r^3 S(r^2) for |r| <= pi / 2, with relative errors 2^-30.2 (float32) and 2^-60.3
 * (float64). Minimax polynomials from test/fixtures/minimax.py.
 */
const SIN: ByFloat<readonly number[]> = {
  f32: [-0.16666667, 0.008333351, -0.0001984328, 2.76387e-6, -2.573e-8],
  f64: [
    ...[-0.16666666666666666, 0.008333333333333207, -0.0001984126984121248, 2.75573192115693e-6],
    ...[-2.505210690437e-8, 1.6058940997e-10, -7.64301915e-13, 2.721416e-15],
  ],
};

/** The largest argument for which three terms of pi are accurate enough. It must be below 2^15 pi. */
const LARGE = 1e5;

/**
 * pi as a sum of three terms. The first two have so few bits that their products with multiples of 1/2 up to LARGE /
 * pi are exact. This holds whether or not a multiply-add rounds the product.
 */
const PI = [3.1415926535846666, 5.1266883031679116e-12, 2.1125998133974855e-23] as const;

/**
 * Lanes decomposed as x = k pi + r + rest, with k - phase an integer and |r| <= pi / 2. The lowest bit of `k` equals
 * the lowest bit of k - phase.
 */
interface Reduced {
  readonly x: VectorLocal;
  readonly k: VectorLocal;
  readonly r: VectorLocal;
  readonly rest?: VectorLocal;
}

const wide = floatVector('f64', false);

/**
 * Reduces float64 lanes (Cody and Waite). r and `rest` have 53 bits each, because an x up to `LARGE` comes as near as
 * 2^-52 to a multiple of pi. Without `rest`, two terms of pi are used, which is enough for an x converted from
 * float32.
 */
function reducer(f: FunctionBuilder, phase: Phase, withRest: boolean) {
  const [perPi, units, shift, high, middle, low] = constants(f, wide, 1 / Math.PI, unitsOf(wide), phase, ...PI);
  return (x: VectorLocal): Reduced => {
    const turns = f64x2.mul(x, perPi);
    const sum = f.let(f64x2.add(phase === 0 ? turns : f64x2.sub(turns, shift), units));
    const whole = f64x2.sub(sum, units);
    const k = f.let(phase === 0 ? whole : f64x2.add(whole, shift));
    const most = f.let(f64x2.sub(x, f64x2.mul(k, high)));
    const taken = f.let(f64x2.mul(k, middle));
    const near = f.let(f64x2.sub(most, taken));
    if (!withRest) return { x, k: sum, r: near };
    const small = f.let(f64x2.sub(f64x2.mul(k, low), f64x2.sub(f64x2.sub(most, near), taken)));
    const r = f.let(f64x2.sub(near, small));
    return { x, k: sum, r, rest: f.let(f64x2.sub(f64x2.sub(near, r), small)) };
  };
}

/** Reduces the lanes beyond `LARGE` again, one at a time. */
function mendLarge(f: FunctionBuilder, vectors: readonly Reduced[], phase: Phase): void {
  f.for(0, 2 * vectors.length, 1, () => {
    const { x, k, r, rest } = vectors[0]!;
    const lane = f.let(f64x2.extractLane(x, 0));
    f.if(f64.gt(lane, LARGE), () => {
      const reduced = reduceLarge(f, lane, phase);
      f.set(k, i64x2.replaceLane(k, 0, reduced.odd));
      f.set(r, f64x2.replaceLane(r, 0, reduced.r));
      if (rest !== undefined) f.set(rest, f64x2.replaceLane(rest, 0, reduced.rest));
    });
    for (const part of ['x', 'k', 'r', 'rest'] as const) {
      const lanes = vectors.flatMap((vector) => vector[part] ?? []);
      if (lanes.length > 0) rotate(f, lanes);
    }
  });
}

/** Rotates the lanes: moves each one position toward the front, and the first one to the end. */
function rotate(f: FunctionBuilder, vectors: readonly VectorLocal[]): void {
  const first = f.let(vectors[0]!);
  vectors.forEach((vector, i) => {
    f.set(vector, f64x2.shuffle(vector, vectors[i + 1] ?? first, [1, 2]));
  });
}

/** r in lanes of the argument's width; the top bit of `odd` is set if k - phase is odd. */
interface Angle {
  readonly odd: Vector;
  readonly r: VectorLocal;
  readonly rest?: VectorLocal;
}

const angle = ({ k, ...parts }: Reduced): Angle => ({ odd: i64x2.shl(k, 63), ...parts });

/** Combines the angles of the lower and the upper two of four float32 lanes. */
function narrowAngle(f: FunctionBuilder, lower: Reduced, upper: Reduced): Angle {
  const [low, high] = [f32x4.demoteF64x2Zero(lower.r), f32x4.demoteF64x2Zero(upper.r)];
  return {
    odd: i32x4.shl(i32x4.shuffle(lower.k, upper.k, [0, 2, 4, 6]), 31),
    r: f.let(i32x4.shuffle(low, high, [0, 1, 4, 5])),
  };
}

/**
 * Computes sin and cos with one polynomial: sin(k pi + r) = (-1)^k sin(r) and cos((k + 1/2) pi + r) = -(-1)^k sin(r).
 */
const sinusoid =
  (phase: Phase): UnaryFunction =>
  (f, v) => {
    const narrow = v.scalar === 'f32';
    const [sign, one, half, large] = constants(f, v, -0, 1, 0.5, LARGE);
    const s = coefficients(f, v, SIN);
    const reduce = reducer(f, phase, !narrow);
    const widen = (x: VectorLocal) =>
      [x, i32x4.shuffle(x, x, [2, 3, 2, 3])].map((pair) => f.let(f64x2.promoteLowF32x4(pair)));
    return (x) => {
      const a = f.let(v.abs(x));
      const parts = (narrow ? widen(a) : [a]).map(reduce);
      f.if(v128.anyTrue(v.gt(a, large)), () => mendLarge(f, parts, phase));
      const [lower, upper] = parts as [Reduced, Reduced?];
      const { odd, r, rest } = upper === undefined ? angle(lower) : narrowAngle(f, lower, upper);
      const z = f.let(v.mul(r, r));
      const cubic = v.mul(v.mul(r, z), polynomial(f, v, z, s));
      // sin(r + rest) = sin(r) + rest cos(r)
      const curved = rest === undefined ? cubic : v.madd(rest, v.nmadd(z, half, one), cubic);
      const flip = v128.xor(odd, phase === 0 ? x : sign);
      return v128.xor(v.add(r, curved), v128.and(flip, sign));
    };
  };

/** Computes the sine. */
export const sin: UnaryFunction = sinusoid(0);
/** Computes the cosine. */
export const cos: UnaryFunction = sinusoid(0.5);
