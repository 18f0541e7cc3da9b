import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { Random } from '@tapegrad/core';
import { loadCheckpoint, saveCheckpoint } from '@tapegrad/example-toolkit/checkpoint';
import { Dense } from '@tapegrad/nn';
import { Adam, SGD } from '@tapegrad/optim';
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

  test('of another arithmetic goes on, with a warning', () => {
    const path = join(folder, 'other arithmetic');
    const first = running(1);
    saveCheckpoint(path, settings, first, ['kept']);
    const warnings: string[] = [];
    const warn = (message: string) => warnings.push(message);
    loadCheckpoint(path, settings, running(2), warn);
    expect(warnings).toEqual([]);

    const [format, , ...rest] = readFileSync(path, 'latin1').split('\n');
    const kept: object = deserialize(Buffer.from(rest.join('\n'), 'latin1'));
    const bytes = serialize({ ...kept, arithmetic: { interpreter: 'custom', relaxedSimd: true } });
    const sum = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(path, Buffer.concat([Buffer.from(`${format}\n${sum}\n`), bytes]));
    expect(loadCheckpoint(path, settings, running(2), warn)).toEqual(['kept']);
    expect(warnings).toEqual([
      expect.stringMatching(/kept by custom with relaxed SIMD, goes on with .* last digits will/),
    ]);
  });

  test('is refused where any of its bytes was changed, and the run stays as it is', () => {
    const path = join(folder, 'changed');
    const first = running(1);
    step(first);
    saveCheckpoint(path, settings, first, []);
    const whole = readFileSync(path);
    const other = running(2);
    const before = [other.model.state(), other.optimizer.state(), other.random.state];
    const places = Array.from({ length: 40 }, (_, i) => Math.floor((i * whole.length) / 40));
    for (const place of [...places, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[place]! ^= 1;
      writeFileSync(path, changed);
      expect(() => loadCheckpoint(path, settings, other), `byte ${place}`).toThrow(
        /changed: (expected a checkpoint|was changed after it was written: its SHA-256 is)/,
      );
    }
    for (const length of [0, 10, 80, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => loadCheckpoint(path, settings, other), `${length} bytes`).toThrow(/expected a check|was changed/);
    }
    expect([other.model.state(), other.optimizer.state(), other.random.state]).toEqual(before);
    writeFileSync(path, whole);
    expect(loadCheckpoint(path, settings, other)).toEqual([]);
  });

  test('that fits the model alone leaves the run as it is', () => {
    const path = join(folder, 'fits');
    saveCheckpoint(path, settings, running(1), []);
    const { model, random } = running(2);
    const other = { model, optimizer: new SGD(model.parameters(), { learningRate: 0.1 }), random };
    const before = [other.model.state(), other.optimizer.state(), other.random.state];
    expect(() => loadCheckpoint(path, settings, other)).toThrow(
      'fits: does not fit this run: SGD.load: unknown option',
    );
    expect([other.model.state(), other.optimizer.state(), other.random.state]).toEqual(before);
  });

  const kept = (content: () => void) => {
    content();
    return join(folder, 'kept');
  };
  test.each([
    ['none', () => rmSync(join(folder, 'kept'), { force: true }), 'kept: there is no such file'],
    ['text', () => writeFileSync(join(folder, 'kept'), 'hello'), 'kept: expected a checkpoint'],
    ['other data', () => writeFileSync(join(folder, 'kept'), serialize({ a: 1 })), 'kept: expected a checkpoint'],
    ['nothing at all', () => writeFileSync(join(folder, 'kept'), serialize(null)), 'kept: expected a checkpoint'],
    [
      'another seed',
      () => saveCheckpoint(join(folder, 'kept'), { ...settings, seed: 7 }, running(7), []),
      "was kept by another run: its seed is 7, this one's is 1",
    ],
    [
      'a setting more',
      () => saveCheckpoint(join(folder, 'kept'), { ...settings, width: 7 }, running(7), []),
      "its width is 7, this one's is undefined",
    ],
    [
      'another model',
      () => saveCheckpoint(join(folder, 'kept'), settings, running(1, 4), []),
      "does not fit this run: load: 'weight' has shape [2, 3], got [2, 4]",
    ],
  ])('is refused where there is %s', (_, content, message) => {
    expect(() => loadCheckpoint(kept(content), settings, running(1))).toThrow(message);
  });
});
