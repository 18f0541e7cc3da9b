/** The lean entry: each function registers the kernels that it needs, and calls no method that only the main entry adds. */

import { beforeEach, expect, test, vi } from 'vitest';

type Lean = typeof import('@tapegrad/core/lean');
type Tensor = import('@tapegrad/core/lean').Tensor;

/** A call of each function that needs more than the kernels and methods loaded by every program. */
const calls: Readonly<Record<string, (core: Lean, x: Tensor) => Tensor>> = {
  pow: ({ pow }, x) => pow(x, 3),
  sin: ({ sin }, x) => sin(x),
  cos: ({ cos }, x) => cos(x),
  tan: ({ tan }, x) => tan(x),
  asin: ({ asin }, x) => asin(x),
  acos: ({ acos }, x) => acos(x),
  atan: ({ atan }, x) => atan(x),
  sinh: ({ sinh }, x) => sinh(x),
  cosh: ({ cosh }, x) => cosh(x),
  atan2: ({ atan2 }, x) => atan2(x, 2),
  erf: ({ erf }, x) => erf(x),
  erfc: ({ erfc }, x) => erfc(x),
  expm1: ({ expm1 }, x) => expm1(x),
  log1p: ({ log1p }, x) => log1p(x),
  softplus: ({ softplus }, x) => softplus(x),
  remainder: ({ remainder }, x) => remainder(x, 2),
  elu: ({ elu }, x) => elu(x),
  gelu: ({ gelu }, x) => gelu(x),
  max: ({ max }, x) => max(x, 1),
  min: ({ min }, x) => min(x),
  prod: ({ prod }, x) => prod(x, 0),
  cumprod: ({ cumprod }, x) => cumprod(x, 0),
  cumsum: ({ cumsum }, x) => cumsum(x, 0),
  norm: ({ norm }, x) => norm(x, 1, { order: 3 }),
  variance: ({ variance }, x) => variance(x, 0),
  std: ({ std }, x) => std(x, 0),
  logSumExp: ({ logSumExp }, x) => logSumExp(x, 1),
  cosineSimilarity: ({ cosineSimilarity }, x) => cosineSimilarity(x, x, 1),
  cdist: ({ cdist, flip }, x) => cdist(x, flip(x, 0)),
  sort: ({ sort }, x) => sort(x, 1),
  topk: ({ topk }, x) => topk(x, 1).values,
  gather: ({ gather, argsort }, x) => gather(x, argsort(x, 0), 0),
  index: ({ index, slice }, x) => index(x, slice(0, 1), 0),
  mask: ({ index }, x) => index(x, x.greater(0)),
  pad: ({ pad }, x) =>
    pad(x, [
      [1, 0],
      [0, 1],
    ]),
  take: ({ take }, x) => take(x, [1, 0]),
  scatterAdd: ({ scatterAdd }, x) => scatterAdd(x, [1, 1], 2),
  repeat: ({ repeat }, x) => repeat(x, [2, 1]),
  roll: ({ roll }, x) => roll(x, 1, 0),
  trace: ({ trace }, x) => trace(x),
  det: ({ det }, x) => det(x),
  svdvals: ({ svdvals }, x) => svdvals(x),
  eigh: ({ eigh }, x) => eigh(x.add(x.transpose() as Tensor) as Tensor).values as Tensor,
  unfold: ({ unfold }, x) => unfold(x, [{ size: 2, stride: 1, dilation: 1, padding: [0, 0] }]),
};

beforeEach(() => vi.resetModules());

test.each(Object.entries(calls))('%s', async (_name, call) => {
  const core: Lean = await import('@tapegrad/core/lean');
  const x: Tensor = core.tensor(
    [
      [0.5, -0.25],
      [0.125, 0.75],
    ],
    { requiresGrad: true },
  );
  expect('norm' in x).toBe(false);
  const y = call(core, x);
  expect(y.sum().backward().of(x).shape).toEqual([2, 2]);
});

test('rounding passes no gradient', async () => {
  const { ceil, floor, round, tensor }: Lean = await import('@tapegrad/core/lean');
  const x = tensor([0.4, 1.5], { requiresGrad: true });
  expect([floor, ceil, round].map((run) => run(x).requiresGrad)).toEqual([false, false, false]);
});

test('rare draws are functions, with the same numbers as the methods of the main entry point', async () => {
  const { bernoulli, integers, normal, permutation, Random }: Lean = await import('@tapegrad/core/lean');
  const draws = () => {
    const random = new Random(3);
    return [
      bernoulli(random, [5], 0.4),
      integers(random, [2, 2], -3, 9),
      permutation(random, 7),
      normal(random, [3], { std: 2 }),
    ].map((x) => x.toArray());
  };
  expect('bernoulli' in new Random(1)).toBe(false);
  const before = draws();
  await import('@tapegrad/core');
  const random = new Random(3);
  const methods = [
    random.bernoulli([5], 0.4),
    random.integers([2, 2], -3, 9),
    random.permutation(7),
    random.normal([3], { std: 2 }),
  ];
  expect(methods.map((x) => x.toArray())).toEqual(before);
  expect(() => (random.permutation as (...args: number[]) => unknown)(3, 4)).toThrow('permutation: expected');
});

test('a primitive whose extension is not registered names it', async () => {
  const { kernels, setInterpreter } = await import('@tapegrad/core/extend');
  const { tensor }: Lean = await import('@tapegrad/core/lean');
  const { reference } = await import('@tapegrad/kernels/reference');
  setInterpreter(reference);
  expect(() => kernels.erf(tensor([1]))).toThrow("erf: its extension isn't registered");
});
