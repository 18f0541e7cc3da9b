import type { Data } from '../dtype.ts';
import { type ChangeInPlace, checkAlike, type ElementFormula, type ElementKernels } from '../in-place.ts';
import { type FunctionBuilder, type Local, ModuleBuilder, type Parameters } from './assembler.ts';
import { i32, type Value, v128 } from './instructions.ts';
import type { Staging } from './staging.ts';
import { type FloatType, type FloatVector, floatVector } from './vector.ts';

/** Elements that pass at a time: a handful of arrays of float64 fit a second-level cache. */
const CHUNK = 1 << 13;

type Vector = Value<'v128'>;

interface Exports {
  /** The number of bytes, then a pointer for each array, then the numbers. */
  readonly run: (...bytesPointersAndNumbers: readonly number[]) => void;
}

/** A formula as a loop, for arrays and numbers of these names in this order. */
interface Kernel extends Exports {
  readonly laneBytes: number;
  readonly arrays: readonly string[];
  readonly numbers: readonly string[];
  /** Which of the arrays change. */
  readonly changes: readonly boolean[];
}

/** The primitives as code for vectors, each result in a local, since an expression is computed as often as it is used. */
function vectorKernels(f: FunctionBuilder, v: FloatVector): ElementKernels<Vector> {
  const one = f.let(v.const(1));
  const zero = f.let(v.const(0));
  const signBit = f.let(v.const(-0));
  const sign = (x: Vector): Vector => {
    const size = v128.andnot(one, v.eq(x, zero));
    return v128.bitselect(v128.or(size, v128.and(x, signBit)), x, v.eq(x, x));
  };
  return {
    add: (x, y) => f.let(v.add(x, y)),
    sub: (x, y) => f.let(v.sub(x, y)),
    mul: (x, y) => f.let(v.mul(x, y)),
    div: (x, y) => f.let(v.div(x, y)),
    maximum: (x, y) => f.let(v.max(x, y)),
    sqrt: (x) => f.let(v.sqrt(x)),
    abs: (x) => f.let(v.abs(x)),
    sign: (x) => f.let(sign(x)),
  };
}

type AnyFormula = ElementFormula<Record<string, unknown>, Record<string, unknown>>;

function assemble(
  staging: Staging,
  v: FloatVector,
  formula: AnyFormula,
  arrays: readonly string[],
  numbers: readonly string[],
): Kernel {
  const module = new ModuleBuilder();
  const changed: string[] = [];
  const parameters: Parameters = Object.fromEntries([
    ['bytes', 'i32'],
    ...arrays.map((name) => [`array ${name}`, 'i32']),
    ...numbers.map((name) => [`number ${name}`, v.scalar]),
  ]);
  module.define('run', parameters, (f, locals) => {
    const k = vectorKernels(f, v);
    const splats = numbers.map((name) => [name, f.let(v.splat(locals[`number ${name}`] as Local<FloatType>))]);
    f.for(0, locals.bytes as Local<'i32'>, 16, (i) => {
      const addresses = new Map(
        arrays.map((name) => [name, f.let(i32.add(locals[`array ${name}`] as Local<'i32'>, i))]),
      );
      const lanes = Array.from(addresses, ([name, address]) => [name, f.let(v.load(address))]);
      const results = formula<Vector>(k, Object.fromEntries(lanes), Object.fromEntries(splats));
      for (const [name, result] of Object.entries(results)) {
        f.run(v.store(addresses.get(name)!, result!));
        changed.push(name);
      }
    });
  });
  const { run } = module.instantiate<Exports>(staging.heap.memory);
  return { run, laneBytes: v.laneBytes, arrays, numbers, changes: arrays.map((name) => changed.includes(name)) };
}

/** Changes arrays in place, a chunk of all at a time, in one loop for the whole formula, assembled when it is first used. */
export function createInPlace(staging: Staging): ChangeInPlace {
  // Multiply-add in one instruction is left out: its bits depend on the processor.
  const vectors = { 4: floatVector('f32', false), 8: floatVector('f64', false) };
  const kernels = new WeakMap<object, Kernel[]>();

  const kernelFor = (
    formula: AnyFormula,
    bytes: 4 | 8,
    arrays: readonly string[],
    numbers: readonly string[],
  ): Kernel => {
    const known = kernels.get(formula) ?? [];
    for (const kernel of known) {
      if (kernel.laneBytes === bytes && isSame(kernel.arrays, arrays) && isSame(kernel.numbers, numbers)) return kernel;
    }
    const kernel = assemble(staging, vectors[bytes] as FloatVector, formula, arrays, numbers);
    kernels.set(formula, [...known, kernel]);
    return kernel;
  };

  return (formula, arrays, numbers) => {
    const names = Object.keys(arrays);
    const data: readonly Data[] = Object.values(arrays);
    const { length, BYTES_PER_ELEMENT: bytes } = checkAlike(names, data);
    const kernel = kernelFor(formula as unknown as AnyFormula, bytes as 4 | 8, names, Object.keys(numbers));
    const { heap } = staging;
    const mark = heap.mark();
    const slots = data.map(() => heap.reserve(Math.min(CHUNK, length) * bytes + 16));
    const values: readonly number[] = Object.values(numbers);
    for (let from = 0; from < length; from += CHUNK) {
      const count = Math.min(CHUNK, length - from);
      for (let i = 0; i < data.length; i++) staging.copyIn(slots[i]!, data[i]!, from, count);
      kernel.run(count * bytes, ...slots, ...values);
      for (let i = 0; i < data.length; i++) {
        if (kernel.changes[i]) staging.copyOut(slots[i]!, data[i]!, from, count);
      }
    }
    heap.release(mark);
  };
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);
