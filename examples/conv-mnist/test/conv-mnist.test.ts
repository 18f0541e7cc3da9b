import { Random } from '@tapegrad/core';
import { evaluate, trainEpoch } from '@tapegrad/example-toolkit/classification';
import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { AdamW } from '@tapegrad/optim';
import { expect, test } from 'vitest';
import { filtersPicture } from '../src/filters.ts';
import { network } from '../src/model.ts';

const digits = loadDigits('train', 320);

test('a few steps teach the network most of the digits that it saw', () => {
  const random = new Random(1);
  const model = network({ random, dropout: 0 });
  const optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
  for (let epoch = 0; epoch < 3; epoch++) {
    const steps = [...trainEpoch<readonly [1, 28, 28]>(model, optimizer, digits, { batch: 32, random })];
    expect(steps).toHaveLength(10);
  }
  expect(evaluate<readonly [1, 28, 28]>(model, digits).score.accuracy).toBeGreaterThan(0.9);
});

test('the picture shows every filter and its answer', () => {
  const svg = filtersPicture(network({ random: new Random(1), dropout: 0 }), digits);
  expect(svg).toContain('The 16 filters');
  expect(svg.match(/<image/g)).toHaveLength(1 + 16 + 16);
});
