/** detectAnomaly finds the first number that is not finite, reports where it comes from, and ignores what is harmless. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  AnomalyError,
  ArgumentError,
  checkpoint,
  type DetectAnomalyOptions,
  defineOp,
  detectAnomaly,
  grad,
  hvp,
  jvp,
  noGrad,
  ones,
  parameter,
  Random,
  type Tensor,
  tensor,
  vmap,
  where,
  zeros,
} from '@tapegrad/core';
import { describe, expect, test } from 'vitest';

const file = fileURLToPath(import.meta.url);
const lines = readFileSync(file, 'utf8').split('\n');

/** Returns the position in this file of the line that ends with a given mark. */
const lineOf = (mark: string): RegExp => {
  const line = lines.findIndex((text) => text.endsWith(`// ${mark}`)) + 1;
  return new RegExp(`/anomaly\\.test\\.ts:${line}:\\d+$`);
};

/** Returns the anomaly found while a function runs. */
function anomalyOf(body: () => unknown, options?: DetectAnomalyOptions): AnomalyError {
  try {
    detectAnomaly(body, options);
  } catch (error) {
    if (error instanceof AnomalyError) return error;
    throw error;
  }
  throw new Error('nothing was found');
}

const inputOf = (...elements: number[]): Tensor<readonly [number]> => tensor(elements, { requiresGrad: true });

/** 12 layers, one of which can be replaced. */
function network(own: (h: Tensor) => Tensor): Tensor {
  let h: Tensor = ones([2, 4]);
  for (let i = 0; i < 12; i++) {
    const weight = parameter(new Random(i).normal([4, 4], { std: 0.5 }), { name: `layers.${i}.weight` });
    const bias = parameter(zeros([4]), { name: `layers.${i}.bias` });
    const a = h.matmul(weight).add(bias);
    h = i === 7 ? own(a) : a.tanh();
  }
  return h.sum();
}

describe('in layer 7 of 12', () => {
  test('a value', () => {
    const found = anomalyOf(() =>
      network((a) => {
        const shifted = a.sub(100);
        return shifted.log(); // forward
      }),
    );
    expect(found).toMatchObject({
      name: 'AnomalyError',
      op: 'log',
      phase: 'forward',
      value: Number.NaN,
      place: 0,
      shape: [2, 4],
      input: undefined,
      inputShapes: [[2, 4]],
      parameter: 'layers.7.bias',
    });
    expect(found.calledAt).toMatch(lineOf('forward'));
    expect(found.message).toBe(
      "detectAnomaly: 'log' gave NaN at index 0 of float32 [2, 4], for inputs [2, 4]; " +
        `the nearest parameter is 'layers.7.bias'; called at ${found.calledAt}`,
    );
  });

  test('a weight', () => {
    const bad = parameter(tensor([[1], [Number.NaN]]).mul(ones([1, 4])), { name: 'layers.7.extra' });
    const found = anomalyOf(
      () => network((a) => a.slice(1, 0, 2).matmul(bad)), // weight
    );
    expect(found).toMatchObject({
      op: 'matmul',
      inputShapes: [
        [2, 2],
        [2, 4],
      ],
      parameter: 'layers.7.extra',
    });
    expect(found.message).toContain("input 1, 'layers.7.extra', has one already");
    expect(found.calledAt).toMatch(lineOf('weight'));
  });

  const careless = defineOp({
    name: 'careless',
    forward: (x: Tensor) => x.tanh(),
    vjp: (g, _y, x) => g.div(x.sub(x)),
  });

  test.each([false, true])('a cotangent (createGraph: %s)', (createGraph) => {
    const found = anomalyOf(() => {
      const loss = network((a) => {
        return careless(a.mul(2)); // backward
      });
      loss.backward({ createGraph });
    });
    expect(found).toMatchObject({
      op: 'careless',
      phase: 'backward',
      input: 0,
      shape: [2, 4],
      inputShapes: [[2, 4]],
      parameter: 'layers.7.bias',
    });
    expect(Number.isFinite(found.value)).toBe(false);
    expect(found.calledAt).toMatch(lineOf('backward'));
    expect(found.message).toMatch(
      /^detectAnomaly: the rule of 'careless' gave input 0 a cotangent with -?Infinity at index/,
    );
  });

  test('a cotangent, with the forward pass run before', () => {
    const loss = network(careless);
    expect(anomalyOf(() => loss.backward())).toMatchObject({ op: 'careless', phase: 'backward', calledAt: undefined });
  });

  test('within a checkpoint', () => {
    const found = anomalyOf(() => network(checkpoint((a: Tensor) => careless(a.mul(2)))).backward()); // checkpoint
    expect(found).toMatchObject({ op: 'careless', phase: 'backward', parameter: 'layers.7.bias' });
    expect(found.calledAt).toMatch(lineOf('checkpoint'));
  });
});

describe('what is found', () => {
  const cases: readonly [name: string, body: () => unknown, found: object][] = [
    ['an infinity from finite numbers', () => tensor([1, 0]).log(), { op: 'log', value: -Infinity, place: 1 }],
    ['of those that are not finite the first', () => tensor([1, 0, -1]).log(), { value: -Infinity, place: 1 }],
    ['an overflow', () => tensor([100]).exp(), { op: 'exp', value: Infinity }],
    [
      'of a view, by its place in the view',
      () =>
        tensor([
          [1, 2],
          [-3, 4],
        ])
          .transpose()
          .sqrt(),
      { op: 'sqrt', place: 1 },
    ],
    [
      'a NaN among inherited infinities',
      () => tensor([Infinity, Infinity]).sub(tensor([1, Infinity])),
      { op: 'sub', place: 1 },
    ],
    ['where nothing is recorded', () => noGrad(() => inputOf(-1).sqrt()), { op: 'sqrt', parameter: undefined }],
    [
      'the infinite slope of a root at 0',
      () => inputOf(0).sqrt().sum().backward(),
      { op: 'sqrt', phase: 'backward', input: 0 },
    ],
    [
      'a seed',
      () =>
        inputOf(1)
          .mul(2)
          .backward({ seed: tensor([Number.NaN]) }),
      { op: 'mul', phase: 'backward' },
    ],
    [
      'in a functional transform',
      () => grad((x: Tensor<readonly []>) => x.sqrt())(tensor(0)),
      { op: 'sqrt', phase: 'backward' },
    ],
    [
      'a tangent',
      () => jvp((x: Tensor) => x.sqrt(), [zeros([2])], [ones([2])]),
      { op: 'sqrt', phase: 'tangent', input: undefined, value: Infinity, place: 0, inputShapes: [[2]] },
    ],
    [
      'a tangent that is recorded',
      () => grad((x: Tensor) => jvp((x: Tensor) => x.sqrt(), [x], [ones([2])])[1].sum())(zeros([2])),
      { op: 'sqrt', phase: 'tangent' },
    ],
    [
      'a tangent of a batch',
      () => vmap((x: Tensor) => jvp((x: Tensor) => x.sqrt(), [x], [ones([])])[1])(tensor([1, 0])),
      { op: 'sqrt', phase: 'tangent', place: 1 },
    ],
    [
      'a tangent of a gradient',
      () => hvp((x: Tensor) => x.pow(1.5).sum(), [zeros([1])], [ones([1])]),
      { phase: 'tangent', value: Infinity },
    ],
    [
      'a tangent by an operation of a program',
      () => {
        const own = defineOp({ name: 'own', forward: (x: Tensor) => x.mul(1), vjp: (g, _y, x) => g.div(x) });
        jvp(own, [zeros([1])], [ones([1])]);
      },
      { op: 'own', phase: 'tangent' },
    ],
    [
      'in a batch, the first of the examples',
      () => vmap((x: Tensor) => x.log())(tensor([1, -1])),
      { op: 'log', place: 1 },
    ],
    [
      'by one within vmap',
      () => vmap((x: Tensor) => detectAnomaly(() => x.log()))(tensor([1, -1])),
      { op: 'log', place: 1 },
    ],
    [
      'with an operation of a program by its name',
      () => defineOp({ name: 'own', forward: (x: Tensor) => x.log(), vjp: (g) => g })(tensor([-1])),
      { op: 'own' },
    ],
    ['by the inner of two', () => detectAnomaly(() => tensor([-1]).log()), { op: 'log' }],
  ];
  test.each(cases)('%s', (_, body, found) => {
    expect(anomalyOf(body)).toMatchObject(found);
  });

  test('a bad tangent that comes from before, with the line of its operation', () => {
    const { message, calledAt } = anomalyOf(() => {
      const f = (x: Tensor): Tensor => x.mul(2); // tangent
      return jvp(f, [ones([1])], [tensor([Number.NaN])]);
    });
    expect(message).toContain("the rule of 'mul' gave a tangent with NaN at index 0 of float32 [1], for inputs [1]");
    expect(message).toContain('the tangent of input 0 has one already');
    expect(calledAt).toMatch(lineOf('tangent'));
  });

  test('a bad cotangent that comes from before', () => {
    const { message } = anomalyOf(() =>
      inputOf(1)
        .mul(2)
        .backward({ seed: tensor([Number.NaN]) }),
    );
    expect(message).toContain('the cotangent of its result has one already');
  });
});

describe('what is let pass', () => {
  const passing: readonly [name: string, body: () => Tensor, options?: DetectAnomalyOptions][] = [
    ['numbers', () => ones([2]).exp()],
    ['no elements', () => zeros([0]).log()],
    ['integers', () => tensor([-1], { dtype: 'int32' }).mul(2)],
    ['a mask of infinities, softmax and all', () => where(tensor([true, false]), inputOf(1, 2), -Infinity).softmax(0)],
    ['infinities that were put in', () => tensor([Infinity, 1]).add(1).exp()],
    ['infinities where they are allowed', () => tensor([0, 1]).log(), { allowInfinity: true }],
    [
      'and in the sweep',
      () => {
        const x = inputOf(0, 1);
        return x.sqrt().sum().backward().of(x);
      },
      { allowInfinity: true },
    ],
    ['a NaN that is not used', () => where(tensor([true]), ones([1]), tensor([Number.NaN]))],
  ];
  test.each(passing)('%s', (_, body, options) => {
    const result = detectAnomaly(body, options);
    expect(result.toArray()).toEqual(body().toArray());
  });

  test('but no NaN', () => {
    expect(anomalyOf(() => tensor([0, -1]).log(), { allowInfinity: true })).toMatchObject({ place: 1 });
    expect(anomalyOf(() => inputOf(0).sqrt().mul(0).sum().backward(), { allowInfinity: true })).toMatchObject({
      op: 'sqrt',
      phase: 'backward',
    });
  });
});

describe('the search itself', () => {
  test('gives what its function gives, and changes no gradient', () => {
    const x = inputOf(1, 2);
    const slope = () => x.tanh().mul(x).sum().backward().of(x).toArray();
    expect(detectAnomaly(slope)).toEqual(slope());
  });

  test('ends with its function, even where that throws', () => {
    expect(() =>
      detectAnomaly(() => {
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    expect(() => detectAnomaly(() => tensor([-1]).log())).toThrow(AnomalyError);
    expect(tensor([-1]).log().item()).toBeNaN();
    expect(inputOf(0).sqrt().sum().backward().size).toBe(1);
  });

  test('leaves a tape usable on which it found something', () => {
    const x = inputOf(0);
    const loss = x.sqrt().sum();
    expect(() => detectAnomaly(() => loss.backward())).toThrow(AnomalyError);
    expect(loss.backward().of(x).toArray()).toEqual([Infinity]);
  });

  test('is not for asynchronous functions', () => {
    expect(() => detectAnomaly(async () => 1)).toThrow(ArgumentError);
  });
});
