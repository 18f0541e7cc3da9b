import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { mnist } from '@tapegrad/data/datasets';
import { report, saveClassifier, testClassifier } from '@tapegrad/example-toolkit/classifier';
import { loadWeights, weightsSum } from '@tapegrad/example-toolkit/weights';
import { crossEntropy, Dense, Flatten, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { accuracy, supervised, Trainer } from '@tapegrad/train';
import { expect, test, vi } from 'vitest';

test('a classifier is trained, saved and tested, with a line for each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'classifier-'));
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  const make = (seed: number) => new Sequential(new Flatten(), new Dense(784, 10, { random: new Random(seed) }));
  const model = make(1);
  const digits = await mnist('test', { limit: 50 });
  const trainer = new Trainer({
    ...{ model, train: [digits], validation: [digits], metrics: { accuracy }, epochs: 2 },
    optimizer: new SGD(model.parameters(), { learningRate: 0.1 }),
    loss: supervised(model, crossEntropy),
  });
  const { history } = await trainer.fit(report('digits', true));
  await saveClassifier(folder, model, history, { title: 'Learning', unit: 'digits' });
  const predictions = await testClassifier(folder, model, [digits], digits, { unit: 'digits' });
  write.mockRestore();

  expect(predictions.shape).toEqual([50, 10]);
  const text = lines.join('');
  expect(text).toMatch(/epoch {2}train loss {2}train accuracy {2}valid loss {2}valid accuracy .*digits\/s/);
  expect(text).toMatch(new RegExp(`Test accuracy \\d+\\.00 % on 50 digits; weights ${weightsSum(model)}`));
  const pictures = ['learning-curve', 'mistakes'].flatMap((name) => [`${name}.png`, `${name}.svg`]);
  expect(readdirSync(folder).sort()).toEqual([...pictures, 'model.safetensors'].sort());
  expect(readFileSync(join(folder, 'mistakes.svg'), 'utf8')).toContain('mistakes among 50 digits');
  const other = make(2);
  loadWeights(join(folder, 'model.safetensors'), other);
  expect(weightsSum(other)).toBe(weightsSum(model));
  rmSync(folder, { recursive: true });
});
