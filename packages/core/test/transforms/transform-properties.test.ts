/** Properties of the transforms that must hold for every program, tested on random ones. */

import { concat, grad, hvp, jvp, Random, stack, type Tensor, vjp, vmap } from '@tapegrad/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** Keeps the shape [2, 3], and elements of moderate size. */
type Step = (x: Tensor, y: Tensor) => Tensor;

const steps: Readonly<Record<string, Step>> = {
  tanh: (x) => x.tanh(),
  sin: (x) => x.sin(),
  softplus: (x) => x.softplus(),
  add: (x, y) => x.add(y).mul(0.5),
  mul: (x, y) => x.mul(y.sigmoid()),
  div: (x, y) => x.div(y.mul(y).add(1)),
  pow: (x, y) => x.mul(x).add(0.5).pow(y.tanh()),
  maximum: (x, y) => x.maximum(y.cos()),
  where: (x, y) => x.less(y).where(x, y.sin()),
  row: (x, y) => x.sub(y.index(0)),
  column: (x, y) => x.mul(y.mean(1, { keepDims: true })),
  scalar: (x, y) => x.sub(y.logSumExp()),
  matmul: (x, y) => x.matmul(y.transpose()).tanh().matmul(y).mul(0.3),
  batched: (x, y) =>
    x
      .reshape([2, 1, 3])
      .matmul(y.reshape([1, 3, 2]))
      .reshape([2, 2])
      .matmul(x)
      .tanh(),
  softmax: (x) => x.softmax(-1),
  cumsum: (x) => x.cumsum(1).tanh(),
  max: (x) => x.sub(x.max(0)),
  flip: (x, y) => x.add(y.flip(1)).mul(0.5),
  take: (x) => x.take([2, 0, 0], 1),
  concat: (x, y) => concat([x.slice(1, 1, 3), y.slice(1, 0, 1)], 1),
  pad: (x) =>
    x.slice(1, 0, 2).pad(
      [
        [0, 0],
        [1, 0],
      ],
      0.5,
    ),
  scatter: (x) => x.scatterAdd([1, 1, 0], 3, 1),
  variance: (x) => x.div(x.variance(undefined).add(1).sqrt()),
};

const names = Object.keys(steps);

interface Program {
  readonly picks: readonly (readonly [step: string, x: number, y: number])[];
  readonly seed: number;
}

const programs: fc.Arbitrary<Program> = fc.record({
  picks: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 8 }),
  seed: fc.nat(1000),
});

/** Each step uses two random earlier results; the last one and the sum of all form the result. */
const build =
  ({ picks }: Program) =>
  (x: Tensor): Tensor => {
    const results = [x, x.mul(0.5)];
    for (const [name, i, j] of picks) {
      results.push(steps[name]!(results.at(-1 - (i % results.length))!, results[j % results.length]!));
    }
    return results.reduce((sum, y) => sum.add(y)).add(results.at(-1)!);
  };

const energyOf = (f: (x: Tensor) => Tensor) => (x: Tensor) => f(x).sin().sum();

const draw = (seed: number, ...shape: number[]): Tensor => new Random(seed).normal(shape, { dtype: 'float64' });

const dot = (x: Tensor, y: Tensor): number => x.mul(y).sum().item();

function expectNear(actual: number, expected: number, size: number): void {
  expect(Math.abs(actual - expected)).toBeLessThan(1e-10 * Math.max(1, size));
}

const expectSame = (actual: Tensor, expected: Tensor) => {
  expect(actual.shape).toEqual(expected.shape);
  expectNear(actual.sub(expected).abs().max().item(), 0, expected.abs().max().item());
};

const holds = (name: string, property: (program: Program) => void) =>
  test(name, () => {
    fc.assert(fc.property(programs, property), { numRuns: 100 });
  });

holds('forward and reverse are adjoint', (program) => {
  const f = build(program);
  const [x, u, v] = [0, 1, 2].map((i) => draw(program.seed + i, 2, 3)) as [Tensor, Tensor, Tensor];
  const [y, tangent] = jvp(f, [x], [u]);
  const [value, pullback] = vjp(f, x);
  expectSame(y, value);
  const [cotangent] = pullback(v);
  expectNear(dot(tangent, v), dot(cotangent, u), dot(tangent.abs(), v.abs()) + dot(cotangent.abs(), u.abs()));
});

holds('a Hessian is symmetric, whichever way it was had', (program) => {
  const energy = energyOf(build(program));
  const [x, u, v] = [0, 1, 2].map((i) => draw(program.seed + i, 2, 3)) as [Tensor, Tensor, Tensor];
  const [forward] = hvp(energy, [x], [u]);
  const reverse = grad((x: Tensor) => grad(energy)(x).mul(u).sum())(x);
  const size = forward.abs().sum().item();
  expectNear(forward.sub(reverse).abs().sum().item(), 0, size);
  const [other] = hvp(energy, [x], [v]);
  expectNear(dot(forward, v), dot(other, u), dot(forward.abs(), v.abs()) + dot(other.abs(), u.abs()));
});

holds('a batch is its examples', (program) => {
  const f = build(program);
  const energy = energyOf(f);
  const x = draw(program.seed, 3, 2, 3);
  const u = draw(program.seed + 1, 2, 3);
  const along = (x: Tensor) => hvp(energy, [x], [u])[0];
  for (const g of [f, grad(energy), along]) {
    const examples = [0, 1, 2].map((i) => g(x.index(i)));
    expectSame(vmap(g)(x), stack(examples, 0));
  }
});

holds('a batch of batches is all examples', (program) => {
  const gradient = grad(energyOf(build(program)));
  const x = draw(program.seed, 2, 3, 2, 3);
  const all = vmap(gradient)(x.reshape([6, 2, 3])).reshape([2, 3, 2, 3]);
  expectSame(vmap(vmap(gradient))(x), all);
  expectSame(vmap(vmap(gradient), { inAxes: 1 })(x), all.permute([1, 0, 2, 3]));
});
