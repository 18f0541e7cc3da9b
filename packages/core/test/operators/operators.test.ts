/** Every operation on each interpreter: compares value, gradients and Hessian-vector products with PyTorch's. */

import { type BackwardOptions, type Tensor, tensor } from '@tapegrad/core';
import { type Kernels, type NdArray, type Primitive, setInterpreter } from '@tapegrad/core/extend';
import { plain, primitives } from '@tapegrad/kernels';
import { describe, expect, test } from 'vitest';
import { describeEach, restoreInterpreter } from '../../../../test/interpreters.ts';
import { expectClose } from '../close.ts';
import {
  cotangent,
  direction,
  type Layout,
  layouts,
  type OperatorCase,
  type OperatorFile,
  operatorCases,
  operatorFiles,
  operatorsIn,
  type Stored,
  storedNumbers,
} from './operators.ts';

/** Returns the gradients with respect to the inputs; zeros if there is none. */
function gradientsOf(y: Tensor, inputs: readonly Tensor[], options: BackwardOptions): Tensor[] {
  const gradients = y.requiresGrad ? y.backward({ ...options, wanted: inputs }) : undefined;
  return inputs.map((x) => (gradients?.has(x) ? gradients.of(x) : x.detach().mul(0)));
}

const sum = (terms: readonly Tensor[]): Tensor => terms.reduce((total, term) => total.add(term));

/** Value, gradients and Hessian-vector products for inputs that are views with another memory layout. */
function expectStored({ inputs, run, stored, constant }: OperatorCase, { store, view }: Layout): void {
  const x = inputs().map((input) => view(store(input), input.shape));
  const y = run(...x);
  expect(y.shape).toEqual(stored.shape);
  expectClose(y, storedNumbers(stored.value, y.size));
  expect(y.requiresGrad).toBe(!constant);
  if (constant) return;
  const first = gradientsOf(y, x, { seed: cotangent(y.shape), createGraph: true });
  first.forEach((gradient, i) => {
    expectClose(gradient, storedNumbers(stored.gradients![i]!, gradient.size));
  });
  const slope = sum(first.map((gradient, i) => gradient.mul(direction(gradient.shape, i)).sum()));
  gradientsOf(slope, x, {}).forEach((product, i) => {
    expectClose(product, storedNumbers(stored.products![i]!, product.size));
  });
}

/** Value and gradients in float32, to its precision. */
function expectStoredRoughly({ inputs, run, stored, constant }: OperatorCase): void {
  const x = inputs().map(({ data, shape }) => tensor(Float32Array.from(data), { shape, requiresGrad: true }));
  const y = run(...x);
  const expectRoughly = (actual: Tensor, entries: Stored['value']) => {
    const expected = storedNumbers(entries, actual.size);
    const largest = Math.max(1, ...expected.map(Math.abs));
    expected.forEach((number, i) => {
      expect(Math.abs(actual.data[i]! - number)).toBeLessThan(2e-5 * largest);
    });
  };
  expectRoughly(y, stored.value);
  if (constant) return;
  gradientsOf(y, x, { seed: cotangent(y.shape).cast(y.dtype) }).forEach((gradient, i) => {
    expect(gradient.dtype).toBe('float32');
    expectRoughly(gradient, stored.gradients![i]!);
  });
}

describeEach(() => {
  describe('float32', () => {
    test.each(operatorCases.filter(({ kinked }) => !kinked))('$name', expectStoredRoughly);
  });

  describe.each(Object.entries(layouts))('%s', (_, layout) => {
    test.each(operatorCases)('$name', (c) => expectStored(c, layout));
  });
});

test('the table covers every function', () => {
  const functions = (Object.keys(operatorFiles) as OperatorFile[]).flatMap(operatorsIn);
  const covered = new Set(operatorCases.map(({ call }) => call));
  expect(functions.length).toBeGreaterThan(50);
  expect(functions.filter((name) => !covered.has(name))).toEqual([]);
});

test('the table runs every primitive', () => {
  const ran = new Set<Primitive>();
  const spies = primitives.map((op) => {
    const run = plain[op] as (...args: readonly unknown[]) => NdArray;
    const spy = (...args: readonly unknown[]): NdArray => {
      ran.add(op);
      return run(...args);
    };
    return [op, spy];
  });
  setInterpreter(Object.fromEntries(spies) as Kernels<NdArray>);
  for (const { inputs, run } of operatorCases) run(...inputs());
  restoreInterpreter();
  expect(primitives.filter((op) => !ran.has(op))).toEqual([]);
});
