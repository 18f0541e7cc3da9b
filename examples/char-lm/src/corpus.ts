/** A text in two parts, to learn from and to be tested on. */

import type { Tensor } from '@tapegrad/core';
import { FormatError } from '@tapegrad/example-toolkit/untrusted-file';
import { Vocabulary } from './vocabulary.ts';

/** A text as numbers, int32. */
export type Encoded = Tensor<readonly [number]>;

export interface Corpus {
  readonly vocabulary: Vocabulary;
  readonly training: Encoded;
  readonly heldOut: Encoded;
}

/** The share at the end of a text that is held out. */
const HELD_OUT = 0.1;

/**
 * Splits a text; its end is held out.
 *
 * @throws FormatError where a part is too short for pieces of `context` characters and what follows each.
 */
export function splitText(text: string, context: number): Corpus {
  const vocabulary = new Vocabulary(text);
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

/** The characters of a text from `start` up to, not including, `end`. */
export const part = (text: Encoded, start: number, end: number): Encoded => text.slice(0, start, end) as Encoded;

/** What a model is given to go on from: the first characters held out, half a context of them. */
export const opening = ({ vocabulary, heldOut }: Corpus, context: number): string =>
  vocabulary.decode(part(heldOut, 0, Math.ceil(context / 2)).data);
