/** Low-rank adapters on every kind of layer. */

import { type Parameter, Random, type Tensor } from '@tapegrad/core';
import {
  BatchNorm1d,
  Conv1d,
  Conv2d,
  ConvTranspose1d,
  ConvTranspose2d,
  crossEntropy,
  Dense,
  Dropout,
  Embedding,
  Flatten,
  type Module,
  MultiHeadAttention,
  ReLU,
  Sequential,
  summary,
  TransformerEncoder,
  WeightNorm,
} from '@tapegrad/nn';
import { Adam, SGD } from '@tapegrad/optim';
import { accuracy, type Lora, lora, supervised, Trainer } from '@tapegrad/train';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { batchesOf, timeless } from '../trainer/runs.ts';

const random = () => new Random(1);
const own = { random: random(), dtype: 'float64' } as const;

const layers: readonly (readonly [string, () => Module, readonly number[], number])[] = [
  ['Dense', () => new Dense(5, 4, own), [3, 5], 1],
  ['Dense on rank 3', () => new Dense(5, 4, own), [2, 3, 5], 1],
  ['Dense on a vector', () => new Dense(5, 4, own), [5], 1],
  ['Dense without bias', () => new Dense(5, 4, { ...own, bias: false }), [3, 5], 1],
  ['Conv1d', () => new Conv1d(3, 4, 3, { ...own, stride: 2, padding: 1 }), [2, 3, 9], 1],
  ['Conv1d with dilation', () => new Conv1d(2, 4, 3, { ...own, dilation: 2, padding: 'same' }), [2, 2, 9], 1],
  ['Conv2d', () => new Conv2d(3, 4, 3, { ...own, padding: 'same' }), [2, 3, 5, 6], 1],
  ['Conv2d with groups', () => new Conv2d(4, 6, [3, 2], { ...own, groups: 2, stride: [2, 1] }), [2, 4, 5, 6], 1],
  ['Conv2d by channel', () => new Conv2d(3, 6, 3, { ...own, groups: 3 }), [1, 3, 5, 5], 1],
  ['ConvTranspose1d', () => new ConvTranspose1d(3, 4, 3, { ...own, stride: 2, outputPadding: 1 }), [2, 3, 5], 1],
  ['ConvTranspose2d', () => new ConvTranspose2d(3, 4, 3, { ...own, stride: 2, padding: 1 }), [2, 3, 4, 4], 1],
  ['ConvTranspose2d with groups', () => new ConvTranspose2d(4, 6, [2, 3], { ...own, groups: 2 }), [2, 4, 3, 3], 1],
  ['MultiHeadAttention', () => new MultiHeadAttention(4, 2, own), [2, 3, 4], 4],
  ['TransformerEncoder', () => new TransformerEncoder(1, 4, 2, { ...own, feedForward: 3 }), [1, 3, 4], 6],
  ['Sequential', () => new Sequential(new Dense(4, 5, own), new ReLU(), new Dense(5, 3, own)), [6, 4], 2],
];

/** Gives all weights of the adapters random values, so that they change something. */
function randomize(adapters: Lora): void {
  const draw = new Random(9);
  for (const parameter of adapters.parameters()) {
    parameter.assign(draw.normal(parameter.shape, { dtype: parameter.dtype as 'float32', std: 0.5 }) as never);
  }
}

const run = (model: unknown, x: Tensor): Tensor => (model as { forward(x: Tensor): Tensor }).forward(x);
const distance = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

describe.each(layers)('%s', (_, make, shape, count) => {
  const setUp = (rank = 2) => {
    const model = make().eval();
    const x = new Random(3).normal(shape, { dtype: 'float64' });
    const before = run(model, x);
    const adapters = lora(model, { rank, alpha: 3, random: random() });
    return { model, x, before, adapters };
  };

  test('is as it was at first, and again without its adapters', () => {
    const { model, x, before, adapters } = setUp();
    expect(distance(run(adapters, x), before)).toBe(0);
    randomize(adapters);
    expect(distance(run(model, x), before)).toBeGreaterThan(1e-3);
    expect(adapters.remove()).toBe(model);
    expect(distance(run(model, x), before)).toBe(0);
  });

  test('computes the same with the adapters merged, and after merging them and taking them out', () => {
    const { model, x, adapters } = setUp();
    randomize(adapters);
    const weights = model.state();
    const adaptedResult = run(model, x);
    expect(adapters.merge().isMerged).toBe(true);
    expect(distance(run(model, x), adaptedResult)).toBeLessThan(1e-12);
    expect(model.state()).not.toEqual(weights);
    adapters.unmerge();
    expect(model.state()).toEqual(weights);
    expect(distance(run(model, x), adaptedResult)).toBe(0);
    adapters.merge().remove();
    expect(distance(run(model, x), adaptedResult)).toBeLessThan(1e-12);
  });

  test('has the gradients of the adapters, and of its input', () => {
    const { x, adapters } = setUp();
    randomize(adapters);
    const report = gradcheck((input) => run(adapters, input), [x], { parameters: adapters.parameters() });
    expect(report.toString()).toMatch(/^gradcheck passed/);
  });

  test('saves the adapters alone', () => {
    const { x, model, adapters } = setUp();
    randomize(adapters);
    expect(adapters.parameters()).toHaveLength(2 * count);
    const names = Object.keys(model.state());
    expect(Object.keys(adapters.state()).filter((name) => names.includes(name))).toEqual([]);
    expect(Object.keys(model.state())).toEqual(Object.keys(make().state()));
    const other = setUp();
    other.model.load(model.state());
    other.adapters.load(adapters.state());
    expect(distance(run(other.model, x), run(model, x))).toBe(0);
  });

  test('trains the adapters, and nothing else', () => {
    const { x, model, adapters } = setUp(1);
    const weights = model.state();
    const before = adapters.state();
    const optimizer = new Adam(adapters.parameters(), { learningRate: 0.05 });
    const target = new Random(4).normal(run(adapters, x).shape, { dtype: 'float64' });
    const lossOf = () => run(adapters, x).sub(target).pow(2).mean();
    const first = optimizer.minimize(lossOf).item();
    for (let step = 0; step < 30; step++) optimizer.minimize(lossOf);
    expect(lossOf().item()).toBeLessThan(first);
    expect(model.state()).toEqual(weights);
    for (const [name, { data }] of Object.entries(adapters.state())) expect(data, name).not.toEqual(before[name]!.data);
  });
});

describe('lora', () => {
  const network = () => new Sequential(new Dense(4, 5), new ReLU(), new Sequential(new Dense(5, 5), new Dense(5, 2)));
  const names = (model: Module, options: object) =>
    [
      ...lora(model, { rank: 1, random: random(), ...options })
        .namedParameters()
        .keys(),
    ].filter((n) => n.endsWith('.up'));

  test('takes patterns, lists, regular expressions and functions', () => {
    expect(names(network(), {})).toEqual(['0.up', '2.0.up', '2.1.up']);
    expect(names(network(), { layers: '2.*' })).toEqual(['2.0.up', '2.1.up']);
    expect(names(network(), { layers: '**.0' })).toEqual(['0.up', '2.0.up']);
    expect(names(network(), { layers: ['0', /1$/] })).toEqual(['0.up', '2.1.up']);
    expect(
      names(network(), { layers: (_: string, module: Module) => module instanceof Dense && module.outFeatures === 2 }),
    ).toEqual(['2.1.up']);
    const encoder = () => new TransformerEncoder(2, 4, 2, { random: random() });
    expect(names(encoder(), { layers: '**.{query,value}' })).toHaveLength(4);
    expect(names(encoder(), { layers: '**.selfAttention' })).toHaveLength(8);
  });

  test('of a model that is one layer', () => {
    expect(names(new Dense(2, 2), {})).toEqual(['layer.up']);
  });

  test('drops elements of the adapters’ input while training', () => {
    const model = new Dense(100, 3, { random: random() });
    const adapters = lora(model, { rank: 2, dropout: 0.5, random: random() });
    randomize(adapters);
    const x = new Random(2).normal([4, 100]);
    const [first, second] = [adapters.forward(x as never), adapters.forward(x as never)] as unknown as [Tensor, Tensor];
    expect(distance(first, second)).toBeGreaterThan(0);
    adapters.eval();
    expect(distance(run(adapters, x), run(adapters, x))).toBe(0);
    expect(adapters.training).toBe(false);
  });

  test('keeps the model itself in evaluation mode', () => {
    const model = new Sequential(
      new Dense(3, 8, { random: random() }),
      new BatchNorm1d(8),
      new Dropout(0.5, { random: random() }),
      new Dense(8, 2),
    );
    const statistics = model.layers[1].state();
    const adapters = lora(model, { rank: 2, random: random() });
    const optimizer = new SGD(adapters.parameters(), { learningRate: 0.1 });
    const loss = supervised(adapters, crossEntropy);
    return new Trainer({ model: adapters, optimizer, loss, train: batchesOf(20, 1), epochs: 2 }).fit().then(() => {
      expect(model.layers[1].state()).toEqual(statistics);
      expect(model.training).toBe(false);
    });
  });

  test('goes on in a trainer with the same bits, from a state of the adapters alone', async () => {
    const make = (seed: number) => {
      const model = new Sequential(
        new Dense(3, 8, { random: random() }),
        new ReLU(),
        new Dense(8, 2, { random: random() }),
      );
      const adapters = lora(model, { rank: 2, dropout: 0.2, random: new Random(seed) });
      const trainer = new Trainer({
        model: adapters,
        optimizer: new Adam(adapters.parameters(), { learningRate: 0.05 }),
        loss: supervised(adapters, crossEntropy),
        metrics: { accuracy },
        train: batchesOf(33, 1),
        validation: batchesOf(20, 2),
        epochs: 4,
      });
      return trainer;
    };
    const whole = make(1);
    await whole.fit();
    const first = make(1);
    const states: unknown[] = [];
    const stopped = first.fit();
    first.stop();
    await stopped;
    states.push(first.state());
    const second = make(2);
    second.load(structuredClone(states[0]) as never);
    await second.fit();
    expect(timeless(second.state())).toEqual(timeless(whole.state()));
    expect(Object.keys(second.state().parts['model'] as object)).toEqual(['0.down', '0.up', '2.down', '2.up']);
  });

  test('merging subtracts again where the weights have changed meanwhile', () => {
    const model = new Dense(3, 2, { random: random(), dtype: 'float64' });
    const adapters = lora(model, { rank: 1, random: random() });
    randomize(adapters);
    const before = model.weight.detach() as Tensor;
    adapters.merge();
    model.weight.assign(model.weight.add(1) as never);
    adapters.unmerge();
    expect(distance(model.weight as Tensor, before.add(1))).toBeLessThan(1e-14);
  });

  test.each([
    ['no model', () => lora({} as Module, { rank: 1, random: random() }), 'lora: expected a model, got an object'],
    [
      'no rank',
      () => lora(network(), { random: random() } as never),
      'lora: rank is missing, expected an integer above 0',
    ],
    ['a fraction', () => lora(network(), { rank: 1.5, random: random() }), 'lora: rank is 1.5'],
    [
      'an infinite alpha',
      () => lora(network(), { rank: 1, alpha: Infinity, random: random() }),
      'lora: alpha is Infinity',
    ],
    ['a dropout of 1', () => lora(network(), { rank: 1, dropout: 1, random: random() }), 'lora: dropout is 1'],
    ['no generator', () => lora(network(), { rank: 1 } as never), 'lora: random is missing, expected a generator'],
    [
      'another option',
      () => lora(network(), { rank: 1, random: random(), layer: '0' } as never),
      "unknown option 'layer'",
    ],
    ['no layer', () => lora(network(), { rank: 1, random: random(), layers: '1' }), 'got none of 0, 1, 2, 2.0, 2.1'],
    [
      'layers that can’t be adapted',
      () => lora(new Embedding(3, 2), { rank: 1, random: random() }),
      'that select dense layers',
    ],
    [
      'a pattern that is none',
      () => lora(network(), { rank: 1, random: random(), layers: '{0' }),
      "'{0' is not a pattern",
    ],
    [
      'a selector that is none',
      () => lora(network(), { rank: 1, random: random(), layers: 3 as never }),
      'or a function, got 3',
    ],
    [
      'a computed weight',
      () => lora(new Sequential(new WeightNorm(new Dense(2, 2))), { rank: 1, random: random() }),
      "the weight of '0.layer' is computed",
    ],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('refuses a second adapter, merging twice, and what is not merged', () => {
    const model = network();
    const adapters = lora(model, { rank: 1, layers: '0', random: random() });
    expect(() => lora(model, { rank: 1, random: random() })).toThrow("'0' has an adapter already; remove() it first");
    expect(() => adapters.unmerge()).toThrow('Lora.unmerge: the adapters are not merged');
    adapters.merge();
    expect(() => adapters.merge()).toThrow('Lora.merge: the adapters are merged already');
    adapters.unmerge().remove();
    lora(model, { rank: 1, random: random() });
  });

  test('refuses to merge into a shared weight', () => {
    class Tied extends Sequential<readonly [Dense, Dense]> {}
    const [first, second] = [new Dense(3, 3), new Dense(3, 3)];
    (second as { weight: Parameter }).weight = first.weight as unknown as Parameter;
    const adapters = lora(new Tied(first as never, second as never), { rank: 1, layers: '0', random: random() });
    expect(() => adapters.merge()).toThrow("Lora.merge: another layer shares the weight of '0'");
  });

  test('leaves what describes a model alone', () => {
    const model = new Sequential(new Conv2d(1, 2, 3), new Flatten(), new Dense(8, 2));
    const text = summary(model, { input: [1, 1, 4, 4] });
    const adapters = lora(model, { rank: 1, random: random() });
    expect(summary(model, { input: [1, 1, 4, 4] })).toBe(text);
    expect(String(adapters)).toBe('Lora(2 adapters of Sequential)');
  });
});
