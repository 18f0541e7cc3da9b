/** A text, split into a training part and a held-out part. */

import type { Tensor } from '@tapegrad/core';
import { CharacterTokenizer } from '@tapegrad/data';
import { FormatError } from '@tapegrad/files';

/** A text as int32 numbers. */
export type Encoded = Tensor<readonly [number]>;

export interface Corpus {
  readonly vocabulary: CharacterTokenizer;
  readonly training: Encoded;
  readonly heldOut: Encoded;
}

/** The share of the text, at its end, that is held out. */
const HELD_OUT = 0.1;

/**
 * Splits a text; its end is held out.
 *
 * @throws FormatError if a part is shorter than `context` characters and the one after them.
 */
export function splitText(text: string, context: number): Corpus {
  const vocabulary = new CharacterTokenizer().fit(text);
  const numbers = vocabulary.encode(text);
  const border = Math.round((1 - HELD_OUT) * numbers.size);
  const corpus = {
    vocabulary,
    training: part(numbers, 0, border),
    heldOut: part(numbers, border, numbers.size),
  };
  if (corpus.heldOut.size <= context) {
    const wanted = Math.ceil((context + 1) / HELD_OUT);
    throw new FormatError('text', `expected about ${wanted} characters or more, got ${numbers.size}`);
  }
  return corpus;
}

/** Returns the characters of a text from `start` up to, but not including, `end`. */
const part = (text: Encoded, start: number, end: number): Encoded => text.slice(0, start, end) as Encoded;

/** Returns the prompt for a model: the first half context of the held-out characters. */
export const opening = ({ vocabulary, heldOut }: Corpus, context: number): string =>
  vocabulary.decode(part(heldOut, 0, Math.ceil(context / 2)).data);
