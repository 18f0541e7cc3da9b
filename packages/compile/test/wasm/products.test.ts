import { type DType, empty, type NdArray, type Shape } from '@tapegrad/kernels';
import { expect, test } from 'vitest';
import { ProgramBuilder } from '../../src/program/build.ts';
import { generating } from '../../src/wasm/engine.ts';
import { runEagerly } from './eager-run.ts';
import { useOneThread } from './one-thread.ts';

const kernels = useOneThread();

function arrayOf(shape: Shape, dtype: DType): NdArray {
  const array = empty(shape, dtype);
  for (let i = 0; i < array.size; i++) array.data[i] = Math.sin(i * 1.7 + shape.length);
  return array;
}

/** Shapes of two factors, and how their axes are permuted before. */
type Factors = readonly [x: Shape, y: Shape, xTurn?: readonly number[], yTurn?: readonly number[]];

const products: readonly Factors[] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [32, 2],
    [2, 16],
  ],
  [
    [5, 7],
    [7, 3],
  ],
  [
    [32, 16],
    [16, 1],
  ],
  [
    [32, 1],
    [1, 16],
  ],
  [
    [1, 300],
    [300, 5],
  ],
  [
    [70, 600],
    [600, 90],
  ],
  [
    [600, 70],
    [90, 600],
    [1, 0],
    [1, 0],
  ],
  [
    [130, 100],
    [130, 40],
    [1, 0],
  ],
  [
    [3, 5000],
    [5000, 2],
  ],
  [
    [4, 6, 7],
    [4, 7, 5],
  ],
  [
    [4, 6, 7],
    [7, 5],
  ],
  [
    [2, 1, 6, 7],
    [3, 7, 5],
  ],
  [
    [2, 6, 3, 8],
    [2, 6, 3, 8],
    [0, 2, 1, 3],
    [0, 2, 3, 1],
  ],
];

test.each(products.map((factors) => ({ factors })))('$factors: bits of the interpreter', ({ factors }) => {
  const [xShape, yShape, xTurn, yTurn] = factors;
  for (const dtype of ['float32', 'float64'] as const) {
    const builder = new ProgramBuilder();
    const [x, y] = [builder.argument('x', xShape, dtype), builder.argument('y', yShape, dtype)];
    const left = xTurn ? builder.operation('permute', [x], xTurn) : x;
    const right = yTurn ? builder.operation('permute', [y], yTurn) : y;
    const product = builder.operation('matmul', [left, right]);
    const program = builder.finish([product, builder.operation('neg', [product])]);
    const inputs = { arguments: [arrayOf(xShape, dtype), arrayOf(yShape, dtype)], draws: [], numbers: [] };
    const { results } = generating.prepare(program).run(inputs);
    const wanted = runEagerly(program, kernels, [], inputs);
    expect(results!.map(({ data }) => data)).toEqual(wanted.map(({ data }) => data));
  }
});

test.each([
  { shape: [32, 2], outputs: 16 },
  { shape: [3, 4, 5], outputs: 7 },
  { shape: [40, 300], outputs: 9 },
  { shape: [6, 4], outputs: 1 },
])('affine of $shape with $outputs outputs: bits of the interpreter', ({ shape, outputs }) => {
  for (const dtype of ['float32', 'float64'] as const) {
    const builder = new ProgramBuilder();
    const shapes = [shape, [shape.at(-1)!, outputs], [outputs]];
    const operands = shapes.map((own, i) => builder.argument(`x${i}`, own, dtype));
    const program = builder.finish([builder.operation('affine', operands)]);
    const inputs = { arguments: shapes.map((own) => arrayOf(own, dtype)), draws: [], numbers: [] };
    const { results } = generating.prepare(program).run(inputs);
    expect(results![0]!.data).toEqual(runEagerly(program, kernels, [], inputs)[0]!.data);
  }
});
