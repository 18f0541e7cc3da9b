import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { Random } from '@tapegrad/core';
import { loadCheckpoint, saveCheckpoint } from '@tapegrad/example-toolkit/checkpoint';
import { Dense } from '@tapegrad/nn';
import { Adam } from '@tapegrad/optim';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function running(seed: number, width = 3) {
  const random = new Random(seed);
  const model = new Dense(2, width, { random });
  return { model, optimizer: new Adam(model.parameters(), { learningRate: 0.1 }), random };
}

function step({ model, optimizer, random }: ReturnType<typeof running>): number[] {
  const loss = model
    .forward(random.normal([4, 2]))
    .pow(2)
    .mean();
  optimizer.step(loss.backward());
  return [...model.weight.data];
}

const settings = { seed: 1, name: 'x', fast: true };

describe('a checkpoint', () => {
  test('lets another run go on with the same bits', () => {
    const path = join(folder, 'new', 'run.checkpoint');
    const first = running(1);
    step(first);
    saveCheckpoint(path, settings, first, [{ loss: 0.5 }]);
    const expected = [step(first), step(first)];

    const second = running(2);
    expect(loadCheckpoint(path, settings, second)).toEqual([{ loss: 0.5 }]);
    expect([step(second), step(second)]).toEqual(expected);
    expect(readdirSync(join(folder, 'new'))).toEqual(['run.checkpoint']);
  });

  const kept = (content: () => void) => {
    content();
    return join(folder, 'kept');
  };
  test.each([
    ['none', () => rmSync(join(folder, 'kept'), { force: true }), 'kept: there is no such file'],
    ['text', () => writeFileSync(join(folder, 'kept'), 'hello'), 'kept: '],
    ['other data', () => writeFileSync(join(folder, 'kept'), serialize({ a: 1 })), 'kept: '],
    ['nothing at all', () => writeFileSync(join(folder, 'kept'), serialize(null)), 'kept: '],
    [
      'another seed',
      () => saveCheckpoint(join(folder, 'kept'), { ...settings, seed: 7 }, running(7), []),
      "was saved by another run: its seed is 7, this one's is 1",
    ],
    [
      'a setting more',
      () => saveCheckpoint(join(folder, 'kept'), { ...settings, width: 7 }, running(7), []),
      "its width is 7, this one's is undefined",
    ],
    [
      'another model',
      () => saveCheckpoint(join(folder, 'kept'), settings, running(1, 4), []),
      "the state of 'model' does not fit: load: 'weight' has shape [2, 3], got [2, 4]",
    ],
  ])('is refused where there is %s', (_, content, message) => {
    expect(() => loadCheckpoint(kept(content), settings, running(1))).toThrow(message);
  });
});
