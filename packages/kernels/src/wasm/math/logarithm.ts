/** log and the functions built on it: log1p, softplus. */

import { i32, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder } from '../assembler/module-builder.ts';
import { expOfMinusAbs } from './exponential.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  type FloatLanes,
  FORMAT,
  LN2,
  polynomial,
  signer,
  smallestNormal,
  together,
  type UnaryFunction,
  type Vector,
  type VectorLocal,
} from './vector-function.ts';

/**
 * L such that log((1 + s) / (1 - s)) = 2 s + s^3 L(s^2) for 1/sqrt(2) <= (1 + s) / (1 - s) <= sqrt(2), with relative
 * errors 2^-29.4 (float32) and 2^-59.3 (float64). Minimax polynomials from test/fixtures/minimax.py.
 */
const LOG: ByFloat<readonly number[]> = {
  f32: [0.6666678, 0.399768, 0.299],
  f64: [...[0.6666666666666734, 0.39999999999417, 0.2857142874192, 0.22222198617, 0.1818356224, 0.15314099], 0.1479552],
};

/**
 * Splits a positive normal float into 2^k m with m from 1/sqrt(2) to sqrt(2). Other lanes give finite but meaningless
 * numbers.
 */
export function mantissaSplitter(f: FunctionBuilder, v: FloatLanes) {
  const { mantissaBits, bias } = FORMAT[v.scalar];
  const units = 2 ** mantissaBits;
  const [one, root, exponent, offset] = constants(f, v, 1, Math.SQRT1_2, units, units + bias);
  const above = f.let(v.bits.sub(one, root));
  const mantissa = f.let(v.bits.const(units - 1));
  return (x: Vector) => {
    const shifted = f.let(v.bits.add(x, above));
    return {
      k: v.sub(v128.or(v.bits.shrU(shifted, mantissaBits), exponent), offset),
      m: f.let(v.bits.add(v128.and(shifted, mantissa), root)),
    };
  };
}

/**
 * Computes k ln 2 + log(1 + g). With s = g / (2 + g), log(1 + g) = g - (g^2 / 2 - s (g^2 / 2 + s^2 L(s^2))), as in
 * fdlibm.
 */
function combiner(f: FunctionBuilder, v: FloatLanes) {
  const [half, two, high, low] = constants(f, v, 0.5, 2, ...LN2[v.scalar]);
  const l = coefficients(f, v, LOG);
  return (k: VectorLocal, g: VectorLocal) => {
    const s = f.let(v.div(g, v.add(g, two)));
    const z = f.let(v.mul(s, s));
    const square = f.let(v.mul(v.mul(g, g), half));
    const tail = v.madd(s, v.madd(z, polynomial(f, v, z, l), square), v.mul(k, low));
    return v.madd(k, high, v.sub(g, v.sub(square, tail)));
  };
}

/**
 * Handles the rare lanes that are not positive normal floats. Scales subnormals to normal numbers. For the others,
 * the term added to k makes the logarithm -Infinity (for 0), Infinity (for Infinity) or NaN.
 */
export function normaliser(f: FunctionBuilder, v: FloatLanes) {
  const scaleBits = 64;
  const [zero, one, smallest, infinite] = constants(f, v, 0, 1, smallestNormal(v), Infinity);
  const [up, down] = constants(f, v, 2 ** scaleBits, -scaleBits);
  return (xs: readonly VectorLocal[]) => {
    const parts = xs.map((x) => ({
      x,
      normal: f.let(x),
      toExponent: f.let(zero),
      ordinary: f.let(v128.and(v.ge(x, smallest), v.lt(x, infinite))),
    }));
    const areOrdinary = parts.map(({ ordinary }): Vector => ordinary).reduce((a, b) => v128.and(a, b));
    f.if(i32.eqz(v.bits.allTrue(areOrdinary)), () => {
      for (const { x, normal, toExponent, ordinary } of parts) {
        const subnormal = f.let(v128.and(v.gt(x, zero), v.lt(x, smallest)));
        f.set(normal, v128.bitselect(v.mul(x, up), x, subnormal));
        const limit = v.sub(v.sqrt(x), v.div(one, v.abs(x)));
        f.set(toExponent, v128.andnot(v128.bitselect(down, limit, subnormal), ordinary));
      }
    });
    return parts;
  };
}

export const log: UnaryFunction = (f, v) => {
  const [one] = constants(f, v, 1);
  const normalise = normaliser(f, v);
  const split = mantissaSplitter(f, v);
  const combine = combiner(f, v);
  return together((inputs) =>
    normalise(inputs.map(([x]) => x)).map(({ normal, toExponent }) => {
      const { k, m } = split(normal);
      return combine(f.let(v.add(k, toExponent)), f.let(v.sub(m, one)));
    }),
  );
};

/** Returns 2^-k, for u = 2^k m. */
const powerBetween = (v: FloatLanes, u: Vector, m: Vector, one: Vector): Vector => v.bits.add(v.bits.sub(m, u), one);

/**
 * Computes log(u) with u = 1 + x, corrected for the part of x that is lost when u is rounded. For a large x, 2^-k may
 * be out of range, but the correction is negligible and left out.
 */
export const log1p: UnaryFunction = (f, v) => {
  const [one, large] = constants(f, v, 1, 2 ** 60);
  const normalise = normaliser(f, v);
  const split = mantissaSplitter(f, v);
  const combine = combiner(f, v);
  const withSign = signer(f, v);
  return together((inputs) =>
    normalise(inputs.map(([x]) => f.let(v.add(x, one)))).map(({ x: u, normal, toExponent }, i) => {
      const [x] = inputs[i]!;
      const part = f.let(v.sub(u, x));
      const lost = v.add(v.sub(one, part), v.sub(x, v.sub(u, part)));
      const { k, m } = split(normal);
      const rescaled = v128.and(v.mul(lost, powerBetween(v, u, m, one)), v.lt(x, large));
      const g = v.add(v.sub(m, one), rescaled);
      return withSign(x, combine(f.let(v.add(k, toExponent)), f.let(g)));
    }),
  );
};

/** Computes max(x, 0) + log1p(exp(-|x|)). */
export const softplus: UnaryFunction = (f, v) => {
  const [zero, one] = constants(f, v, 0, 1);
  const decay = expOfMinusAbs(f, v);
  const split = mantissaSplitter(f, v);
  const combine = combiner(f, v);
  return (x) => {
    const e = f.let(decay(x));
    const u = f.let(v.add(e, one));
    const { k, m } = split(u);
    const lost = v.sub(e, v.sub(u, one));
    const g = v.madd(lost, powerBetween(v, u, m, one), v.sub(m, one));
    return v.add(v.pmax(x, zero), combine(f.let(k), f.let(g)));
  };
};
