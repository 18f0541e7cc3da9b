/** What the elementary functions of vectors have in common: their shape, the float formats, polynomials and signs. */

import type { FloatType, FloatVector } from '../assembler/float-vector.ts';
import { i32, type Operand, type Value, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/module-builder.ts';

export type Vector = Value<'v128'>;
export type VectorLocal = Local<'v128'>;

/** Float lanes of either width: a `FloatVector` of one width, or of a width not known to the types. */
export type FloatLanes = Omit<FloatVector, 'one'>;

/**
 * A function of the lanes of a vector. Called before a loop it keeps its constants in locals; what it returns emits, in
 * the loop, the code for one vector, and is the result: an expression to evaluate once.
 *
 * ```ts
 * const apply = exp(f, v);
 * f.for(0, bytes, 16, (i) => f.run(v.store(i32.add(to, i), apply(f.let(v.load(i32.add(from, i)))))));
 * ```
 */
export type VectorFunction<Inputs extends readonly VectorLocal[]> = (
  f: FunctionBuilder,
  v: FloatLanes,
) => (...inputs: Inputs) => Vector;

export type UnaryFunction = VectorFunction<[x: VectorLocal]>;
export type BinaryFunction = VectorFunction<[x: VectorLocal, y: VectorLocal]>;

/** A constant of each float type. */
export type ByFloat<T> = Readonly<Record<FloatType, T>>;

/**
 * Vectors that a loop works on at a time, all loaded first and stored last: one by one, each is held up by what was stored
 * before it. Of float32, tanh takes 5.9 ns a vector two at a time, 5.0 four and 4.5 six at a time; float64, whose
 * polynomials are longer, is at its best with four.
 */
const UNROLL: ByFloat<number> = { f32: 6, f64: 4 };

/** How far a loop may read and write past the end. */
export const OVERRUN_BYTES = 16 * Math.max(UNROLL.f32, UNROLL.f64);

/** Emits a loop that puts a function of the vectors from byte `start` of x to byte `end` at the same places of `to`. */
export function mapVectors(
  f: FunctionBuilder,
  v: FloatLanes,
  apply: (x: VectorLocal) => Vector,
  { to, x, start, end }: { to: Local<'i32'>; x: Local<'i32'>; start: Operand<'i32'>; end: Local<'i32'> },
): void {
  const abreast = UNROLL[v.scalar];
  f.for(start, end, 16 * abreast, (i) => {
    const [from, into] = [f.let(i32.add(x, i)), f.let(i32.add(to, i))];
    const vectors = Array.from({ length: abreast }, (_, n) => f.let(v.load(from, 16 * n)));
    const results = vectors.map((vector) => f.let(apply(vector)));
    for (const [n, result] of results.entries()) f.run(v.store(into, result, 16 * n));
  });
}

/** Of the binary formats of IEEE 754: the bits below the exponent, and what is added to the exponent. */
export const FORMAT: ByFloat<{ readonly mantissaBits: number; readonly bias: number }> = {
  f32: { mantissaBits: 23, bias: 127 },
  f64: { mantissaBits: 52, bias: 1023 },
};

/** From so many coefficients on a polynomial is evaluated in two halves. */
const LONG = 6;

/** 1.5 times 2^mantissaBits: a float of about this size has no bits below the units, and its lowest bits count. */
export const unitsOf = (v: FloatLanes): number => 1.5 * 2 ** FORMAT[v.scalar].mantissaBits;

export const smallestNormal = (v: FloatLanes): number => 2 ** (1 - FORMAT[v.scalar].bias);

/**
 * ln 2 as a sum: the first term has so few bits that its product with an exponent is exact, whether or not a multiply-add
 * rounds the product.
 */
export const LN2: ByFloat<readonly [high: number, low: number]> = {
  f32: [0.693145751953125, 1.4286068203094173e-6],
  f64: [0.6931471803691238, 1.9082149292705877e-10],
};

/** Constants in locals. */
export function constants<const Values extends readonly number[]>(
  f: FunctionBuilder,
  v: FloatLanes,
  ...values: Values
) {
  return values.map((value) => f.let(v.const(value))) as unknown as { readonly [I in keyof Values]: VectorLocal };
}

/** The coefficients of a polynomial in locals. */
export const coefficients = (
  f: FunctionBuilder,
  v: FloatLanes,
  of: ByFloat<readonly number[]>,
): readonly VectorLocal[] => constants(f, v, ...of[v.scalar]);

/**
 * c[0] + c[1] x + c[2] x^2 + … by Horner's rule; all but c[0] of a long one in two halves, the odd and the even powers,
 * so that a processor can work on both at once.
 */
export function polynomial(f: FunctionBuilder, v: FloatLanes, x: VectorLocal, c: readonly Vector[]): Vector {
  const horner = (of: readonly Vector[], at: Vector) => of.reduceRight((sum, next) => v.madd(sum, at, next));
  if (c.length < LONG) return horner(c, x);
  const square = f.let(v.mul(x, x));
  const half = (first: 1 | 2) =>
    horner(
      c.filter((_, i) => i >= first && (i - first) % 2 === 0),
      square,
    );
  return horner([c[0]!, half(1), half(2)], x);
}

/** Gives a result that is positive or zero the sign of x; a NaN stays one. */
export function signer(f: FunctionBuilder, v: FloatLanes): (x: Vector, magnitude: Vector) => Vector {
  const [sign] = constants(f, v, -0);
  return (x, magnitude) => v128.or(magnitude, v128.and(x, sign));
}
