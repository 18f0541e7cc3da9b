import { abstract } from '../abstract.ts';
import type { NdArray } from '../array.ts';
import { forEachBroadcastRun, forEachRun } from '../iterate.ts';
import { emptyOf } from '../movement.ts';
import type { Kernels, Primitive } from '../primitives.ts';
import { erf, sigmoid, softplus } from '../special.ts';

/** The primitives with the signature `F`. */
type Having<F> = {
  [P in Primitive]: Kernels<NdArray>[P] extends F ? (F extends Kernels<NdArray>[P] ? P : never) : never;
}[Primitive];
type Unary = Exclude<Having<(x: NdArray) => NdArray>, 'stopGradient'>;
type Binary = Exclude<Having<(x: NdArray, y: NdArray) => NdArray>, 'matmul'>;

const unary: { readonly [P in Unary]: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid,
  relu: (x) => (x < 0 ? 0 : x),
  softplus,
  erf,
};

const binary: { readonly [P in Binary]: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  pow: (x, y) => x ** y,
  maximum: Math.max,
  minimum: Math.min,
  equal: (x, y) => Number(x === y),
  less: (x, y) => Number(x < y),
  lessEqual: (x, y) => Number(x <= y),
};

function map(f: (x: number) => number, x: NdArray, out: NdArray): NdArray {
  const [from, to] = [x.data, out.data];
  forEachRun(out.shape, [out, x], (length, [o, p], [os, ps]) => {
    for (let i = 0; i < length; i++) to[o! + i * os!] = f(from[p! + i * ps!]!);
  });
  return out;
}

function map2(f: (x: number, y: number) => number, x: NdArray, y: NdArray, out: NdArray): NdArray {
  const [left, right, to] = [x.data, y.data, out.data];
  forEachBroadcastRun(out, [x, y], (length, [o, p, q], [os, ps, qs]) => {
    for (let i = 0; i < length; i++) to[o! + i * os!] = f(left[p! + i * ps!]!, right[q! + i * qs!]!);
  });
  return out;
}

const mapEntries = <K extends string, F, G>(table: { readonly [P in K]: F }, wrap: (name: K, f: F) => G) =>
  Object.fromEntries(Object.entries<F>(table).map(([name, f]) => [name, wrap(name as K, f)])) as Record<K, G>;

/** Every elementwise primitive on one operand, and on two. */
export const elementwise: Pick<Kernels<NdArray>, Unary | Binary> = {
  ...mapEntries(unary, (name, f) => (x: NdArray) => map(f, x, emptyOf(abstract[name](x)))),
  ...mapEntries(binary, (name, f) => (x: NdArray, y: NdArray) => {
    // The product of two int32 numbers needs more digits than a float64 has.
    const exact = name === 'mul' && x.dtype === 'int32' ? Math.imul : f;
    return map2(exact, x, y, emptyOf(abstract[name](x, y)));
  }),
};
