import {
  ArgumentError,
  type Buffer,
  buffer,
  DTypeError,
  grad,
  ones,
  type Parameter,
  parameter,
  Random,
  ShapeError,
  type Tensor,
  zeros,
} from '@tapegrad/core';
import { Dense, Dropout, GELU, Identity, Module, type ModuleState, ReLU, Sequential, summary } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const random = new Random(1);

class Block extends Module {
  readonly scale: Parameter = parameter(ones([3]));
  readonly encoder = new Sequential(new Dense(4, 5, { random }), new GELU());
  readonly heads = { wide: new Dense(5, 3, { random }), narrow: [new Dense(5, 1, { bias: false, random })] };
  readonly sizes = [1, 2, 3];

  forward(x: Tensor): Tensor {
    return this.heads.wide.forward(this.encoder.forward(x)).mul(this.scale);
  }
}

describe('parameters and modules', () => {
  const block = new Block();

  test('are found in fields, arrays and objects, and named by path', () => {
    const paths = [
      'scale',
      'encoder.0.weight',
      'encoder.0.bias',
      'heads.wide.weight',
      'heads.wide.bias',
      'heads.narrow.0.weight',
    ];
    expect([...block.namedParameters().keys()]).toEqual(paths);
    expect(block.parameters().map(({ name }) => name)).toEqual(paths);
    expect(block.namedParameters().get('encoder.0.bias')).toBe(block.encoder.layers[0].bias);
    expect([...block.children().keys()]).toEqual(['encoder', 'heads.wide', 'heads.narrow.0']);
    const modules = ['', 'encoder', 'encoder.0', 'encoder.1', 'heads.wide', 'heads.narrow.0'];
    expect([...block.modules().keys()]).toEqual(modules);
    expect(block.parameterCount).toBe(3 + 25 + 18 + 5);
  });

  test('keep the longer name when asked for through an inner module', () => {
    block.parameters();
    expect(block.encoder.parameters().map(({ name }) => name)).toEqual(['encoder.0.weight', 'encoder.0.bias']);
    const outer = new Sequential(block.encoder);
    expect(outer.parameters().map(({ name }) => name)).toEqual(['0.0.weight', '0.0.bias']);
    expect(new Dense(2, 2, { random }).weight.name).toBe('weight');
  });

  test('count once where they are shared', () => {
    const shared = new Dense(3, 3, { random });
    const tied = new Sequential(shared, new ReLU(), shared);
    expect([...tied.namedParameters().keys()]).toEqual(['0.weight', '0.bias']);
    expect(tied.parameterCount).toBe(12);

    class Tied extends Module {
      readonly a = parameter(zeros([2]));
      readonly b = this.a;
    }
    expect([...new Tied().namedParameters().keys()]).toEqual(['a']);
  });

  test('may refer to each other in a circle', () => {
    class Node extends Module {
      readonly weight = parameter(zeros([1]));
      readonly neighbours: Node[] = [];
      readonly group: Record<string, unknown> = { self: this };

      constructor() {
        super();
        this.group.again = this.group;
      }
    }
    const [a, b] = [new Node(), new Node()];
    a.neighbours.push(b);
    b.neighbours.push(a);
    expect([...a.namedParameters().keys()]).toEqual(['weight', 'neighbours.0.weight']);
  });
});

describe('buffers', () => {
  class Counter extends Module {
    readonly calls: Buffer = buffer(zeros([], { dtype: 'int32' }));
    readonly inner = new Dense(2, 2, { random });
    readonly kept = [buffer(ones([2]))];

    forward(x: Tensor): Tensor {
      this.calls.assign(this.calls.add(1));
      return this.inner.forward(x);
    }
  }

  test('are listed by path, and are no parameters', () => {
    const model = new Sequential(new Counter());
    expect([...model.namedBuffers().keys()]).toEqual(['0.calls', '0.kept.0']);
    expect([...model.namedBuffers().values()].map(({ name }) => name)).toEqual(['0.calls', '0.kept.0']);
    expect([...model.namedParameters().keys()]).toEqual(['0.inner.weight', '0.inner.bias']);
    expect(model.parameterCount).toBe(6);
  });

  test('are a part of the state', () => {
    const [model, other] = [new Counter(), new Counter()];
    model.forward(ones([1, 2]));
    const state = structuredClone(model.state());
    expect(Object.keys(state)).toEqual(['calls', 'kept.0', 'inner.weight', 'inner.bias']);
    expect(state.calls).toEqual({ shape: [], dtype: 'int32', data: Int32Array.of(1) });
    other.load(state);
    expect(other.state()).toEqual(state);
    const { calls: _, ...without } = state;
    expect(() => other.load(without)).toThrow("load: the state has no buffer 'calls'");
  });
});

test('training and evaluation reach every module', () => {
  const inner = new Dropout(0.5, { random });
  const model = new Sequential(new Identity(), new Sequential(inner));
  expect([model.training, inner.training]).toEqual([true, true]);
  expect(model.eval()).toBe(model);
  expect([model.training, inner.training]).toEqual([false, false]);
  expect(model.train()).toBe(model);
  expect([model.training, inner.training]).toEqual([true, true]);
});

describe('describe', () => {
  const block = new Block();

  test('prints a table of layers, shapes and parameter counts', () => {
    const model = new Sequential(
      new Dense(784, 256, { random }),
      new ReLU(),
      new Dropout(0.2, { random }),
      new Dense(256, 10, { bias: false, random }),
    );
    expect(summary(model, { input: [64, 784] })).toBe(
      [
        'layer  kind                     output     parameters',
        '-----------------------------------------------------',
        '0      Dense(784, 256)          [64, 256]     200,960',
        '1      ReLU()                   [64, 256]           0',
        '2      Dropout(0.2)             [64, 256]           0',
        '3      Dense(256, 10, no bias)  [64, 10]        2,560',
        '-----------------------------------------------------',
        'total  Sequential(4 layers)     [64, 10]      203,520',
      ].join('\n'),
    );
  });

  test('shows parameters beside modules, and modules that did not run', () => {
    expect(summary(block, { input: ones([2, 4]) })).toBe(
      [
        'layer           kind                  output  parameters',
        '--------------------------------------------------------',
        'scale           Parameter(3)                           3',
        'encoder         Sequential(2 layers)  [2, 5]          25',
        'encoder.0       Dense(4, 5)           [2, 5]          25',
        'encoder.1       GELU()                [2, 5]           0',
        'heads.wide      Dense(5, 3)           [2, 3]          18',
        'heads.narrow.0  Dense(5, 1, no bias)                   5',
        '--------------------------------------------------------',
        'total           Block()               [2, 3]          51',
      ].join('\n'),
    );
  });

  test('needs no input for the counts alone', () => {
    expect(summary(new Sequential(new Dense(2, 3, { random })))).toBe(
      [
        'layer  kind                 parameters',
        '--------------------------------------',
        '0      Dense(2, 3)                   9',
        '--------------------------------------',
        'total  Sequential(1 layer)           9',
      ].join('\n'),
    );
  });

  test('leaves no trace: neither in the modes, nor in the generators, nor in the methods', () => {
    const generator = new Random(3);
    const model = new Sequential(
      new Dense(3, 3, { dtype: 'float64', random }),
      new Dropout(0.5, { random: generator }),
    );
    model.layers[0].eval();
    const before = generator.state;
    summary(model, { input: [5, 3] });
    expect(generator.state).toEqual(before);
    expect([...model.modules().values()].map(({ training }) => training)).toEqual([true, false, true]);
    expect(Object.hasOwn(model, 'forward')).toBe(false);

    class Own extends Module {
      readonly forward = (x: Tensor): Tensor => x.neg();
    }
    const own = new Own();
    const { forward } = own;
    summary(own, { input: [1] });
    expect(own.forward).toBe(forward);
    expect(() => summary(model, { input: [5, 4] })).toThrow('dense: expects 3 features but receives 4');
    expect(Object.hasOwn(model.layers[0], 'forward')).toBe(false);
  });

  test('can not run a module without a forward', () => {
    class Store extends Module {}
    expect(() => summary(new Store(), { input: [1] })).toThrow('summary: Store() has no forward to run on the input');
  });
});

describe('a state', () => {
  const make = (seed: number) => new Sequential(new Dense(2, 3, { random: new Random(seed) }), new ReLU());
  const model = make(1);

  test('carries the parameters over', () => {
    const state = structuredClone(model.state());
    expect(Object.keys(state)).toEqual(['0.weight', '0.bias']);
    expect(state['0.weight']).toEqual({ shape: [2, 3], dtype: 'float32', data: model.layers[0].weight.data });
    const other = make(2);
    expect(other.state()).not.toEqual(state);
    other.load(state);
    expect(other.state()).toEqual(state);
  });

  test('is a copy', () => {
    const before = model.layers[0].bias!.toArray();
    model.state()['0.bias']!.data.fill(9);
    expect(model.layers[0].bias!.toArray()).toEqual(before);
  });

  const state = model.state();
  const { '0.bias': bias, ...withoutBias } = state;
  const withBias = (change: object): ModuleState => ({ ...state, '0.bias': { ...bias!, ...change } });
  const zero = new Float32Array(6);

  test.each<[string, ModuleState, new (...args: never[]) => Error, string]>([
    ['that lacks a path', withoutBias, ArgumentError, "load: the state has no parameter '0.bias'"],
    [
      'with a path too many',
      { ...state, '1.bias': bias! },
      ArgumentError,
      "load: this module has no parameter or buffer '1.bias'; it has 0.weight, 0.bias",
    ],
    ['of another shape', withBias({ shape: [4] }), ShapeError, "load: '0.bias' has shape [3], got [4]"],
    ['of another dtype', withBias({ dtype: 'float64' }), DTypeError, "load: '0.bias' is float32, got float64"],
    ['with fewer numbers', withBias({ data: zero.slice(4) }), ShapeError, "load: '0.bias' has 3 elements, got 2"],
  ])('%s is refused, and nothing changes', (_, wrong, kind, message) => {
    const changed = { ...wrong, '0.weight': { ...wrong['0.weight']!, data: zero } };
    const load = () => model.load(changed);
    expect(load).toThrow(kind);
    expect(load).toThrow(message);
    expect(model.state()).toEqual(state);
  });
});

describe('a state of tied weights', () => {
  class Language extends Module {
    readonly embedding = new Dense(3, 3, { bias: false, random });
    readonly head = new Dense(3, 3, { random });

    constructor() {
      super();
      (this.head as { weight: unknown }).weight = this.embedding.weight;
    }
  }

  test('has them under the first path, and is loaded under either or both', () => {
    const model = new Language();
    const state = model.state();
    expect(Object.keys(state)).toEqual(['embedding.weight', 'head.bias']);
    const { 'embedding.weight': weight, 'head.bias': bias } = state as Required<typeof state>;
    for (const saved of [
      { 'head.weight': weight!, 'head.bias': bias! },
      { 'embedding.weight': weight!, 'head.weight': structuredClone(weight!), 'head.bias': bias! },
    ]) {
      const other = new Language();
      expect(other.load(saved)).toEqual({ missing: [], unexpected: [] });
      expect(other.state()).toEqual(state);
    }
  });

  test('is refused where the two differ, and nothing changes', () => {
    const model = new Language();
    const state = model.state();
    const weight = state['embedding.weight']!;
    const changed = { ...weight, data: weight.data.map((x: number) => x + 1) as Float32Array };
    expect(() => model.load({ ...state, 'head.weight': changed })).toThrow(
      "load: 'embedding.weight' and 'head.weight' are the same tensor in this module, but differ in the state",
    );
    expect(model.state()).toEqual(state);
  });

  test('may have modules that are shared under each of their paths', () => {
    const shared = new Sequential(new Dense(2, 2, { random }));
    const model = new Sequential(shared, new ReLU(), new Sequential(shared));
    const state = model.state();
    expect(Object.keys(state)).toEqual(['0.0.weight', '0.0.bias']);
    const renamed = Object.fromEntries(Object.entries(state).map(([path, own]) => [`2.${path}`, own]));
    expect(model.load({ ...renamed, ...state })).toEqual({ missing: [], unexpected: [] });
    expect(model.load(renamed)).toEqual({ missing: [], unexpected: [] });
    expect(() => model.load({ ...state, '2.1.weight': state['0.0.weight']! })).toThrow(
      "no parameter or buffer '2.1.weight'",
    );
  });

  test('may come from modules that refer to each other', () => {
    class Node extends Module {
      readonly weight = parameter(zeros([1]));
      readonly next: Node[] = [];
    }
    const [a, b] = [new Node(), new Node()];
    a.next.push(b);
    b.next.push(a);
    const state = a.state();
    const around = { 'next.0.next.0.weight': state.weight!, 'next.0.weight': state['next.0.weight']! };
    expect(a.load(around)).toEqual({ missing: [], unexpected: [] });
  });
});

describe('a state that is loaded as far as it goes', () => {
  const make = () => new Sequential(new Dense(2, 3, { random }), new ReLU(), new Dense(3, 1, { random }));
  const model = make();
  const state = model.state();

  test('gives a report of what is missing and unexpected', () => {
    const { '0.weight': weight, '0.bias': bias } = state;
    const other = make();
    const before = other.state();
    const report = other.load({ '0.weight': weight!, '0.bias': bias!, 'head.bias': bias! }, { strict: false });
    expect(report).toEqual({ missing: ['2.weight', '2.bias'], unexpected: ['head.bias'] });
    expect(other.state()).toEqual({ ...before, '0.weight': weight, '0.bias': bias });
    expect(other.load(state)).toEqual({ missing: [], unexpected: [] });
  });

  test('is still held to shapes and dtypes, and nothing changes', () => {
    const other = make();
    const before = other.state();
    const wrong = { '0.weight': state['0.weight']!, '0.bias': { ...state['0.bias']!, shape: [4] } };
    expect(() => other.load(wrong, { strict: false })).toThrow("load: '0.bias' has shape [3], got [4]");
    expect(other.state()).toEqual(before);
  });

  test('names all that is missing where it has to be whole', () => {
    expect(() => model.load({ '0.weight': state['0.weight']!, extra: state['0.bias']! })).toThrow(
      "load: the state has no parameter '0.bias', nor 2.weight, 2.bias; it has extra, which this module lacks",
    );
  });

  test.each<[unknown, string]>([
    [false, 'load: expected options as { strict: false }, got false'],
    [{ strict: 'no' }, "load: strict is 'no', expected true or false"],
    [{ strickt: false }, "load: unknown option 'strickt', expected strict"],
  ])('refuses the options %j', (options, message) => {
    expect(() => model.load(state, options as never)).toThrow(message);
  });

  test.each<[string, unknown, string]>([
    ['no object', 1, "load: '0.bias' is 1, expected { shape, dtype, data }"],
    ['no shape', { ...state['0.bias'], shape: undefined }, "load: '0.bias' has shape [3], got undefined"],
    ['no data', { ...state['0.bias'], data: undefined }, "load: '0.bias' is undefined, expected a Float32Array"],
    ['words', { ...state['0.bias'], data: ['a', 'b', 'c'] }, "load: entry 0 of '0.bias' is 'a', expected a number"],
  ])('refuses a tensor with %s', (_, bias, message) => {
    expect(() => model.load({ ...state, '0.bias': bias as never })).toThrow(message);
    expect(model.state()).toEqual(state);
  });
});

describe('withTensors', () => {
  const model = new Sequential(new Dense(2, 3, { random }), new ReLU());
  const x = ones([1, 2]);
  const tensors = { '0.weight': ones([2, 3]), '0.bias': zeros([3]) };

  test('lets tensors stand for parameters, and puts these back', () => {
    const { weight } = model.layers[0];
    expect(model.withTensors(tensors, () => model.forward(x).toArray())).toEqual([[2, 2, 2]]);
    expect(model.layers[0].weight).toBe(weight);
    const fail = () => {
      throw new Error('mine');
    };
    expect(() => model.withTensors(tensors, fail)).toThrow('mine');
    expect(model.layers[0].weight).toBe(weight);
  });

  test('wherever a parameter is held', () => {
    const shared = new Dense(2, 2, { random });
    const tied = new Sequential(shared, new ReLU(), shared);
    const twice = tied.withTensors({ '0.weight': ones([2, 2]), '0.bias': zeros([2]) }, () => tied.forward(x).toArray());
    expect(twice).toEqual([[4, 4]]);
  });

  test('makes a function of the parameters, to be differentiated', () => {
    const loss = (w: Tensor) => model.withTensors({ '0.weight': w }, () => (model.forward(x) as Tensor).pow(2).sum());
    const { weight } = model.layers[0];
    const expected = loss(weight).backward().of(weight);
    expect(grad(loss)(weight.detach()).toArray()).toEqual(expected.toArray());
  });

  test.each<[string, Readonly<Record<string, Tensor>>, new (...args: never[]) => Error, string]>([
    [
      'an unknown path',
      { weight: ones([2, 3]) },
      ArgumentError,
      "withTensors: this module has no parameter or buffer 'weight'",
    ],
    ['a shape', { '0.bias': ones([2]) }, ShapeError, "withTensors: '0.bias' has shape [3], got [2]"],
    [
      'a dtype',
      { '0.bias': ones([3], { dtype: 'float64' }) },
      DTypeError,
      "withTensors: '0.bias' is float32, got float64",
    ],
  ])('refuses %s', (_, wrong, kind, message) => {
    const run = () => model.withTensors(wrong, () => undefined);
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });

  test('refuses a function that is asynchronous', () => {
    expect(() => model.withTensors({}, async () => 1)).toThrow('withTensors: expected a function that is synchronous');
  });
});
