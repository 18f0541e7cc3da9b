/**
 * Kernels of normalisation on rows in linear memory. Sums are computed in float64, after the first element of the row
 * is subtracted, so that no digits are lost to a large mean.
 */

import { type FloatType, type FloatVector, floatVector } from '../assembler/float-vector.ts';
import { f32x4, f64, f64x2, i32, i32x4, type Value, v128 } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Local, ModuleBuilder } from '../assembler/module-builder.ts';
import { bySize, storeVectors } from '../assembler/vector-loops.ts';

type Vector = Value<'v128'>;
type Wide = Local<'v128'>;

/** The float64 numbers that `sums` writes for a row: the origin, the sums of d, d^2, g and g d, with d = x - origin. */
export const SUMS = 5;
/** The number of lanes that the parameters of a row take. */
export const PARAMETERS = 8;

/** The range in which neither 1 / sqrt(variance + eps) nor its powers overflow or underflow. */
export const safeInverses = {
  f32: { least: 2 ** -40, most: 2 ** 40 },
  f64: { least: 2 ** -300, most: 2 ** 300 },
} as const;

export interface NormalizationExports {
  /** Writes the sums of each row of x. */
  moments(to: number, x: number, rows: number, bytes: number): void;
  /** Writes the sums of each row of x and of g. */
  products(to: number, x: number, g: number, rows: number, bytes: number): void;
  /** Computes ((x - p0) - p1) p2 + p3, with parameters for each row. */
  scale(to: number, x: number, parameters: number, rows: number, bytes: number): void;
  /** Computes g p2 + (((x - p0) - p1) p3 + p4), with parameters for each row. */
  slope(to: number, x: number, g: number, parameters: number, rows: number, bytes: number): void;
  /**
   * Normalises each row by itself, and applies weights and biases. The `weights` rows of weights and of biases are used
   * in turn. Returns 0 if a row has no safe inverse. `weight` is the address of the first row of weights; the rows of
   * biases follow at `bias`.
   */
  rows(
    to: number,
    x: number,
    weight: number,
    bias: number,
    weights: number,
    eps: number,
    rows: number,
    bytes: number,
  ): number;
  /**
   * Computes the gradient of `rows` in x for the cotangent g. If `sums` is not 0, adds what `weightSlopes` does to the
   * sums there.
   */
  rowSlopes(
    to: number,
    x: number,
    g: number,
    weight: number,
    sums: number,
    weights: number,
    eps: number,
    rows: number,
    bytes: number,
  ): number;
  /** Adds g times the normalised x to `weights` rows of float64 sums in turn, each a multiple of 32 bytes long. */
  weightSlopes(to: number, x: number, g: number, weights: number, eps: number, rows: number, bytes: number): number;
}

/** The two sums of a row, or four with g, in all lanes of float64 vectors. */
interface Sums {
  readonly origin: Wide;
  readonly d: Wide;
  readonly squares: Wide;
  readonly g: Wide;
  readonly products: Wide;
}

/** Reads the cotangent of the elements at a byte offset in the row. */
type ReadCotangent = (at: Local<'i32'>, offset: number) => Vector;

export function normalizationModule(type: FloatType, centered: boolean): ModuleBuilder {
  const v = floatVector(type, false) as FloatVector;
  const isNarrow = type === 'f32';
  const module = new ModuleBuilder();
  /** Bytes of two float64 vectors of elements. */
  const step = isNarrow ? 16 : 32;
  // A second pass, which subtracts the mean itself, makes float64 sums as accurate as if they had been computed with
  // twice as many digits.
  const passes = centered && !isNarrow ? 2 : 1;

  /** Splits the elements at an address into two float64 vectors. */
  const halves = (f: FunctionBuilder, read: (offset: number) => Vector): [Wide, Wide] => {
    if (!isNarrow) return [f.let(read(0)), f.let(read(16))];
    const x = f.let(read(0));
    return [f.let(f64x2.promoteLowF32x4(x)), f.let(f64x2.promoteLowF32x4(f32x4.shuffle(x, x, [2, 3, 2, 3])))];
  };

  const total = (f: FunctionBuilder, parts: readonly [Wide, Wide]): Wide => {
    const sum = f.let(f64x2.add(parts[0], parts[1]));
    return f.let(f64x2.add(sum, f64x2.shuffle(sum, sum, [1, 0])));
  };

  /** Emits the sums of a row of x, and of its cotangent. */
  const sumRow = (f: FunctionBuilder, x: Local<'i32'>, bytes: Local<'i32'>, cotangent?: ReadCotangent): Sums => {
    const pair = (): [Wide, Wide] => [f.local('v128'), f.local('v128')];
    const sums = { d: pair(), squares: pair(), g: pair(), products: pair() };
    const all = [...sums.d, ...sums.squares, ...(cotangent ? [...sums.g, ...sums.products] : [])];
    const zero = f.let(f64x2.const(0));
    const origin = f.let(zero);
    if (centered) {
      const first = f.let(v.loadSplat(x));
      f.set(origin, isNarrow ? f64x2.promoteLowF32x4(first) : first);
    }
    const whole = f.let(i32.and(bytes, -step));
    const count = f.let(f64x2.splat(f64.convertI32S(i32.divU(bytes, v.laneBytes))));

    const add = (part: 0 | 1, value: Wide, g?: Wide): void => {
      const d = centered ? f.let(f64x2.sub(value, origin)) : value;
      f.set(sums.d[part], f64x2.add(sums.d[part], d));
      f.set(sums.squares[part], f64x2.add(sums.squares[part], f64x2.mul(d, d)));
      if (g === undefined) return;
      f.set(sums.g[part], f64x2.add(sums.g[part], g));
      f.set(sums.products[part], f64x2.add(sums.products[part], f64x2.mul(g, d)));
    };

    if (passes > 1) for (const sum of sums.d) f.set(sum, zero);
    f.for(0, passes, 1, () => {
      if (passes > 1) f.set(origin, f64x2.add(origin, f64x2.div(total(f, sums.d), count)));
      for (const sum of all) f.set(sum, zero);
      f.for(0, whole, step, (i) => {
        const at = f.let(i32.add(x, i));
        const xs = halves(f, (offset) => v.load(at, offset));
        const gs = cotangent && halves(f, (offset) => cotangent(i, offset));
        add(0, xs[0], gs?.[0]);
        add(1, xs[1], gs?.[1]);
      });
      // Elements past the end of the row count as the origin, and their cotangents as 0.
      f.for(whole, bytes, 16, (i) => {
        const words = i32.shrU(i32.sub(bytes, i), 2);
        const inside = f.let(i32x4.ltS(i32x4.constOf(0, 1, 2, 3), i32x4.splat(words)));
        const fill = f.let(isNarrow ? splatLow(f32x4.demoteF64x2Zero(origin)) : origin);
        const masked = f.let(v128.bitselect(v.load(i32.add(x, i)), fill, inside));
        const g = cotangent && f.let(v128.and(cotangent(i, 0), inside));
        const parts = (value: Wide): [Wide, Wide] | [Wide] => (isNarrow ? halves(f, () => value) : [value]);
        const gs = g && parts(g);
        for (const [part, value] of parts(masked).entries()) add(part as 0 | 1, value, gs?.[part]);
      });
    });
    const [d, squares] = [total(f, sums.d), total(f, sums.squares)];
    if (cotangent === undefined) return { origin, d, squares, g: zero, products: zero };
    return { origin, d, squares, g: total(f, sums.g), products: total(f, sums.products) };
  };

  const splatLow = (vector: Vector): Vector =>
    v128.shuffle(vector, vector, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
  /** Rounds a float64 number in all lanes to a number in all lanes of the type. */
  const rounded = (f: FunctionBuilder, number: Vector): Wide =>
    f.let(isNarrow ? splatLow(f32x4.demoteF64x2Zero(number)) : number);
  const widened = (vector: Vector): Vector => (isNarrow ? f64x2.promoteLowF32x4(vector) : vector);

  const storeSums = (f: FunctionBuilder, to: Local<'i32'>, sums: Sums): void => {
    const list = [sums.origin, sums.d, sums.squares, sums.g, sums.products];
    for (const [i, sum] of list.entries()) f.run(f64x2.storePart(1, to, sum, 8 * i));
    f.advance(to, 8 * SUMS);
  };

  module.define('moments', integers('to', 'x', 'rows', 'bytes'), (f, { to, x, rows, bytes }) => {
    f.for(0, rows, 1, () => {
      storeSums(f, to, sumRow(f, x, bytes));
      f.advance(x, bytes);
    });
  });

  module.define('products', integers('to', 'x', 'g', 'rows', 'bytes'), (f, { to, x, g, rows, bytes }) => {
    f.for(0, rows, 1, () => {
      storeSums(
        f,
        to,
        sumRow(f, x, bytes, (at, offset) => v.load(i32.add(g, at), offset)),
      );
      f.advance(x, bytes);
      f.advance(g, bytes);
    });
  });

  /**
   * Emits a loop that computes two vectors at a time. All loads come first, so that an engine can join the vectors if
   * `isJoined`. Kernels that also add up rows pass false: V8 joins no vectors in such functions.
   */
  const map = (
    f: FunctionBuilder,
    to: Local<'i32'>,
    bytes: Local<'i32'>,
    load: (at: Local<'i32'>, offset: number) => readonly Vector[],
    compute: (...operands: Wide[]) => Vector,
    isJoined = false,
  ): void =>
    f.for(0, bytes, 32, (i) => {
      const operands = [0, 16].map((offset) => load(i, offset).map((vector) => f.let(vector)));
      const results = operands.map((list) => f.let(compute(...list)));
      const target = f.let(i32.add(to, i));
      // The last vectors may extend past the end of the row; the next row overwrites that part.
      storeVectors(f, target, results, isJoined);
    });

  const parameter = (f: FunctionBuilder, at: Local<'i32'>, place: number): Wide =>
    f.let(v.loadSplat(at, place * v.laneBytes));
  const deviation = (x: Vector, high: Vector, low: Vector): Vector => v.sub(v.sub(x, high), low);

  module.define(
    'scale',
    integers('to', 'x', 'parameters', 'rows', 'bytes'),
    (f, { to, x, parameters, rows, bytes }) => {
      const scaleRow = (isJoined: boolean) =>
        f.for(0, rows, 1, () => {
          const [high, low, factor, bias] = [0, 1, 2, 3].map((place) => parameter(f, parameters, place)) as Wide[];
          map(
            f,
            to,
            bytes,
            (at, offset) => [v.load(i32.add(x, at), offset)],
            (a) => v.add(v.mul(deviation(a!, high!, low!), factor!), bias!),
            isJoined,
          );
          f.advance(to, bytes);
          f.advance(x, bytes);
          f.advance(parameters, PARAMETERS * v.laneBytes);
        });
      bySize(f, i32.mul(rows, bytes), scaleRow);
    },
  );

  module.define(
    'slope',
    integers('to', 'x', 'g', 'parameters', 'rows', 'bytes'),
    (f, { to, x, g, parameters, rows, bytes }) => {
      const slopeRow = (isJoined: boolean) =>
        f.for(0, rows, 1, () => {
          const [high, low, factor, along, shift] = [0, 1, 2, 3, 4].map((place) =>
            parameter(f, parameters, place),
          ) as Wide[];
          map(
            f,
            to,
            bytes,
            (at, offset) => [v.load(i32.add(x, at), offset), v.load(i32.add(g, at), offset)],
            (a, b) => v.add(v.mul(b!, factor!), v.add(v.mul(deviation(a!, high!, low!), along!), shift!)),
            isJoined,
          );
          f.advance(to, bytes);
          f.advance(x, bytes);
          f.advance(g, bytes);
          f.advance(parameters, PARAMETERS * v.laneBytes);
        });
      bySize(f, i32.mul(rows, bytes), slopeRow);
    },
  );

  /** The mean in two parts, and the inverse deviation, of a row, in all lanes. */
  const statistics = (f: FunctionBuilder, sums: Sums, bytes: Local<'i32'>, eps: Local<'f64'>, unsafe: Local<'i32'>) => {
    const count = f.let(f64x2.splat(f64.convertI32S(i32.divU(bytes, v.laneBytes))));
    const rest = f.let(f64x2.div(sums.d, count));
    const square = f.let(f64x2.div(sums.squares, count));
    const variance = centered ? f64x2.max(f64x2.sub(square, f64x2.mul(rest, rest)), f64x2.const(0)) : square;
    const inverse = f.let(f64x2.div(f64x2.const(1), f64x2.sqrt(f64x2.add(variance, f64x2.splat(eps)))));
    const { least, most } = safeInverses[type];
    const outside = v128.or(f64x2.lt(inverse, f64x2.const(least)), f64x2.gt(inverse, f64x2.const(most)));
    f.set(unsafe, i32.or(unsafe, v128.anyTrue(outside)));
    const zero = f64x2.const(0);
    const mean = f.let(centered ? f64x2.add(sums.origin, rest) : zero);
    const high = rounded(f, mean);
    const low = rounded(f, centered ? f64x2.add(f64x2.sub(sums.origin, widened(high)), rest) : zero);
    return { count, rest, inverse, high, low };
  };

  /** Advances a pointer to the next row of weights. After the last row, returns to the first. */
  const turn = (
    f: FunctionBuilder,
    pointer: Local<'i32'>,
    start: Local<'i32'>,
    end: Local<'i32'>,
    bytes: Value<'i32'>,
  ) => {
    f.advance(pointer, bytes);
    f.if(i32.geS(pointer, end), () => f.set(pointer, start));
  };

  const rowParameters = {
    ...integers('to', 'x'),
    weight: 'i32',
    bias: 'i32',
    weights: 'i32',
    eps: 'f64',
    rows: 'i32',
    bytes: 'i32',
  } as const;
  module.define('rows', rowParameters, (f, { to, x, weight, bias, weights, eps, rows, bytes }) => {
    const unsafe = f.local('i32');
    const end = f.let(i32.add(weight, i32.mul(weights, bytes)));
    const apart = f.let(i32.sub(bias, weight));
    const at = f.let(weight);
    f.for(0, rows, 1, () => {
      const { inverse, high, low } = statistics(f, sumRow(f, x, bytes), bytes, eps, unsafe);
      const factor = rounded(f, inverse);
      map(
        f,
        to,
        bytes,
        (i, offset) => [
          v.load(i32.add(x, i), offset),
          v.load(i32.add(at, i), offset),
          v.load(i32.add(i32.add(at, apart), i), offset),
        ],
        (a, w, b) => v.add(v.mul(v.mul(deviation(a!, high, low), factor), w!), b!),
      );
      f.advance(to, bytes);
      f.advance(x, bytes);
      turn(f, at, weight, end, bytes);
    });
    return i32.eqz(unsafe);
  });

  /** Computes g times the normalised x. */
  const unit = (
    at: Local<'i32'>,
    offset: number,
    x: Local<'i32'>,
    g: Local<'i32'>,
    high: Vector,
    low: Vector,
    factor: Vector,
  ): Vector =>
    v.mul(v.mul(deviation(v.load(i32.add(x, at), offset), high, low), factor), v.load(i32.add(g, at), offset));

  /** Bytes of a row of float64 sums: whole iterations, since the last one may extend past the end of a row. */
  const sumScale = 8 / v.laneBytes;
  const sumRowBytes = (f: FunctionBuilder, bytes: Local<'i32'>): Local<'i32'> =>
    f.let(i32.and(i32.add(i32.mul(bytes, sumScale), 31), -32));

  /** Adds a row of elements to float64 sums. */
  const addRow = (
    f: FunctionBuilder,
    to: Local<'i32'>,
    bytes: Local<'i32'>,
    read: (at: Local<'i32'>, offset: number) => Vector,
  ): void =>
    f.for(0, bytes, step, (i) => {
      const target = f.let(i32.add(to, i32.mul(i, sumScale)));
      const parts = halves(f, (offset) => read(i, offset));
      const sums = parts.map((part, half) => f.let(f64x2.add(f64x2.load(target, 16 * half), part)));
      f.run(...sums.map((sum, half) => f64x2.store(target, sum, 16 * half)));
    });

  const slopeParameters = {
    ...integers('to', 'x', 'g', 'weight', 'sums', 'weights'),
    eps: 'f64',
    rows: 'i32',
    bytes: 'i32',
  } as const;
  module.define('rowSlopes', slopeParameters, (f, { to, x, g, weight, sums: start, weights, eps, rows, bytes }) => {
    const unsafe = f.local('i32');
    const sumBytes = sumRowBytes(f, bytes);
    const sumEnd = f.let(i32.add(start, i32.mul(weights, sumBytes)));
    const sumAt = f.let(start);
    const end = f.let(i32.add(weight, i32.mul(weights, bytes)));
    const at = f.let(weight);
    f.for(0, rows, 1, () => {
      const weighted = (i: Local<'i32'>, offset: number): Vector =>
        v.mul(v.load(i32.add(g, i), offset), v.load(i32.add(at, i), offset));
      const sums = sumRow(f, x, bytes, weighted);
      const { count, rest, inverse, high, low } = statistics(f, sums, bytes, eps, unsafe);
      // The mean of h d about the mean of x instead of the origin.
      const across = f.let(f64x2.div(sums.g, count));
      const product = f64x2.div(sums.products, count);
      const along = f.let(centered ? f64x2.sub(product, f64x2.mul(rest, across)) : product);
      // Differences of infinities are left to the composition.
      const size = f.let(f64x2.add(f64x2.abs(along), f64x2.abs(across)));
      f.set(unsafe, i32.or(unsafe, i32.eqz(v128.anyTrue(f64x2.lt(size, f64x2.const(Infinity))))));
      const factor = rounded(f, inverse);
      const back = rounded(f, f64x2.neg(f64x2.mul(f64x2.mul(inverse, f64x2.mul(inverse, inverse)), along)));
      const shift = rounded(f, centered ? f64x2.neg(f64x2.mul(inverse, across)) : f64x2.const(0));
      map(
        f,
        to,
        bytes,
        (i, offset) => [v.load(i32.add(x, i), offset), weighted(i, offset)],
        (a, h) => v.add(v.mul(h!, factor), v.add(v.mul(deviation(a!, high, low), back), shift)),
      );
      f.if(start, () => {
        addRow(f, sumAt, bytes, (i, offset) => unit(i, offset, x, g, high, low, factor));
        turn(f, sumAt, start, sumEnd, sumBytes);
      });
      f.advance(to, bytes);
      f.advance(x, bytes);
      f.advance(g, bytes);
      turn(f, at, weight, end, bytes);
    });
    return i32.eqz(unsafe);
  });

  const sumParameters = { ...integers('to', 'x', 'g', 'weights'), eps: 'f64', rows: 'i32', bytes: 'i32' } as const;
  module.define('weightSlopes', sumParameters, (f, { to, x, g, weights, eps, rows, bytes }) => {
    const unsafe = f.local('i32');
    const sumBytes = sumRowBytes(f, bytes);
    const end = f.let(i32.add(to, i32.mul(weights, sumBytes)));
    const at = f.let(to);
    f.for(0, rows, 1, () => {
      const { inverse, high, low } = statistics(f, sumRow(f, x, bytes), bytes, eps, unsafe);
      const factor = rounded(f, inverse);
      addRow(f, at, bytes, (i, offset) => unit(i, offset, x, g, high, low, factor));
      f.advance(x, bytes);
      f.advance(g, bytes);
      turn(f, at, to, end, sumBytes);
    });
    return i32.eqz(unsafe);
  });
  return module;
}
