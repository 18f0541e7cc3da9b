import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';
import { MatrixProduct } from '../../src/wasm/matmul/blocked.ts';
import { blockDepth, type TileName } from '../../src/wasm/matmul/microkernel.ts';
import type { ArrayMatrix, FloatArray } from '../../src/wasm/matmul/strided-copy.ts';
import { Heap } from '../../src/wasm/memory/heap.ts';

const { relaxedSimd } = features();
const tiles: TileName[] = relaxedSimd ? ['plain', 'relaxed', 'recent', 'wide'] : ['plain'];
const variants = (['f32', 'f64'] as const).flatMap((type) => tiles.map((tile) => ({ type, tile })));

/** The memory layouts of a matrix. */
const layouts = {
  rows: (_rows: number, columns: number) => [columns, 1],
  columns: (rows: number, _columns: number) => [1, rows],
  'spaced rows': (_rows: number, columns: number) => [columns + 3, 1],
  'spaced columns': (rows: number, _columns: number) => [1, rows + 5],
  'every other element': (_rows: number, columns: number) => [2 * columns + 1, 2],
  'rows reversed': (_rows: number, columns: number) => [-columns, 1],
  'columns reversed': (_rows: number, columns: number) => [columns, -1],
  'columns reversed, transposed': (rows: number, _columns: number) => [1, -rows],
  'one row repeated': () => [0, 1],
  'one column repeated': () => [1, 0],
  'one element repeated': () => [0, 0],
} satisfies Record<string, (rows: number, columns: number) => readonly [number, number] | number[]>;

type Layout = keyof typeof layouts;
const layoutNames = Object.keys(layouts) as Layout[];

const newArray = (type: 'f32' | 'f64', length: number): FloatArray =>
  type === 'f32' ? new Float32Array(length) : new Float64Array(length);

/** Returns a matrix with this layout, surrounded by NaN that must not affect products. */
function matrix(type: 'f32' | 'f64', rows: number, columns: number, layout: Layout, value: () => number): ArrayMatrix {
  const [rowStride, columnStride] = layouts[layout](rows, columns) as [number, number];
  const ends = [0, (rows - 1) * rowStride].flatMap((r) => [r, r + (columns - 1) * columnStride]);
  const [low, high] = rows * columns === 0 ? [0, 0] : [Math.min(...ends), Math.max(...ends)];
  const offset = 7 - low;
  const data = newArray(type, high - low + 19).fill(Number.NaN);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) data[offset + i * rowStride + j * columnStride] = value();
  }
  return { data, offset, rowStride, columnStride };
}

/** Returns its elements in row-major order. */
function dense(x: ArrayMatrix, rows: number, columns: number): Float64Array {
  const elements = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      elements[i * columns + j] = x.data[x.offset + i * x.rowStride + j * x.columnStride]!;
    }
  }
  return elements;
}

/** Computes the product as the kernels define it: in blocks along the depth, with every operation rounded. */
function exact(type: 'f32' | 'f64', m: number, n: number, k: number, a: ArrayMatrix, b: ArrayMatrix): FloatArray {
  const round = type === 'f32' ? Math.fround : (x: number) => x;
  const [left, right] = [dense(a, m, k), dense(b, k, n)];
  const c = newArray(type, m * n);
  const depth = k === 0 ? 1 : blockDepth(k);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let start = 0; start < k; start += depth) {
        let sum = 0;
        for (let p = start; p < Math.min(k, start + depth); p++) {
          sum = round(sum + round(left[i * k + p]! * right[p * n + j]!));
        }
        c[i * n + j] = start === 0 ? sum : c[i * n + j]! + sum;
      }
    }
  }
  return c;
}

/** Compares with the product in float64, within a bound on the rounding error of any order of summation. */
function expectClose(
  type: 'f32' | 'f64',
  m: number,
  n: number,
  k: number,
  a: ArrayMatrix,
  b: ArrayMatrix,
  c: FloatArray,
) {
  const epsilon = type === 'f32' ? 2 ** -23 : 2 ** -52;
  const [left, right] = [dense(a, m, k), dense(b, k, n)];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let [sum, size] = [0, 0];
      for (let p = 0; p < k; p++) {
        const term = left[i * k + p]! * right[p * n + j]!;
        sum += term;
        size += Math.abs(term);
      }
      const error = Math.abs(sum - c[i * n + j]!);
      if (!(error <= (k + 2) * epsilon * size)) expect.fail(`C[${i}, ${j}] is ${c[i * n + j]}, not ${sum}`);
    }
  }
}

/** Compares bits, which is faster than `toEqual`. */
function expectSame(actual: FloatArray, expected: FloatArray) {
  if (!actual.every((x, i) => Object.is(x, expected[i]))) expect(actual).toEqual(expected);
}

describe.each(variants)('matrix product, $type, $tile tile', ({ type, tile }) => {
  const relaxed = tile !== 'plain';
  const heap = new Heap();
  const product = new MatrixProduct(heap, type, { tile });
  let seed = 1;
  const random = () => {
    seed = (seed * 48271) % 2147483647;
    return seed / 2147483647 - 0.5;
  };
  const rowMajor = (rows: number, columns: number) => matrix(type, rows, columns, 'rows', random);
  /** All elements that a kernel may read but not use are NaN. */
  const poison = () => heap.f64.fill(Number.NaN, 8);

  /** C between guard elements that must not change. */
  const run = (m: number, n: number, k: number, a: ArrayMatrix, b: ArrayMatrix, added?: FloatArray | ArrayMatrix) => {
    const data = newArray(type, m * n + 8).fill(-7);
    const isResult = added !== undefined && !('data' in added);
    if (isResult) data.set(added, 5);
    product.run(m, n, k, a, b, { data, offset: 5 }, isResult ? 'result' : added);
    expect([...data.subarray(0, 5), ...data.subarray(m * n + 5)]).toEqual([-7, -7, -7, -7, -7, -7, -7, -7]);
    return data.slice(5, m * n + 5);
  };

  const check = (m: number, n: number, k: number, layoutA: Layout = 'rows', layoutB: Layout = 'rows') => {
    const a = matrix(type, m, k, layoutA, random);
    const b = matrix(type, k, n, layoutB, random);
    poison();
    const c = run(m, n, k, a, b);
    if (relaxed) expectClose(type, m, n, k, a, b, c);
    else expectSame(c, exact(type, m, n, k, a, b));
  };

  const pairs = layoutNames.flatMap((a) => layoutNames.map((b) => [a, b] as const));
  test.each(pairs)('A: %s, B: %s', (layoutA, layoutB) => {
    for (const [m, n, k] of [
      [9, 21, 10],
      [3, 33, 7],
      [33, 1, 9],
      [1, 9, 5],
    ] as const) {
      check(m, n, k, layoutA, layoutB);
    }
  });

  test('every small size', () => {
    for (let m = 0; m <= 6; m++) for (let n = 0; n <= 20; n++) for (let k = 0; k <= 5; k++) check(m, n, k);
  });

  test('random sizes on random strides', () => {
    const size = fc.nat(70);
    const layout = fc.constantFrom(...layoutNames);
    fc.assert(
      fc.property(size, size, size, layout, layout, (m, n, k, layoutA, layoutB) => check(m, n, k, layoutA, layoutB)),
      { numRuns: 150 },
    );
  });

  test.each([
    ['blocks of rows', 261, 5, 7],
    ['blocks of the depth', 5, 19, 1000],
    ['parts of the depth, each with blocks', 5, 19, 8200],
    ['columns in parts', 3, 4200, 3],
    ['columns in parts, packed', 10, 4200, 3],
    ['packed columns in parts', 9, 600, 2000],
    ['rows in parts', 140, 3, 4000],
    ['a long column', 9000, 1, 40],
    ['a long depth', 1, 1, 20000],
  ] as const)('%s', (_, m, n, k) => {
    check(m, n, k);
    check(m, n, k, 'columns', 'columns');
  });

  describe.each([
    ['small', 7, 19, 6],
    ['a column', 7, 1, 6],
    ['in blocks of the depth', 3, 5, 300],
    ['in parts of the columns', 9, 600, 2000],
    ['without a depth', 4, 4, 0],
  ] as const)('adds, %s,', (_, m, n, k) => {
    const [a, b] = [rowMajor(m, k), rowMajor(k, n)];
    const integers = (length: number) => newArray(type, length).map(() => Math.round(100 * random()) || 0);
    const round = type === 'f32' ? Math.fround : (x: number) => x;
    const checkSum = (sum: FloatArray, added: (i: number) => number) => {
      const alone = run(m, n, k, a, b);
      if (k <= 256) expect(sum).toEqual(alone.map((x, i) => round(x + added(i))));
      else for (const [i, x] of sum.entries()) expect(x).toBeCloseTo(alone[i]! + added(i), 4);
    };

    test('to what the result holds', () => {
      const initial = integers(m * n);
      checkSum(run(m, n, k, a, b, initial), (i) => initial[i]!);
    });

    test('a row to every row', () => {
      const row = integers(2 * n + 3);
      for (const columnStride of [1, 2, 0]) {
        const added = { data: row, offset: 3, rowStride: 0, columnStride };
        checkSum(run(m, n, k, a, b, added), (i) => row[3 + columnStride * (i % n)]!);
      }
    });
  });

  test('the bits of an element do not depend on the rows and columns computed with it', () => {
    const [m, n, k] = [37, 45, 530];
    const [a, b] = [rowMajor(m, k), rowMajor(k, n)];
    const whole = run(m, n, k, a, b);
    for (const [row, rows, column, columns] of [
      [0, 1, 0, n],
      [5, 3, 7, 9],
      [11, 26, 16, 29],
      [36, 1, 44, 1],
      [0, m, 3, 1],
    ] as const) {
      const part = run(
        ...([rows, columns, k, { ...a, offset: a.offset + row * k }, { ...b, offset: b.offset + column }] as const),
      );
      const expected = Array.from({ length: rows * columns }, (_, i) => {
        return whole[(row + Math.floor(i / columns)) * n + column + (i % columns)];
      });
      expect([...part]).toEqual(expected);
    }
  });

  test('not a number and infinity go where the arithmetic takes them', () => {
    const [m, n, k] = [6, 22, 9];
    const a = matrix(type, m, k, 'rows', () => 1);
    const b = matrix(type, k, n, 'rows', () => 1);
    a.data[a.offset + 2 * k + 3] = Number.NaN;
    a.data[a.offset + 4 * k] = Number.POSITIVE_INFINITY;
    b.data[b.offset + 5] = Number.NEGATIVE_INFINITY;
    b.data[b.offset + 21] = 0;
    const c = run(m, n, k, a, b);
    expect(c).toEqual(exact(type, m, n, k, a, b));
    expect([c[2 * n], c[4 * n], c[5], c[4 * n + 5], c[4 * n + 21], c[21]]).toEqual([
      ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 8],
    ]);
  });

  test.runIf(features().threads)('runs over a memory that is shared', () => {
    const shared = new MatrixProduct(new Heap({ shared: true }), type, { tile });
    const [a, b] = [matrix(type, 9, 30, 'columns', random), rowMajor(30, 21)];
    const c = newArray(type, 9 * 21);
    shared.run(9, 21, 30, a, b, { data: c, offset: 0 });
    expect(c).toEqual(run(9, 21, 30, a, b));
  });

  test('a memory that grows in the middle of a product', () => {
    const small = new MatrixProduct(new Heap(), type, { tile });
    const [a, b] = [rowMajor(400, 400), rowMajor(400, 400)];
    const c = newArray(type, 400 * 400);
    small.run(400, 400, 400, a, b, { data: c, offset: 0 });
    expectSame(c, run(400, 400, 400, a, b));
  });
});
