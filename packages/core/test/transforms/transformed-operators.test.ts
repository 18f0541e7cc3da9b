/** Every operation under `jvp` and `vmap`, on each interpreter: compared with differences, stored products, and a loop. */

import { grad, jvp, stack, type Tensor, tensor, vmap } from '@tapegrad/core';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../../test/interpreters.ts';
import { expectClose } from '../close.ts';
import { cotangent, direction, type OperatorCase, operatorCases, storedNumbers } from '../operators/operators.ts';

const differentiable = operatorCases.filter(({ constant }) => !constant);

const dot = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum();

/** Returns f at the inputs, moved along their directions. */
function moved({ run }: OperatorCase, inputs: readonly Tensor[], step: number): Tensor {
  return run(...inputs.map((x, i) => x.add(direction(x.shape, i).mul(step))));
}

/** Computes the derivative along the directions by five-point central differences. */
function difference(c: OperatorCase, inputs: readonly Tensor[]): Tensor {
  const h = Number.EPSILON ** (1 / 5) / 2;
  const [near, far] = [1, 2].map((n) => moved(c, inputs, n * h).sub(moved(c, inputs, -n * h))) as [Tensor, Tensor];
  return near
    .mul(8)
    .sub(far)
    .div(12 * h);
}

function expectTangent(c: OperatorCase): void {
  const { inputs: make, run, stored, kinked } = c;
  const inputs = make();
  const directions = inputs.map((x, i) => direction(x.shape, i));
  const [y, tangent] = jvp(run, inputs, directions);
  expectClose(y, storedNumbers(stored.value, y.size));
  expect(tangent.shape).toEqual(y.shape);
  expect(tangent.dtype).toEqual(y.dtype);
  if (!kinked) {
    const expected = difference(c, inputs);
    tangent.data.forEach((t, i) => {
      const e = expected.data[i]!;
      expect(Math.abs(t - e)).toBeLessThan(1e-8 * Math.max(1, Math.abs(e)));
    });
  }
  const gradients = inputs.map((x, i) => storedNumbers(stored.gradients![i]!, x.size));
  const terms = gradients.flatMap((g, i) => g.map((value, j) => value * directions[i]!.data[j]!));
  const total = terms.reduce((sum, term) => sum + term, 0);
  const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
  if (Number.isFinite(total)) {
    expect(Math.abs(dot(tangent, cotangent(y.shape)).item() - total)).toBeLessThanOrEqual(1e-12 * Math.max(1, size));
  }
}

/** The gradient of the tangent is the Hessian times the direction. */
function expectDifferentiable({ inputs: make, run, stored }: OperatorCase): void {
  const inputs = make();
  const directions = inputs.map((x, i) => direction(x.shape, i));
  const along = (...x: readonly Tensor[]): Tensor => {
    const [y, tangent] = jvp(run, x, directions);
    return dot(tangent, cotangent(y.shape));
  };
  const products = grad(along, { argument: inputs.map((_, i) => i) })(...inputs);
  products.forEach((product, i) => {
    expectClose(product, storedNumbers(stored.products![i]!, product.size), 1e-9);
  });
}

/** Returns several inputs with the same elements in different orders. */
function examplesOf(x: Tensor): Tensor[] {
  const data = Float64Array.from(x.data);
  const half = data.length >> 1;
  const rotated = Float64Array.from(data, (_, i) => data[(i + half) % data.length]!);
  return [data, data.toReversed(), rotated].map((elements) => tensor(elements, { shape: x.shape }));
}

/** The inputs to map over: all of them, or a single one. */
function masksOf(count: number): boolean[][] {
  const inputs = Array.from({ length: count }, (_, i) => i);
  const each = inputs.map((i) => inputs.map((j) => j === i));
  return count === 1 ? each : [inputs.map(() => true), ...each];
}

const withMasks = (c: OperatorCase) => masksOf(c.inputs().length).map((mask) => ({ ...c, mask }));

// The shape of these two results depends on the elements, so they can't be mapped.
const mappable = operatorCases.filter(({ call }) => call !== 'unique' && call !== 'nonzero');

function expectLoop(f: (...x: Tensor[]) => Tensor, inputs: readonly Tensor[], mask: readonly boolean[]): void {
  const examples = inputs.map(examplesOf);
  const batches = examples.map((list, i) => (mask[i] ? stack(list, i % (list[0]!.rank + 1)) : list[0]!));
  const inAxes = examples.map((list, i) => (mask[i] ? i % (list[0]!.rank + 1) : null));
  const actual = vmap(f, { inAxes })(...batches);
  const expected = examples[0]!.map((_, b) => f(...examples.map((list, i) => (mask[i] ? list[b]! : list[0]!))));
  expect(actual.dtype).toBe(expected[0]!.dtype);
  expect(actual.shape).toEqual([expected.length, ...expected[0]!.shape]);
  expectClose(actual, [...stack(expected, 0).data], 1e-12);
}

describeEach(() => {
  describe('jvp', () => {
    test.each(differentiable)('$name', expectTangent);
  });
  describe('the gradient of jvp', () => {
    test.each(differentiable)('$name', expectDifferentiable);
  });
  describe('vmap', () => {
    test.each(mappable.flatMap(withMasks))('$name, $mask', ({ run, inputs, mask }) => {
      expectLoop(run, inputs(), mask);
    });
  });
  describe('vmap of grad', () => {
    test.each(differentiable.flatMap(withMasks))('$name, $mask', ({ run, inputs, mask }) => {
      const x = inputs();
      const weighted = (...inputs: Tensor[]): Tensor => {
        const y = run(...inputs);
        return dot(y, cotangent(y.shape));
      };
      x.forEach((_, argument) => {
        expectLoop(grad(weighted, { argument }), x, mask);
      });
    });
  });
  describe('vmap of jvp', () => {
    test.each(differentiable)('$name', ({ run, inputs }) => {
      const x = inputs();
      const tangent = (...inputs: Tensor[]): Tensor =>
        jvp(
          run,
          inputs,
          inputs.map((x, i) => direction(x.shape, i)),
        )[1];
      expectLoop(
        tangent,
        x,
        x.map(() => true),
      );
    });
  });
}, ['default', 'plain']);
