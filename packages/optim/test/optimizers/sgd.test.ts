import {
  ArgumentError,
  type Data,
  DTypeError,
  Gradients,
  ones,
  type Parameter,
  parameter,
  Random,
  ShapeError,
  TapeError,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core';
import {
  clipByNorm,
  clipGradNorm,
  clipGradValue,
  GradientChain,
  Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  type ParametersOrGroups,
  SGD,
  type SGDOptions,
  type Update,
  zerosLike,
} from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

interface Problem {
  readonly a: Parameter;
  readonly b: Parameter;
  readonly gradients: () => Gradients;
}

/** Two parameters, and gradients that depend on both. */
function problem(dtype: 'float32' | 'float64' = 'float64'): Problem {
  const random = new Random(5);
  const a = parameter(random.normal([3, 2], { dtype }), { name: 'a' });
  const b = parameter(random.normal([2], { dtype }), { name: 'b' });
  const gradients = (): Gradients => {
    const y: Tensor = a.add(b).tanh();
    return y.mul(y).sum().backward();
  };
  return { a, b, gradients };
}

const elements = ({ a, b }: Problem): number[][] => [[...a.data], [...b.data]];

describe('a step', () => {
  test('changes the parameters in place, and sweeps that need the old ones are told', () => {
    const { a, b, gradients } = problem();
    const { data } = a.array;
    const before = [...data];
    const found = gradients();
    const tape = a.mul(a).sum();
    new SGD([a, b], { learningRate: 0.1 }).step(found);
    expect(a.array.data).toBe(data);
    expect([...data]).toEqual(before.map((w, i) => w - 0.1 * found.of(a).data[i]!));
    expect(() => tape.backward()).toThrow("'a' of 'mul' changed after the forward pass");
  });

  test.each<[string, Partial<SGDOptions>, (w: Tensor, g: Tensor) => Tensor]>([
    ['plain', {}, (w, g) => w.mul(1).add(g.mul(-0.3))],
    ['decay', { weightDecay: 0.5 }, (w, g) => w.mul(1 - 0.3 * 0.5).add(g.mul(-0.3))],
    ['momentum', { momentum: 0.7 }, (w, g) => w.add(g.mul(-0.3))],
  ])('has the bits of the formula on tensors: %s', (_, options, formula) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const w = parameter(new Random(4).normal([1000], { dtype }));
      const gradients = w.sin().sum().backward();
      const expected = formula(w.detach(), gradients.of(w)).data;
      new SGD([w], { learningRate: 0.3, ...options }).step(gradients);
      expect(w.data).toEqual(expected);
    }
  });

  test('takes a gradient that is a view', () => {
    const w = parameter(tensor(new Float32Array([1, 2, 3, 4]), { shape: [2, 2] }));
    const c = tensor(new Float32Array([1, 10, 100, 1000]), { shape: [2, 2] });
    new SGD([w], { learningRate: 1 }).step(w.transpose().mul(c).sum().backward());
    expect([...w.data]).toEqual([0, -98, -7, -996]);
  });

  test('refuses a parameter without a gradient, names it, and changes nothing', () => {
    const own = problem();
    const { a, b } = own;
    const optimizer = new SGD([a, b], { learningRate: 0.1, momentum: 0.9 });
    const [before, values] = [optimizer.state(), elements(own)];
    const step = () => optimizer.step(a.sum().backward());
    expect(step).toThrow(TapeError);
    expect(step).toThrow(
      "SGD: 'b' got no gradient: the loss does not depend on it; if that is intended, pass { allowUnused: true }",
    );
    expect(elements(own)).toEqual(values);
    expect(optimizer.state()).toEqual(before);
  });

  test('leaves an unused parameter as it is where that is allowed, its momentum included', () => {
    const { a, b, gradients } = problem();
    const optimizer = new SGD([a, b], { learningRate: 0.1, momentum: 0.9, dampening: 0.5, allowUnused: true });
    const start = b.detach().toArray();
    optimizer.step(a.sum().backward());
    expect(b.toArray()).toEqual(start);
    // The first gradient of b isn't dampened, though a takes its second step.
    const found = gradients();
    const expected = [...b.data].map((w, i) => w - 0.1 * found.of(b).data[i]!);
    optimizer.step(found);
    expect([...b.data]).toEqual(expected);
    expect(optimizer.state().parameters.map(({ step }) => step)).toEqual([2, 1]);
  });

  test('allows one group its unused parameters', () => {
    const { a, b } = problem();
    const optimizer = new SGD([{ parameters: [a] }, { parameters: [b], allowUnused: true }], { learningRate: 0.1 });
    const start = b.toArray();
    optimizer.step(a.sum().backward());
    expect(b.toArray()).toEqual(start);
  });

  test('refuses gradients of another shape or dtype', () => {
    const { a } = problem();
    const optimizer = new SGD([a], { learningRate: 0.1 });
    const of = (gradient: Tensor) => new Gradients(new Map([[a, gradient]]));
    const wrongShape = () => optimizer.step(of(zeros([2], { dtype: 'float64' })));
    expect(wrongShape).toThrow(ShapeError);
    expect(wrongShape).toThrow("SGD: 'a' has shape [3, 2], its gradient [2]");
    const wrongDType = () => optimizer.step(of(zeros([3, 2])));
    expect(wrongDType).toThrow(DTypeError);
    expect(wrongDType).toThrow("SGD: 'a' is float64, its gradient float32");
  });
});

describe('the learning rate', () => {
  test('can be changed between steps', () => {
    const w = parameter(tensor([1]));
    const optimizer = new SGD([w], { learningRate: 0.5 });
    optimizer.step(w.sum().backward());
    optimizer.learningRate = 0.25;
    optimizer.step(w.sum().backward());
    expect(w.item()).toBe(0.25);
    expect(optimizer.learningRate).toBe(0.25);
  });

  test('is one for all groups, or each group’s own', () => {
    const { a, b } = problem();
    const optimizer = new SGD([{ parameters: [a] }, { parameters: [b], learningRate: 0.01 }], { learningRate: 0.1 });
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.01]);
    expect(() => optimizer.learningRate).toThrow('SGD: the groups have different learning rates');
    optimizer.groups[0]!.learningRate = 0.01;
    expect(optimizer.learningRate).toBe(0.01);
    expect(optimizer.groups[1]!.parameters).toEqual([b]);
  });

  test.each([Number.NaN, -0.1, Infinity])('can not be %s', (learningRate) => {
    const { a } = problem();
    const message = `SGD: learningRate is ${learningRate}, expected a finite number >= 0`;
    expect(() => new SGD([a], { learningRate })).toThrow(message);
    const optimizer = new SGD([a], { learningRate: 0.1 });
    expect(() => {
      optimizer.learningRate = learningRate;
    }).toThrow(message);
    expect(() => {
      optimizer.groups[0]!.learningRate = learningRate;
    }).toThrow(ArgumentError);
    expect(optimizer.learningRate).toBe(0.1);
  });
});

describe('what is refused', () => {
  const { a, b } = problem();
  const rate = { learningRate: 0.1 };
  test.each<[string, () => unknown, string]>([
    ['no parameters', () => new SGD([], rate), 'SGD: expected at least one parameter, got none'],
    ['empty groups', () => new SGD([{ parameters: [] }], rate), 'SGD: expected at least one parameter, got none'],
    ['a parameter twice', () => new SGD([a, b, a], rate), "SGD: 'a' occurs twice"],
    ['twice in groups', () => new SGD([{ parameters: [a] }, { parameters: [a] }], rate), "SGD: 'a' occurs twice"],
    ['a tensor', () => new SGD([{ parameters: [ones([2]) as never] }], rate), 'SGD: expected parameters, or groups'],
    ['a group beside a parameter', () => new SGD([a, { parameters: [b] }] as never, rate), 'got an object'],
    ['a group of nothing', () => new SGD([{} as never], rate), 'got undefined'],
    ['a misspelt option', () => new SGD([a], { ...rate, momentun: 1 } as never), "SGD: unknown option 'momentun'"],
    ['a negative momentum', () => new SGD([a], { ...rate, momentum: -1 }), 'SGD: momentum is -1'],
    ['a negative decay', () => new SGD([a], { ...rate, weightDecay: -1 }), 'SGD: weightDecay is -1'],
    ['an endless dampening', () => new SGD([a], { ...rate, dampening: Infinity }), 'SGD: dampening is Infinity'],
    ['nesterov alone', () => new SGD([a], { ...rate, nesterov: true }), 'SGD: nesterov needs a momentum above 0'],
    ['an unknown decay', () => new SGD([a], { ...rate, decay: 'l1' as never }), "SGD: unknown decay 'l1'"],
    ['in a group', () => new SGD([{ parameters: [a], momentum: -1 }], rate), 'SGD: momentum is -1'],
    ['a NaN norm to clip to', () => clipGradNorm(a.sum().backward(), Number.NaN), 'clipGradNorm: maxNorm is NaN'],
    ['a negative limit', () => clipGradValue(a.sum().backward(), -1), 'clipGradValue: the limit is -1'],
    [
      'an option of clipping that there is not',
      () => clipGradNorm(a.sum().backward(), 1, { raise: true } as never),
      "clipGradNorm: unknown option 'raise', expected { errorIfNonFinite }",
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });
});

describe('a state', () => {
  const variants: readonly SGDOptions[] = [
    { learningRate: 0.1 },
    { learningRate: 0.1, momentum: 0.9, dampening: 0.4, weightDecay: 0.1 },
    { learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1, decay: 'decoupled' },
  ];

  test.each(variants.flatMap((options) => (['float32', 'float64'] as const).map((dtype) => ({ options, dtype }))))(
    'resumes bit by bit: $dtype $options',
    ({ options, dtype }) => {
      const straight = problem(dtype);
      const optimizer = new SGD([straight.a, straight.b], options);
      for (let step = 0; step < 10; step++) {
        if (step === 3) optimizer.learningRate = 0.05;
        optimizer.step(straight.gradients());
      }

      const first = problem(dtype);
      const before = new SGD([first.a, first.b], options);
      for (let step = 0; step < 5; step++) {
        if (step === 3) before.learningRate = 0.05;
        before.step(first.gradients());
      }
      const saved = structuredClone(before.state());
      const resumed = problem(dtype);
      resumed.a.assign(first.a.detach());
      resumed.b.assign(first.b.detach());
      before.step(first.gradients());
      const after = new SGD([resumed.a, resumed.b], { learningRate: 1 });
      after.load(saved);
      for (let step = 5; step < 10; step++) after.step(resumed.gradients());

      expect(elements(resumed)).toEqual(elements(straight));
      expect(after.state()).toEqual(optimizer.state());
    },
  );

  const { a, b, gradients } = problem();
  const optimizer = new SGD([{ parameters: [a] }, { parameters: [b], momentum: 0 }], {
    learningRate: 0.1,
    momentum: 0.9,
  });
  optimizer.step(gradients());
  const state = optimizer.state();
  const [first, second] = state.parameters;
  const { velocity } = first!.arrays;
  type State = OptimizerState<Required<SGDOptions>>;
  const withFirst = (change: object): State => ({ ...state, parameters: [{ ...first!, ...change }, second!] });

  test.each<[string, State, string]>([
    ['fewer groups', { ...state, groups: state.groups.slice(1) }, 'expected a state of 2 groups, got 1'],
    ['fewer parameters', { ...state, parameters: [first!] }, 'expected a state of 2 parameters, got 1'],
    ['another order', { ...state, parameters: [second!, first!] }, "expected the state of 'a', got that of 'b'"],
    ['another shape', withFirst({ shape: [2, 3] }), "'a' has shape [3, 2], got [2, 3]"],
    ['half a step', withFirst({ step: 0.5 }), "the step of 'a' is 0.5, expected an integer >= 0"],
    ['no velocity', withFirst({ arrays: {} }), "'a' needs [velocity], got []"],
    ['other arrays', withFirst({ arrays: { mean: velocity } }), "'a' needs [velocity], got [mean]"],
    [
      'another dtype',
      withFirst({ arrays: { velocity: new Float32Array(6) } }),
      "velocity of 'a' must be a Float64Array, got a Float32Array",
    ],
    [
      'a short velocity',
      withFirst({ arrays: { velocity: velocity!.slice(1) } }),
      "velocity of 'a' has 6 elements, got 5",
    ],
    [
      'a NaN rate',
      { ...state, groups: state.groups.map((options) => ({ ...options, learningRate: Number.NaN })) },
      'learningRate is NaN',
    ],
    [
      'a misspelt option',
      { ...state, groups: state.groups.map((options) => ({ ...options, lr: 1 })) },
      "unknown option 'lr'",
    ],
  ])('of %s is refused, and nothing changes', (_, wrong, message) => {
    expect(() => optimizer.load(wrong)).toThrow(message);
    expect(optimizer.state()).toEqual(state);
  });

  test('may know a parameter by a longer or a shorter path', () => {
    optimizer.load(withFirst({ name: 'encoder.a' }));
    a.name = 'outer.encoder.a';
    optimizer.load(withFirst({ name: 'encoder.a' }));
    expect(() => optimizer.load(withFirst({ name: 'decoder.a' }))).toThrow("got that of 'decoder.a'");
    a.name = 'a';
    expect(optimizer.state()).toEqual(state);
  });

  test('is a copy', () => {
    const mine = optimizer.state();
    mine.parameters[0]!.arrays.velocity!.fill(7);
    expect(optimizer.state()).toEqual(state);
    optimizer.load(mine);
    mine.parameters[0]!.arrays.velocity!.fill(8);
    expect(new Set(optimizer.state().parameters[0]!.arrays.velocity)).toEqual(new Set([7]));
    optimizer.load(state);
  });
});

describe('clipping', () => {
  const w = parameter(tensor([3, 4]));
  const gradients = w.mul(w).sum().backward();

  test('leaves gradients within the bound as they are', () => {
    expect(clipGradNorm(gradients, 11).gradients).toBe(gradients);
    expect(clipGradNorm(gradients, Infinity)).toEqual({ gradients, norm: 10 });
  });

  test('does not change what it was given', () => {
    clipGradNorm(gradients, 1);
    clipGradValue(gradients, 1);
    expect(gradients.of(w).toArray()).toEqual([6, 8]);
  });

  test('tells a gradient that is no number by the norm', () => {
    const broken = gradients.scale(Number.NaN);
    expect(clipGradNorm(broken, 1).norm).toBeNaN();
    expect(clipGradNorm(broken, Infinity).gradients).toBe(broken);
    expect(clipGradValue(broken, 1).of(w).data.every(Number.isNaN)).toBe(true);
  });

  describe.each(['float32', 'float64'] as const)('by the norm in %s', (dtype) => {
    const [a, b] = [parameter(zeros([2], { dtype }), { name: 'a' }), parameter(zeros([2], { dtype }), { name: 'b' })];
    const gradientsOf = (ofA: readonly number[], ofB: readonly number[]): Gradients =>
      new Gradients(new Map([a, b].map((x, i) => [x, tensor([ofA, ofB][i]!, { dtype })])));
    const clipped = (ofA: readonly number[], ofB: readonly number[], maxNorm: number) => {
      const { gradients: found, norm } = clipGradNorm(gradientsOf(ofA, ofB), maxNorm);
      return { norm, elements: [...found.of(a).data, ...found.of(b).data] };
    };
    const expectClose = (found: readonly number[], expected: readonly number[]): void => {
      const ulps = dtype === 'float32' ? 4e-7 : 1e-15;
      found.forEach((x, i) => {
        expect(Math.abs(x - expected[i]!), `element ${i} of ${found}`).toBeLessThanOrEqual(
          ulps * Math.abs(expected[i]!),
        );
      });
    };

    test('makes no NaN of infinities, which share the norm', () => {
      expect(clipped([Infinity, 1], [2, 3], 0.5)).toEqual({ norm: Infinity, elements: [0.5, 0, 0, 0] });
      const { elements: shared } = clipped([Infinity, 1], [-Infinity, 3], 1);
      expectClose(shared, [Math.SQRT1_2, 0, -Math.SQRT1_2, 0]);
      expect(clipped([Infinity, 1], [2, 3], 0).elements).toEqual([0, 0, 0, 0]);
    });

    test('lets a NaN be, and its neighbours', () => {
      const { norm, elements: left } = clipped([Number.NaN, 1], [Infinity, 300], 1);
      expect([norm, left]).toEqual([Number.NaN, [Number.NaN, 1, Infinity, 300]]);
    });

    test.each<[string, number[], number[], string]>([
      ['an infinity', [0, 1], [-Infinity, 1], "clipGradNorm: the gradient of 'b' has an element that is -Infinity"],
      ['a NaN', [Number.NaN, 1], [Infinity, 1], "clipGradNorm: the gradient of 'a' has an element that is NaN"],
    ])('refuses %s where asked, and names the parameter', (_, ofA, ofB, message) => {
      const run = () => clipGradNorm(gradientsOf(ofA, ofB), 1, { errorIfNonFinite: true });
      expect(run).toThrow(ArgumentError);
      expect(run).toThrow(message);
      expect(clipGradNorm(gradientsOf([3, 0], [0, 4]), 10, { errorIfNonFinite: true }).norm).toBe(5);
      expect(() =>
        new GradientChain([a, b], [clipByNorm(1, { errorIfNonFinite: true })]).apply(gradientsOf(ofA, ofB)),
      ).toThrow(message);
    });

    const huge = dtype === 'float32' ? 1e38 : 1e300;
    const largest = dtype === 'float32' ? 3.4e38 : 1.7e308;
    const tiny = dtype === 'float32' ? 1e-37 : 1e-300;

    test('loses nothing to squares that overflow or vanish', () => {
      const large = clipped([3 * huge, 0], [0, 4 * (huge / 2)], 1);
      expectClose([large.norm / huge], [Math.sqrt(13)]);
      expectClose(large.elements, [3 / Math.sqrt(13), 0, 0, 2 / Math.sqrt(13)]);
      const small = clipped([3 * tiny, 0], [0, 4 * tiny], tiny);
      expectClose([small.norm / tiny], [5]);
      // Such norms are negligible compared with the 1e-6 in the formula.
      const factor = dtype === 'float32' ? 0 : tiny / 1e-6;
      expectClose(small.elements, [3 * tiny * factor, 0, 0, 4 * tiny * factor]);
    });

    test('loses nothing to a norm beyond the largest number, nor to a factor below the smallest', () => {
      const { norm, elements: found } = clipped([largest, largest], [largest, -largest], 1);
      expect(norm).toBe(dtype === 'float32' ? 2 * Math.fround(largest) : Infinity);
      expectClose(found, [0.5, 0.5, 0.5, -0.5]);
      expectClose(clipped([largest, 0], [0, 0], 1e-20).elements, [1e-20, 0, 0, 0]);
    });
  });
});

test('an optimizer of one’s own is the update of one parameter', () => {
  interface SignOptions extends OptimizerOptions {
    readonly patience?: number;
  }

  type CountState = { readonly count: Data };

  /** Steps along the sign of the gradient once the sign has stayed the same for `patience` steps. */
  class PatientSign extends Optimizer<SignOptions, CountState> {
    constructor(trained: ParametersOrGroups<SignOptions>, options: SignOptions) {
      super(trained, options, { patience: 1 });
    }

    protected override checkOptions({ patience }: Required<SignOptions>): void {
      if (!(patience >= 1)) throw new ArgumentError(`PatientSign: patience is ${patience}`);
    }

    protected override initState(elements: Data): CountState {
      return { count: zerosLike(elements) };
    }

    protected override update({ elements, gradient, state, options }: Update<SignOptions, CountState>): void {
      const { count } = state;
      for (let i = 0; i < elements.length; i++) {
        const sign = Math.sign(gradient[i]!);
        count[i] = Math.sign(count[i]!) === sign ? count[i]! + sign : sign;
        if (Math.abs(count[i]!) >= options.patience) elements[i]! -= options.learningRate * sign;
      }
    }
  }

  const w = parameter(tensor([1, -1]));
  const optimizer = new PatientSign([w], { learningRate: 0.25, patience: 2 });
  for (let step = 0; step < 3; step++) optimizer.step(w.mul(w).sum().backward());
  expect(w.toArray()).toEqual([0.5, -0.5]);
  expect(() => new PatientSign([w], { learningRate: 1, patience: 0 })).toThrow('PatientSign: patience is 0');
});
