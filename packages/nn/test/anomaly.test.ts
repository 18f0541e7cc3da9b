/** detectAnomaly in models: reports the path of the layer, and the line of the program, not a line inside the layer. */

import { AnomalyError, defineOp, detectAnomaly, ones, Random, type Tensor } from '@tapegrad/core';
import { Dense, Module, ReLU, Sequential } from '@tapegrad/nn';
import { expect, test } from 'vitest';

const careless = defineOp({
  name: 'careless',
  forward: (x: Tensor) => x.tanh(),
  vjp: (g, _y, x) => g.div(x.sub(x)),
});

class Careless extends Module {
  forward(x: Tensor): Tensor {
    return careless(x);
  }
}

const random = new Random(1);

class Deep extends Module {
  readonly layers: readonly Dense[];

  constructor() {
    super();
    this.layers = Array.from({ length: 12 }, () => new Dense(4, 4, { random }));
  }

  forward(x: Tensor, spoilt: number): Tensor {
    return this.layers.reduce<Tensor>((h, layer, i) => {
      const a: Tensor = layer.forward(h as Tensor<readonly [number, 4]>);
      return i === spoilt ? careless(a) : a.tanh();
    }, x);
  }
}

function anomalyOf(body: () => unknown): AnomalyError {
  try {
    detectAnomaly(body);
  } catch (error) {
    if (error instanceof AnomalyError) return error;
  }
  throw new Error('nothing was found');
}

test('a weight of NaN in layer 7 of 12 is named', () => {
  const model = new Deep();
  const { weight } = model.layers[7]!;
  model.namedParameters();
  weight.update((elements) => elements.fill(Number.NaN, 0, 1));
  const found = anomalyOf(() => model.forward(ones([2, 4]), -1));
  expect(found).toMatchObject({ op: 'affine', phase: 'forward', parameter: 'layers.7.weight' });
  expect(found.calledAt).toMatch(/nn\/test\/anomaly\.test\.ts:\d+:\d+$/);
});

test('a bad rule in layer 7 of 12 is named', () => {
  const model = new Deep();
  model.namedParameters();
  const found = anomalyOf(() =>
    model
      .forward(ones([2, 4]), 7)
      .sum()
      .backward(),
  );
  expect(found).toMatchObject({ op: 'careless', phase: 'backward', parameter: 'layers.7.weight' });
  expect(found.calledAt).toMatch(/nn\/test\/anomaly\.test\.ts:\d+:\d+$/);
});

test('through a Sequential, the line is that of the program’s own layer', () => {
  const model = new Sequential(new Dense(4, 4, { random }), new ReLU(), new Careless());
  const found = anomalyOf(() => (model.forward(ones([2, 4])) as Tensor).sum().backward());
  expect(found.calledAt).toMatch(/nn\/test\/anomaly\.test\.ts:\d+:\d+$/);
});
