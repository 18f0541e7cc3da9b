import { erf, erfc, sigmoid, softplus } from '@tapegrad/kernels';
import { ulpDistance } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';
import { type FloatType, floatVector } from '../../src/wasm/assembler/float-vector.ts';
import { ModuleBuilder } from '../../src/wasm/assembler/module-builder.ts';
import { webAssembly } from '../../src/wasm/assembler/web-assembly.ts';
import * as errorFunction from '../../src/wasm/math/error-function.ts';
import { expm1 as wasmExpm1 } from '../../src/wasm/math/exponential.ts';
import { mathFunctions } from '../../src/wasm/math/functions.ts';
import { log1p as wasmLog1p, softplus as wasmSoftplus } from '../../src/wasm/math/logarithm.ts';
import { pow as wasmPow } from '../../src/wasm/math/power.ts';
import * as trigonometric from '../../src/wasm/math/trigonometric.ts';
import type { BinaryFunction } from '../../src/wasm/math/vector-function.ts';
import elementary from '../fixtures/elementary.json' with { type: 'json' };
import ofSpecial from '../fixtures/special.json' with { type: 'json' };

const nearZero = { expm1: wasmExpm1, log1p: wasmLog1p, softplus: wasmSoftplus };
const functions = { ...mathFunctions, ...nearZero, ...errorFunction, ...trigonometric, pow: wasmPow };
type Name = keyof typeof functions;
type Unary = Exclude<Name, 'pow'>;

const { sign, exp, expm1, log, log1p, sin, cos, tanh } = Math;
const reference: { readonly [N in Unary]: (x: number) => number } = {
  ...{ sign, exp, expm1, log, log1p, sin, cos, tanh, sigmoid, softplus, erf, erfc },
};
const names = Object.keys(reference) as readonly Unary[];
const stored = { ...elementary, ...ofSpecial };

/** The pow of IEEE 754. Unlike JavaScript's, it is 1 if the base is 1, or if the base is -1 and the exponent is infinite. */
const pow = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;

const types = ['f32', 'f64'] as const;
const dtypes = { f32: 'float32', f64: 'float64' } as const;
const arrays = { f32: Float32Array, f64: Float64Array } as const;

interface Variant {
  readonly type: FloatType;
  readonly relaxed: boolean;
}
const relaxations = features().relaxedSimd ? [false, true] : [false];
const variants: readonly Variant[] = types.flatMap((type) => relaxations.map((relaxed) => ({ type, relaxed })));

/** Memory for `size` numbers x and y, and `run`, which writes the results to a third area. */
function kernel(name: Name, { type, relaxed }: Variant, size: number) {
  const v = floatVector(type, relaxed);
  const bytes = size * v.laneBytes;
  const memory = new webAssembly!.Memory({ initial: Math.ceil((3 * bytes) / 65536) });
  const module = new ModuleBuilder();
  module.define('run', {}, (f) => {
    // A function of one operand ignores the other.
    const apply = (functions[name] as BinaryFunction)(f, v);
    f.for(0, bytes, 16, (i) => f.run(v.store(i, apply(f.let(v.load(i)), f.let(v.load(i, bytes))), 2 * bytes)));
  });
  const { run } = module.instantiate<{ run(): void }>(memory);
  const rooms = [0, 1, 2].map((i) => new arrays[type](memory.buffer as ArrayBuffer, i * bytes, size));
  const [x, y, out] = rooms as [Float64Array, Float64Array, Float64Array];
  return { x, y, out, run };
}

/** Returns the results for pairs of numbers; every pair is computed in every lane. */
function evaluate(name: Name, variant: Variant, xs: readonly number[], ys: readonly number[] = []): number[] {
  const { lanes } = floatVector(variant.type, false);
  const size = Math.ceil(xs.length / lanes) * lanes;
  const { x, y, out, run } = kernel(name, variant, size);
  const passes = Array.from({ length: lanes }, (_, shift) => {
    xs.forEach((value, i) => {
      x[(i + shift) % size] = value;
      y[(i + shift) % size] = ys[i] ?? 0;
    });
    run();
    return xs.map((_, i) => out[(i + shift) % size]!);
  });
  for (const pass of passes) expect(pass).toEqual(passes[0]);
  return passes[0]!;
}

/**
 * Returns the rows of arguments and expected results from which a function's results differ by more than this many
 * units in the last place.
 */
function wrong(name: Name, variant: Variant, rows: readonly (readonly number[])[], units: number) {
  const results = evaluate(
    name,
    variant,
    rows.map(([x]) => x!),
    rows.map(([, y]) => y!),
  );
  return rows
    .map((row, i) => ({ arguments: row.slice(0, -1), expected: row.at(-1)!, result: results[i]! }))
    .filter(({ expected, result }) =>
      expected === 0 || !Number.isFinite(expected)
        ? !Object.is(result, expected)
        : ulpDistance(result, expected, dtypes[variant.type]) > units,
    );
}

const { POSITIVE_INFINITY, MAX_VALUE, NaN: nan } = Number;
const special = [
  ...[0, 0.3, 0.5, 1, 2, 2.5, 3, 20, 89, 104, 745, 1001, 1e5, 16777217, 1e20, 1e30, 1e300, POSITIVE_INFINITY],
  ...[2 ** -149, 1e-40, 2 ** -126, 5e-324, 1e-310, 2 ** -1022, 1e-20, 1 + 2 ** -23, 1 - 2 ** -24, 1 + 2 ** -52],
  ...[3.4028234663852886e38, MAX_VALUE, 2 ** 63, 2 ** 128, Math.PI, 355],
].flatMap((x) => [x, -x]);

describe.each(variants)('$type, relaxed: $relaxed', (variant) => {
  const rounded = variant.type === 'f32' ? Math.fround : (x: number) => x;
  const xs = [...special, nan].map(rounded);

  test.each(names)('%s at zeros, infinities, NaN, subnormals and bounds', (name) => {
    const rows = xs.map((x) => [x, rounded(reference[name](x))]);
    expect(wrong(name, variant, rows, 3)).toEqual([]);
  });

  test('pow of all pairs of them', () => {
    const rows = xs.flatMap((x) => xs.map((y) => [x, y, rounded(pow(x, y))]));
    expect(wrong('pow', variant, rows, 2)).toEqual([]);
  });
});

describe.each(variants.filter(({ type }) => type === 'f64'))('float64, relaxed: $relaxed', (variant) => {
  test.each((Object.keys(stored) as (keyof typeof stored)[]).map((name) => [name, name === 'erfc' ? 4 : 2] as const))(
    '%s is within %i units in the last place',
    (name, units) => {
      expect(wrong(name, variant, stored[name], units)).toEqual([]);
    },
  );
});

/** Returns the largest error of a float32 result, in units in the last place. */
const bounds: { readonly [N in Name]: number } = {
  ...{ sign: 0, exp: 1, expm1: 1.3, log: 1, log1p: 1.5, sin: 2, cos: 2 },
  ...{ tanh: 2, sigmoid: 2, softplus: 2, erf: 2, erfc: 5, pow: 1.5 },
};

/** Returns the error of a float32 in units in the last place; 0 if it is the float32 nearest to the exact number. */
function errorOf(result: number, exact: number): number {
  if (Object.is(result, Math.fround(exact))) return 0;
  // Infinity stands for the number that would follow the largest float32.
  const [a, b] = [result, exact].map((x) => Math.sign(x) * Math.min(Math.abs(x), 2 ** 128)) as [number, number];
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(b))), -126);
  const error = Math.abs(a - b) / 2 ** (exponent - 23);
  return Number.isNaN(error) ? POSITIVE_INFINITY : error;
}

describe.each(variants.filter(({ type }) => type === 'f32'))('float32, relaxed: $relaxed', (variant) => {
  test.each(names)('%s of every 1009th number', (name) => {
    const size = 2 ** 16;
    const { x, out, run } = kernel(name, variant, size);
    const bits = new Uint32Array(x.buffer, x.byteOffset, size);
    const worst = { error: 0, x: nan, result: nan };
    for (let next = 0; next < 2 ** 32; ) {
      for (let i = 0; i < size; i++, next += 1009) bits[i] = next;
      run();
      for (let i = 0; i < size; i++) {
        const error = errorOf(out[i]!, reference[name](x[i]!));
        if (error > worst.error) Object.assign(worst, { error, x: x[i]!, result: out[i]! });
      }
    }
    expect(worst.error, JSON.stringify(worst)).toBeLessThanOrEqual(bounds[name]);
  });

  test('pow of bases and exponents of every size', () => {
    const points = Array.from({ length: 50_000 }, (_, i) => [
      (i * 0.6180339887498949) % 1,
      (i * 0.7548776662466927) % 1,
    ]);
    const xs = points.map(([u], i) =>
      Math.fround(i % 2 === 0 ? 2 ** (u! * 275 - 149) : 1 + (u! - 0.5) / 2 ** (i % 20)),
    );
    const ys = points.map(([, u], i) => Math.fround(((u! * 2 - 1) * 104) / Math.abs(Math.log(xs[i]!) || 1)));
    const results = evaluate('pow', variant, xs, ys);
    const errors = results.map((result, i) => errorOf(result, pow(xs[i]!, ys[i]!)));
    expect(Math.max(...errors)).toBeLessThanOrEqual(bounds.pow);
  });
});
