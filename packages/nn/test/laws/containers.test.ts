/**
 * Layers, parameters and buffers in every kind of container: everything that collects them finds them, or rejects the
 * container by name.
 */

import { runInNewContext } from 'node:vm';
import {
  ArgumentError,
  type Buffer,
  buffer,
  ones,
  Parameter,
  parameter,
  Random,
  type Variable,
  zeros,
} from '@tapegrad/core';
import { Dense, Module, Parallel, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { describe, expect, test } from 'vitest';

const random = new Random(1);

/** A module with a value in a public field. */
class Holder extends Module {
  readonly kept: unknown;

  constructor(kept: unknown) {
    super();
    this.kept = kept;
  }
}

class Pair {
  readonly first: unknown;
  readonly second = 'second';

  constructor(first: unknown) {
    this.first = first;
  }
}

class List extends Array<unknown> {}
class Table extends Map<string, unknown> {}
class Bag extends Set<unknown> {}

const parts: Readonly<Record<string, () => Module | Parameter | Buffer>> = {
  layer: () => new Dense(2, 1, { random }),
  parameter: () => parameter(ones([2])),
  buffer: () => buffer(ones([2])),
};

/** Containers in which parts are found, with their paths. */
const found: readonly (readonly [name: string, path: string, make: (part: unknown) => Module])[] = [
  ['a field', 'kept', (part) => new Holder(part)],
  ['an array', 'kept.0', (part) => new Holder([part])],
  ['an array with holes', 'kept.2', (part) => new Holder(Object.assign([], { 2: part }))],
  ['a name beside the entries of an array', 'kept.extra', (part) => new Holder(Object.assign([1], { extra: part }))],
  ['arrays in arrays', 'kept.0.0.1', (part) => new Holder([[[null, part]]])],
  ['a plain object', 'kept.a', (part) => new Holder({ a: part })],
  ['objects in objects', 'kept.a.b', (part) => new Holder({ a: { b: part } })],
  ['an object without a prototype', 'kept.a', (part) => new Holder(Object.assign(Object.create(null), { a: part }))],
  [
    'a getter of a plain object',
    'kept.part',
    (part) => {
      let own = part;
      return new Holder({
        get part() {
          return own;
        },
        set part(other) {
          own = other;
        },
      });
    },
  ],
  ['a map', 'kept.a', (part) => new Holder(new Map([['a', part]]))],
  ['a map by numbers', 'kept.7', (part) => new Holder(new Map([[7, part]]))],
  ['a map of maps', 'kept.a.b', (part) => new Holder(new Map([['a', new Map([['b', part]])]]))],
  ['a set', 'kept.1', (part) => new Holder(new Set([0, part, 2]))],
  ['arrays in a set', 'kept.0.0', (part) => new Holder(new Set([[part]]))],
  ['a subclass of Array', 'kept.0', (part) => new Holder(List.from([part]))],
  ['a subclass of Map', 'kept.a', (part) => new Holder(new Table([['a', part]]))],
  ['a subclass of Set', 'kept.0', (part) => new Holder(new Bag([part]))],
  ['an array of another realm', 'kept.0', (part) => new Holder(runInNewContext('[part]', { part }))],
  ['an object of another realm', 'kept.a', (part) => new Holder(runInNewContext('({ a: part })', { part }))],
  ['a map of another realm', 'kept.a', (part) => new Holder(runInNewContext("new Map([['a', part]])", { part }))],
  ['a set of another realm', 'kept.0', (part) => new Holder(runInNewContext('new Set([part])', { part }))],
  ['a module in a module', 'kept.kept', (part) => new Holder(new Holder(part))],
  ['a module in an object in a map', 'kept.a.b.kept', (part) => new Holder(new Map([['a', { b: new Holder(part) }]]))],
  ['a name that is a number', '0', (part) => Object.assign(new Holder(1), { 0: part })],
  ['__proto__ in a map', 'kept.__proto__', (part) => new Holder(new Map([['__proto__', part]]))],
];

/** Places in which parts are not searched for. */
const refused: readonly (readonly [name: string, where: string, make: (part: unknown) => Module])[] = [
  ['an object of a class', "'kept' is a Pair", (part) => new Holder(new Pair(part))],
  ['an object of a class in an array', "'kept.0' is a Pair", (part) => new Holder([new Pair(part)])],
  ['an object of a class in one', "'kept' is a Pair", (part) => new Holder(new Pair(new Pair([part])))],
  ['an array in an object of a class', "at 'kept.first.1'", (part) => new Holder(new Pair([0, part]))],
  ['a map in an object of a class', "at 'kept.first.get('a')'", (part) => new Holder(new Pair(new Map([['a', part]])))],
  [
    'a field of a map',
    "'kept.part' is a field of a map or set",
    (part) => new Holder(Object.assign(new Table(), { part })),
  ],
  [
    'a field of a set',
    "'kept.part' is a field of a map or set",
    (part) => new Holder(Object.assign(new Bag(), { part })),
  ],
  ['a function', "'kept' is a function", (part) => new Holder(Object.assign(() => {}, { part }))],
  [
    'a getter that gives another part each time',
    "'kept.part' is a getter that returns a new one each time",
    (part) =>
      new Holder({
        get part() {
          return part instanceof Module ? new Dense(1, 1, { random }) : parameter(ones([1]));
        },
      }),
  ],
  ['a symbol', "'Symbol(part)' is under a symbol", (part) => Object.assign(new Holder(1), { [Symbol('part')]: part })],
  [
    'a field that is not enumerable',
    "'part' is a field that is not enumerable",
    (part) => Object.defineProperty(new Holder(1), 'part', { value: part }),
  ],
  ['a key of a map', "'kept.keys()' is a key of a map", (part) => new Holder(new Map([[part, 1]]))],
  ['a map by objects', 'under a map key that is not a string', (part) => new Holder(new Map([[{}, part]]))],
  [
    'a getter',
    "'part' is a getter",
    (part) => {
      class Hiding extends Module {
        readonly #part = part;

        get part(): unknown {
          return this.#part;
        }
      }
      return new Hiding();
    },
  ],
  [
    'a getter of a class above',
    "'parts' is a getter",
    (part) => {
      class Above extends Module {
        readonly #part = part;

        get parts(): unknown {
          return [this.#part];
        }
      }
      class Below extends Above {}
      return new Below();
    },
  ],
  [
    'a field beside the layers of a sequence',
    "'part' is a field outside of those that hold its parts",
    (part) => Object.assign(new Sequential(new Dense(2, 2, { random })), { part }),
  ],
  [
    'a field beside branches, in another module',
    "'kept.part' is a field outside of those that hold its parts",
    (part) => new Holder(Object.assign(new Parallel([new Dense(2, 2, { random })]), { part })),
  ],
];

const kinds = Object.entries(parts);

describe.each(kinds)('a %s', (_, makePart) => {
  test.each(found)('is found in %s', (_name, path, make) => {
    const part = makePart();
    const model = make(part);
    const variables: readonly Variable[] =
      part instanceof Module ? [...part.namedParameters().values()] : [part as Variable];
    const pathOf = (variable: Variable): string =>
      part instanceof Module ? `${path}.${variable === (part as Dense).weight ? 'weight' : 'bias'}` : path;

    const paths = variables.map(pathOf);
    expect(Object.keys(model.state())).toEqual(paths);
    expect([...model.namedParameters().keys(), ...model.namedBuffers().keys()]).toEqual(paths);
    expect(variables.map(({ name }) => name)).toEqual(paths);
    expect(model.parameters()).toEqual(variables.filter((variable) => variable instanceof Parameter));
    if (part instanceof Module) {
      expect(model.modules().get(path)).toBe(part);
      model.eval();
      expect(part.training).toBe(false);
    }

    const state = structuredClone(model.state());
    for (const { data } of Object.values(state)) data.fill(7);
    expect(model.load(state)).toEqual({ missing: [], unexpected: [] });
    expect(variables.map(({ data }) => data[0])).toEqual(variables.map(() => 7));

    const [variable] = variables as [Variable];
    const tensor = zeros(variable.shape);
    const holder = part instanceof Module ? () => (part as Dense).weight : () => heldIn(model, path);
    expect(model.withTensors({ [pathOf(variable)]: tensor }, holder)).toBe(tensor);
    expect(holder()).toBe(variable);
    expect(Object.keys(model.state())).toEqual(paths);
  });

  test.each(refused)('is refused in %s', (_name, where, make) => {
    const model = make(makePart());
    const asked: readonly (() => unknown)[] = [
      () => model.parameters(),
      () => model.namedBuffers(),
      () => model.modules(),
      () => model.state(),
      () => model.load({}, { strict: false }),
      () => model.train(),
      () => model.eval(),
      () => model.withTensors({}, () => 1),
      () => new SGD(model.parameters(), { learningRate: 1 }),
    ];
    for (const ask of asked) {
      expect(ask).toThrow(ArgumentError);
      expect(ask).toThrow('would be neither trained nor saved');
      expect(ask).toThrow(where);
    }
  });
});

/** Returns the value at a path in a module of these tests, if it is not a module. */
function heldIn(model: Module, path: string): unknown {
  let at: unknown = model;
  for (const name of path.split('.')) {
    if (at instanceof Set || Object.prototype.toString.call(at) === '[object Set]')
      at = [...(at as Set<unknown>)][Number(name)];
    else if (at instanceof Map || Object.prototype.toString.call(at) === '[object Map]') {
      const map = at as Map<unknown, unknown>;
      at = map.has(name) ? map.get(name) : map.get(Number(name));
    } else at = Reflect.get(at as object, name);
  }
  return at;
}

describe('what is found elsewhere may be in sight anywhere', () => {
  test('in a getter, an optimizer, an object of a class', () => {
    class Net extends Module {
      readonly optimizer: SGD;
      readonly pair: Pair;
      readonly layer = new Dense(2, 1, { random });

      constructor() {
        super();
        this.pair = new Pair(this);
        this.optimizer = new SGD(this.parameters(), { learningRate: 1 });
      }

      get weight(): Parameter {
        return this.layer.weight;
      }
    }
    expect([...new Net().namedParameters().keys()]).toEqual(['layer.weight', 'layer.bias']);
  });

  test('what throws, what is data and what is private is let be', () => {
    class Net extends Module {
      readonly #teacher = new Dense(2, 1, { random });
      readonly numbers = new Float64Array(1e6);
      readonly when = new Date();
      readonly promise = Promise.resolve(1);
      readonly output = parameter(ones([2])).mul(2);
      calls = 0;

      get notYet(): unknown {
        this.calls++;
        throw new Error('not yet');
      }

      teach(): Dense<number, number> {
        return this.#teacher;
      }
    }
    const net = new Net();
    expect(net.parameters()).toEqual([]);
    expect(net.teach().parameters()).toHaveLength(2);
  });

  test('a getter that asks for parameters does not go round for ever', () => {
    class Net extends Module {
      readonly layer = new Dense(2, 1, { random });

      asked = 0;

      get count(): number {
        this.asked++;
        return this.parameters().length;
      }
    }
    const net = new Net();
    expect([net.count, net.asked]).toEqual([2, 2]);
  });
});

describe('what is of another copy of the packages', () => {
  // The classes of another copy of the package have the same methods.
  const layer = { namedBuffers: () => new Map(), namedParameters: () => new Map(), forward: (x: unknown) => x };
  const weight = { backward: () => {}, assign: () => {}, update: () => {} };

  test.each<[string, unknown]>([
    ['a module', Object.assign(Object.create({ constructor: Pair }), layer)],
    ['a parameter', Object.assign(Object.create({ constructor: Pair }), weight)],
  ])('is refused by name: %s', (_, foreign) => {
    for (const kept of [foreign, [foreign], new Pair(foreign)]) {
      expect(() => new Holder(kept).parameters()).toThrow(
        'is from another copy of @tapegrad/core or @tapegrad/nn and would be neither trained nor saved',
      );
    }
  });
});

describe('two with one path', () => {
  const [p, q] = [parameter(ones([1])), parameter(zeros([1]))];

  test.each<[string, unknown, string, string]>([
    ['a name with a dot', { 'a.w': p, a: { w: q } }, "kept.['a.w']", 'kept.a.w'],
    [
      'keys that print alike',
      new Map<unknown, unknown>([
        [0, p],
        ['0', q],
      ]),
      'kept.get(0)',
      "kept.get('0')",
    ],
  ])('are refused, both named: %s', (_, kept, first, second) => {
    const model = new Holder(kept);
    for (const ask of [() => model.parameters(), () => model.state(), () => model.withTensors({}, () => 1)]) {
      expect(ask).toThrow(ArgumentError);
      expect(ask).toThrow(`Holder(): two parameters or buffers have the path`);
      expect(ask).toThrow(`${first} and ${second}; rename one of them`);
    }
  });

  test('are refused, be they modules', () => {
    const layer = () => new Dense(1, 1, { random });
    expect(() => new Holder({ 'a.b': layer(), a: { b: layer() } }).modules()).toThrow(
      "two modules have the path 'kept.a.b': kept.['a.b'] and kept.a.b",
    );
    expect(() => Object.assign(new Holder(1), { '': layer() }).eval()).toThrow("two modules have the path ''");
  });

  test('are one where they are the same', () => {
    expect(new Holder({ 'a.w': p, a: { w: p } }).parameters()).toEqual([p]);
  });
});

test('what is frozen can’t be replaced, and what was replaced is put back', () => {
  const [first, second] = [parameter(ones([1])), parameter(ones([1]))];
  const model = new Holder([{ first }, Object.freeze({ second })]);
  const tensors = { 'kept.0.first': zeros([1]), 'kept.1.second': zeros([1]) };
  expect(() => model.withTensors(tensors, () => 1)).toThrow(
    "withTensors: 'kept.1.second' can't be replaced: its container is read-only",
  );
  expect(heldIn(model, 'kept.0.first')).toBe(first);
});

test('a set keeps its order while tensors stand in it', () => {
  const [a, b] = [parameter(ones([1])), parameter(ones([1]))];
  const model = new Holder(new Set([a, b]));
  const tensors = { 'kept.0': zeros([1]), 'kept.1': zeros([1]) };
  const set = model.kept as Set<unknown>;
  expect(model.withTensors(tensors, () => [...set])).toEqual(Object.values(tensors));
  expect([...set]).toEqual([a, b]);
  const one = zeros([1]);
  expect(() => model.withTensors({ 'kept.0': one, 'kept.1': one }, () => 1)).toThrow("can't be replaced");
  expect([...set]).toEqual([a, b]);
});
