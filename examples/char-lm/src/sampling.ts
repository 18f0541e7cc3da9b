/** Generates text with a language model. */

import { noGrad, type Random, type Tensor } from '@tapegrad/core';
import type { CharacterTokenizer } from '@tapegrad/data';
import type { LanguageModel } from './models.ts';

export interface SampleOptions {
  /** The beginning of the text, at least one character. */
  readonly prompt: string;
  /** The number of characters to generate. */
  readonly length: number;
  /**
   * The divisor of the logits: near 0, the most likely character is always chosen; 1 uses the model's own
   * probabilities.
   */
  readonly temperature: number;
  readonly random: Random;
}

/**
 * Continues a text character by character, each drawn with the model's probabilities.
 *
 * @returns the text after the prompt.
 */
export function sample(
  model: LanguageModel,
  vocabulary: CharacterTokenizer,
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

/** Draws an index from a list of probabilities. */
function draw(probabilities: Tensor, random: Random): number {
  const sums = probabilities.cumsum(0).data;
  const drawn = random.next();
  const place = sums.findIndex((sum: number) => drawn < sum);
  return place === -1 ? sums.length - 1 : place;
}
