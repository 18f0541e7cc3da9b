/**
 * The WebAssembly interpreter: SIMD kernels for float32 and float64, each assembled at run time on first use.
 *
 * Operations it doesn't support, mainly those on int32 and bool, run in the plain interpreter's loops.
 */

import { prepareVectors } from '#vectors';
import { resultOf } from './abstract/shape-inference.ts';
import { empty, type NdArray } from './arrays/array.ts';
import { type FloatDType, forEachFloat, isFloat } from './arrays/dtype.ts';
import { forEachMatrix } from './arrays/matrices.ts';
import { countAlong, sizeOf } from './arrays/shape.ts';
import { ArgumentError } from './error-classes.ts';
import { allExtensions } from './extensions/all.ts';
import type { ChangeInPlace } from './in-place.ts';
import { commonLoops } from './plain/common.ts';
import { type ArrayLike, arity, type Binary, type Kernels, mapEntries } from './primitives.ts';
import { features } from './wasm/assembler/features.ts';
import { type FloatType, laneTypes } from './wasm/assembler/float-vector.ts';
import { type VectorBits, vectorBits } from './wasm/assembler/vector-width.ts';
import { Elementwise } from './wasm/elementwise/elementwise.ts';
import { createInPlace } from './wasm/elementwise/in-place.ts';
import type { KernelExtension } from './wasm/extension.ts';
import { Fallback, type ReplaceableKernels } from './wasm/fallback.ts';
import { activationGrads, binary, comparisons, unary } from './wasm/math/element-functions.ts';
import { mathFunctions } from './wasm/math/functions.ts';
import type { BinaryFunction, UnaryFunction } from './wasm/math/vector-function.ts';
import type { ArrayProduct } from './wasm/matmul/blocked.ts';
import { ProductDispatch } from './wasm/matmul/dispatch.ts';
import { bestTile } from './wasm/matmul/microkernel.ts';
import type { ArrayMatrix, FloatArray } from './wasm/matmul/strided-copy.ts';
import { Heap } from './wasm/memory/heap.ts';
import { Staging } from './wasm/memory/staging.ts';
import { CrossEntropy } from './wasm/reductions/cross-entropy.ts';
import { floatReductions } from './wasm/reductions/reductions.ts';
import { availableCores } from './wasm/threads/host.ts';

type Compare = (x: NdArray, y: NdArray) => NdArray;

const matrix = ({ data, offset, stride }: NdArray): ArrayMatrix => ({
  data: data as FloatArray,
  offset,
  rowStride: stride[0]!,
  columnStride: stride[1]!,
});

/** Stubs for primitives whose extension isn't registered yet. */
export const absent: Kernels<NdArray> = mapEntries(arity, (name) => () => {
  throw new ArgumentError(
    `${name}: the interpreter has no such kernel yet; register its extension with engine.register()`,
  );
});

/**
 * The maximum number of threads. A larger number is treated as a mistake, since each thread takes megabytes of memory.
 */
const MAX_THREADS = 1024;

/** The options of `createWasm`. */
export interface WasmOptions {
  /** The number of threads for large operations, including the caller's. Defaults to the number of cores. */
  readonly threads?: number;
}

/** Describes the interpreter and the features it uses. */
export interface Engine {
  readonly interpreter: 'wasm' | 'plain';
  /** Whether the interpreter uses 128-bit SIMD. */
  readonly simd: boolean;
  /** Whether the interpreter uses relaxed multiply-add, a single instruction that may round only once. */
  readonly relaxedSimd: boolean;
  /** The width in bits of the vectors that the kernels use; 0 if they use none. */
  readonly vectorBits: 0 | VectorBits;
  /** The number of threads for large operations; 1 if the host doesn't share memory between threads or can't start any. */
  readonly threads: number;
  /** The reason why features are missing, such as a refusal by the host. Undefined if none are missing. */
  readonly reason: string | undefined;
  /** Sets the number of threads, and ends the threads already running. Defaults to the number of cores. */
  setThreads(threads?: number): void;
  /** Registers an extension's primitives. Registering it again has no effect. */
  register(extension: KernelExtension): void;
}

/** An interpreter to which extensions can be added. */
export interface ExtensibleKernels extends Kernels<NdArray> {
  readonly engine: Engine;
}

/** The WebAssembly primitives, together with in-place array updates. */
export interface WasmKernels extends ExtensibleKernels {
  readonly changeInPlace: ChangeInPlace;
}

/** Returns the number of cores, up to the maximum number of threads. */
const defaultThreads = (): number => Math.min(availableCores(), MAX_THREADS);

/**
 * Creates the interpreter with its own memory, without registered extensions.
 *
 * Threads take part in large matrix products and in elementary functions of large arrays. They start once enough such
 * operations have run. Starting threads doesn't block the caller, and running threads don't keep the process alive. The
 * bits of a result don't depend on the number of threads. Throws a `HostRefusal` if the host can't provide memory.
 */
export function createBare(call: string, { threads = defaultThreads() }: WasmOptions = {}): WasmKernels {
  const { simd, relaxedSimd: relaxed } = features();
  const count = checkThreads(call, threads);
  const heap = new Heap();
  const staging = new Staging(heap);
  const bits = vectorBits();
  const tile = bestTile(relaxed, bits);
  const products = new ProductDispatch(heap, tile);
  products.threads = count;
  const { policy } = products;
  const reductions = floatReductions(staging, policy);
  const elementwise = (type: FloatType) => new Elementwise(staging, type, relaxed, policy);
  const [float32, float64] = [elementwise('f32'), elementwise('f64')];
  const extensions = new Set<KernelExtension>();
  const unaryOf = (emit: UnaryFunction, isDear: boolean) => {
    const [narrow, wide] = [float32.unary(emit, isDear), float64.unary(emit, isDear)];
    return (x: NdArray) => (x.dtype === 'float32' ? narrow : wide)(x);
  };

  const binaryOf = (check: Kernels<ArrayLike>[Binary], emit: BinaryFunction) => {
    const [narrow, wide] = [float32.binary(check, emit), float64.binary(check, emit)];
    return (x: NdArray, y: NdArray) => (x.dtype === 'float32' ? narrow : wide)(x, y);
  };

  const [narrowChoice, wideChoice] = [float32.choice(), float64.choice()];
  const crossEntropyOf = forEachFloat((dtype) => new CrossEntropy(staging, laneTypes[dtype], relaxed));
  const narrowGrads = mapEntries(activationGrads, (_, emit) => float32.binary(resultOf.mul, emit));
  const wideGrads = mapEntries(activationGrads, (_, emit) => float64.binary(resultOf.mul, emit));

  const changeInPlace = createInPlace(staging);
  const kernels: ReplaceableKernels & WasmKernels = {
    ...absent,
    ...commonLoops,
    changeInPlace,
    engine: {
      get interpreter() {
        return fallback.isPlain ? 'plain' : 'wasm';
      },
      get simd() {
        return simd && !fallback.isPlain;
      },
      get relaxedSimd() {
        return relaxed && !fallback.isPlain;
      },
      get vectorBits() {
        return fallback.isPlain ? 0 : bits;
      },
      get threads() {
        return products.threads;
      },
      get reason() {
        return fallback.reason;
      },
      setThreads(count = defaultThreads()) {
        checkThreads('setThreads', count);
        if (!fallback.isPlain) products.threads = count;
      },
      register(extension) {
        if (extensions.has(extension)) return;
        extensions.add(extension);
        const host = {
          heap,
          staging,
          tile,
          policy,
          unary: (emit: UnaryFunction, isDear = true) => unaryOf(emit, isDear),
          binary: binaryOf,
        };
        fallback.install(extension.wasm(host, kernels), extension.loops(kernels));
      },
    },
  };
  const fallback = new Fallback(kernels, heap, products);
  fallback.installChange(changeInPlace);

  const assembled: Partial<Kernels<NdArray>> = {
    ...mapEntries(unary, (name, emit) => {
      const [own, other] = [unaryOf(emit, name in mathFunctions), commonLoops[name]];
      return (x: NdArray) => (isFloat(x.dtype) ? own : other)(x);
    }),

    ...mapEntries(binary, (name, emit) => {
      const [narrow, wide, other] = [
        float32.binary(resultOf[name], emit),
        float64.binary(resultOf[name], emit),
        commonLoops[name],
      ];
      return (x: NdArray, y: NdArray) =>
        x.dtype === 'float32' ? narrow(x, y) : x.dtype === 'float64' ? wide(x, y) : other(x, y);
    }),

    ...mapEntries(comparisons, (name, compare) => {
      const [narrow, wide] = [float32, float64].map((e) => e.comparison(resultOf[name], compare)) as [Compare, Compare];
      return (x: NdArray, y: NdArray) =>
        x.dtype === 'float32' ? narrow(x, y) : x.dtype === 'float64' ? wide(x, y) : commonLoops[name](x, y);
    }),

    activationGrad(g, y, of) {
      resultOf.activationGrad(g, y, of);
      return (g.dtype === 'float32' ? narrowGrads : wideGrads)[of](g, y);
    },

    where(condition, x, y) {
      const { shape, dtype } = resultOf.where(condition, x, y);
      const choose = dtype === 'float32' ? narrowChoice : dtype === 'float64' ? wideChoice : undefined;
      return choose?.(condition, x, y, shape) ?? commonLoops.where(condition, x, y);
    },

    sum(x, axes) {
      const { shape, dtype } = resultOf.sum(x, axes);
      return isFloat(dtype) ? reductions.sum(x, shape) : commonLoops.sum(x, axes);
    },

    mean(x, axes) {
      const { shape } = resultOf.mean(x, axes);
      return reductions.sum(x, shape, countAlong(x.shape, axes));
    },

    ...mapEntries(
      { max: commonLoops.max, min: commonLoops.min },
      (name, other) => (x: NdArray, axes: readonly number[]) => {
        if (!isFloat(x.dtype)) return other(x, axes);
        return reductions[name](x, resultOf[name](x, axes).shape);
      },
    ),

    matmul(x, y) {
      const { shape, dtype } = resultOf.matmul(x, y);
      if (!isFloat(dtype)) return commonLoops.matmul(x, y);
      const [m, n, k] = [shape.at(-2)!, shape.at(-1)!, x.shape.at(-1)!];
      const out = empty(shape, dtype);
      const product = products.of(dtype, 2 * out.size * k, x.size + y.size + out.size, out.data);
      const result = ({ data, offset }: NdArray) => ({ data: data as FloatArray, offset });
      if (shape.length === 2) {
        product.run(m, n, k, matrix(x), matrix(y), result(out));
      } else {
        const each: ArrayProduct[] = [];
        forEachMatrix(out, [x, y], (c, a, b) => each.push({ a: matrix(a!), b: matrix(b!), c: result(c) }));
        product.runEach(m, n, k, each);
      }
      return out;
    },

    affine(x, w, b) {
      const { shape, dtype } = resultOf.affine(x, w, b);
      if (!isFloat(dtype)) return commonLoops.affine(x, w, b);
      const [k, n] = w.shape as [number, number];
      const m = x.shape.length === 2 ? shape[0]! : sizeOf(shape.slice(0, -1));
      const rows = x.shape.length === 2 ? x : commonLoops.reshape(x, [m, k]);
      const out = empty(shape, dtype);
      const result = { data: out.data as FloatArray, offset: out.offset };
      const bias = { data: b.data as FloatArray, offset: b.offset, rowStride: 0, columnStride: b.stride[0]! };
      products
        .of(dtype, 2 * out.size * k, x.size + w.size + out.size, out.data)
        .run(m, n, k, matrix(rows), matrix(w), result, bias);
      return out;
    },

    crossEntropy(logits, labels) {
      const { dtype } = resultOf.crossEntropy(logits, labels);
      if (logits.shape[1]! > Staging.chunk) return commonLoops.crossEntropy(logits, labels);
      return crossEntropyOf(dtype as FloatDType).losses(logits, labels);
    },
    crossEntropyGrad(g, logits, labels) {
      const { dtype } = resultOf.crossEntropyGrad(g, logits, labels);
      const gradient =
        logits.shape[1]! > Staging.chunk ? undefined : crossEntropyOf(dtype as FloatDType).gradient(g, logits, labels);
      return gradient ?? commonLoops.crossEntropyGrad(g, logits, labels);
    },
  };
  fallback.install(assembled, commonLoops);
  return kernels;
}

/**
 * Creates the interpreter with all extensions and its own memory. Throws if the engine has no WebAssembly SIMD, or if the
 * host refuses to compile or to provide memory. Later refusals fall back to plain loops, as `engine` then reports.
 */
export function createWasm(options?: WasmOptions): WasmKernels {
  const { reason } = features();
  if (reason !== undefined)
    throw new Error(`createWasm: ${reason}; use createDefault, which falls back to plain loops`);
  prepareVectors();
  const kernels = createBare('createWasm', options);
  for (const extension of allExtensions) kernels.engine.register(extension);
  return kernels;
}

/** Returns `threads`, or throws unless it is an integer from 1 to the maximum. */
export function checkThreads(call: string, threads: number): number {
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new ArgumentError(`${call}: expected a number of threads from 1 to ${MAX_THREADS}, got ${threads}`);
}
