import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readText } from '../src/book.ts';
import { opening, splitText } from '../src/corpus.ts';
import { ngramLoss } from '../src/ngrams.ts';

describe('readText', () => {
  test('reads lines of any system, and refuses what is no text', () => {
    const folder = mkdtempSync(join(tmpdir(), 'text-'));
    const file = join(folder, 'file.txt');
    writeFileSync(file, 'one\r\ntwo\n');
    expect(readText(file)).toBe('one\ntwo\n');
    writeFileSync(file, Buffer.of(0x61, 0xff));
    expect(() => readText(file)).toThrow('file.txt: expected text in UTF-8');
    rmSync(folder, { recursive: true });
  });
});

test('splitText holds the end of a text out', () => {
  const { vocabulary, training, heldOut } = splitText('abcdefghijklmnopqrst', 1);
  expect(vocabulary.decode(training.data)).toBe('abcdefghijklmnopqr');
  expect(vocabulary.decode(heldOut.data)).toBe('st');
  expect(opening(splitText('abcdefghijklmnopqrst', 1), 1)).toBe('s');
  expect(() => splitText('abcdefghij', 64)).toThrow('expected about 650 characters or more, got 10');
});

describe('ngramLoss', () => {
  test('weighs counts of longer contexts with the guess of shorter ones', () => {
    // a occurs 3 times in 4; the uniform prior 1/2 counts as 4 occurrences: p(a) = (3 + 2) / 8.
    const [a, b] = [5 / 8, 3 / 8];
    expect(ngramLoss([0, 0, 1, 0], [0, 1], 2, 1)).toBeCloseTo(-(Math.log(a) + Math.log(b)) / 2, 12);
    // a was followed by a once, and by b once.
    expect(ngramLoss([0, 0, 1, 0], [0, 1], 2, 2)).toBeCloseTo(-Math.log((1 + 4 * b) / 6), 12);
  });

  test('guesses evenly what it has not seen', () => {
    expect(ngramLoss([], [0, 1, 2], 3, 1)).toBeCloseTo(Math.log(3), 12);
  });
});
