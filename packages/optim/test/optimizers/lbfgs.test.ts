/** Compares LBFGS with the steps of PyTorch's (data/make_lbfgs.py). */

import { readFileSync } from 'node:fs';
import { ArgumentError, type Parameter, parameter, TapeError, type Tensor, tensor } from '@tapegrad/core';
import { LBFGS, type LBFGSOptions } from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

type Values = readonly number[] | readonly (readonly number[])[];

const stored = JSON.parse(readFileSync(new URL('../data/lbfgs.json', import.meta.url), 'utf8')) as {
  readonly x: Values;
  readonly y: Values;
  readonly starts: Readonly<Record<keyof typeof losses, readonly Values[]>>;
  readonly variants: readonly {
    readonly problem: keyof typeof losses;
    readonly title: string;
    readonly options: LBFGSOptions;
    readonly samples: Readonly<
      Record<string, { readonly loss: number; readonly evaluations: number; readonly elements: readonly number[] }>
    >;
  }[];
};

const double = (values: Values): Tensor => tensor(values, { dtype: 'float64' });

const x = double(stored.x);
const y = double(stored.y);

const square = (z: Tensor): Tensor => z.mul(z);

const losses = {
  rosenbrock: ([a, b]: readonly Tensor[]) =>
    square(a!.sub(1))
      .add(square(b!.sub(square(a!))).mul(100))
      .sum(),
  network: ([w1, b1, w2]: readonly Tensor[]) =>
    square(x.matmul(w1!).add(b1!).tanh().matmul(w2!).sub(y))
      .mean()
      .add(square(w1!).sum().mul(0.1))
      .add(square(w2!).sum().mul(0.1)),
  valley: ([a, b]: readonly Tensor[]) => square(b!).sub(a!).div(100).add(square(a!).add(1).log().div(200)).sum(),
};

const start = (problem: keyof typeof losses): Parameter[] =>
  stored.starts[problem].map((values, i) => parameter(double(values), { name: `w${i}` }));

const elements = (parameters: readonly Parameter[]): number[] => parameters.flatMap(({ data }) => [...data]);

describe('LBFGS follows PyTorch', () => {
  test.each(stored.variants)('$problem: $title', ({ problem, options, samples }) => {
    const parameters = start(problem);
    const optimizer = new LBFGS(parameters, options);
    for (let step = 1; step <= Math.max(...Object.keys(samples).map(Number)); step++) {
      const loss = optimizer.step(() => losses[problem](parameters));
      const sample = samples[step];
      if (sample === undefined) continue;
      const found = elements(parameters);
      sample.elements.forEach((element, i) => {
        expect(
          Math.abs(found[i]! - element) / Math.max(1, Math.abs(element)),
          `element ${i} at step ${step}`,
        ).toBeLessThan(1e-9);
      });
      expect(
        Math.abs(loss - sample.loss) / Math.max(1, Math.abs(sample.loss)),
        `the loss at step ${step}`,
      ).toBeLessThan(1e-9);
      expect(optimizer.state().evaluations, `at step ${step}`).toBe(sample.evaluations);
    }
  });
});

const rosenbrock = (parameters: readonly Parameter[]) => () => losses.rosenbrock(parameters);

describe('a step', () => {
  test('comes back from where the loss is no number', () => {
    const [w] = [parameter(tensor([3], { dtype: 'float64' }))];
    // sqrt(w) - 2 log(w) has its minimum at 16, and is NaN below 0.
    const loss = () => w.sqrt().sub(w.log().mul(2)).sum();
    const optimizer = new LBFGS([w], { learningRate: 100 });
    for (let step = 0; step < 5; step++) optimizer.step(() => loss());
    expect(w.item()).toBeCloseTo(16, 3);
    const down = parameter(tensor([1], { dtype: 'float64' }));
    new LBFGS([down], { learningRate: 100 }).step(() => down.sqrt().add(down).sum());
    expect(down.item()).toBeGreaterThanOrEqual(0);
  });

  test('takes parameters in float32', () => {
    const parameters = [parameter(tensor([-1.2])), parameter(tensor([1]))];
    const optimizer = new LBFGS(parameters);
    for (let step = 0; step < 5; step++) optimizer.step(rosenbrock(parameters));
    for (const element of elements(parameters)) expect(element).toBeCloseTo(1, 2);
  });

  test('leaves everything as it was where the closure throws', () => {
    const parameters = start('rosenbrock');
    const optimizer = new LBFGS(parameters);
    optimizer.step(rosenbrock(parameters));
    const [values, state] = [elements(parameters), optimizer.state()];
    let calls = 0;
    const failing = () => {
      if (++calls === 3) throw new Error('no more');
      return losses.rosenbrock(parameters);
    };
    expect(() => optimizer.step(failing)).toThrow('no more');
    expect([elements(parameters), optimizer.state()]).toEqual([values, state]);
  });

  test('names a parameter without a gradient, which counts as 0 where that is allowed', () => {
    const [a, b] = start('rosenbrock') as [Parameter, Parameter];
    const loss = () => square(a.sub(2)).sum();
    expect(() => new LBFGS([a, b]).step(loss)).toThrow(TapeError);
    expect(() => new LBFGS([a, b]).step(loss)).toThrow("LBFGS: 'w1' got no gradient");
    new LBFGS([a, b], { allowUnused: true }).step(loss);
    expect([a.item(), b.item()]).toEqual([2, 1]);
  });

  test('does nothing at the minimum', () => {
    const w = parameter(tensor([0]));
    const optimizer = new LBFGS([w]);
    expect(optimizer.step(() => square(w).sum())).toBe(0);
    expect(optimizer.state()).toMatchObject({ evaluations: 1, progress: { iterations: 0 } });
  });
});

describe('a state', () => {
  test.each<LBFGSOptions>([{ maxIter: 3 }, { maxIter: 2, lineSearch: 'none', learningRate: 0.05, historySize: 2 }])(
    'goes on bit by bit: %o',
    (options) => {
      const straight = start('rosenbrock');
      const optimizer = new LBFGS(straight, options);
      const parameters = start('rosenbrock');
      let resumed = new LBFGS(parameters, options);
      for (let step = 0; step < 12; step++) {
        const saved = structuredClone(resumed.state());
        resumed = new LBFGS(parameters);
        resumed.load(saved);
        resumed.step(rosenbrock(parameters));
        optimizer.step(rosenbrock(straight));
      }
      expect(elements(parameters)).toEqual(elements(straight));
      expect(resumed.state()).toEqual(optimizer.state());
    },
  );

  test('that does not fit changes nothing', () => {
    const parameters = start('rosenbrock');
    const optimizer = new LBFGS(parameters);
    optimizer.step(rosenbrock(parameters));
    const state = optimizer.state();
    const { options, progress } = state;
    const short = { ...progress, direction: new Float64Array(3) };
    expect(() => optimizer.load({ ...state, progress: short })).toThrow('LBFGS.load: direction has 2 elements, got 3');
    expect(() => optimizer.load({ ...state, evaluations: -1 })).toThrow('evaluations is -1');
    expect(() => optimizer.load({ ...state, options: { ...options, maxIter: 0.5 } })).toThrow('maxIter is 0.5');
    expect(optimizer.state()).toEqual(state);
  });
});

test('the learning rate can be changed', () => {
  const optimizer = new LBFGS(start('rosenbrock'));
  optimizer.learningRate = 0.5;
  expect([optimizer.learningRate, optimizer.state().options.learningRate]).toEqual([0.5, 0.5]);
  expect(() => {
    optimizer.learningRate = Number.NaN;
  }).toThrow('LBFGS: learningRate is NaN');
});

test.each<[string, LBFGSOptions, string]>([
  ['no history', { historySize: 0 }, 'LBFGS: historySize is 0, expected an integer >= 1'],
  ['half a direction', { maxIter: 0.5 }, 'LBFGS: maxIter is 0.5'],
  ['a NaN tolerance', { toleranceGrad: Number.NaN }, 'LBFGS: toleranceGrad is NaN'],
  [
    'another search',
    { lineSearch: 'armijo' as never },
    "LBFGS: unknown lineSearch 'armijo', expected 'strongWolfe' or 'none'",
  ],
  ['a misspelt option', { maxIterations: 5 } as never, "LBFGS: unknown option 'maxIterations'"],
])('%s is refused', (_, options, message) => {
  const make = () => new LBFGS(start('rosenbrock'), options);
  expect(make).toThrow(ArgumentError);
  expect(make).toThrow(message);
});

describe('a loss that is scaled', () => {
  const scales = [1e10, 1, 1e-1, 1e-3, 1e-4, 1e-5, 1e-6, 1e-9, 1e-30];

  test.each(scales)('by %s is minimized', (scale) => {
    const w = parameter(tensor([1], { dtype: 'float64' }));
    const optimizer = new LBFGS([w], { toleranceGrad: 0 });
    for (let step = 0; step < 3; step++) optimizer.step(() => square(w).sum().mul(scale));
    expect(Math.abs(w.item())).toBeLessThan(1e-3);
  });

  test.each(scales)('by %s ends in the same place: Rosenbrock’s valley', (scale) => {
    const parameters = start('rosenbrock');
    const optimizer = new LBFGS(parameters, { toleranceGrad: 0 });
    for (let step = 0; step < 20; step++) optimizer.step(() => losses.rosenbrock(parameters).mul(scale));
    for (const element of elements(parameters)) expect(element).toBeCloseTo(1, 2);
  });

  test('goes on in its unit from a state', () => {
    const straight = start('rosenbrock');
    const resumedFrom = start('rosenbrock');
    const lossOf = (parameters: readonly Parameter[]) => () => losses.rosenbrock(parameters).mul(1e-8);
    const options = { maxIter: 3, toleranceGrad: 0 };
    const optimizer = new LBFGS(straight, options);
    let resumed = new LBFGS(resumedFrom, options);
    for (let step = 0; step < 8; step++) {
      const saved = structuredClone(resumed.state());
      resumed = new LBFGS(resumedFrom);
      resumed.load(saved);
      resumed.step(lossOf(resumedFrom));
      optimizer.step(lossOf(straight));
    }
    expect(elements(resumedFrom)).toEqual(elements(straight));
    expect(resumed.state()).toEqual(optimizer.state());
  });
});

test.each<[string, LBFGSOptions, (w: Parameter) => Tensor, string]>([
  ['a gradient below the tolerance', {}, (w) => square(w).sum().mul(1e-9), 'gradient'],
  ['a gradient of 0', {}, (w) => square(w.sub(1)).sum(), 'gradient'],
  ['a NaN', {}, (w) => w.mul(Number.NaN).sum(), 'nonFinite'],
  ['all directions', { maxIter: 1, maxEval: 20 }, (w) => square(square(w)).sum(), 'iterations'],
  ['all evaluations', { maxEval: 3, learningRate: 1e-3 }, (w) => w.exp().add(w.neg().exp()).sum(), 'evaluations'],
  ['no change', { toleranceChange: 2 }, (w) => w.exp().sum(), 'change'],
  ['hardly a slope', { toleranceChange: 5 }, (w) => square(w).sum(), 'slope'],
])('says why it stopped: %s', (_, options, loss, reason) => {
  const w = parameter(tensor([1], { dtype: 'float64' }));
  const optimizer = new LBFGS([w], options);
  expect(optimizer.stopped).toBeUndefined();
  optimizer.step(() => loss(w));
  expect(optimizer.stopped).toBe(reason);
});
