/** Gradient transforms, compared with optimizers that have the same transforms built in, which follow PyTorch. */

import {
  ArgumentError,
  DTypeError,
  Gradients,
  type Parameter,
  parameter,
  Random,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core';
import {
  Adam,
  accumulate,
  clipByNorm,
  clipByValue,
  clipGradNorm,
  clipGradValue,
  ema,
  GradientChain,
  type GradientTransform,
  momentum,
  SGD,
  type SGDOptions,
  weightDecay,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

function start(): Parameter[] {
  const random = new Random(8);
  return [
    parameter(random.normal([3, 2], { dtype: 'float64' }), { name: 'a' }),
    parameter(random.normal([2], { dtype: 'float64' }), { name: 'b' }),
  ];
}

function gradientsOf([a, b]: readonly Parameter[], step = 0): Gradients {
  const y: Tensor = a!.add(b!).tanh().sub(Math.cos(step));
  return y.mul(y).sum().backward();
}

const elements = (parameters: readonly Parameter[]): number[] => parameters.flatMap(({ data }) => [...data]);

/** Returns the parameters after 50 steps of plain descent with transformed gradients. */
function descent(transforms: readonly GradientTransform[]): number[] {
  const parameters = start();
  const chain = new GradientChain(parameters, transforms);
  const optimizer = new SGD(parameters, { learningRate: 0.1 });
  for (let step = 0; step < 50; step++) optimizer.step(chain.apply(gradientsOf(parameters, step)));
  return elements(parameters);
}

describe('in a chain', () => {
  test.each<[string, readonly GradientTransform[], Partial<SGDOptions>]>([
    ['nothing', [], {}],
    ['momentum', [momentum(0.9)], { momentum: 0.9 }],
    ['nesterov', [momentum(0.9, { nesterov: true })], { momentum: 0.9, nesterov: true }],
    ['weight decay', [weightDecay(0.1)], { weightDecay: 0.1 }],
    ['both', [weightDecay(0.1), momentum(0.5)], { weightDecay: 0.1, momentum: 0.5 }],
  ])('%s is what SGD has', (_, transforms, options) => {
    const parameters = start();
    const optimizer = new SGD(parameters, { learningRate: 0.1, ...options });
    for (let step = 0; step < 50; step++) optimizer.step(gradientsOf(parameters, step));
    const expected = elements(parameters);
    descent(transforms).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 12);
    });
  });

  test('the running mean is that of Adam', () => {
    const parameters = start();
    const adam = new Adam(parameters, { learningRate: 0.1, beta1: 0.8 });
    const chain = new GradientChain(parameters, [ema(0.8, { debias: false })]);
    const corrected = new GradientChain(parameters, [ema(0.8)]);
    for (let step = 1; step <= 10; step++) {
      const gradients = gradientsOf(parameters, step);
      adam.step(gradients);
      const mean = chain.apply(gradients).of(parameters[0]!);
      expect(mean.data).toEqual(adam.state().parameters[0]!.arrays.mean);
      expect(corrected.apply(gradients).of(parameters[0]!).data).toEqual(mean.div(1 - 0.8 ** step).data);
    }
  });

  test('clipping is that of the functions', () => {
    const parameters = start();
    const gradients = gradientsOf(parameters);
    const chain = new GradientChain(parameters, [clipByValue(0.5), clipByNorm(0.1)]);
    const clipped = clipGradNorm(clipGradValue(gradients, 0.5), 0.1).gradients;
    for (const w of parameters) expect(chain.apply(gradients).of(w).data).toEqual(clipped.of(w).data);
  });

  test('the order counts', () => {
    expect(descent([clipByNorm(0.1), momentum(0.9)])).not.toEqual(descent([momentum(0.9), clipByNorm(0.1)]));
  });

  test('two chains of the same transforms remember each their own', () => {
    const transforms = [momentum(0.9)];
    expect(descent(transforms)).toEqual(descent(transforms));
  });
});

describe('a chain', () => {
  test('leaves out gradients of other parameters, and norms count without them', () => {
    const [a, b] = start() as [Parameter, Parameter];
    const changed = new GradientChain([b], [clipByNorm(1e9)]).apply(gradientsOf([a, b]));
    expect([changed.has(a), changed.has(b)]).toEqual([false, true]);
  });

  test('passes over a parameter without a gradient, and what is remembered of it stays', () => {
    const [a, b] = start() as [Parameter, Parameter];
    const chain = new GradientChain([a, b], [momentum(0.9)]);
    chain.apply(gradientsOf([a, b]));
    const [{ parameters }] = chain.state() as [ReturnType<typeof chain.state>[number]];
    expect(chain.apply(a.sum().backward()).has(b)).toBe(false);
    expect(chain.state()[0]!.parameters[1]).toEqual(parameters[1]);
    expect(chain.state()[0]!.parameters[0]!.step).toBe(2);
  });

  test('remembers no tape', () => {
    const w = parameter(tensor([2]));
    const chain = new GradientChain([w], [momentum(0.9), weightDecay(0.1)]);
    const changed = chain.apply(w.mul(w).mul(w).sum().backward({ createGraph: true }));
    expect(changed.of(w).requiresGrad).toBe(false);
  });

  test('refuses gradients unlike the parameters, and remembers nothing of them', () => {
    const [a, b] = start() as [Parameter, Parameter];
    const chain = new GradientChain([a, b], [momentum(0.9)]);
    const before = chain.state();
    const of = (gradient: Tensor) => new Gradients(new Map([...gradientsOf([a, b]), [b, gradient]]));
    expect(() => chain.apply(of(zeros([3], { dtype: 'float64' })))).toThrow(ShapeError);
    expect(() => chain.apply(of(zeros([2])))).toThrow(DTypeError);
    expect(chain.state()).toEqual(before);
  });
});

describe('accumulate', () => {
  test('gives the gradient of the whole batch', () => {
    const w = parameter(tensor([0.5, -1], { dtype: 'float64' }));
    const x = new Random(2).normal([8, 2], { dtype: 'float64' }) as Tensor;
    const loss = (rows: Tensor): Tensor => rows.matmul(w).tanh().mean();
    const whole = loss(x).backward().of(w);
    const chain = new GradientChain([w], [accumulate(4), clipByNorm(100)]);
    for (const round of [1, 2]) {
      for (let i = 0; i < 3; i++) expect(chain.apply(loss(x.slice(0, 2 * i, 2 * i + 2)).backward())).toBeUndefined();
      const mean = chain.apply(loss(x.slice(0, 6, 8)).backward())!.of(w);
      expect(mean.sub(whole).abs().max().item(), `round ${round}`).toBeLessThan(1e-16);
    }
  });

  test('counts a gradient that is missing in some parts as 0 there, and in all of them as missing', () => {
    const [a, b] = start() as [Parameter, Parameter];
    const chain = new GradientChain([a, b], [accumulate(2)]);
    chain.apply(a.sum().add(b.sum()).backward());
    expect([...chain.apply(a.sum().backward())!.of(b).data]).toEqual([0.5, 0.5]);
    chain.apply(a.sum().backward());
    expect(chain.apply(a.sum().backward())!.has(b)).toBe(false);
  });
});

describe('a state', () => {
  const transforms = () => [accumulate(3), weightDecay(0.01), ema(0.9), momentum(0.5), clipByNorm(1)];

  /** Takes the steps of descent, optionally replacing the chain by a new one with its state at some step. */
  function run(restartAt?: number): number[] {
    const parameters = start();
    const optimizer = new SGD(parameters, { learningRate: 0.1 });
    let chain = new GradientChain(parameters, transforms());
    for (let step = 0; step < 20; step++) {
      if (step === restartAt) {
        const saved = structuredClone(chain.state());
        chain = new GradientChain(parameters, transforms());
        chain.load(saved);
      }
      const gradients = chain.apply(gradientsOf(parameters, step));
      if (gradients !== undefined) optimizer.step(gradients);
    }
    return elements(parameters);
  }

  test.each([1, 7, 12])('goes on at step %s', (restartAt) => {
    expect(run(restartAt)).toEqual(run());
  });

  test.each<[string, (state: ReturnType<GradientChain['state']>) => unknown[], string]>([
    ['fewer transforms', (state) => state.slice(1), 'expected a state of 2 transforms, got 1'],
    ['another order', (state) => [...state].reverse(), "expected the state of 'momentum', got that of 'ema'"],
    ['half a step', ([first, second]) => [{ ...first, step: 0.5 }, second], "the step of 'momentum' is 0.5"],
    [
      'no parameters',
      ([first, second]) => [first, { ...second, parameters: [] }],
      'expected a state of 2 parameters, got 0',
    ],
    [
      'no velocity',
      ([first, second]) => [{ ...first, parameters: second!.parameters }, second],
      "GradientChain.load: 'a' needs [velocity], got [mean]",
    ],
  ])('of %s is refused, and nothing changes', (_, change, message) => {
    const parameters = start();
    const chain = new GradientChain(parameters, [momentum(0.5), ema(0.9)]);
    chain.apply(gradientsOf(parameters));
    const state = chain.state();
    expect(() => chain.load(change(state) as typeof state)).toThrow(message);
    expect(chain.state()).toEqual(state);
  });
});

test.each<[string, () => unknown, string]>([
  ['no parameters', () => new GradientChain([], []), 'GradientChain: expected at least one parameter, got none'],
  ['a tensor', () => new GradientChain([zeros([1]) as never], []), 'GradientChain: expected parameters, got a tensor'],
  ['a momentum of 1', () => momentum(1), 'momentum: the share that stays is 1'],
  ['a mean that is none', () => ema(-0.1), 'ema: the share that stays is -0.1'],
  ['a negative decay', () => weightDecay(-1), 'weightDecay: the decay is -1'],
  ['a NaN norm', () => clipByNorm(Number.NaN), 'clipByNorm: maxNorm is NaN'],
  ['a negative limit', () => clipByValue(-1), 'clipByValue: the limit is -1'],
  ['no parts', () => accumulate(0), 'accumulate: the count is 0'],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(ArgumentError);
  expect(make).toThrow(message);
});

test('a transform of one’s own is a description', () => {
  const centralize: GradientTransform = {
    name: 'centralize',
    remembers: [],
    apply: (gradients) => gradients.map((gradient) => gradient.sub(gradient.mean())),
  };
  const w = parameter(tensor([1, 3]));
  const chain = new GradientChain([w], [centralize]);
  expect(chain.apply(w.mul(w).sum().backward()).of(w).toArray()).toEqual([-2, 2]);
});

describe('what a transform remembers of gradients that are scoped is its own', () => {
  test.each(
    Object.entries({
      clipByNorm: () => clipByNorm(1),
      clipByValue: () => clipByValue(0.1),
      weightDecay: () => weightDecay(0.1),
      momentum: () => momentum(0.9),
      ema: () => ema(0.9),
    }),
  )('%s', (_, transform) => {
    const trained = (isLent: boolean): number[] => {
      const parameters = start();
      const [a, b] = parameters;
      const chain = new GradientChain(parameters, [transform()]);
      const optimizer = new SGD(parameters, { learningRate: 0.1 });
      const loss = () => a!.add(b!).tanh().pow(2).sum();
      for (let step = 0; step < 6; step++) {
        optimizer.minimize(isLent ? loss : loss(), (gradients) => chain.apply(gradients));
      }
      return elements(parameters);
    };
    expect(trained(true)).toEqual(trained(false));
  });
});
