import {
  ArgumentError,
  DTypeError,
  gelu,
  ones,
  Random,
  type Shape,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core';
import type { Scalar } from '@tapegrad/core/extend';
import { tapeOf } from '@tapegrad/core/tape';
import {
  Dense,
  Dropout,
  dense,
  dropout,
  ELU,
  GELU,
  Hardtanh,
  Identity,
  init,
  type Layer,
  LeakyReLU,
  Module,
  ReLU,
  Sequential,
  Softmax,
} from '@tapegrad/nn';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';

const random = new Random(1);

describe('Dense', () => {
  test('starts as PyTorch’s Linear does: evenly between -1/sqrt(in) and 1/sqrt(in)', () => {
    const { weight, bias } = new Dense(64, 512, { random: new Random(3) });
    for (const values of [weight.data, bias!.data]) {
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1 / 8);
      expect(Math.max(...values)).toBeGreaterThan(0.99 / 8);
      expect(Math.min(...values)).toBeLessThan(-0.99 / 8);
    }
    expect(weight.variance().item()).toBeCloseTo(1 / (3 * 64), 4);
  });

  test('takes its numbers from the generator that it is handed', () => {
    const make = (seed: number) => new Dense(3, 2, { random: new Random(seed) }).weight.toArray();
    expect(make(1)).toEqual(make(1));
    expect(make(1)).not.toEqual(make(2));
  });

  test('without one, takes them from the generator that all modules share', () => {
    const before = init.defaultRandom.state;
    const first = new Dense(3, 3).weight.toArray();
    expect(new Dense(3, 3).weight.toArray()).not.toEqual(first);
    init.defaultRandom.state = before;
    expect(new Dense(3, 3).weight.toArray()).toEqual(first);
  });

  test('takes initialisers, a dtype, and does without a bias', () => {
    const options = { init: init.ones(), biasInit: init.constant(2), dtype: 'float64', random } as const;
    const layer = new Dense(2, 3, options);
    expect([layer.weight.dtype, layer.bias!.dtype]).toEqual(['float64', 'float64']);
    expect(layer.forward(tensor([[1, 10]], { dtype: 'float64' })).toArray()).toEqual([[13, 13, 13]]);
    const unbiased = new Dense(2, 3, { ...options, bias: false });
    expect(unbiased.bias).toBeUndefined();
    expect(unbiased.forward(tensor([1, 10], { dtype: 'float64' })).toArray()).toEqual([11, 11, 11]);
  });

  test('records one primitive', () => {
    const recorded = (y: Tensor) => tapeOf(y).map(({ op }) => op);
    expect(recorded(new Dense(4, 3, { random }).forward(ones([5, 4])))).toEqual(['affine']);
    expect(recorded(new Dense(4, 3, { random, bias: false }).forward(ones([5, 4])))).toEqual(['matmul']);
  });

  const w = zeros([4, 3]);
  const unknown: Tensor = zeros([5, 2]);
  test.each<[string, () => unknown, new (...args: never[]) => Error, string]>([
    [
      'another width',
      () => new Dense(4, 3, { random }).forward(unknown),
      ShapeError,
      'dense: expects 4 features but receives 2, in an input of shape [5, 2]',
    ],
    [
      'a scalar',
      () => dense(zeros([]) as Tensor, w as Tensor),
      ShapeError,
      'dense: expects 4 features but receives a scalar',
    ],
    [
      'a vector as weight',
      () => dense(unknown, zeros([2]) as Tensor),
      ShapeError,
      'expected a weight of shape [in, out]',
    ],
    [
      'a wide bias',
      () => dense(ones([5, 4]), w, zeros([1])),
      ShapeError,
      'dense: expected a bias of shape [3], got [1]',
    ],
    ['two dtypes', () => dense(ones([5, 4], { dtype: 'float64' }), w), DTypeError, 'float64'],
    ['no features', () => new Dense(0, 3), ArgumentError, 'Dense: inFeatures is 0, expected an integer above 0'],
    [
      'half a feature',
      () => new Dense(2, 1.5),
      ArgumentError,
      'Dense: outFeatures is 1.5, expected an integer above 0',
    ],
  ])('refuses %s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});

describe('Sequential', () => {
  const model = new Sequential(new Dense(784, 256, { random }), new ReLU(), new Dense(256, 10, { random }));

  test('knows the shape of what it gives', () => {
    const n: number = 64;
    expectTypeOf(model.forward(zeros([64, 784]))).toEqualTypeOf<Tensor<readonly [64, 10]>>();
    expectTypeOf(model.forward(zeros([n, 784]))).toEqualTypeOf<Tensor<readonly [number, 10]>>();
    expectTypeOf(model.forward(zeros([2, 3, 784]))).toEqualTypeOf<Tensor<readonly [2, 3, 10]>>();
    expectTypeOf(model.forward(zeros([784]))).toEqualTypeOf<Tensor<readonly [10]>>();
    expectTypeOf(model.forward(zeros([64, 784]) as Tensor)).toEqualTypeOf<Tensor<readonly [...number[], 10]>>();
    expectTypeOf(model.layers[2].weight.shape).toEqualTypeOf<readonly [256, 10]>();
    expect(model.forward(zeros([2, 3, 784])).shape).toEqual([2, 3, 10]);
    expect(model.forward(zeros([784])).shape).toEqual([10]);
  });

  test('holds other sequences, and modules that say nothing of shapes', () => {
    class Mine extends Module {
      forward(x: Tensor): Tensor {
        return x.neg();
      }
    }
    class Halves extends Module {
      forward(x: Tensor<readonly [number, 10]>): Tensor<readonly [number, 5]> {
        return x.reshape([-1, 2, 5]).sum(1);
      }
    }
    const nested = new Sequential(model, new Mine(), new Identity());
    expectTypeOf(nested.forward(zeros([1, 784])).shape).toEqualTypeOf<Shape>();
    expect(nested.forward(ones([1, 784])).toArray()).toEqual(
      model
        .forward(ones([1, 784]))
        .neg()
        .toArray(),
    );
    const halved = new Sequential(model, new Halves(), new Dense(5, 2, { random }));
    expectTypeOf(halved.forward(zeros([3, 784]))).toEqualTypeOf<Tensor<readonly [number, 2]>>();
    expect(halved.forward(zeros([3, 784])).shape).toEqual([3, 2]);
  });

  test('takes a list whose length only the run knows, and is the identity where it is empty', () => {
    const widths = [5, 4, 3, 2];
    const layers: Layer[] = widths.slice(1).map((width, i) => new Dense(widths[i]!, width, { random }));
    const deep = new Sequential(...layers);
    expectTypeOf(deep.forward(zeros([7, 5])).shape).toEqualTypeOf<Shape>();
    expect(deep.forward(zeros([7, 5])).shape).toEqual([7, 2]);
    const x = zeros([2, 3]);
    expectTypeOf(new Sequential().forward(x)).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    expect(new Sequential().forward(x)).toBe(x);
  });

  test('checks at run time what the types could not', () => {
    const width: number = 128;
    const wrong = new Sequential(new Dense(784, 256, { random }), new Dense(width, 10, { random }));
    expect(() => wrong.forward(zeros([64, 784]))).toThrow('dense: expects 128 features but receives 256');
    expect(() => new Sequential(new ReLU(), (() => 1) as never)).toThrow(
      'Sequential: expected a module with a forward as layer 1, got a function',
    );
  });

  test('may be as deep as the compiler’s recursion is not', () => {
    const d = () => new Dense(2, 2, { random });
    const deep = new Sequential(
      ...([
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
      ] as const),
      ...([
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
      ] as const),
      ...([
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
        d(),
      ] as const),
    );
    expectTypeOf(deep.forward(zeros([3, 2]))).toEqualTypeOf<Tensor<readonly [3, 2]>>();
    expect(deep.layers).toHaveLength(60);
  });
});

describe('activations', () => {
  test.each([
    ['LeakyReLU', () => new LeakyReLU(Number.NaN), 'LeakyReLU: the slope is NaN, expected a finite number'],
    ['Softmax', () => new Softmax(0.5), 'Softmax: the axis is 0.5, expected an integer'],
    ['ELU', () => new ELU(Infinity), 'ELU: alpha is Infinity, expected a finite number'],
    ['Hardtanh', () => new Hardtanh(1, -1), 'Hardtanh: expected bounds in ascending order, got 1 and -1'],
    ['GELU', () => new GELU({ approximate: 'erf' as never }), "GELU: unknown approximation 'erf'"],
    ['gelu', () => gelu(zeros([1]), { approximate: 'erf' as never }), "gelu: unknown approximation 'erf'"],
  ])('%s refuses what it does not know', (_, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });

  test('print what they were made with', () => {
    const layers = [
      new LeakyReLU(0.2),
      new ELU(),
      new Hardtanh(0, 6),
      new Softmax(),
      new GELU({ approximate: 'tanh' }),
      new ReLU(),
    ];
    expect(layers.map(String)).toEqual([
      'LeakyReLU(0.2)',
      'ELU(1)',
      'Hardtanh(0, 6)',
      'Softmax(-1)',
      'GELU(tanh)',
      'ReLU()',
    ]);
  });
});

describe('dropout', () => {
  const probability = fc.double({ min: 0, max: 0.95, noNaN: true });
  const seed = fc.integer();

  test('drops with probability p and keeps the expectation', () => {
    fc.assert(
      fc.property(probability, seed, (p, seed) => {
        const n = 4000;
        const y = dropout(ones([n], { dtype: 'float64' }), p, new Random(seed));
        const kept = y.data.filter((value) => value !== 0);
        expect(kept.every((value) => value === 1 / (1 - p))).toBe(true);
        // Six standard deviations of the mean of n.
        expect(Math.abs(y.mean().item() - 1)).toBeLessThanOrEqual(6 * Math.sqrt(p / (1 - p) / n));
      }),
      { numRuns: 50 },
    );
  });

  test('has the gradient of the same mask', () => {
    fc.assert(
      fc.property(probability, seed, (p, seed) => {
        const x = ones([4, 9], { requiresGrad: true });
        const y = dropout(x, p, new Random(seed));
        expect(y.sum().backward().of(x).toArray()).toEqual(y.toArray());
      }),
      { numRuns: 50 },
    );
  });

  test('draws another mask at each call, the same ones from the same seed', () => {
    const draw = () => {
      const layer = new Dropout(0.5, { random: new Random(8) });
      return [layer.forward(ones([50])).toArray(), layer.forward(ones([50])).toArray()];
    };
    const [first, second] = draw();
    expect(first).not.toEqual(second);
    expect(draw()).toEqual([first, second]);
  });

  test('is the identity in evaluation and at p = 0, and then draws nothing', () => {
    const generator = new Random(8);
    const before = generator.state;
    const x = ones([50]);
    expect(new Dropout(0.5, { random: generator }).eval().forward(x)).toBe(x);
    expect(new Dropout(0, { random: generator }).forward(x)).toBe(x);
    expect(generator.state).toEqual(before);
  });

  test('records two primitives and keeps dtype and shape', () => {
    const y = dropout(zeros([2, 3], { dtype: 'float64', requiresGrad: true }), 0.5, random);
    expect(tapeOf(y).map(({ op }) => op)).toEqual(['mul', 'where']);
    expect([y.dtype, y.shape]).toEqual(['float64', [2, 3]]);
    expectTypeOf(y).toEqualTypeOf<Tensor<readonly [2, 3]>>();
    expectTypeOf(dropout(zeros([]), 0.5, random)).toEqualTypeOf<Tensor<Scalar>>();
  });

  test.each([1.1, -0.1, Number.NaN])('refuses a probability of %s', (p) => {
    expect(() => new Dropout(p, { random })).toThrow(ArgumentError);
    expect(() => new Dropout(p, { random })).toThrow(`Dropout: the probability is ${p}`);
    expect(() => dropout(zeros([1]), p, random)).toThrow(`dropout: the probability is ${p}`);
  });

  test('refuses to go without a generator', () => {
    const make = Dropout as unknown as new (p: number, options?: object) => Dropout;
    expect(() => new make(0.5)).toThrow(ArgumentError);
    expect(() => new make(0.5, {})).toThrow('Dropout: expected { random }, the generator that draws the masks');
  });

  test('refuses integers', () => {
    expect(() => dropout(zeros([1], { dtype: 'int32' }), 0.5, random)).toThrow(DTypeError);
  });
});
