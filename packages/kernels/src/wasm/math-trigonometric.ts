/** sin and cos. */

import type { FunctionBuilder } from './assembler.ts';
import { f32x4, f64, f64x2, i32x4, i64x2, v128 } from './instructions.ts';
import { type Phase, reduceLarge } from './math-large-argument.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  polynomial,
  type UnaryFunction,
  unitsOf,
  type Vector,
  type VectorLocal,
} from './math-vector.ts';
import { floatVector } from './vector.ts';

/**
 * S with sin(r) = r + r^3 S(r^2) for |r| <= pi / 2, relative error 2^-31.0 and 2^-61.6: minimax polynomials of
 * test/fixtures/minimax.py.
 */
const SIN: ByFloat<readonly number[]> = {
  f32: [-0.16666667, 0.0083333505, -0.00019843093, 2.7627063e-6, -2.5503423e-8],
  f64: [
    ...[-0.16666666666666666, 0.008333333333333207, -0.0001984126984121248, 2.755731921156933e-6],
    ...[-2.5052106904380174e-8, 1.605894099802456e-10, -7.643019188953668e-13, 2.7214167343065062e-15],
  ],
};

/** Up to here, within 2^23 and 2^15 times pi, a few terms of pi are enough. */
const LARGE: ByFloat<number> = { f32: 2.6e7, f64: 1e5 };

/**
 * pi as a sum. All terms but the last have so few bits that their products with the multiples of 1/2 up to the limit are
 * exact, whether or not a multiply-add rounds the product; both sums are taken in float64.
 */
const PI = {
  f32: { high: 3.141592651605606, low: 1.984187159361081e-9 },
  f64: { high: 3.1415926535846666, middle: 5.1266883031679116e-12, low: 2.1125998133974855e-23 },
} as const;

/** Two float64 lanes of x = k pi + r + rest with k - phase whole and |r| <= pi / 2; k - phase has the lowest bit of `k`. */
interface Reduced {
  readonly x: VectorLocal;
  readonly k: VectorLocal;
  readonly r: VectorLocal;
  readonly rest?: VectorLocal;
}

const wide = floatVector('f64', false);

/** The nearest k to x / pi with k - phase whole; the lowest bit of `sum` is that of k - phase. */
function turns(f: FunctionBuilder, phase: Phase) {
  const { perPi, units, shift } = constants(f, wide, {
    ...{ perPi: 1 / Math.PI, units: unitsOf(wide), shift: phase },
  });
  return (x: VectorLocal) => {
    const quotient = f64x2.mul(x, perPi);
    const sum = f.let(f64x2.add(phase === 0 ? quotient : f64x2.sub(quotient, shift), units));
    const whole = f64x2.sub(sum, units);
    return { sum, k: f.let(phase === 0 ? whole : f64x2.add(whole, shift)) };
  };
}

/** Reduction with pi in two terms: enough for x of float32. */
function reducer(f: FunctionBuilder, phase: Phase) {
  const { high, low } = constants(f, wide, PI.f32);
  const turn = turns(f, phase);
  return (x: VectorLocal): Reduced => {
    const { sum, k } = turn(x);
    return { x, k: sum, r: f.let(f64x2.sub(f64x2.sub(x, f64x2.mul(k, high)), f64x2.mul(k, low))) };
  };
}

/** Reduction with pi in three terms, to twice the precision: an x of up to 1e5 comes as near as 2^-52 to its multiples. */
function longReducer(f: FunctionBuilder, phase: Phase) {
  const { high, middle, low } = constants(f, wide, PI.f64);
  const turn = turns(f, phase);
  return (x: VectorLocal): Required<Reduced> => {
    const { sum, k } = turn(x);
    const most = f.let(f64x2.sub(x, f64x2.mul(k, high)));
    const taken = f.let(f64x2.mul(k, middle));
    const near = f.let(f64x2.sub(most, taken));
    const small = f.let(f64x2.sub(f64x2.mul(k, low), f64x2.sub(f64x2.sub(most, near), taken)));
    const r = f.let(f64x2.sub(near, small));
    return { x, k: sum, r, rest: f.let(f64x2.sub(f64x2.sub(near, r), small)) };
  };
}

/** Reduces the lanes beyond the limit again, one after the other. */
function mendLarge(f: FunctionBuilder, pairs: readonly Reduced[], limit: number, phase: Phase): void {
  f.for(0, 2 * pairs.length, 1, () => {
    const { x, k, r, rest } = pairs[0]!;
    const lane = f.let(f64x2.extractLane(x, 0));
    f.if(f64.gt(lane, limit), () => {
      const reduced = reduceLarge(f, lane, phase);
      f.set(k, i64x2.replaceLane(k, 0, reduced.odd));
      f.set(r, f64x2.replaceLane(r, 0, reduced.r));
      if (rest !== undefined) f.set(rest, f64x2.replaceLane(rest, 0, reduced.rest));
    });
    for (const part of ['x', 'k', 'r', 'rest'] as const)
      rotateLanes(
        f,
        pairs.flatMap((pair) => pair[part] ?? []),
      );
  });
}

/** Every lane moves one place to the front, and the first to the end. */
function rotateLanes(f: FunctionBuilder, vectors: readonly VectorLocal[]): void {
  if (vectors.length === 0) return;
  const first = f.let(vectors[0]!);
  vectors.forEach((vector, i) => {
    f.set(vector, f64x2.shuffle(vector, vectors[i + 1] ?? first, [1, 2]));
  });
}

interface Angle {
  /** Its top bit tells whether k - phase is odd. */
  readonly odd: Vector;
  readonly r: VectorLocal;
  readonly rest?: VectorLocal;
}
type AngleOf = (f: FunctionBuilder, phase: Phase) => (x: VectorLocal) => Angle;

/** Float32 lanes are reduced in float64. */
const narrowAngle: AngleOf = (f, phase) => {
  const reduce = reducer(f, phase);
  const { limit } = constants(f, floatVector('f32', false), { limit: LARGE.f32 });
  return (x) => {
    const left = reduce(f.let(f64x2.promoteLowF32x4(x)));
    const right = reduce(f.let(f64x2.promoteLowF32x4(i32x4.shuffle(x, x, [2, 3, 2, 3]))));
    f.if(v128.anyTrue(f32x4.gt(x, limit)), () => mendLarge(f, [left, right], LARGE.f32, phase));
    const [low, high] = [f32x4.demoteF64x2Zero(left.r), f32x4.demoteF64x2Zero(right.r)];
    return {
      odd: i32x4.shl(i32x4.shuffle(left.k, right.k, [0, 2, 4, 6]), 31),
      r: f.let(i32x4.shuffle(low, high, [0, 1, 4, 5])),
    };
  };
};

const wideAngle: AngleOf = (f, phase) => {
  const reduce = longReducer(f, phase);
  const { limit } = constants(f, wide, { limit: LARGE.f64 });
  return (x) => {
    const reduced = reduce(x);
    f.if(v128.anyTrue(f64x2.gt(x, limit)), () => mendLarge(f, [reduced], LARGE.f64, phase));
    return { odd: i64x2.shl(reduced.k, 63), r: reduced.r, rest: reduced.rest };
  };
};

/** sin(k pi + r) = (-1)^k sin(r) and cos((k + 1/2) pi + r) = -(-1)^k sin(r): one polynomial for both. */
const sinusoid =
  (phase: Phase): UnaryFunction =>
  (f, v) => {
    const { sign, one, half } = constants(f, v, { sign: -0, one: 1, half: 0.5 });
    const s = coefficients(f, v, SIN);
    const angleOf = (v.scalar === 'f32' ? narrowAngle : wideAngle)(f, phase);
    return (x) => {
      const { odd, r, rest } = angleOf(f.let(v.abs(x)));
      const z = f.let(v.mul(r, r));
      const cubic = v.mul(v.mul(r, z), polynomial(f, v, z, s));
      // sin(r + rest) = sin(r) + rest cos(r)
      const curved = rest === undefined ? cubic : v.madd(rest, v.nmadd(z, half, one), cubic);
      const flip = v128.xor(odd, phase === 0 ? x : sign);
      return v128.xor(v.add(r, curved), v128.and(flip, sign));
    };
  };

export const sin: UnaryFunction = sinusoid(0);
export const cos: UnaryFunction = sinusoid(0.5);
