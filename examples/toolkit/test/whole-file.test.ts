import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@tapegrad/core';
import { FormatError } from '@tapegrad/example-toolkit/untrusted-file';
import { loadWeights, saveWeights, weightBytes, weightsSum } from '@tapegrad/example-toolkit/weights';
import { tryFolder, writeWhole } from '@tapegrad/example-toolkit/whole-file';
import { Dense } from '@tapegrad/nn';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whole-file-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('writeWhole', () => {
  test('makes the folder, and replaces what was there', () => {
    const path = join(folder, 'a', 'b', 'file');
    writeWhole(path, 'one');
    writeWhole(path, Uint8Array.of(50));
    expect(readFileSync(path, 'utf8')).toBe('2');
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  test('leaves what was there, and nothing else, where it fails', () => {
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'inside'), 'x');
    expect(() => writeWhole(join(folder, 'taken'), 'one')).toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(readdirSync(join(folder, 'taken'))).toEqual(['inside']);
  });
});

describe('tryFolder', () => {
  test('makes a folder, and leaves nothing in it', () => {
    const path = join(folder, 'a', 'b');
    tryFolder(path, 3000);
    tryFolder(path, 0);
    expect(readdirSync(path)).toEqual([]);
  });

  test('says what is wrong with a file in its place, or on the way', () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'kept');
    expect(() => tryFolder(path, 10)).toThrow(FormatError);
    expect(() => tryFolder(path, 10)).toThrow(
      `file: nothing can be kept in ${path}: expected a folder with room for 1 MiB, but it is a file`,
    );
    expect(() => tryFolder(join(path, 'out'), 10)).toThrow('ENOTDIR');
    expect(readFileSync(path, 'utf8')).toBe('kept');
  });

  test.runIf(process.platform === 'linux')('says that the system makes no folder there', () => {
    expect(() => tryFolder('/proc/none', 10)).toThrow('nothing can be kept in /proc/none');
    expect(() => tryFolder('/proc/none/inside', 10)).toThrow('nothing can be kept in /proc/none/inside');
  });

  test.skipIf(process.getuid?.() === 0)('says that a folder may not be written to', () => {
    chmodSync(folder, 0o500);
    expect(() => tryFolder(folder, 10)).toThrow('EACCES');
    expect(() => tryFolder(join(folder, 'new'), 10)).toThrow('EACCES');
  });
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
