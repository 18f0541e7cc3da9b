import type { Data } from '../../arrays/dtype.ts';
import { checkSynchronous } from '../../callbacks/synchronous.ts';
import { type ChangeInPlace, checkAlike, type ElementFormula, type ElementKernels } from '../../in-place.ts';
import { type FloatVector, floatVector } from '../assembler/float-vector.ts';
import { i32, type Value, v128 } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, ModuleBuilder } from '../assembler/module-builder.ts';
import { bySize, loadVectors, storeVectors } from '../assembler/vector-loops.ts';
import { settleVectors } from '../assembler/vector-width.ts';
import type { Staging } from '../memory/staging.ts';

/** Number of elements processed at a time: a few float64 arrays of this length fit a second-level cache. */
const CHUNK_ELEMENTS = 1 << 13;

/** The number of vectors that an iteration processes. */
const ABREAST = 2;

type Vector = Value<'v128'>;

interface Exports {
  /**
   * Processes one chunk. `numbers` points to consecutive numbers, and `arrays` to the first array's chunk of `bytes`
   * bytes. The chunks of consecutive arrays are `apart` bytes apart.
   */
  readonly run: (bytes: number, numbers: number, arrays: number, apart: number) => void;
}

/** A formula compiled to a loop, for arrays and numbers with these names in this order. */
interface Kernel extends Exports {
  readonly laneBytes: number;
  readonly arrays: readonly string[];
  readonly numbers: readonly string[];
  /** Whether each array changes. */
  readonly changes: readonly boolean[];
}

/**
 * The primitives as code on vectors. Each result is kept in a local, since an expression is computed each time it is
 * used.
 */
export function vectorKernels(f: FunctionBuilder, v: FloatVector): ElementKernels<Vector> {
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

type Named<T> = Readonly<Record<string, T>>;
type AnyFormula = ElementFormula<Named<unknown>, Named<unknown>>;

function assemble(
  staging: Staging,
  v: FloatVector,
  formula: AnyFormula,
  arrays: readonly string[],
  numbers: readonly string[],
): Kernel {
  const module = new ModuleBuilder();
  const changed: string[] = [];
  module.define('run', integers('bytes', 'numbers', 'arrays', 'apart'), (f, at) => {
    const starts = arrays.map((_, i) => f.let(i32.add(at.arrays, i32.mul(at.apart, i))));
    bySize(f, at.bytes, (isJoined) => {
      const k = vectorKernels(f, v);
      const splats = numbers.map((name, i) => [name, f.let(v.loadSplat(at.numbers, i * v.laneBytes))]);
      f.for(0, at.bytes, 16 * ABREAST, (i) => {
        const addresses = starts.map((start) => f.let(i32.add(start, i)));
        const vectors = addresses.map((address) => loadVectors(f, address, ABREAST));
        const results = Array.from({ length: ABREAST }, (_, n) => {
          const lanes = arrays.map((name, j) => [name, vectors[j]![n]!]);
          const changes = formula<Vector>(k, Object.fromEntries(lanes), Object.fromEntries(splats));
          return Object.entries(checkSynchronous('changeInPlace', changes, 'a formula'));
        });
        for (const [j, [name]] of results[0]!.entries()) {
          storeVectors(
            f,
            addresses[arrays.indexOf(name)]!,
            results.map((each) => each[j]![1]!),
            isJoined,
          );
          changed.push(name);
        }
      });
    });
  });
  const { run } = module.instantiate<Exports>(staging.heap.memory);
  return { run, laneBytes: v.laneBytes, arrays, numbers, changes: arrays.map((name) => changed.includes(name)) };
}

/** Returns whether an object has exactly these names, in this order. */
function hasNames(object: object, names: readonly string[]): boolean {
  let count = 0;
  for (const name in object) if (name !== names[count++]) return false;
  return count === names.length;
}

/**
 * Returns a function that changes arrays in place. It runs one loop for the whole formula, a chunk of every array at
 * a time, and assembles the loop on first use.
 */
export function createInPlace(staging: Staging): ChangeInPlace {
  // Relaxed multiply-add is not used, since its bits depend on the processor.
  const vectors = { 4: floatVector('f32', false), 8: floatVector('f64', false) };
  const assembled = new WeakMap<AnyFormula, Kernel[]>();

  const kernelFor = (formula: AnyFormula, bytes: 4 | 8, arrays: object, numbers: object): Kernel => {
    const kernels = assembled.get(formula) ?? [];
    for (const kernel of kernels) {
      if (kernel.laneBytes === bytes && hasNames(arrays, kernel.arrays) && hasNames(numbers, kernel.numbers)) {
        return kernel;
      }
    }
    const kernel = assemble(staging, vectors[bytes] as FloatVector, formula, Object.keys(arrays), Object.keys(numbers));
    assembled.set(formula, [...kernels, kernel]);
    return kernel;
  };

  const change = (formula: AnyFormula, arrays: Named<Data>, numbers: Named<number>): void => {
    const { length, BYTES_PER_ELEMENT: bytes } = checkAlike(arrays);
    const kernel = kernelFor(formula, bytes as 4 | 8, arrays, numbers);
    const { heap } = staging;
    const mark = heap.mark();
    const factors = heap.reserve(kernel.numbers.length * bytes);
    // The last iteration may extend past the last element. Alignment to cache lines keeps vectors from crossing two lines.
    const apart = (Math.min(CHUNK_ELEMENTS, length) * bytes + 16 * ABREAST + 63) & -64;
    const slots = heap.reserve(kernel.arrays.length * apart);
    const floats = heap.view(bytes);
    for (let i = 0; i < kernel.numbers.length; i++) floats[factors / bytes + i] = numbers[kernel.numbers[i]!]!;
    for (let from = 0; from < length; from += CHUNK_ELEMENTS) {
      const count = Math.min(CHUNK_ELEMENTS, length - from);
      for (let i = 0; i < kernel.arrays.length; i++) {
        staging.copyIn(slots + i * apart, arrays[kernel.arrays[i]!]!, from, count);
      }
      kernel.run(count * bytes, factors, slots, apart);
      for (let i = 0; i < kernel.arrays.length; i++) {
        if (kernel.changes[i]) staging.copyOut(slots + i * apart, arrays[kernel.arrays[i]!]!, from, count);
      }
    }
    heap.release(mark);
    settleVectors(Math.min(CHUNK_ELEMENTS, length));
  };
  return change as ChangeInPlace;
}
