/** Common parts of the tests of links: tensors for programs, and expectations. */

import { parameter, Random, type Shape, type Tensor, tensor } from '@tapegrad/core';
import { centralDifferences, compare, type Link, links } from '@tapegrad/verify';
import { expect, test } from 'vitest';

export const random = new Random(11);
export const normal = (...shape: number[]): Tensor => random.normal(shape, { dtype: 'float64' });
export const weight = (name: string, ...shape: number[]): Tensor => parameter(normal(...shape), { name });
export const given = (...shape: number[]): Tensor => tensor(normal(...shape).data, { shape, requiresGrad: true });

/** Sums with different weights, so that all elements contribute differently, and not as in a loss. */
export const project = (y: Tensor): Tensor => y.mul(normal(...y.shape)).sum();

export function expectEqual(name: string, expected: Tensor, actual: Tensor, scale?: number): void {
  const { passed, message } = compare(name, expected, actual, scale === undefined ? {} : { scale });
  expect(passed, message).toBe(true);
}

function expectNear(name: string, expected: Tensor, actual: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const size = expected.abs().max().item();
  const error = actual.sub(expected).abs().max().item();
  expect(error, name).toBeLessThan(1e-8 * size + 1e-10);
}

/**
 * Compares each delta with differences on A_l, and the gradients of the weights, summed over their uses, with the
 * sweep's.
 */
export function expectTrue(loss: Tensor, list: readonly Link[]): void {
  const gradients = loss.backward({ retainGraph: true });
  const sums = new Map<Tensor, Tensor>();
  const addTo = (x: Tensor, gradient: Tensor) => sums.set(x, sums.get(x)?.add(gradient) ?? gradient);
  for (const { name, preActivation, delta, weight, weightGradient, bias, biasGradient } of list) {
    expectNear(name, centralDifferences(loss, preActivation), delta);
    addTo(weight, weightGradient);
    if (bias !== undefined) addTo(bias, biasGradient!);
  }
  for (const [x, sum] of sums) if (gradients.has(x)) expectEqual('gradient', gradients.of(x), sum);
}

interface Expected {
  readonly name?: string;
  readonly transition: string;
  readonly z?: Shape;
  readonly w?: Shape;
  readonly a: Shape;
  readonly b?: Shape | undefined;
  readonly out?: Shape | undefined;
}

export function expectLinks(loss: Tensor, expected: readonly Expected[]): Link[] {
  const found = links(loss);
  const described = found.map((link, i) => {
    const all = {
      name: link.name,
      transition: link.transition,
      z: link.input.shape,
      w: link.weight.shape,
      a: link.preActivation.shape,
      b: link.bias?.shape,
      out: link.output?.shape,
    };
    return (
      expected[i] && Object.fromEntries(Object.keys(expected[i]).map((key) => [key, all[key as keyof typeof all]]))
    );
  });
  expect(described).toEqual(expected);
  expectTrue(loss, found);
  return found;
}

export const x = normal(4, 3);
export const y = normal(4, 2);
export const squared = (h: Tensor): Tensor => h.sub(y).pow(2).sum().div(4);

export type Case = readonly [name: string, loss: () => Tensor, ...expected: Expected[]];

export const testEach = (cases: readonly Case[]): void =>
  test.each(cases.map((c) => [c[0], c] as const))('%s', (_, [, loss, ...expected]) => {
    expectLinks(loss(), expected);
  });

export const [w, b, u, column] = [weight('w', 3, 2), weight('b', 2), weight('u', 2, 3), weight('column', 2, 1)];
export const [W, B] = [given(3, 2), given(2)];
export const vector = normal(3);
