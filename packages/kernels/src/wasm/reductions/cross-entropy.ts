/** Fused softmax and cross-entropy: the logits pass through the staging buffer once, row by row. */

import { empty, type NdArray } from '../../arrays/array.ts';
import { contiguous } from '../../arrays/copy.ts';
import { readIndices } from '../../arrays/movement.ts';
import { type FloatType, type FloatVector, floatVector, laneBytes } from '../assembler/float-vector.ts';
import { f32, f64, f64x2, i32, type Value } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Local, ModuleBuilder } from '../assembler/module-builder.ts';
import { bySize, forVectors, loadVectors, storeVectors } from '../assembler/vector-loops.ts';
import { settleVectors, vectorBits } from '../assembler/vector-width.ts';
import { expOfMinusAbs } from '../math/exponential.ts';
import { Staging } from '../memory/staging.ts';
import { extremumOf, reduceRow, sumOf } from './reductions.ts';

type Vectors = readonly Local<'v128'>[];

interface Exports {
  /**
   * Writes, for each row, its maximum m and the sum of exp(x - m), both as float64. `scratch` has as many bytes as x.
   */
  sums(to: number, x: number, scratch: number, rows: number, bytes: number): void;
  /** Writes softmax(x) times one factor per row. */
  shares(to: number, x: number, scale: number, rows: number, bytes: number): void;
}

/** Adds the functions of `Exports` to a module. Names begin with `prefix`. */
export function defineCrossEntropy(module: ModuleBuilder, type: FloatType, relaxed: boolean, prefix = '') {
  const v = floatVector(type, relaxed) as FloatVector;
  const [maximum, sum] = [extremumOf(type, 'max'), sumOf(type)];
  const wide = (vector: Local<'v128'>): Value<'f64'> =>
    type === 'f64' ? f64x2.extractLane(vector, 0) : f64x2.extractLane(f64x2.promoteLowF32x4(vector), 0);

  /** Computes a row's maximum and the sum of exp(x - m); `keep` is called with each vector of exp(x - m). */
  const sumRow = (
    f: FunctionBuilder,
    x: Local<'i32'>,
    bytes: Local<'i32'>,
    keep?: (es: Vectors, at: Local<'i32'>) => void,
  ) => {
    const decay = expOfMinusAbs(f, v);
    const most = reduceRow(f, maximum, x, bytes);
    const total = reduceRow(f, sum, x, bytes, {
      fill: -Infinity,
      map: (lanes) => decay(f.let(v.sub(lanes, most))),
      ...(keep && { keep }),
    });
    return { most, total };
  };

  const sums = module.define(
    `${prefix}sums`,
    integers('to', 'x', 'scratch', 'rows', 'bytes'),
    (f, { to, x, scratch, rows, bytes }) => {
      bySize(f, i32.mul(rows, bytes), (isJoined) =>
        f.for(0, rows, 1, () => {
          // The exponentials are kept only because an engine joins no vectors that aren't stored.
          const keep = (es: Vectors, at: Local<'i32'>): void =>
            storeVectors(f, f.let(i32.add(scratch, i32.sub(at, x))), es, true);
          const { most, total } = sumRow(f, x, bytes, vectorBits() === 256 && isJoined ? keep : undefined);
          f.run(f64.store(to, wide(most)), f64.store(to, f64x2.extractLane(total, 0), 8));
          f.advance(to, 16);
          f.advance(x, bytes);
        }),
      );
    },
  );

  const parameters = { to: 'i32', x: 'i32', scale: 'i32', rows: 'i32', bytes: 'i32' } as const;
  const shares = module.define(`${prefix}shares`, parameters, (f, { to, x, scale, rows, bytes }) => {
    const shareRow = (isJoined: boolean) =>
      f.for(0, rows, 1, () => {
        const { total } = sumRow(f, x, bytes, (es, at) =>
          storeVectors(f, f.let(i32.add(to, i32.sub(at, x))), es, isJoined),
        );
        const share = (g: Value<'f64'>): Value<'f64'> => f64.div(g, f64x2.extractLane(total, 0));
        const factor = f.let(
          type === 'f64'
            ? f64x2.splat(share(f64.load(scale)))
            : v.splat(f32.demoteF64(share(f64.promoteF32(f32.load(scale)))) as never),
        );
        forVectors(f, bytes, 4, (i, count) => {
          const at = f.let(i32.add(to, i));
          // The last vector may extend past the end of the row; the next row overwrites that part.
          const scaled = loadVectors(f, at, count).map((e) => f.let(v.mul(e, factor)));
          storeVectors(f, at, scaled, isJoined);
        });
        f.advance(to, bytes);
        f.advance(x, bytes);
        f.advance(scale, v.laneBytes);
      });
    bySize(f, i32.mul(rows, bytes), shareRow);
  });
  return { sums, shares };
}

function crossEntropyModule(type: FloatType, relaxed: boolean): ModuleBuilder {
  const module = new ModuleBuilder();
  defineCrossEntropy(module, type, relaxed);
  return module;
}

/** The cross-entropy primitives of one float type, on operands already checked, for rows that fit a staging buffer. */
export class CrossEntropy {
  readonly #staging: Staging;
  readonly #kernels: Exports;
  readonly #bytes: number;

  constructor(staging: Staging, type: FloatType, relaxed: boolean) {
    this.#staging = staging;
    this.#kernels = crossEntropyModule(type, relaxed).instantiate<Exports>(staging.heap.memory);
    this.#bytes = laneBytes[type];
  }

  losses(logits: NdArray, labels: NdArray): NdArray {
    const [n, classes] = logits.shape as [number, number];
    const list = readIndices('crossEntropy', labels, classes);
    const out = empty(labels.shape, logits.dtype);
    const x = contiguous(logits);
    const pairs = new Float64Array(2 * Math.min(n, this.#rowsAtOnce(classes)));
    this.#forEachBlock(x, n, classes, (row, rows) => {
      const { to, x: logits, y: scratch } = this.#staging;
      this.#kernels.sums(to, logits, scratch, rows, classes * this.#bytes);
      settleVectors(rows * classes);
      this.#staging.copyOut(this.#staging.to, pairs, 0, 2 * rows);
      for (let i = 0; i < rows; i++) {
        const label = x.data[x.offset + (row + i) * classes + list[row + i]!]!;
        out.data[row + i] = Math.log(pairs[2 * i + 1]!) + (pairs[2 * i]! - label);
      }
    });
    return out;
  }

  /**
   * Returns the gradient, or `undefined` if it is NaN at a label. With an infinite g, that NaN can be a difference of
   * infinities, although the exact gradient isn't NaN.
   */
  gradient(g: NdArray, logits: NdArray, labels: NdArray): NdArray | undefined {
    const [n, classes] = logits.shape as [number, number];
    const list = readIndices('crossEntropyGrad', labels, classes);
    const out = empty(logits.shape, logits.dtype);
    const [scale, x] = [contiguous(g), contiguous(logits)];
    const { to, x: from, y } = this.#staging;
    let areNumbers = true;
    this.#forEachBlock(x, n, classes, (row, rows) => {
      this.#staging.copyIn(y, scale.data, scale.offset + row, rows);
      this.#kernels.shares(to, from, y, rows, classes * this.#bytes);
      this.#staging.copyOut(to, out.data, row * classes, rows * classes);
      for (let i = row; i < row + rows; i++) {
        const derivative = out.data[i * classes + list[i]!]! - scale.data[scale.offset + i]!;
        out.data[i * classes + list[i]!] = derivative;
        areNumbers &&= !Number.isNaN(derivative);
      }
    });
    return areNumbers ? out : undefined;
  }

  #rowsAtOnce(classes: number): number {
    return Math.floor(Staging.chunk / Math.max(2, classes));
  }

  #forEachBlock(x: NdArray, n: number, classes: number, visit: (row: number, rows: number) => void): void {
    const atOnce = this.#rowsAtOnce(classes);
    for (let row = 0; row < n; row += atOnce) {
      const rows = Math.min(atOnce, n - row);
      this.#staging.copyIn(this.#staging.x, x.data, x.offset + row * classes, rows * classes);
      visit(row, rows);
    }
  }
}
