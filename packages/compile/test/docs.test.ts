/** The programs that docs/compile.md shows are those that are traced. */

import { readFileSync, writeFileSync } from 'node:fs';
import { Random, type Tensor } from '@tapegrad/core';
import { crossEntropy, Dense, ReLU, Sequential } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { expect, test } from 'vitest';
import { compile, print } from '../src/index.ts';

const page = new URL('../../../docs/compile.md', import.meta.url);

/** Returns the page with the text of a marked block replaced. */
function withBlock(text: string, mark: string, content: string): string {
  const start = text.indexOf('```\n', text.indexOf(`<!-- ${mark} -->`)) + '```\n'.length;
  const end = text.indexOf('```', start);
  return `${text.slice(0, start)}${content}\n${text.slice(end)}`;
}

test('the program of W1, as traced and after the passes', () => {
  const random = new Random(1);
  const model = new Sequential(
    new Dense(784, 256, { random }),
    new ReLU(),
    new Dense(256, 128, { random }),
    new ReLU(),
    new Dense(128, 10, { random }),
  );
  [...model.namedParameters()].forEach(([name, w]) => {
    w.name = name;
  });
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
  const step = compile((x: Tensor<readonly [128, 784]>, y: Tensor<readonly [128]>) =>
    optimizer.minimize(() => crossEntropy(model.forward(x), y)),
  );
  step(random.normal([128, 784]), random.integers([128], 0, 10));
  const text = readFileSync(page, 'utf8');
  const shown = withBlock(withBlock(text, 'traced', print(step.traced[0]!)), 'simplified', print(step.programs[0]!));
  if (process.env['UPDATE_DOCS']) writeFileSync(page, shown);
  expect(readFileSync(page, 'utf8')).toBe(shown);
});
