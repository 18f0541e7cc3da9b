import { Random } from '@tapegrad/core';
import type { Epoch, History } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';
import { splitText } from '../src/corpus.ts';
import { AttentiveModel } from '../src/models.ts';
import { learningCurves } from '../src/pictures.ts';
import { sample } from '../src/sampling.ts';
import { lossOn, trainerOf } from '../src/training.ts';

describe('trainerOf', () => {
  const corpus = splitText('the whale, the white whale. '.repeat(40), 8);
  const start = () => {
    const random = new Random(1);
    const options = { width: 16, layers: 1, heads: 2, dropout: 0.1, context: 8, random };
    const model = new AttentiveModel({ size: corpus.vocabulary.size, ...options });
    const training = { steps: 30, rounds: 3, batch: 8, context: 8, learningRate: 0.01, random };
    return { model, trainer: trainerOf(model, corpus, training) };
  };
  // Writing puts the model into evaluation mode.
  const write = (model: AttentiveModel) =>
    sample(model, corpus.vocabulary, { prompt: 'the', length: 3, temperature: 1, random: new Random(1) });

  test('learns, and goes on after a stop with the same bits, whatever it writes meanwhile', async () => {
    const whole = start();
    const { epochs } = (await whole.trainer.fit()).history;
    expect(epochs.map(({ step, examples }) => [step, examples])).toEqual([
      [10, 640],
      [20, 640],
      [30, 640],
    ]);
    expect(epochs[2]!.validation!.loss).toBeLessThan(epochs[0]!.validation!.loss);
    // The held-out text is short enough to be tested completely after each round.
    expect(await lossOn(whole.model, corpus.heldOut, { batch: 8, context: 8 })).toBe(epochs[2]!.validation!.loss);

    const stopped = start();
    await stopped.trainer.fit({
      onEpoch: () => void write(stopped.model),
      onStep: ({ step, trainer }) => (step === 14 ? trainer.stop() : undefined),
    });
    const resumed = start();
    resumed.trainer.load(stopped.trainer.state());
    await resumed.trainer.fit();
    expect(resumed.model.state()).toEqual(whole.model.state());
  });
});

describe('learningCurves', () => {
  const epoch = (number: number, loss: number): Epoch => ({
    ...{ epoch: number, step: number, examples: 1000, seconds: 1, learningRate: 1, isBest: true },
    ...{ training: { loss: loss + 0.1 }, validation: { loss } },
  });
  const historyOf = (...losses: number[]): History => ({
    points: [],
    epochs: losses.map((loss, i) => epoch(i + 1, loss)),
  });
  const yardsticks = [{ name: 'pairs', loss: 2.5 }];

  test('show the results and the yardsticks', () => {
    const svg = learningCurves([{ name: 'GPT', history: historyOf(3, Math.LN2) }], yardsticks, 'title');
    expect(svg).toContain('GPT: 0.69 nats, 1.00 bits');
    expect(svg).toContain('pairs: 2.50');
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  test('cope with a run that diverges', () => {
    const svg = learningCurves([{ name: 'GPT', history: historyOf(3, Number.NaN) }], yardsticks, 'title');
    expect(svg.replace('GPT: NaN nats, NaN bits', '')).not.toMatch(/NaN|undefined/);
  });
});
