/** pow, on two vectors. */

import { i32, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder } from '../assembler/module-builder.ts';
import { EXPM1, powerHalver, SATURATION } from './exponential.ts';
import { mantissaSplitter, normaliser } from './logarithm.ts';
import {
  type BinaryFunction,
  type ByFloat,
  coefficients,
  constants,
  type FloatLanes,
  FORMAT,
  polynomial,
  smallestNormal,
  together,
  unitsOf,
  type Vector,
  type VectorLocal,
} from './vector-function.ts';

/**
 * R such that 3/2 log((1 + s) / (1 - s)) = s (3 + s^2 + s^4 R(s^2)) for 1/sqrt(2) <= (1 + s) / (1 - s) <= sqrt(2),
 * with relative errors 2^-36.0 (float32) and 2^-65.7 (float64). Minimax polynomials from test/fixtures/minimax.py.
 */
const LOG: ByFloat<readonly number[]> = {
  f32: [0.6000023, 0.428206, 0.3513],
  f64: [
    ...[0.6000000000000337, 0.428571428551542, 0.33333333779097, 0.272726766139, 0.23080133313, 0.198852844],
    0.19793996,
  ],
};

/** 3/2 ln 2 as a sum of two terms; the product of the first with an exponent is exact. */
const LN2: ByFloat<readonly [high: number, low: number]> = {
  f32: [1.03973388671875, -1.3115878832035874e-5],
  f64: [1.0397207709029317, -6.301372609021628e-11],
};

/** An unevaluated sum; `high` has so few bits that its product with another such number is exact. */
interface Pair {
  readonly high: VectorLocal;
  readonly low: VectorLocal;
}

/**
 * Keeps the upper half of a float's bits. Products of two such halves are exact, whether or not a multiply-add rounds
 * them.
 */
function upperHalf(f: FunctionBuilder, v: FloatLanes) {
  const keep = f.let(v.bits.const(-(2 ** Math.ceil((FORMAT[v.scalar].mantissaBits + 1) / 2))));
  return (x: Vector) => v128.and(x, keep);
}

/** Computes 3/2 log(2^k m) to about one and a half times the lanes' precision, following the steps of fdlibm's pow. */
function longLog(f: FunctionBuilder, v: FloatLanes) {
  const [one, three, high, low] = constants(f, v, 1, 3, ...LN2[v.scalar]);
  const r = coefficients(f, v, LOG);
  const upper = upperHalf(f, v);
  return (k: VectorLocal, m: VectorLocal): Pair => {
    // s = (m - 1) / (m + 1), in two parts
    const above = f.let(v.sub(m, one));
    const below = f.let(v.add(m, one));
    const inverse = f.let(v.div(one, below));
    const s = f.let(v.mul(above, inverse));
    const sHigh = f.let(upper(s));
    const belowHigh = f.let(upper(below));
    const belowLow = v.sub(m, v.sub(belowHigh, one));
    const sLow = f.let(v.mul(v.nmadd(sHigh, belowLow, v.nmadd(sHigh, belowHigh, above)), inverse));
    // t = 3 + s^2 + s^4 R(s^2), in two parts
    const square = f.let(v.mul(sHigh, sHigh));
    const z = f.let(v.mul(s, s));
    const small = f.let(v.madd(v.mul(z, z), polynomial(f, v, z, r), v.mul(sLow, v.add(sHigh, s))));
    const tHigh = f.let(upper(v.add(v.add(square, three), small)));
    const tLow = v.sub(small, v.sub(v.sub(tHigh, three), square));
    // 3/2 k ln 2 + s t
    const product = f.let(v.mul(sHigh, tHigh));
    const whole = f.let(v.mul(k, high));
    const sum = f.let(v.add(whole, product));
    const lost = v.sub(product, v.sub(sum, whole));
    const rest = f.let(v.add(lost, v.madd(k, low, v.madd(sLow, tHigh, v.mul(tLow, s)))));
    const sumHigh = f.let(upper(v.add(sum, rest)));
    return { high: sumHigh, low: f.let(v.add(v.sub(sum, sumHigh), rest)) };
  };
}

/** Computes exp(2/3 (x + rest)), applying the factor 2/3 after the reduction, when both terms are small. */
function longExp(f: FunctionBuilder, v: FloatLanes) {
  const { zero, infinite } = SATURATION[v.scalar];
  const [one, factor, lowest, highest] = constants(f, v, 1, 2 / 3, 1.5 * zero, 1.5 * infinite);
  const [perTurn, units] = constants(f, v, Math.LOG2E / 1.5, unitsOf(v) + 2 * FORMAT[v.scalar].bias);
  const [high, low] = constants(f, v, ...LN2[v.scalar]);
  const q = coefficients(f, v, EXPM1);
  const halve = powerHalver(f, v);
  return (unbounded: VectorLocal, rest: Vector) => {
    const x = f.let(v.pmax(v.pmin(unbounded, highest), lowest));
    const sum = f.let(v.madd(x, perTurn, units));
    const n = f.let(v.sub(sum, units));
    const within = v128.and(rest, v.eq(x, unbounded));
    const r = f.let(v.mul(v.add(v.nmadd(n, high, x), v.nmadd(n, low, within)), factor));
    const { first, second } = halve(sum, n);
    return v.mul(v.mul(v.add(v.madd(v.mul(r, r), polynomial(f, v, r, q), r), one), first), second);
  };
}

/** Computes exp(y log |x|), with the logarithm and the product in more than the lanes' precision. */
function positivePower(f: FunctionBuilder, v: FloatLanes) {
  // With exponents this large, even powers of the floats next to 1 overflow. Larger exponents would give infinities,
  // whose differences are NaN.
  const bound = 2 ** (FORMAT[v.scalar].bias - 27);
  const [least, most] = constants(f, v, -bound, bound);
  const upper = upperHalf(f, v);
  const log = longLog(f, v);
  const exp = longExp(f, v);
  return (k: VectorLocal, m: VectorLocal, exponent: VectorLocal) => {
    const { high, low } = log(k, m);
    const y = f.let(v.pmax(v.pmin(exponent, most), least));
    const yHigh = f.let(upper(y));
    const product = f.let(v.mul(yHigh, high));
    const small = f.let(v.madd(y, low, v.mul(v.sub(y, yHigh), high)));
    const sum = f.let(v.add(product, small));
    return exp(sum, v.sub(small, v.sub(sum, product)));
  };
}

/**
 * Handles the cases that C and IEEE 754 specify for bases that are not positive normal floats, and for NaN. pow(x, 0)
 * = pow(1, y) = 1 even if the other operand is NaN. A negative base keeps its sign under odd exponents, and gives NaN
 * under non-integer exponents.
 */
function specialPower(f: FunctionBuilder, v: FloatLanes) {
  const [zero, half, one, infinite, sign] = constants(f, v, 0, 0.5, 1, Infinity, -0);
  const [units] = constants(f, v, 2 ** FORMAT[v.scalar].mantissaBits);
  // Rounds by adding a large number, since an engine doesn't join `nearest`. Every float beyond it is an integer.
  const isWhole = (n: VectorLocal): Vector => {
    const size = f.let(v.abs(n));
    return v128.or(v.ge(size, units), v.eq(v.sub(v.add(size, units), units), size));
  };
  return (x: VectorLocal, y: VectorLocal, powerOfAbs: VectorLocal) => {
    const a = f.let(v.abs(x));
    const endless = f.let(v.eq(a, infinite));
    const grown = v128.andnot(infinite, v128.xor(endless, v.gt(y, zero)));
    const atEnds = v128.bitselect(grown, powerOfAbs, v128.or(endless, v.eq(a, zero)));
    const halved = f.let(v.mul(y, half));
    const whole = f.let(isWhole(y));
    const odd = v128.andnot(whole, isWhole(halved));
    const broken = v128.andnot(v128.andnot(v.lt(x, zero), endless), whole);
    const undefined_ = v128.or(broken, v128.or(v.ne(x, x), v.ne(y, y)));
    const signed = v128.or(v128.or(atEnds, v128.and(v128.and(x, sign), odd)), undefined_);
    return v128.bitselect(one, signed, v128.or(v.eq(x, one), v.eq(y, zero)));
  };
}

/** Computes x to the power y. */
export const pow: BinaryFunction = (f, v) => {
  const [smallest, infinite] = constants(f, v, smallestNormal(v), Infinity);
  const normalise = normaliser(f, v);
  const split = mantissaSplitter(f, v);
  const power = positivePower(f, v);
  const special = specialPower(f, v);
  return together((inputs) => {
    const results = normalise(inputs.map(([x]) => f.let(v.abs(x)))).map(({ normal, toExponent }, i) => {
      const { k, m } = split(normal);
      return f.let(power(f.let(v.add(k, toExponent)), m, inputs[i]![1]));
    });
    const areOrdinary = inputs
      .map(([x, y]) => v128.and(v128.and(v.ge(x, smallest), v.lt(x, infinite)), v.eq(y, y)))
      .reduce((a, b) => v128.and(a, b));
    f.if(i32.eqz(v.bits.allTrue(areOrdinary)), () => {
      for (const [i, [x, y]] of inputs.entries()) f.set(results[i]!, special(x, y, results[i]!));
    });
    return results;
  });
};
