/** Compares recurrent layers and cells, with PyTorch's weights, with stored PyTorch values (data/make_recurrent.py). */

import { readFileSync } from 'node:fs';
import {
  ArgumentError,
  concat,
  DTypeError,
  grad,
  Random,
  type Shape,
  ShapeError,
  slice,
  stack,
  type Tensor,
  tensor,
  zeros,
} from '@tapegrad/core';
import {
  type CellOptions,
  GRU,
  GRUCell,
  gru,
  gruCell,
  LSTM,
  LSTMCell,
  lstmCell,
  type Module,
  RNN,
  RNNCell,
  rnnCell,
} from '@tapegrad/nn';
import { compare, gradcheck } from '@tapegrad/verify';
import { describe, expect, expectTypeOf, test } from 'vitest';

interface Values {
  readonly shape: Shape;
  readonly data: readonly number[];
}

type Kind = 'RNN' | 'LSTM' | 'GRU' | 'RNNCell' | 'LSTMCell' | 'GRUCell';

interface Case {
  readonly kind: Kind;
  readonly options: Readonly<Record<string, never>>;
  readonly lengths?: readonly number[] | null;
  readonly x: Values;
  readonly states: readonly Values[] | null;
  readonly weights: Readonly<Record<string, Values>>;
  /** The output, if it differs from the state, and the states. */
  readonly results: readonly Values[];
  /** The gradients of x, the states and the weights. */
  readonly gradients: readonly Values[];
}

const { cases } = JSON.parse(readFileSync(new URL('../data/recurrent.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};

type AnyKind = new (inputSize: number, hiddenSize: number, options: CellOptions) => Module;
const kinds: Readonly<Record<Kind, AnyKind>> = { RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell };
const [inputSize, hiddenSize] = [3, 2];

const stored = ({ shape, data }: Values, requiresGrad = false): Tensor =>
  tensor(Float64Array.from(data), { shape, requiresGrad });

const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** A module with PyTorch's weights. */
function loaded({ kind, options, weights }: Case): Module {
  const module = new kinds[kind](inputSize, hiddenSize, { ...options, dtype: 'float64' });
  module.load(
    Object.fromEntries(
      Object.entries(weights).map(([name, { shape, data }]) => [
        camelCase(name),
        { shape, dtype: 'float64', data: Float64Array.from(data) },
      ]),
    ),
  );
  return module;
}

/** Returns all results of a module: its output, if it differs from its state, and its states. */
function run(
  module: Module,
  x: Tensor,
  states: readonly Tensor[] | null,
  lengths?: readonly number[] | null,
): Tensor[] {
  if (module instanceof LSTMCell) return [...module.forward(x, (states ?? undefined) as never)] as Tensor[];
  if (module instanceof RNNCell || module instanceof GRUCell) return [module.forward(x, states?.[0])];
  const options = lengths ? { lengths } : {};
  const initial = states && { state: module instanceof LSTM ? states : states[0] };
  const { output, state } = (module as LSTM).forward(x, { ...options, ...(initial as object) });
  return [output, ...(module instanceof LSTM ? state : [state as unknown as Tensor])] as Tensor[];
}

/** Returns the weighted sum of all elements of tensors; the weights in each are 1, -1/2, 1/3, … */
const weighted = (results: readonly Tensor[]): Tensor =>
  results
    .map((result) => {
      const weights = Float64Array.from({ length: result.size }, (_, i) => (-1) ** i / (i + 1));
      return result.mul(tensor(weights, { shape: result.shape })).sum() as Tensor;
    })
    .reduce((sum, part) => sum.add(part));

function expectClose(actual: Tensor, { shape, data }: Values): void {
  expect(actual.shape).toEqual(shape);
  const found = actual.data;
  if (!data.every((number, i) => Math.abs(found[i]! - number) <= 1e-10)) expect([...found]).toEqual(data);
}

const title = ({ kind, options, lengths, states }: Case): string =>
  `${kind} ${JSON.stringify(options)}${lengths ? ` of lengths ${lengths}` : ''}${states ? ' from a state' : ''}`;

describe.each(cases.map((example) => [title(example), example] as const))('%s', (_, example) => {
  const { lengths, gradients, results } = example;

  test('gives PyTorch’s outputs, states and gradients with its weights', () => {
    const module = loaded(example);
    const x = stored(example.x, true);
    const states = example.states?.map((state) => stored(state, true)) ?? null;
    const given = run(module, x, states, lengths);
    expect(given).toHaveLength(results.length);
    given.forEach((result, i) => {
      expectClose(result, results[i]!);
    });
    const found = weighted(given).backward();
    const parameters = Object.keys(example.weights).map((name) => module.namedParameters().get(camelCase(name))!);
    [x, ...(states ?? []), ...parameters].forEach((input, i) => {
      expectClose(found.of(input), gradients[i]!);
    });
  });
});

const options = { random: new Random(1), dtype: 'float64' } as const;
const normal = (...shape: number[]): Tensor => new Random(7).normal(shape, { dtype: 'float64' });

describe('sequences', () => {
  const layers = [new RNN(3, 2, options), new GRU(3, 2, options), new LSTM(3, 2, options)] as const;

  test.each([
    ['RNN', layers[0], new RNNCell(3, 2, options)],
    ['GRU', layers[1], new GRUCell(3, 2, options)],
  ] as const)('%s is its cell, step by step', (_, layer, cell) => {
    for (const name of ['weightIh', 'weightHh', 'biasIh', 'biasHh'] as const) {
      cell[name]!.assign(layer.weights[`${name}L0`]!.detach());
    }
    const x = normal(4, 5, 3);
    const outputs: Tensor[] = [];
    for (let t = 0; t < 5; t++) outputs.push(cell.forward(x.index(slice(), t), outputs.at(-1)));
    const { output, state } = layer.forward(x);
    expect(compare('output', output, stack(outputs, 1)).passed).toBe(true);
    expect(compare('state', state, stack(outputs.slice(-1), 0)).passed).toBe(true);
  });

  test.each(layers.map((layer) => [layer.toString(), layer as LSTM] as const))(
    '%s goes on from a state as if it had not stopped',
    (_, layer) => {
      const x = normal(2, 5, 3);
      const whole = layer.forward(x);
      const first = layer.forward(x.slice(1, 0, 2));
      const second = layer.forward(x.slice(1, 2), { state: first.state });
      expect(concat([first.output, second.output], 1).data).toEqual(whole.output.data);
      const dataOf = (state: readonly Tensor[] | Tensor) => [state].flat().map(({ data }) => data);
      expect(dataOf(second.state)).toEqual(dataOf(whole.state));
    },
  );

  test('what comes after the end of a sequence is never looked at, NaN neither', () => {
    for (const layer of layers) {
      const both = new (layer.constructor as typeof LSTM)(3, 2, { ...options, bidirectional: true, numLayers: 2 });
      const clean = normal(2, 3, 3);
      const dirty = tensor(
        clean.data.map((number, i) => (i >= 12 ? Number.NaN : number)),
        { shape: [2, 3, 3] },
      );
      const [a, b] = [clean, dirty].map((x) => {
        const { output } = both.forward(x, { lengths: tensor([3, 1], { dtype: 'int32' }) });
        const gradients = output.sum().backward();
        return [output, ...both.parameters().map((parameter) => gradients.of(parameter))].map(({ data }) => data);
      });
      expect(a).toEqual(b);
    }
  });

  test('a sequence without steps keeps its state; a batch without sequences is as empty after', () => {
    for (const layer of layers) {
      const [h, c] = [normal(1, 2, 2), normal(1, 2, 2).add(1)];
      const state = layer instanceof LSTM ? [h, c] : h;
      const { output, state: after } = (layer as LSTM).forward(normal(2, 3, 3), {
        state: state as never,
        lengths: [0, 3],
      });
      expect(output.index(0).toArray()).toEqual(zeros([3, 2]).toArray());
      expect((layer instanceof LSTM ? after[0] : (after as unknown as Tensor)).index(0, 0).data).toEqual(
        h.index(0, 0).data,
      );
      expect((layer as LSTM).forward(zeros([0, 3, 3], { dtype: 'float64' })).output.shape).toEqual([0, 3, 2]);
    }
  });

  test('dropout acts between layers, while training, and comes from the generator', () => {
    const make = (numLayers: number, dropout: number) =>
      new LSTM(3, 8, { numLayers, dropout, random: new Random(3), dtype: 'float64' });
    const x = normal(2, 3, 3);
    const output = (layer: LSTM<3, 8>) => layer.forward(x as Tensor<[2, 3, 3]>).output.data;
    expect(output(make(1, 0.5))).toEqual(output(make(1, 0)));
    expect(output(make(2, 0.5))).toEqual(output(make(2, 0.5)));
    expect(output(make(2, 0.5))).not.toEqual(output(make(2, 0)));
    expect(output(make(2, 0.5).eval())).toEqual(output(make(2, 0)));
  });

  test('are functions of their weights', () => {
    for (const layer of layers) {
      const x = normal(2, 3, 3);
      const loss = () => (layer as LSTM).forward(x).output.pow(2).sum() as Tensor;
      const { weightHhL0 } = layer.weights;
      const f = (weight: Tensor) => layer.withTensors({ weightHhL0: weight }, loss);
      expect(compare('gradient', loss().backward().of(weightHhL0!), grad(f)(weightHhL0!.detach())).passed).toBe(true);
      expect(f(weightHhL0!.detach().mul(2)).item()).not.toBe(loss().item());
    }
  });

  test('gradients of the second order', () => {
    const cell = new LSTMCell(2, 2, options);
    const f = (x: Tensor, h: Tensor, c: Tensor) => {
      const [first, memory] = lstmCell(x, [h, c], cell);
      return lstmCell(x, [first, memory], cell)[0].sum();
    };
    expect(gradcheck(f, [normal(2, 2), normal(2, 2), normal(2, 2)], { order: 2 }).passed).toBe(true);
    const gru = new GRUCell(2, 2, options);
    expect(gradcheck((x, h) => gruCell(x, h, gru).sum(), [normal(2, 2), normal(2, 2)], { order: 2 }).passed).toBe(true);
  });
});

describe('modules', () => {
  test('print what they are', () => {
    const made = new LSTM(3, 2, { numLayers: 2, bidirectional: true, dropout: 0.5, random: new Random(1) });
    expect(`${made}`).toBe('LSTM(3, 2, 2 layers, bidirectional, dropout 0.5)');
    expect(`${new GRU(3, 2)}`).toBe('GRU(3, 2)');
    expect(`${new RNNCell(3, 2, { bias: false })}`).toBe('RNNCell(3, 2, no bias)');
    expect(Object.keys(made.weights).slice(0, 6)).toEqual([
      'weightIhL0',
      'weightHhL0',
      'biasIhL0',
      'biasHhL0',
      'weightIhL0Reverse',
      'weightHhL0Reverse',
    ]);
    expect(made.parameterCount).toBe(2 * (4 * 2 * (3 + 2 + 2) + 4 * 2 * (4 + 2 + 2)));
  });

  test('start as PyTorch’s do: evenly between -1/sqrt(hidden) and 1/sqrt(hidden)', () => {
    for (const weight of new GRU(5, 64, { random: new Random(2) }).parameters()) {
      expect(weight.abs().max().item()).toBeLessThanOrEqual(1 / 8);
      expect(weight.abs().max().item()).toBeGreaterThan(0.95 / 8);
    }
  });

  test('know their shapes while typing', () => {
    const x = zeros([4, 5, 3], { dtype: 'float64' });
    const { output, state } = new GRU(3, 2, options).forward(x);
    expectTypeOf(output).toEqualTypeOf<Tensor<readonly [4, 5, 2]>>();
    expectTypeOf(state).toEqualTypeOf<Tensor<readonly [number, 4, 2]>>();
    const both = new LSTM(3, 2, { ...options, bidirectional: true }).forward(x);
    expectTypeOf(both.output).toEqualTypeOf<Tensor<readonly [4, 5, number]>>();
    expectTypeOf(both.state[1]).toEqualTypeOf<Tensor<readonly [number, 4, 2]>>();
    expectTypeOf(new RNN(3, 2, options).forward(x as Tensor).output).toEqualTypeOf<
      Tensor<readonly [number, number, 2]>
    >();
    expectTypeOf(new GRUCell(3, 2).forward(zeros([4, 3]))).toEqualTypeOf<Tensor<readonly [4, 2]>>();
    expectTypeOf(new LSTMCell(3, 2).forward(zeros([4, 3]))[0]).toEqualTypeOf<Tensor<readonly [4, 2]>>();
  });

  type Kind = new (...args: never[]) => Error;
  const [x, unknown]: readonly Tensor[] = [zeros([4, 5, 3]), zeros([4, 3])];
  const lstm = new LSTM(3, 2);
  const cell = new LSTMCell(3, 2);
  const small = new GRUCell(3, 2);
  const h = zeros([4, 2]);

  test.each<[string, () => unknown, Kind, string]>([
    [
      'another width',
      () => lstm.forward(zeros([4, 5, 6]) as Tensor),
      ShapeError,
      'lstm: layer 0 expects 3 features but receives 6',
    ],
    [
      'no sequences',
      () => lstm.forward(unknown!),
      ShapeError,
      'lstm: expects sequences of shape [batch, steps, 3] but receives [4, 3]',
    ],
    [
      'sequences without steps',
      () => lstm.forward(zeros([4, 0, 3])),
      ArgumentError,
      'lstm: the sequences are empty: the input has shape [4, 0, 3]',
    ],
    [
      'a state of one tensor',
      () => lstm.forward(x!, { state: [h] as never }),
      ArgumentError,
      'lstm: expected the state [h, c], got 1 tensors',
    ],
    [
      'a state in no list',
      () => lstm.forward(x!, { state: h as never }),
      ArgumentError,
      'lstm: expected the state [h, c], got no tensors',
    ],
    [
      'a state without layers',
      () => lstm.forward(x!, { state: [h, h] }),
      ShapeError,
      'lstm: expected h of shape [1, 4, 2], got [4, 2]',
    ],
    [
      'another c',
      () => lstm.forward(x!, { state: [zeros([1, 4, 2]), h] }),
      ShapeError,
      'lstm: expected c of shape [1, 4, 2], got [4, 2]',
    ],
    [
      'too few lengths',
      () => lstm.forward(x!, { lengths: [1, 2] }),
      ShapeError,
      'lstm: expected a length for each of 4 sequences, got 2',
    ],
    [
      'a length that is too long',
      () => lstm.forward(x!, { lengths: [1, 2, 6, 7] }),
      ArgumentError,
      'lstm: the length at index 2 is 6, expected an integer from 0 to 5',
    ],
    [
      'another dtype',
      () => lstm.forward(zeros([4, 5, 3], { dtype: 'float64' })),
      DTypeError,
      'lstm: expected an input of float32, like the weight, got float64',
    ],
    [
      'no layers',
      () => new LSTM(3, 2, { numLayers: 0 }),
      ArgumentError,
      'LSTM: numLayers is 0, expected an integer above 0',
    ],
    ['no units', () => new GRU(3, 0), ArgumentError, 'GRU: hiddenSize is 0, expected an integer above 0'],
    [
      'dropout of more than all',
      () => new GRU(3, 2, { dropout: 1.5 }),
      ArgumentError,
      'GRU: the probability is 1.5, expected a number from 0 to 1',
    ],
    [
      'dropout without a generator',
      () => new GRU(3, 2, { dropout: 0.5 }),
      ArgumentError,
      'GRU: expected { random }, the generator that draws the masks',
    ],
    [
      'an unknown nonlinearity',
      () => new RNN(3, 2, { nonlinearity: 'sigmoid' as never }),
      ArgumentError,
      "RNN: unknown nonlinearity 'sigmoid', expected 'tanh' or 'relu'",
    ],
    [
      'another width, for a cell',
      () => cell.forward(zeros([4, 6]) as Tensor),
      ShapeError,
      'lstmCell: expected an input of shape [batch, 3], got [4, 6]',
    ],
    [
      'another batch, for a cell',
      () => cell.forward(zeros([3, 3]), [h, h]),
      ShapeError,
      'lstmCell: expected h of shape [3, 2], got [4, 2]',
    ],
    [
      'weights of another cell',
      () => gruCell(zeros([4, 3]), h, cell),
      ShapeError,
      'gruCell: expected weightHh of shape [6, 2]: 3 gates of 2, got [8, 2]',
    ],
    [
      'a bias of one gate',
      () => rnnCell(zeros([4, 3]), h, { weightIh: zeros([2, 3]), weightHh: zeros([2, 2]), biasHh: zeros([1]) }),
      ShapeError,
      'rnnCell: expected biasHh of shape [2]: 1 gate of 2, got [1]',
    ],
    [
      'no layers, as a function',
      () => gru(x!, []),
      ArgumentError,
      'gru: expected layers with one or two directions, got 0 with 0',
    ],
    [
      'three directions',
      () => gru(x!, [[small, small, small]]),
      ArgumentError,
      'gru: expected layers with one or two directions, got 1 with 3',
    ],
    [
      'directions that come and go',
      () => gru(x!, [[small], [small, small]]),
      ArgumentError,
      'gru: expected the same number of directions in each layer: layer 1 has 2, and the first 1',
    ],
    [
      'layers of two widths',
      () => gru(x!, [[small], [new GRUCell(2, 4)]]),
      ShapeError,
      'gru: layer 1 is 4 wide, and the first 2; expected the same',
    ],
    [
      'a layer that does not take both directions',
      () =>
        gru(x!, [
          [small, small],
          [new GRUCell(2, 2), small],
        ]),
      ShapeError,
      'gru: layer 1 expects 2 features but receives 4',
    ],
    [
      'dropout as a function, without a generator',
      () => gru(x!, [[small], [new GRUCell(2, 2)]], { dropout: 0.5 }),
      ArgumentError,
      'gru: expected { random }',
    ],
  ])('refuse %s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });
});
