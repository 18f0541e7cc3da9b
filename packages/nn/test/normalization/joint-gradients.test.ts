/**
 * Gradients of normalisation layers, whose cotangents a backward pass computes together: compared with those that the
 * rules give one by one.
 */

import { parameter, Random, type Tensor } from '@tapegrad/core';
import { BatchNorm2d, GroupNorm, LayerNorm, type Module, RMSNorm } from '@tapegrad/nn';
import { expect, test } from 'vitest';

const random = new Random(5);
const image = () => random.normal([2, 4, 5, 5]);
const rows = () => random.normal([6, 20]);

interface Layer extends Module {
  forward(x: Tensor): Tensor;
}
const layers: readonly (readonly [name: string, layer: Layer, input: () => Tensor])[] = [
  ['LayerNorm', new LayerNorm(20) as unknown as Layer, rows],
  ['RMSNorm', new RMSNorm(20) as unknown as Layer, rows],
  ['GroupNorm', new GroupNorm(2, 4) as unknown as Layer, image],
  ['BatchNorm2d', new BatchNorm2d(4) as unknown as Layer, image],
];

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.sub(expected).abs().max().item()).toBeLessThan(1e-4);
}

test.each(layers)('%s: together as one by one', (_, layer, input) => {
  const x = parameter(input());
  const seed = input();
  const wanted = [x, ...layer.parameters()];
  const together = layer.forward(x).backward({ seed });
  const single = layer.forward(x).backward({ seed, createGraph: true });
  for (const tensor of wanted) expectClose(together.of(tensor), single.of(tensor));
  // Any of them alone.
  for (const tensor of wanted) {
    expectClose(
      layer
        .forward(x)
        .backward({ seed, wanted: [tensor] })
        .of(tensor),
      single.of(tensor),
    );
  }
});

test.each(layers)('%s: of an input that needs no gradient', (_, layer, input) => {
  const x = input();
  const seed = input();
  const together = layer.forward(x).backward({ seed });
  const single = layer.forward(x).backward({ seed, createGraph: true });
  for (const tensor of layer.parameters()) expectClose(together.of(tensor), single.of(tensor));
});

test('gradients of intermediate layers survive the reuse of memory', () => {
  const layer = new LayerNorm(4096);
  const x = parameter(random.normal([8, 4096]));
  const run = () => layer.forward(layer.forward(x.mul(2) as never) as Tensor as never) as Tensor;
  const seed = random.normal([8, 4096]);
  const together = run().backward({ seed });
  const single = run().backward({ seed, createGraph: true });
  for (const tensor of [x, ...layer.parameters()]) expectClose(together.of(tensor), single.of(tensor));
});
