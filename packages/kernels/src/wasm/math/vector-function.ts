/** Shared parts of the elementary functions on vectors: their type, the float formats, polynomials and signs. */

import type { FloatType, FloatVector } from '../assembler/float-vector.ts';
import { i32, type Operand, type Value, v128 } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/module-builder.ts';
import { bySize, loadVectors, storeVectors } from '../assembler/vector-loops.ts';

export type Vector = Value<'v128'>;
export type VectorLocal = Local<'v128'>;

/** Float lanes of either width: a `FloatVector` whose width the types need not know. */
export type FloatLanes = Omit<FloatVector, 'one'>;

/**
 * Emits the code of an elementwise function of vectors. Calling it before a loop puts constants in locals. The function
 * that it returns is called inside the loop. Each call emits the code for one vector and returns the result, an
 * expression to evaluate only once.
 *
 * ```ts
 * const apply = exp(f, v);
 * f.for(0, bytes, 16, (i) => f.run(v.store(i32.add(to, i), apply(f.let(v.load(i32.add(from, i)))))));
 * ```
 */
export type VectorFunction<Inputs extends readonly VectorLocal[]> = (
  f: FunctionBuilder,
  v: FloatLanes,
) => Apply<Inputs>;

/** A function of one vector of each operand. */
export interface Apply<Inputs extends readonly VectorLocal[]> {
  (...inputs: Inputs): Vector;
  /**
   * Computes several results at once. Functions that branch define this, since an engine joins neighbouring vectors
   * only if they are computed in the same branch.
   */
  readonly all?: (inputs: readonly Inputs[]) => Vector[];
}

/** Makes a function of vectors from a function that computes several results at once. */
export const together = <Inputs extends readonly VectorLocal[]>(
  all: (inputs: readonly Inputs[]) => Vector[],
): Apply<Inputs> => Object.assign((...inputs: Inputs) => all([inputs])[0]!, { all });

/** Applies a function to each list of inputs; if the function has `all`, to two lists at a time. */
export function applyEach<Inputs extends readonly VectorLocal[]>(
  f: FunctionBuilder,
  apply: Apply<Inputs>,
  inputs: readonly Inputs[],
): VectorLocal[] {
  const { all } = apply;
  if (all === undefined) return inputs.map((each) => f.let(apply(...each)));
  const pairs = Array.from({ length: Math.ceil(inputs.length / 2) }, (_, i) => inputs.slice(2 * i, 2 * i + 2));
  return pairs.flatMap((pair) => all(pair).map((result) => f.let(result)));
}

/** A function of one vector. */
export type UnaryFunction = VectorFunction<[x: VectorLocal]>;
/** A function of two vectors. */
export type BinaryFunction = VectorFunction<readonly [x: VectorLocal, y: VectorLocal]>;

/** A constant of each float type. */
export type ByFloat<T> = Readonly<Record<FloatType, T>>;

/**
 * Number of vectors that a loop processes per iteration, all loaded first and stored last. If they were processed one
 * by one, each load would be delayed by the store before it. For float32, tanh takes 5.9 ns a vector with two per
 * iteration, 5.0 with four and 4.5 with six. float64, whose polynomials are longer, is fastest with four.
 */
const UNROLL: ByFloat<number> = { f32: 6, f64: 4 };

/** The number of bytes that a loop may read and write past the end. */
export const OVERRUN_BYTES = 16 * Math.max(UNROLL.f32, UNROLL.f64);

/**
 * Emits a loop that applies a function to the vectors of x from byte `start` to byte `end`. Results are written at
 * the same offsets of `to`.
 */
export function mapVectors(
  f: FunctionBuilder,
  v: FloatLanes,
  emit: UnaryFunction,
  { to, x, start, end }: { to: Local<'i32'>; x: Local<'i32'>; start: Operand<'i32'>; end: Local<'i32'> },
): void {
  const abreast = UNROLL[v.scalar];
  bySize(f, i32.sub(end, start), (isJoined) => {
    const apply = emit(f, v);
    f.for(start, end, 16 * abreast, (i) => {
      const [from, into] = [f.let(i32.add(x, i)), f.let(i32.add(to, i))];
      const inputs = loadVectors(f, from, abreast).map((vector): [VectorLocal] => [vector]);
      storeVectors(f, into, applyEach(f, apply, inputs), isJoined);
    });
  });
}

/** The IEEE 754 binary formats: the number of bits below the exponent, and the exponent's bias. */
export const FORMAT: ByFloat<{ readonly mantissaBits: number; readonly bias: number }> = {
  f32: { mantissaBits: 23, bias: 127 },
  f64: { mantissaBits: 52, bias: 1023 },
};

/** A polynomial with at least this many coefficients is evaluated in two halves. */
const LONG = 6;

/**
 * 1.5 times 2^mantissaBits. The last bit of a float of about this size has the weight 1, so its lowest bits hold an
 * integer.
 */
export const unitsOf = (v: FloatLanes): number => 1.5 * 2 ** FORMAT[v.scalar].mantissaBits;

export const smallestNormal = (v: FloatLanes): number => 2 ** (1 - FORMAT[v.scalar].bias);

/**
 * ln 2 as a sum of two terms. The first has so few bits that its product with an exponent is exact, whether or not a
 * multiply-add rounds the product.
 */
export const LN2: ByFloat<readonly [high: number, low: number]> = {
  f32: [0.693145751953125, 1.4286068203094173e-6],
  f64: [0.6931471803691238, 1.9082149292705877e-10],
};

/** Puts constants in locals. */
export function constants<const Values extends readonly number[]>(
  f: FunctionBuilder,
  v: FloatLanes,
  ...values: Values
) {
  return values.map((value) => f.let(v.const(value))) as unknown as { readonly [I in keyof Values]: VectorLocal };
}

/** Puts the coefficients of a polynomial in locals. */
export const coefficients = (
  f: FunctionBuilder,
  v: FloatLanes,
  of: ByFloat<readonly number[]>,
): readonly VectorLocal[] => constants(f, v, ...of[v.scalar]);

/**
 * Evaluates c[0] + c[1] x + c[2] x^2 + … by Horner's rule. A long polynomial is split, except for c[0], into its odd
 * and its even powers, so that a processor can work on both at once.
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

/** Gives a positive or zero result the sign of x; NaN stays NaN. */
export function signer(f: FunctionBuilder, v: FloatLanes): (x: Vector, magnitude: Vector) => Vector {
  const [sign] = constants(f, v, -0);
  return (x, magnitude) => v128.or(magnitude, v128.and(x, sign));
}
