/** Writing with a language model. */

import { noGrad, type Random, type Tensor } from '@tapegrad/core';
import type { LanguageModel } from './models.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface SampleOptions {
  /** How the text begins: a character at least. */
  readonly prompt: string;
  /** Characters to write after it. */
  readonly length: number;
  /** What scores are divided by: near 0 the likeliest character always comes next, 1 takes the model at its word. */
  readonly temperature: number;
  readonly random: Random;
}

/**
 * Writes a text on, character by character, each drawn with the probability that the model gives it.
 *
 * @returns what comes after the prompt.
 */
export function sample(
  model: LanguageModel,
  vocabulary: Vocabulary,
  { prompt, length, temperature, random }: SampleOptions,
): string {
  model.eval();
  return noGrad(() => {
    const read = model.reader();
    let scores = read([...vocabulary.encode(prompt).data]);
    const written: number[] = [];
    while (written.length < length) {
      const next = draw(scores.div(temperature).softmax(0), random);
      written.push(next);
      if (written.length < length) scores = read([next]);
    }
    return vocabulary.decode(written);
  });
}

/** A place in a list of probabilities. */
function draw(probabilities: Tensor, random: Random): number {
  const sums = probabilities.cumsum(0).data;
  const drawn = random.next();
  const place = sums.findIndex((sum: number) => drawn < sum);
  return place === -1 ? sums.length - 1 : place;
}
