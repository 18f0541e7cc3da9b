import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { loadWeights, saveWeights, weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { Dense } from '@tapegrad/nn';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weights-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('weights', () => {
  const make = (seed: number) => new Dense(3, 4, { random: new Random(seed) });

  test('are refused where they were changed after they were written, and the model stays as it is', () => {
    const path = join(folder, 'weights.safetensors');
    saveWeights(path, make(1));
    const bytes = readFileSync(path);
    const other = make(2);
    const before = weightsSum(other);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(path, bytes);
    expect(() => loadWeights(path, other)).toThrow(
      'weights.safetensors: was changed after it was written: its SHA-256',
    );
    expect(weightsSum(other)).toBe(before);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(path, bytes);
    loadWeights(path, other);
    expect(weightsSum(other)).toBe(weightsSum(make(1)));
  });

  test('have a size', () => {
    expect(weightBytes(make(1))).toBeGreaterThan(4 * 16);
  });
});
