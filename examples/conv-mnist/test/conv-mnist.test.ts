import { Random } from '@tapegrad/core';
import { DataLoader, fromTensors, StandardScaler } from '@tapegrad/data';
import { mnist } from '@tapegrad/data/datasets';
import { crossEntropy } from '@tapegrad/nn';
import { AdamW } from '@tapegrad/optim';
import { accuracy, evaluate, supervised, Trainer } from '@tapegrad/train';
import { expect, test } from 'vitest';
import { filtersPicture } from '../src/filters.ts';
import { network } from '../src/model.ts';

const digits = await mnist('train', { limit: 320 });
const scaler = new StandardScaler().fit(digits.x);

test('a few steps teach the network most of the digits that it saw', async () => {
  const random = new Random(1);
  const model = network({ random, dropout: 0 });
  const batches = new DataLoader(fromTensors({ x: scaler.apply(digits.x), y: digits.y }), { batchSize: 32, random });
  const loss = supervised(model, crossEntropy);
  const optimizer = new AdamW(model.parameters(), { learningRate: 0.01 });
  await new Trainer({ model, optimizer, loss, train: batches, epochs: 3 }).fit();
  const scores = await evaluate({ model, loss, batches, metrics: { accuracy } });
  expect(scores.accuracy).toBeGreaterThan(0.9);
});

test('the picture shows every filter and its answer', () => {
  const model = network({ random: new Random(1), dropout: 0 });
  const svg = filtersPicture(model, digits.x.slice(0, 0, 1), scaler);
  expect(svg).toContain('The 16 filters');
  expect(svg.match(/<image/g)).toHaveLength(1 + 16 + 16);
});
