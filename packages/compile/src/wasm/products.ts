/** Matrix products between addresses: packing where it pays, then the kernel of the interpreter. */

import { bytesPerElement, type NdArray } from '@tapegrad/kernels';
import {
  bestTile,
  blockDepth,
  broadcastView,
  defineProduct,
  type Func,
  features,
  i32,
  integers,
  isWide,
  type Local,
  laneTypes,
  type ModuleBuilder,
  type Operand,
  productLayout,
  reshapeView,
  type Statement,
  type TileName,
  vectorBits,
} from '@tapegrad/kernels/codegen';
import { mergedAxes } from './loop.ts';

/** A product x y, plus a vector `added` to each row. */
export interface Product {
  readonly x: NdArray;
  readonly y: NdArray;
  readonly added: NdArray | undefined;
  readonly out: NdArray;
}

/** Returns the product of an operation, or `undefined` if the kernel can't compute it in place. */
export function productOf(op: string, inputs: readonly NdArray[], out: NdArray): Product | undefined {
  const [x, y, added] = inputs as readonly [NdArray, NdArray, NdArray?];
  if (!(out.dtype === 'float32' || out.dtype === 'float64') || inputs.some(({ size }) => size === 0)) return undefined;
  if (op === 'matmul') return { x, y, added: undefined, out };
  if (op !== 'affine') return undefined;
  const [k, n] = y.shape as [number, number];
  const rows = reshapeView(x, [x.size / k, k]);
  if (rows === undefined || (added!.stride[0] !== 1 && n > 1)) return undefined;
  return { x: rows, y, added: added!, out: reshapeView(out, [out.size / n, n])! };
}

/** A product with at least this many operations is shared among threads, if there are several. */
const SHARED_OPERATIONS = 1.6e7;
/** The operations per element below which copying to the memory of the threads takes longer than it saves. */
const MIN_INTENSITY = 24;

/** Returns whether several threads compute a product faster, as the interpreter can. */
export function isForThreads({ x, y, out }: Product): boolean {
  const operations = 2 * out.size * x.shape.at(-1)!;
  return operations >= SHARED_OPERATIONS && operations > MIN_INTENSITY * (x.size + y.size + out.size);
}

/** With at most this many rows, or so few elements, packing takes longer than it saves. */
const MAX_UNPACKED_ROWS = 8;
const SMALL_ELEMENTS = 1 << 12;

/** A batch of products of matrices with the same strides. */
interface Batch {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly isPacked: boolean;
  readonly packedBytes: number;
  readonly workBytes: number;
  /** The axes of the batch, and the steps in bytes of x, y and the result along each. */
  readonly axes: readonly number[];
  readonly steps: readonly (readonly number[])[];
}

const batchParameters = integers('x', 'y', 'out');

/** Returns the tile for a product. Small products don't use joined vectors, as in the interpreter. */
export const tileOf = ({ x, out }: Product): TileName =>
  bestTile(features().relaxedSimd, isWide(out.size * x.shape.at(-1)!) ? vectorBits() : 128);

/** Emits products of one dtype with one tile. */
export class ProductEmitter {
  readonly #functions: ReturnType<typeof defineProduct>;
  readonly #layout: ReturnType<typeof productLayout>;
  readonly #module: ModuleBuilder;
  readonly #prefix: string;
  readonly #batches = new Map<string, Func<typeof batchParameters, 'void'>>();

  /** Defines the kernels in a module, under names that begin with `prefix`. */
  constructor(module: ModuleBuilder, dtype: 'float32' | 'float64', tile: TileName, prefix: string) {
    this.#module = module;
    this.#prefix = prefix;
    this.#functions = defineProduct(module, laneTypes[dtype], tile, prefix);
    this.#layout = productLayout(laneTypes[dtype], tile);
  }

  /** Returns the code of a product. `scratch` has at least `productScratch` bytes. */
  emit(product: Product, addressOf: (array: NdArray) => number, scratch: number): readonly Statement[] {
    const batch = batchOf(product);
    const strides = stridesOf(product);
    const base = product.added === undefined ? 0 : addressOf(product.added);
    const at = { x: addressOf(product.x), y: addressOf(product.y), out: addressOf(product.out) };
    if (batch.axes.length === 0) return this.#one(batch, strides, at, base, scratch);
    const key = JSON.stringify([batch, strides]);
    let loop = this.#batches.get(key);
    if (loop === undefined) {
      loop = this.#batchFunction(batch, strides, scratch);
      this.#batches.set(key, loop);
    }
    return [loop.call(at)];
  }

  /** Defines the loop over a batch. */
  #batchFunction(batch: Batch, strides: Strides, scratch: number) {
    const name = `${this.#prefix}batch${this.#batches.size}`;
    return this.#module.define(name, batchParameters, (f, p) => {
      const nest = (axis: number, at: Readonly<Record<'x' | 'y' | 'out', Local<'i32'>>>): void => {
        if (axis === batch.axes.length) {
          f.run(...this.#one(batch, strides, at, 0, scratch));
          return;
        }
        const own = { x: f.let(at.x), y: f.let(at.y), out: f.let(at.out) };
        f.for(0, batch.axes[axis]!, 1, () => {
          nest(axis + 1, own);
          for (const [i, pointer] of [own.x, own.y, own.out].entries()) f.advance(pointer, batch.steps[i]![axis]!);
        });
      };
      nest(0, p);
    });
  }

  #one(
    { m, n, k, isPacked, packedBytes }: Batch,
    { x, y }: Strides,
    at: Readonly<Record<'x' | 'y' | 'out', Operand<'i32'>>>,
    base: number,
    scratch: number,
  ): readonly Statement[] {
    const { pack, multiply } = this.#functions;
    const { bytes, panelColumns } = this.#layout;
    const rowBytes = panelColumns * bytes;
    const packing = pack.call({
      source: at.y,
      rowStride: y.row,
      columnStride: y.column,
      depth: k,
      width: n,
      target: scratch,
      panelStride: k * rowBytes,
    });
    const product = multiply.call({
      m,
      n,
      k,
      depth: blockDepth(k),
      a: at.x,
      aRowStride: x.row,
      aColumnStride: x.column,
      b: isPacked ? scratch : at.y,
      bStep: isPacked ? rowBytes : y.row,
      bPanel: isPacked ? k * rowBytes : rowBytes,
      c: at.out,
      cRowStride: n * bytes,
      base,
      baseRowStride: 0,
      work: i32.const(scratch + (isPacked ? packedBytes : 0)),
    });
    return isPacked ? [packing, product] : [product];
  }
}

/** The strides of the matrices, in bytes. */
interface Strides {
  readonly x: { readonly row: number; readonly column: number };
  readonly y: { readonly row: number; readonly column: number };
}

function stridesOf({ x, y }: Product): Strides {
  const of = ({ stride, dtype }: NdArray) => {
    const bytes = bytesPerElement(dtype);
    return { row: stride.at(-2)! * bytes, column: stride.at(-1)! * bytes };
  };
  return { x: of(x), y: of(y) };
}

function batchOf(product: Product): Batch {
  const { x, y, out } = product;
  const [m, n, k] = [out.shape.at(-2)!, out.shape.at(-1)!, x.shape.at(-1)!];
  const lead = out.shape.slice(0, -2);
  const whole = [x, y, out].map((array) => broadcastView(array, [...lead, ...array.shape.slice(-2)]));
  const { axes, strides } = mergedAxes(
    lead,
    whole.map(({ stride }) => stride.slice(0, -2)),
  );
  const bytes = bytesPerElement(out.dtype);
  const layout = productLayout(laneTypes[out.dtype as 'float32'], tileOf(product));
  const isSmall = Math.max(m * k, k * n, m * n) <= SMALL_ELEMENTS;
  const hasRows = y.stride.at(-2)! > 0 && (y.stride.at(-1) === 1 || n === 1);
  const isPacked = !(hasRows && (isSmall || m <= MAX_UNPACKED_ROWS));
  return {
    m,
    n,
    k,
    isPacked,
    packedBytes: isPacked ? Math.ceil(layout.packedBytes(k, n) / 64) * 64 : 0,
    workBytes: layout.workBytes(m, k),
    axes,
    steps: strides.map((own) => own.map((step) => step * bytes)),
  };
}

/** Returns the bytes of scratch memory that a product needs. */
export function productScratch(product: Product): number {
  const { packedBytes, workBytes } = batchOf(product);
  return packedBytes + workBytes + 64;
}
