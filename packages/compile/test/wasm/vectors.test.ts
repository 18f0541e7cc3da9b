/** The registers after programs with vectors of 256 bits. */

import { interpreter, setInterpreter } from '@tapegrad/core/extend';
import { createWasm, filled, type Kernels, type NdArray, type Shape } from '@tapegrad/kernels';
import { features } from '@tapegrad/kernels/codegen';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { assembleFor } from '../../../kernels/src/wasm/assembler/vector-width.ts';
import { ProgramBuilder } from '../../src/program/build.ts';
import { generating } from '../../src/wasm/engine.ts';
import { runEagerly } from './eager-run.ts';

let cleared = 0;
let previous: Kernels<NdArray>;

beforeAll(() => {
  previous = interpreter();
  assembleFor(256, () => cleared++);
  setInterpreter(createWasm({ threads: 1 }));
});

beforeEach(() => {
  cleared = 0;
});

afterAll(() => {
  assembleFor(128, () => {});
  setInterpreter(previous);
});

function arrayOf(shape: Shape): NdArray {
  const array = filled(shape, 0, 'float32');
  for (let i = 0; i < array.size; i++) array.data[i] = Math.sin(i * 1.7);
  return array;
}

/** Returns how often a program with the product of square matrices of each size clears the registers. */
function countForProducts(sizes: readonly number[]): number {
  const builder = new ProgramBuilder();
  const results = sizes.map((n) => {
    const [x, y] = ['x', 'y'].map((name) => builder.argument(`${name}${n}`, [n, n], 'float32'));
    return builder.operation('matmul', [x!, y!]);
  });
  const program = builder.finish(results);
  const given = sizes.flatMap((n) => [arrayOf([n, n]), arrayOf([n, n])]);
  const inputs = { arguments: given, draws: [], numbers: [] };
  const prepared = generating.prepare(program);
  const before = cleared;
  const found = prepared.run(inputs).results!;
  const count = cleared - before;
  const wanted = runEagerly(program, interpreter() as Kernels<NdArray>, [], inputs);
  expect(found.map(({ data }) => data)).toEqual(wanted.map(({ data }) => data));
  return count;
}

// Joined vectors pay only with relaxed SIMD.
test.runIf(features().relaxedSimd)('are cleared once after large products', () => {
  expect(countForProducts([20])).toBe(0);
  expect(countForProducts([100])).toBe(1);
  expect(countForProducts([100, 20, 90])).toBe(1);
});

test('are cleared after a large cross-entropy and its gradient', () => {
  const countFor = (rows: number): number => {
    const builder = new ProgramBuilder();
    const scale = builder.argument('scale', [rows], 'float32');
    const logits = builder.argument('logits', [rows, 10], 'float32');
    const labels = builder.argument('labels', [rows], 'int32');
    const losses = builder.operation('crossEntropy', [logits, labels]);
    const program = builder.finish([losses, builder.operation('crossEntropyGrad', [scale, logits, labels])]);
    const prepared = generating.prepare(program);
    const before = cleared;
    const list = [filled([rows], 1, 'float32'), arrayOf([rows, 10]), filled([rows], 3, 'int32')];
    expect(prepared.run({ arguments: list, draws: [], numbers: [] }).results).toHaveLength(2);
    return cleared - before;
  };
  expect(countFor(20)).toBe(0);
  expect(countFor(300)).toBe(2);
});
