import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, tensor } from '@tapegrad/core';
import { weightsSum } from '@tapegrad/example-toolkit/weights';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitText } from '../src/corpus.ts';
import { AttentiveModel } from '../src/models.ts';
import { learningCurves } from '../src/pictures.ts';
import { type Round, trainRounds } from '../src/run.ts';
import { allPieces, evaluate, randomPieces } from '../src/training.ts';

const numbers = tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { dtype: 'int32' }) as never;

test('randomPieces come with what follows each character', () => {
  const { x, y } = randomPieces(numbers, { batch: 50, context: 3, random: new Random(1) });
  expect(x.shape).toEqual([50, 3]);
  expect([...y.sub(x).data]).toEqual(Array(150).fill(1));
  expect([x.min().item(), y.max().item()]).toEqual([0, 9]);
});

test('allPieces go through a text once', () => {
  const pieces = [...allPieces(numbers, { batch: 2, context: 3 })];
  expect(pieces.map(({ x }) => x.toArray())).toEqual([
    [
      [0, 1, 2],
      [3, 4, 5],
    ],
    [[6, 7, 8]],
  ]);
  expect(pieces[1]?.y.toArray()).toEqual([[7, 8, 9]]);
});

describe('trainRounds', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'char-lm-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const corpus = splitText('the whale, the white whale. '.repeat(40), 8);
  const start = (name: string, settings = { seed: 1 }) => {
    const random = new Random(1);
    const options = { width: 16, layers: 1, heads: 2, dropout: 0.1, context: 8, random };
    const model = new AttentiveModel({ size: corpus.vocabulary.size, ...options });
    const rounds = trainRounds(corpus, {
      ...{ name, model, random, settings, checkpoint: join(folder, name), resume: true },
      ...{ steps: 30, rounds: 3, batch: 8, context: 8, learningRate: 0.01, temperature: 0.7, seed: 1, quiet: true },
    });
    return { model, rounds };
  };
  const timeless = (rounds: Iterable<Round>) => Array.from(rounds, (round) => ({ ...round, seconds: 0 }));

  test('learns, and goes on after a stop with the same bits', () => {
    const whole = start('whole');
    const wanted = timeless(whole.rounds);
    expect(wanted.map(({ steps, characters }) => [steps, characters])).toEqual([
      [10, 640],
      [20, 1280],
      [30, 1920],
    ]);
    expect(wanted[2]!.heldOut).toBeLessThan(wanted[0]!.heldOut);
    expect(evaluate(whole.model, corpus.heldOut, { batch: 8, context: 8 })).toBe(wanted[2]!.heldOut);

    start('stopped').rounds.next();
    const resumed = start('stopped');
    expect(timeless(resumed.rounds)).toEqual(wanted);
    expect(weightsSum(resumed.model)).toBe(weightsSum(whole.model));
  });

  test('goes on from no other run', () => {
    start('other').rounds.next();
    expect(() => start('other', { seed: 2 }).rounds.next()).toThrow("its seed is 1, this one's is 2");
  });
});

describe('learningCurves', () => {
  const round = (steps: number, heldOut: number): Round => {
    return { steps, characters: 1000 * steps, training: heldOut + 0.1, heldOut, seconds: steps, sample: '' };
  };
  const yardsticks = [{ name: 'pairs', loss: 2.5 }];

  test('show the results and the yardsticks', () => {
    const svg = learningCurves([{ name: 'GPT', rounds: [round(1, 3), round(2, Math.LN2)] }], yardsticks, 'title');
    expect(svg).toContain('GPT: 0.69 nats, 1.00 bits');
    expect(svg).toContain('pairs: 2.50');
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test('cope with a run that diverges', () => {
    const svg = learningCurves([{ name: 'GPT', rounds: [round(1, 3), round(2, Number.NaN)] }], yardsticks, 'title');
    expect(svg.replace('GPT: NaN nats, NaN bits', '')).not.toMatch(/NaN|undefined/);
  });
});
