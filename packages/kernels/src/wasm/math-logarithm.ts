/** log and what is made of it: log1p, softplus. */

import type { FunctionBuilder } from './assembler.ts';
import { i32, v128 } from './instructions.ts';
import {
  type ByFloat,
  coefficients,
  constants,
  FORMAT,
  LN2,
  polynomial,
  type UnaryFunction,
  type Vector,
  type VectorLocal,
} from './math-vector.ts';
import type { FloatVector } from './vector.ts';

/**
 * L with log((1 + s) / (1 - s)) = 2 s + s^3 L(s^2) for 1/sqrt(2) <= (1 + s) / (1 - s) <= sqrt(2), relative error 2^-30.2
 * and 2^-59.5: the minimax polynomials of test/fixtures/minimax.py.
 */
const LOG: ByFloat<readonly number[]> = {
  f32: [0.66666776, 0.39977583, 0.29871133],
  f64: [
    ...[0.6666666666666734, 0.39999999999416813, 0.2857142874199219, 0.2222219860712385, 0.18183562856117483],
    ...[0.1531408155845579, 0.14795698784345215],
  ],
};

/** A positive float as 2^k m with m from 1/sqrt(2) to sqrt(2). */
interface Parts {
  readonly k: Vector;
  readonly m: VectorLocal;
}

/** Takes apart what is positive and normal; of other lanes k and m are finite, and say nothing. */
function splitter(f: FunctionBuilder, v: FloatVector): (x: Vector) => Parts {
  const { mantissaBits, bias } = FORMAT[v.scalar];
  const units = 2 ** mantissaBits;
  const { one, root, toFloat, offset } = constants(f, v, {
    ...{ one: 1, root: Math.SQRT1_2, toFloat: units, offset: units + bias },
  });
  const above = f.let(v.bits.sub(one, root));
  const mantissa = f.let(v.bits.const(units - 1));
  return (x) => {
    const shifted = f.let(v.bits.add(x, above));
    return {
      k: v.sub(v128.or(v.bits.shrU(shifted, mantissaBits), toFloat), offset),
      m: f.let(v.bits.add(v128.and(shifted, mantissa), root)),
    };
  };
}

/** k ln 2 + log(1 + g): with s = g / (2 + g), log(1 + g) = g - (g^2 / 2 - s (g^2 / 2 + s^2 L(s^2))) as in fdlibm. */
function combiner(f: FunctionBuilder, v: FloatVector): (k: Vector, g: VectorLocal) => Vector {
  const { half, two, high, low } = constants(f, v, { half: 0.5, two: 2, ...LN2[v.scalar] });
  const l = coefficients(f, v, LOG);
  return (exponent, g) => {
    const k = f.let(exponent);
    const s = f.let(v.div(g, v.add(g, two)));
    const z = f.let(v.mul(s, s));
    const square = f.let(v.mul(v.mul(g, g), half));
    const tail = v.madd(s, v.madd(z, polynomial(v, z, l), square), v.mul(k, low));
    return v.madd(k, high, v.sub(g, v.sub(square, tail)));
  };
}

export const log: UnaryFunction = (f, v) => {
  const { bias } = FORMAT[v.scalar];
  const room = 64;
  const { zero, one, smallest, infinite, up, down } = constants(f, v, {
    ...{ zero: 0, one: 1, smallest: 2 ** (1 - bias), infinite: Infinity, up: 2 ** room, down: -room },
  });
  const split = splitter(f, v);
  const combine = combiner(f, v);
  return (x) => {
    const normal = f.let(x);
    const extra = f.let(zero);
    const ordinary = f.let(v128.and(v.ge(x, smallest), v.lt(x, infinite)));
    f.if(i32.eqz(v.bits.allTrue(ordinary)), () => {
      const subnormal = f.let(v128.and(v.gt(x, zero), v.lt(x, smallest)));
      f.set(normal, v128.bitselect(v.mul(x, up), x, subnormal));
      const limit = v.sub(v.sqrt(x), v.div(one, v.abs(x)));
      f.set(extra, v128.andnot(v128.bitselect(down, limit, subnormal), ordinary));
    });
    const { k, m } = split(normal);
    return combine(v.add(k, extra), f.let(v.sub(m, one)));
  };
};
