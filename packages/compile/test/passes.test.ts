/** Passes drop what is not needed, and keep every bit. */

import { interpreter } from '@tapegrad/core/extend';
import { filled, NdArray } from '@tapegrad/kernels';
import { expect, test } from 'vitest';
import { interpreted } from '../src/interpreted/engine.ts';
import { simplified } from '../src/passes/passes.ts';
import { ProgramBuilder } from '../src/program/build.ts';
import { print } from '../src/program/print.ts';
import type { Program } from '../src/program/program.ts';

const opsOf = ({ steps }: Program) => steps.map((step) => (step.kind === 'operation' ? step.op : step.kind));

test('dead code is dropped, but neither checks nor stored values', () => {
  const b = new ProgramBuilder();
  const x = b.argument('x', [3], 'float32');
  const slot = b.slot('variable', 'w', [3], 'float32');
  b.operation('exp', [b.operation('sin', [x])]);
  b.check(b.operation('abs', [x]), { low: 0, high: 1, nan: false }, true);
  b.store(slot, b.operation('neg', [slot.value]));
  const program = simplified(b.finish([b.operation('tanh', [x])]), interpreter());
  expect(opsOf(program)).toEqual(['abs', 'check', 'neg', 'tanh']);
});

test('equal operations are computed once, those of a recomputation apart', () => {
  const b = new ProgramBuilder();
  const x = b.argument('x', [3], 'float32');
  const once = b.operation('exp', [x]);
  const twice = b.operation('exp', [x]);
  const again = b.operation('exp', [x], undefined, { recomputation: 1 });
  const zeros = [0, -0].map((value) => b.operation('full', [], { shape: [], value, dtype: 'float32' }));
  const quotients = zeros.map((zero) => b.operation('div', [once, zero]));
  const sum = b.operation('add', [twice, again]);
  const program = simplified(b.finish([sum, ...quotients]), interpreter());
  expect(opsOf(program)).toEqual(['exp', 'exp', 'div', 'div', 'add']);
  const { results } = interpreted
    .prepare(program)
    .run({ arguments: [filled([3], 0, 'float32')], draws: [], numbers: [] });
  expect(results!.map(({ data }) => data[0])).toEqual([2, Infinity, -Infinity]);
});

test('what depends on constants is computed before the first call, unless it is large', () => {
  const b = new ProgramBuilder();
  const x = b.argument('x', [2], 'float32');
  const c = b.constant(new NdArray(new Float32Array([1, 2]), 'float32', [2]));
  const sum = b.operation('sum', [b.operation('mul', [c, c])], [0]);
  const large = b.operation('broadcastTo', [sum], [100_000]);
  const program = simplified(b.finish([b.operation('add', [x, sum]), large]), interpreter());
  expect(opsOf(program)).toEqual(['broadcastTo', 'add']);
  expect(program.constants.map(({ array }) => [...array.data])).toEqual([[5]]);
});

test('a program as text', () => {
  const b = new ProgramBuilder();
  const x = b.argument('x', [2, 3], 'float32');
  const w = b.slot('variable', 'w', [3], 'float32');
  const rate = b.number('rate', 'float32', 0.5);
  const g = b.operation('sum', [x], [0]);
  const flat = b.operation('reshape', [g], [3]);
  b.check(flat, { low: -1, high: 1, nan: true }, true);
  const descent = (k: never, { w, g }: Record<string, unknown>, { rate }: Record<string, unknown>) => {
    const { sub, mul } = k as { sub(x: unknown, y: unknown): unknown; mul(x: unknown, y: unknown): unknown };
    return { w: sub(w, mul(rate, g)) };
  };
  const { w: next } = b.change(descent as never, { w: w.value, g: flat }, { rate });
  b.store(w, next!);
  expect(print(b.finish([flat]))).toBe(`\
program(x %0: float32 [2, 3])
  variable w %1: float32 [3]
  number rate %2: float32 []
  %3: float32 [1, 3] = sum(%0, [0])
  %4: float32 [3] = reshape(%3, [3])
  check all of %4 within [-1, 1] or NaN
  { w: %5 } = change descent(w: %1, g: %4; rate: %2)
  store %5 in w (%1)
  return %4`);
});
