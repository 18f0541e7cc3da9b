/** With the weights that the program saved, PyTorch computes the same outputs (data/outcomes.py). */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Random } from '@tapegrad/core';
import { StandardScaler } from '@tapegrad/data';
import { mnist } from '@tapegrad/data/datasets';
import { loadState } from '@tapegrad/files';
import { readSafetensors } from '@tapegrad/files/node';
import { Dense, Dropout, Flatten, ReLU, Sequential } from '@tapegrad/nn';
import { accuracy, predict } from '@tapegrad/train';
import { expect, test } from 'vitest';

const pathOf = (file: string): string => fileURLToPath(new URL(`data/${file}`, import.meta.url));
const stored: { readonly correct: number; readonly logits: readonly (readonly number[])[] } = JSON.parse(
  readFileSync(pathOf('outcomes.json'), 'utf8'),
);

test('PyTorch reads the saved weights and computes the same', async () => {
  const random = new Random(1);
  const model = new Sequential(
    new Flatten(),
    new Dense(784, 16, { random }),
    new ReLU(),
    new Dropout(0.2, { random }),
    new Dense(16, 16, { random }),
    new ReLU(),
    new Dropout(0.2, { random }),
    new Dense(16, 10, { random }),
  );
  loadState(model, readSafetensors(pathOf('model.safetensors')).tensors);
  const { x, y: targets } = await mnist('test');
  const scaler = new StandardScaler().load({ mean: [0.1307], std: [0.3081] });
  const predictions = await predict({ model, batches: [{ x: scaler.apply(x) }] });
  for (const [i, logits] of stored.logits.entries()) {
    for (const [j, logit] of logits.entries()) expect(predictions.index(i, j).item()).toBeCloseTo(logit, 4);
  }
  const metric = accuracy();
  metric.update({ predictions, targets });
  expect(metric.value()).toBeCloseTo(stored.correct / 10_000, 10);
});
